/* hash.h - keyed hashing for tables whose keys strangers choose.
 *
 * SipHash-1-3 (Aumasson, Bernstein): short inputs, secret random key, so that
 * nobody outside can aim at one bucket. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k[2];
};

/* Fills 'key' from getrandom(); aborts if the kernel has none to give. */
void hash_key_random(struct hash_key *key);
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);
/* Of the 16 bytes that two words are in this machine's order, in registers. */
uint64_t hash_pair(const struct hash_key *key, uint64_t first, uint64_t second);

/* Two words, for what every packet looks up: multiplied with secret numbers, in
 * a tenth of SipHash's time. Whoever chooses the words must not see the result,
 * nor how long a search took. */
static inline uint64_t hash_words(const struct hash_key *key, uint64_t a,
				  uint64_t b)
{
	unsigned __int128 product =
		(unsigned __int128)(a ^ key->k[0]) * (b ^ key->k[1]);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
