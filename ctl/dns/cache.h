/* cache.h - answers from upstream, kept whole under their question.
 *
 * Bounded in bytes; the least recently used goes first. An answer outlives its
 * TTL as stale, for when nobody upstream answers (RFC 8767). Pure: time is
 * passed in. Control thread. */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../proto/dns_answer.h"

#define CACHE_STALE_MS                                                         \
	(24 * 3600 * 1000ull) /* RFC 8767, 5: one to three days */
#define CACHE_STALE_TTL_S 30  /* RFC 8767, 5.11 */
#define CACHE_AGEING_PART 10  /* the last tenth of its life */

struct cache_hit {
	struct dns_kept kept; /* valid until the cache is next called */
	struct dns_age age;   /* of its TTLs */
	uint64_t born_ms, ageing_ms;
	bool stale;
	bool resting; /* stale, and lately asked for in vain: ask no more now */
	bool ageing;  /* soon over, and asked for more than once: told once */
};

struct cache;

/* NULL: no memory. */
struct cache *cache_new(size_t bytes);
void cache_free(struct cache *c);
/* Evicts what is over. */
void cache_set_limit(struct cache *c, size_t bytes);

bool cache_find(struct cache *c, const struct dns_key *key, uint64_t now_ms,
		struct cache_hit *out);
/* Replaces what is there. What does not fit is not kept. 'may_stale': worth
 * keeping beyond its TTL. */
void cache_put(struct cache *c, const struct dns_key *key,
	       const struct dns_kept *answer, uint32_t ttl_s, bool may_stale,
	       uint64_t now_ms);
/* Upstream could not tell: the stale answer is resting until 'until_ms'
 * (failure recheck timer, RFC 8767, 5). */
void cache_rest(struct cache *c, const struct dns_key *key, uint64_t until_ms);

size_t cache_bytes(const struct cache *c); /* in use, table included */
size_t cache_entries(const struct cache *c);

#endif
