/* cache.c - the table behind cache.h.
 *
 * Called by serve.c and forward.c. Control thread.
 * Invariant: an entry is in its bucket and in the list of use, or in neither;
 * 'bytes' is the sum of what all of them are charged. */
#include "cache.h"

#include <stdlib.h>

#include "../base/hash.h"

#define ENTRY_BYTES_TYPICAL 512 /* sizes the table of buckets */
#define BUCKETS_MIN	    64u
#define MALLOC_OVERHEAD	    16
#define ENTRY_SHARE_MAX	    16 /* one answer takes no more than limit/16 */

struct entry {
	struct entry *next; /* in the bucket */
	struct entry *newer, *older;
	uint64_t hash;
	uint64_t born_ms, expires_ms, gone_ms, rest_ms, ageing_ms;
	bool chain, used, told;
	size_t charge;
	size_t msg_len;
	uint16_t key_len, ttl_n;
	uint16_t data[]; /* ttl_at, then key, then message */
};

struct cache {
	struct hash_key secret;
	struct entry **buckets;
	size_t buckets_n; /* power of two */
	struct entry *newest, *oldest;
	size_t limit, bytes, entries;
};

static const uint8_t *entry_key(const struct entry *e)
{
	return (const uint8_t *)(e->data + e->ttl_n);
}

static const uint8_t *entry_msg(const struct entry *e)
{
	return entry_key(e) + e->key_len;
}

struct cache *cache_new(size_t bytes)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->buckets_n = BUCKETS_MIN;
	while (c->buckets_n < bytes / ENTRY_BYTES_TYPICAL)
		c->buckets_n *= 2;
	c->buckets = calloc(c->buckets_n, sizeof(struct entry *));
	if (!c->buckets) {
		free(c);
		return NULL;
	}
	hash_key_random(&c->secret);
	c->limit = bytes;
	c->bytes = c->buckets_n * sizeof(struct entry *);
	return c;
}

static void use_unlink(struct cache *c, struct entry *e)
{
	if (e->newer)
		e->newer->older = e->older;
	else
		c->newest = e->older;
	if (e->older)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
}

static void use_first(struct cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	if (c->newest)
		c->newest->newer = e;
	else
		c->oldest = e;
	c->newest = e;
}

static struct entry **bucket_of(struct cache *c, uint64_t hash)
{
	return &c->buckets[hash & (c->buckets_n - 1)];
}

static void drop(struct cache *c, struct entry *e)
{
	struct entry **at = bucket_of(c, e->hash);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	use_unlink(c, e);
	c->bytes -= e->charge;
	c->entries--;
	free(e);
}

/* Asked for again in the last part of its life: worth fetching anew before it
 * is over. Told once, as one asking is enough. */
static bool is_ageing(struct entry *e, uint64_t now_ms)
{
	bool used = e->used;

	e->used = true;
	if (!used || e->told || now_ms < e->ageing_ms ||
	    now_ms >= e->expires_ms)
		return false;
	e->told = true;
	return true;
}

/* Drops the oldest until 'room' bytes more are within 'limit'. */
static void evict(struct cache *c, size_t room, size_t limit)
{
	struct entry *e = c->oldest;

	while (e && c->bytes + room > limit) {
		struct entry *newer = e->newer;

		drop(c, e);
		e = newer;
	}
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	evict(c, 0, 0);
	free(c->buckets);
	free(c);
}

void cache_set_limit(struct cache *c, size_t bytes)
{
	c->limit = bytes;
	evict(c, 0, bytes);
}

static struct entry *find(struct cache *c, const struct dns_key *key)
{
	uint64_t hash = hash_bytes(&c->secret, key->b, key->len);
	struct entry *e;

	for (e = *bucket_of(c, hash); e; e = e->next)
		if (e->hash == hash && e->key_len == key->len &&
		    !memcmp(entry_key(e), key->b, key->len))
			break;
	return e;
}

bool cache_find(struct cache *c, const struct dns_key *key, uint64_t now_ms,
		struct cache_hit *out)
{
	struct entry *e = find(c, key);

	if (!e)
		return false;
	if (now_ms >= e->gone_ms) {
		drop(c, e);
		return false;
	}
	use_unlink(c, e);
	use_first(c, e);
	*out = (struct cache_hit){
		.kept = { entry_msg(e), e->msg_len, e->data, e->ttl_n,
			  e->chain },
		.stale = now_ms >= e->expires_ms,
		.age = { 0, CACHE_STALE_TTL_S },
		.ageing = is_ageing(e, now_ms),
		.born_ms = e->born_ms,
		.ageing_ms = e->told ? e->expires_ms : e->ageing_ms,
	};
	/* Rounded down: a record with a second to live is never told as 0. */
	if (!out->stale)
		out->age = (struct dns_age){
			(uint32_t)((now_ms - e->born_ms) / 1000), DNS_TTL_MAX_S
		};
	out->resting = out->stale && now_ms < e->rest_ms;
	return true;
}

static size_t charge_of(size_t bytes)
{
	return (bytes + MALLOC_OVERHEAD + 15) & ~(size_t)15;
}

static void fill(struct entry *e, const struct dns_key *key,
		 const struct dns_kept *answer)
{
	size_t ttls_len = answer->ttl_n * sizeof(e->data[0]);
	struct wr w = wr_init(e->data, ttls_len + key->len + answer->len);

	e->key_len = key->len;
	e->ttl_n = (uint16_t)answer->ttl_n;
	e->msg_len = answer->len;
	wr_bytes(&w, answer->ttl_at, ttls_len);
	wr_bytes(&w, key->b, key->len);
	wr_bytes(&w, answer->msg, answer->len);
}

void cache_put(struct cache *c, const struct dns_key *key,
	       const struct dns_kept *answer, uint32_t ttl_s, bool may_stale,
	       uint64_t now_ms)
{
	size_t size = sizeof(struct entry) + key->len + answer->len +
		      answer->ttl_n * sizeof(uint16_t);
	struct entry *e = find(c, key);

	if (e)
		drop(c, e);
	if (charge_of(size) > c->limit / ENTRY_SHARE_MAX)
		return;
	evict(c, charge_of(size), c->limit);
	if (c->bytes + charge_of(size) > c->limit)
		return;
	e = calloc(1, size);
	if (!e)
		return;
	fill(e, key, answer);
	e->charge = charge_of(size);
	e->born_ms = now_ms;
	e->expires_ms = now_ms + ttl_s * 1000ull;
	e->ageing_ms = e->expires_ms - ttl_s * 1000ull / CACHE_AGEING_PART;
	e->chain = answer->chain;
	e->gone_ms = e->expires_ms + (may_stale ? CACHE_STALE_MS : 0);
	e->hash = hash_bytes(&c->secret, key->b, key->len);
	e->next = *bucket_of(c, e->hash);
	*bucket_of(c, e->hash) = e;
	use_first(c, e);
	c->bytes += e->charge;
	c->entries++;
}

void cache_rest(struct cache *c, const struct dns_key *key, uint64_t until_ms)
{
	struct entry *e = find(c, key);

	if (e)
		e->rest_ms = until_ms;
}

size_t cache_bytes(const struct cache *c)
{
	return c->bytes;
}

size_t cache_entries(const struct cache *c)
{
	return c->entries;
}
