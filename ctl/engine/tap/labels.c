/* labels.c - the table of DNS answers by host and address.
 * Called by worker.c and dns_tap.c (learn) and by nat_label.c (find). Engine
 * thread only.
 *
 * A place is a cache line of four answers. Their keys are not there, but 64
 * bits of a keyed hash of them: that two of 65536 have the same is a chance of
 * one in 10^10, and costs a wrong name. Those bits that say which place it is
 * need not be kept there; the host's stand instead of them, as a host that is
 * told a lot shall take its own answers' room, not others'. */
#include "labels.h"

#include <stdlib.h>
#include <string.h>

#define WAYS   4
#define PLACES (LABELS_MAX / WAYS)
#define HOST   (uint64_t)(PLACES - 1) /* of a tag: which host's it is */

struct answer {
	uint64_t tag; /* 0: free */
	uint32_t name;
	uint32_t until_s;
};

struct place {
	_Alignas(64) struct answer answers[WAYS];
};

struct labels {
	struct hash_key key;
	struct place *places;
};

_Static_assert(sizeof(struct place) == 64, "a place is a cache line");
_Static_assert((PLACES & (PLACES - 1)) == 0, "a hash's low bits find it");

struct labels *labels_new(const struct hash_key *key)
{
	struct labels *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->key = *key;
	l->places = aligned_alloc(64, PLACES * sizeof(*l->places));
	if (!l->places) {
		free(l);
		return NULL;
	}
	memset(l->places, 0, PLACES * sizeof(*l->places));
	return l;
}

void labels_free(struct labels *l)
{
	if (!l)
		return;
	free(l->places);
	free(l);
}

/* Where the answer is, if it is there, and what it is known by. */
struct spot {
	struct place *place;
	uint64_t tag;
};

static struct spot spot_of(const struct labels *l, const struct addr *who,
			   const struct addr *remote)
{
	const struct addr key[2] = { *who, *remote };
	uint64_t hash = hash_bytes(&l->key, key, sizeof(key));
	uint64_t host = hash_words(&l->key, who->q[0], who->q[1]);
	uint64_t tag = (hash & ~HOST) | (host & HOST);

	return (struct spot){ &l->places[hash & HOST], tag ? tag : 1 };
}

/* No address of a host looks like this (fe80::/64 without ff:fe). */
static struct addr by_mac(const struct mac *mac)
{
	struct addr who = { .b = { 0xfe, 0x80 } };

	memcpy(&who.b[10], mac, sizeof(*mac));
	return who;
}

static bool is_of_host(const struct answer *a, uint64_t tag)
{
	return (a->tag & HOST) == (tag & HOST);
}

/* Its own, a free one, or that which ends next: of the same host's, if there
 * are any. */
static struct answer *room_for(struct spot s, uint32_t now_s)
{
	struct answer *best = &s.place->answers[0], *own = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		struct answer *a = &s.place->answers[i];

		if (a->tag == s.tag)
			return a;
		if (a->until_s < best->until_s)
			best = a;
		if (is_of_host(a, s.tag) && (!own || a->until_s < own->until_s))
			own = a;
	}
	return own && best->until_s > now_s ? own : best;
}

static uint32_t clamp(uint32_t ttl_s)
{
	if (ttl_s < LABELS_LEAST_S)
		return LABELS_LEAST_S;
	return ttl_s > LABELS_MOST_S ? LABELS_MOST_S : ttl_s;
}

void labels_learn(struct labels *l, const struct mac *mac,
		  const struct addr *host, const struct addr *remote,
		  uint32_t name, uint32_t ttl_s, uint64_t now_ms)
{
	struct addr who = mac_is_zero(mac) ? *host : by_mac(mac);
	struct spot s = spot_of(l, &who, remote);
	uint32_t now_s = (uint32_t)(now_ms / 1000);

	*room_for(s, now_s) = (struct answer){
		.tag = s.tag, .name = name, .until_s = now_s + clamp(ttl_s)
	};
}

static uint32_t find(const struct labels *l, const struct addr *who,
		     const struct addr *remote, uint64_t now_ms)
{
	struct spot s = spot_of(l, who, remote);

	for (unsigned i = 0; i < WAYS; i++) {
		const struct answer *a = &s.place->answers[i];

		if (a->tag == s.tag)
			return a->until_s > now_ms / 1000 ? a->name : 0;
	}
	return 0;
}

/* Who was known by its address alone when it asked is looked for by that. */
uint32_t labels_find(const struct labels *l, const struct mac *mac,
		     const struct addr *host, const struct addr *remote,
		     uint64_t now_ms)
{
	struct addr who = by_mac(mac);
	uint32_t name = 0;

	if (!mac_is_zero(mac))
		name = find(l, &who, remote, now_ms);
	return name ? name : find(l, host, remote, now_ms);
}
