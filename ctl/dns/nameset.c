/* nameset.c - open addressing over hashes of names.
 *
 * Called by filter.c and rebind.c to ask, by list_load.c to build. No state but
 * the set's own. Invariant: a place is 0 (free), or hash, flags and tag; from
 * where its hash points up to itself no place is free. */
#include "nameset.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/hash.h"

#define PLACES_MIN 16
#define FILL_NUM   3 /* at most 3/4 full */
#define FILL_DEN   4

/* A place: 53 bits of hash, then what follows. */
#define TAG_BITS 0xffull
#define EXACT	 0x100ull
#define BELOW	 0x200ull
#define TAKEN	 0x400ull
#define HASH	 (~0ull << 11)

struct nameset {
	struct hash_key secret;
	size_t places_n, count;
	uint64_t *places;
};

struct nameset *nameset_new(void)
{
	struct nameset *s = calloc(1, sizeof(*s));

	if (s)
		hash_key_random(&s->secret);
	return s;
}

void nameset_free(struct nameset *s)
{
	if (!s)
		return;
	free(s->places);
	free(s);
}

/* The place of 'hash', or the free one where it would be. Multiplication maps
 * the hash onto any number of places. */
static uint64_t *place_of(uint64_t *places, size_t n, uint64_t hash)
{
	size_t at = (size_t)((unsigned __int128)hash * n >> 64);

	while (places[at] && (places[at] & HASH) != hash)
		at = at + 1 < n ? at + 1 : 0;
	return &places[at];
}

static int resize(struct nameset *s, size_t n)
{
	uint64_t *places = calloc(n, sizeof(*places));
	size_t i;

	if (!places)
		return -ENOMEM;
	for (i = 0; i < s->places_n; i++)
		if (s->places[i])
			*place_of(places, n, s->places[i] & HASH) =
				s->places[i];
	free(s->places);
	s->places = places;
	s->places_n = n;
	return 0;
}

static uint64_t hash_of(const struct nameset *s, const uint8_t *b, size_t len)
{
	return hash_bytes(&s->secret, b, len) & HASH;
}

int nameset_add(struct nameset *s, const struct dns_name *name, bool below,
		uint8_t tag)
{
	uint64_t hash = hash_of(s, name->b, name->len), *at;

	if ((s->count + 1) * FILL_DEN > s->places_n * FILL_NUM) {
		int err = resize(s, s->places_n ? s->places_n * 2 : PLACES_MIN);

		if (err)
			return err;
	}
	at = place_of(s->places, s->places_n, hash);
	if (!*at) {
		*at = hash | TAKEN | tag;
		s->count++;
	}
	*at |= below ? BELOW | EXACT : EXACT;
	return 0;
}

void nameset_seal(struct nameset *s)
{
	size_t n = s->count * FILL_DEN / FILL_NUM + 1;

	/* A larger table does as well. */
	if (n < s->places_n)
		(void)resize(s, n);
}

bool nameset_has(const struct nameset *s, const struct dns_name *name,
		 uint8_t *tag)
{
	uint64_t wanted = EXACT, found;
	size_t at;

	if (!s || !s->count)
		return false;
	for (at = 0; at < name->len; at += name->b[at] + 1u) {
		found = *place_of(s->places, s->places_n,
				  hash_of(s, name->b + at, name->len - at));
		if (found & wanted) {
			*tag = (uint8_t)(found & TAG_BITS);
			return true;
		}
		wanted = BELOW;
	}
	return false;
}

size_t nameset_count(const struct nameset *s)
{
	return s->count;
}

size_t nameset_bytes(const struct nameset *s)
{
	return sizeof(*s) + s->places_n * sizeof(*s->places);
}
