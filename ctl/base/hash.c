/* hash.c - SipHash-1-3: one round a word, three at the end.
 *
 * Called by every table whose keys come from the network. Any thread: no
 * state. The reference is "SipHash: a fast short-input PRF" (2012). */
#include "hash.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static inline uint64_t rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

void hash_key_random(struct hash_key *key)
{
	if (getrandom(key->k, sizeof(key->k), 0) != sizeof(key->k))
		abort();
}

static inline void sip_begin(uint64_t v[4], const struct hash_key *key)
{
	v[0] = key->k[0] ^ 0x736f6d6570736575;
	v[1] = key->k[1] ^ 0x646f72616e646f6d;
	v[2] = key->k[0] ^ 0x6c7967656e657261;
	v[3] = key->k[1] ^ 0x7465646279746573;
}

static inline uint64_t sip_end(uint64_t v[4])
{
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t v[4], word;
	size_t left;

	sip_begin(v, key);
	for (left = len; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		sip_word(v, le64toh(word));
	}
	/* The last word: what is left, and the length's low byte on top. */
	word = 0;
	if (left)
		memcpy(&word, p, left);
	sip_word(v, le64toh(word) | (uint64_t)len << 56);
	return sip_end(v);
}

uint64_t hash_pair(const struct hash_key *key, uint64_t first, uint64_t second)
{
	uint64_t v[4];

	sip_begin(v, key);
	sip_word(v, le64toh(first));
	sip_word(v, le64toh(second));
	sip_word(v, 16ULL << 56);
	return sip_end(v);
}
