/* nameset.c - open addressing over hashes of names.
 *
 * Called by filter.c and rebind.c to ask, by list_load.c to build. No state but
 * the set's own. Invariant: a place is 0 (free), or hash, flags and tag; from
 * where its hash points up to itself no place is free. */
#include "nameset.h"

#include <errno.h>
#include <pthread.h>
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
	size_t places_n, count;
	uint64_t *places;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct hash_key secret; /* immutable once it is made */

static void make_secret(void)
{
	hash_key_random(&secret);
}

struct nameset *nameset_new(void)
{
	pthread_once(&once, make_secret);
	return calloc(1, sizeof(struct nameset));
}

void nameset_free(struct nameset *s)
{
	if (!s)
		return;
	free(s->places);
	free(s);
}

/* Multiplication maps the hash onto any number of places. */
static size_t first_place(size_t n, uint64_t hash)
{
	return (size_t)((unsigned __int128)hash * n >> 64);
}

/* The place of 'hash', or the free one where it would be. */
static uint64_t *place_of(uint64_t *places, size_t n, uint64_t hash)
{
	size_t at = first_place(n, hash);

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

static uint64_t hash_of(const uint8_t *b, size_t len)
{
	return hash_bytes(&secret, b, len) & HASH;
}

int nameset_add(struct nameset *s, const struct dns_name *name, bool below,
		uint8_t tag)
{
	uint64_t hash = hash_of(name->b, name->len), *at;

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

void nameset_key(struct nameset_key *out, const struct dns_name *name)
{
	size_t at;

	pthread_once(&once, make_secret);
	out->n = 0;
	for (at = 0; name->b[at]; at += name->b[at] + 1u)
		out->hash[out->n++] = hash_of(name->b + at, name->len - at);
}

/* The places are far apart in memory: all are called for before any is read. */
static void call_for(const struct nameset *s, const struct nameset_key *key)
{
	unsigned i;

	for (i = 0; i < key->n; i++)
		__builtin_prefetch(
			&s->places[first_place(s->places_n, key->hash[i])]);
}

bool nameset_find(const struct nameset *s, const struct nameset_key *key,
		  uint8_t *tag)
{
	uint64_t wanted = EXACT, found;
	unsigned i;

	if (!s || !s->count)
		return false;
	call_for(s, key);
	for (i = 0; i < key->n; i++) {
		found = *place_of(s->places, s->places_n, key->hash[i]);
		if (found & wanted) {
			*tag = (uint8_t)(found & TAG_BITS);
			return true;
		}
		wanted = BELOW;
	}
	return false;
}

bool nameset_has(const struct nameset *s, const struct dns_name *name,
		 uint8_t *tag)
{
	struct nameset_key key;

	if (!s || !s->count)
		return false;
	nameset_key(&key, name);
	return nameset_find(s, &key, tag);
}

size_t nameset_count(const struct nameset *s)
{
	return s->count;
}

size_t nameset_bytes(const struct nameset *s)
{
	return sizeof(*s) + s->places_n * sizeof(*s->places);
}
