/* labels.c - the table of DNS answers by host and address.
 * Called by worker.c and dns_tap.c (learn) and by nat_label.c (find). Engine
 * thread only.
 *
 * A place is a cache line of four answers. Their keys are not there, but 64
 * bits of a keyed hash of them: that two of 65536 have the same is a chance of
 * one in 10^10, and costs a wrong name. */
#include "labels.h"

#include <stdlib.h>
#include <string.h>

#define WAYS   4
#define PLACES (LABELS_MAX / WAYS)

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

static uint64_t tag_of(const struct labels *l, const struct addr *who,
		       const struct addr *remote)
{
	const struct addr key[2] = { *who, *remote };
	uint64_t tag = hash_bytes(&l->key, key, sizeof(key));

	return tag ? tag : 1;
}

/* No address of a host looks like this (fe80::/64 without ff:fe). */
static struct addr by_mac(const struct mac *mac)
{
	struct addr who = { .b = { 0xfe, 0x80 } };

	memcpy(&who.b[10], mac, sizeof(*mac));
	return who;
}

static struct place *place_of(const struct labels *l, uint64_t tag)
{
	return &l->places[tag & (PLACES - 1)];
}

/* Its own, a free one, or that which ends next. */
static struct answer *room_for(struct place *p, uint64_t tag)
{
	struct answer *best = &p->answers[0];

	for (unsigned i = 0; i < WAYS; i++) {
		struct answer *a = &p->answers[i];

		if (a->tag == tag)
			return a;
		if (a->until_s < best->until_s)
			best = a;
	}
	return best;
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
	uint64_t tag = tag_of(l, &who, remote);

	*room_for(place_of(l, tag), tag) =
		(struct answer){ .tag = tag,
				 .name = name,
				 .until_s = (uint32_t)(now_ms / 1000) +
					    clamp(ttl_s) };
}

static uint32_t find(const struct labels *l, const struct addr *who,
		     const struct addr *remote, uint64_t now_ms)
{
	uint64_t tag = tag_of(l, who, remote);
	const struct place *p = place_of(l, tag);

	for (unsigned i = 0; i < WAYS; i++)
		if (p->answers[i].tag == tag)
			return p->answers[i].until_s > now_ms / 1000
				       ? p->answers[i].name
				       : 0;
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
