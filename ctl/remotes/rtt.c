/* rtt.c - the latest few of each, in tables of small sets.
 * Called by events.c (note) and by api/ through the gateway. Control thread. */
#include "rtt.h"

#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"

#define LATEST 15 /* of a device or a remote; odd: one is in the middle */
#define HOUSE  63
#define WAYS   4

/* Powers of two. */
#define DEVICE_SETS 512	 /* a device is in it for each side */
#define REMOTE_SETS 1024 /* four times as many remotes */

struct sample {
	uint32_t us;
	uint32_t at_s;
};

struct series {
	uint64_t tag; /* 0: nobody's */
	uint32_t n;   /* ever */
	struct sample latest[LATEST];
};

struct set {
	struct series ways[WAYS];
};

struct house {
	uint32_t n;
	struct sample latest[HOUSE];
};

struct rtts {
	struct hash_key key;
	struct house house[2]; /* by enum rtt_side */
	struct set devices[DEVICE_SETS];
	struct set remotes[REMOTE_SETS];
};

struct rtts *rtts_new(void)
{
	struct rtts *r = calloc(1, sizeof(*r));

	if (r)
		hash_key_random(&r->key);
	return r;
}

void rtts_free(struct rtts *r)
{
	free(r);
}

/* ---- whose */

static uint64_t tag_of_device(const struct rtts *r, const struct mac *mac,
			      enum rtt_side side)
{
	uint8_t key[8] = { 0 };

	memcpy(key, mac, sizeof(*mac));
	key[7] = (uint8_t)side;
	return hash_bytes(&r->key, key, sizeof(key)) | 1;
}

static uint64_t tag_of_remote(const struct rtts *r, const struct addr *remote)
{
	return hash_bytes(&r->key, remote, sizeof(*remote)) | 1;
}

static const struct series *find(const struct set *sets, size_t sets_n,
				 uint64_t tag)
{
	const struct set *s = &sets[tag / 2 % sets_n];

	for (unsigned i = 0; i < WAYS; i++)
		if (s->ways[i].tag == tag)
			return &s->ways[i];
	return NULL;
}

static uint32_t heard_s(const struct series *s)
{
	return s->n ? s->latest[(s->n - 1) % LATEST].at_s : 0;
}

static struct series *make(struct set *sets, size_t sets_n, uint64_t tag)
{
	struct set *s = &sets[tag / 2 % sets_n];
	struct series *oldest = &s->ways[0];

	for (unsigned i = 0; i < WAYS; i++) {
		if (s->ways[i].tag == tag)
			return &s->ways[i];
		if (heard_s(&s->ways[i]) < heard_s(oldest))
			oldest = &s->ways[i];
	}
	*oldest = (struct series){ .tag = tag };
	return oldest;
}

/* ---- what */

static void add(struct series *s, struct sample x)
{
	s->latest[s->n++ % LATEST] = x;
}

static int by_us(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint32_t median(const struct sample *latest, unsigned n, uint64_t now_ms)
{
	uint32_t us[HOUSE] = { 0 }, kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (latest[i].at_s + RTT_AGE_MS / 1000 > now_ms / 1000)
			us[kept++] = latest[i].us;
	qsort(us, kept, sizeof(*us), by_us);
	return kept ? us[kept / 2] : 0;
}

static uint32_t median_of(const struct series *s, uint64_t now_ms)
{
	if (!s)
		return 0;
	return median(s->latest, s->n < LATEST ? s->n : LATEST, now_ms);
}

/* ---- what the house asks */

void rtts_note(struct rtts *r, const struct mac *mac, const struct addr *remote,
	       enum rtt_side side, uint32_t us, uint64_t now_ms)
{
	const struct sample x = { us, (uint32_t)(now_ms / 1000) };
	struct house *h = &r->house[side];

	h->latest[h->n++ % HOUSE] = x;
	if (!mac_is_zero(mac))
		add(make(r->devices, DEVICE_SETS, tag_of_device(r, mac, side)),
		    x);
	if (side == RTT_WAN)
		add(make(r->remotes, REMOTE_SETS, tag_of_remote(r, remote)), x);
}

uint32_t rtts_house(const struct rtts *r, enum rtt_side side, uint64_t now_ms)
{
	const struct house *h = &r->house[side];

	return median(h->latest, h->n < HOUSE ? h->n : HOUSE, now_ms);
}

uint32_t rtts_device(const struct rtts *r, const struct mac *mac,
		     enum rtt_side side, uint64_t now_ms)
{
	uint64_t tag = tag_of_device(r, mac, side);

	return median_of(find(r->devices, DEVICE_SETS, tag), now_ms);
}

uint32_t rtts_remote(const struct rtts *r, const struct addr *remote,
		     uint64_t now_ms)
{
	uint64_t tag = tag_of_remote(r, remote);

	return median_of(find(r->remotes, REMOTE_SETS, tag), now_ms);
}
