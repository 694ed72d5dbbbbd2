/* nat_hash.h - finds records by hash, with one wait for memory.
 *
 * A bucket is a cache line: eight numbers of records, each with a tag of its
 * hash. Who looks for what is not there reads that line and no record, however
 * full the table is. What does not fit hangs in a chain behind the last of the
 * eight, through a link for each record; with as many buckets as
 * nat_hash_buckets() says, one in fifty has a chain.
 *
 * Number 0 is nobody. Included by nat_core.h; engine thread only.
 * Invariant: a tag is 0 where the number is, and not elsewhere; a chain stands
 * behind a number alone. */
#ifndef ENGINE_NAT_HASH_H
#define ENGINE_NAT_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAT_BUCKET 8 /* records in one */

struct nat_bucket {
	uint32_t tags[NAT_BUCKET]; /* 0: nobody's */
	uint32_t numbers[NAT_BUCKET];
};

struct nat_chain {
	uint32_t next, tag;
};

struct nat_hash {
	struct nat_bucket *buckets;
	struct nat_chain *links; /* by record */
	uint32_t mask;
};

_Static_assert(sizeof(struct nat_bucket) == 64, "a bucket is a cache line");

/* A power of two; three to six records for each when all are there. */
static inline uint32_t nat_hash_buckets(uint32_t records)
{
	uint32_t n = 8;

	while (n < records / 6 && n < 1u << 28)
		n *= 2;
	return n;
}

/* Bytes for the buckets, and for the links. */
static inline size_t nat_hash_bytes(uint32_t records)
{
	return nat_hash_buckets(records) * sizeof(struct nat_bucket);
}

static inline size_t nat_hash_link_bytes(uint32_t records)
{
	return ((size_t)records + 1) * sizeof(struct nat_chain);
}

/* Both zeroed, the buckets at a cache line's start. */
static inline struct nat_hash nat_hash_in(void *buckets, void *links,
					  uint32_t records)
{
	return (struct nat_hash){ buckets, links,
				  nat_hash_buckets(records) - 1 };
}

static inline struct nat_bucket *nat_hash_bucket(const struct nat_hash *h,
						 uint64_t hash)
{
	return &h->buckets[hash & h->mask];
}

static inline uint32_t nat_hash_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/* Which of eight words are 'value': a bit for each. */
static inline uint32_t nat_hash_equal(const uint32_t words[NAT_BUCKET],
				      uint32_t value)
{
	typedef uint32_t four __attribute__((vector_size(16)));
	const four *w = (const four *)(const void *)words;
	four all = ((four)(w[0] == value) & (four){ 1, 2, 4, 8 }) |
		   ((four)(w[1] == value) & (four){ 16, 32, 64, 128 });

	all |= __builtin_shufflevector(all, all, 2, 3, 0, 1);
	return all[0] | all[1];
}

/* A walk through the records that may have a hash. */
struct nat_seek {
	const struct nat_hash *h;
	const struct nat_bucket *bucket;
	uint32_t tag;
	uint32_t hits;	/* places in the bucket that are yet to be told */
	uint32_t chain; /* whose link comes after those */
};

static inline struct nat_seek nat_hash_seek(const struct nat_hash *h,
					    uint64_t hash)
{
	const struct nat_bucket *b = nat_hash_bucket(h, hash);
	uint32_t tag = nat_hash_tag(hash);

	return (struct nat_seek){ .h = h,
				  .bucket = b,
				  .tag = tag,
				  .hits = nat_hash_equal(b->tags, tag),
				  .chain = b->numbers[NAT_BUCKET - 1] };
}

/* 0: there are no more. */
static inline uint32_t nat_seek_next(struct nat_seek *s)
{
	unsigned i;

	if (s->hits) {
		i = (unsigned)__builtin_ctz(s->hits);
		s->hits &= s->hits - 1;
		return s->bucket->numbers[i];
	}
	while (s->chain) {
		struct nat_chain c = s->h->links[s->chain];

		s->chain = c.next;
		if (c.tag == s->tag)
			return c.next;
	}
	return 0;
}

/* At the first free place, else at the last and before who was there. */
static inline void nat_hash_add(struct nat_hash *h, uint64_t hash, uint32_t i)
{
	struct nat_bucket *b = nat_hash_bucket(h, hash);
	uint32_t free = nat_hash_equal(b->numbers, 0);
	unsigned at = free ? (unsigned)__builtin_ctz(free) : NAT_BUCKET - 1;

	if (at == NAT_BUCKET - 1)
		h->links[i] = (struct nat_chain){ b->numbers[at], b->tags[at] };
	b->numbers[at] = i;
	b->tags[at] = nat_hash_tag(hash);
}

/* It is there. */
static inline void nat_hash_del(struct nat_hash *h, uint64_t hash, uint32_t i)
{
	struct nat_bucket *b = nat_hash_bucket(h, hash);
	uint32_t found = nat_hash_equal(b->numbers, i);
	unsigned at = found ? (unsigned)__builtin_ctz(found) : NAT_BUCKET;
	struct nat_chain after = { 0, 0 }, *c;

	if (at >= NAT_BUCKET - 1)
		after = h->links[i];
	if (at < NAT_BUCKET) {
		b->numbers[at] = after.next;
		b->tags[at] = after.tag;
		return;
	}
	c = &h->links[b->numbers[NAT_BUCKET - 1]];
	while (c->next != i)
		c = &h->links[c->next];
	*c = after;
}

/* How many records stand in it; more than 'max': it is broken. */
static inline uint32_t nat_hash_count(const struct nat_hash *h, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= h->mask; i++) {
		const struct nat_bucket *b = &h->buckets[i];
		uint32_t last = b->numbers[NAT_BUCKET - 1];

		for (unsigned at = 0; at < NAT_BUCKET; at++) {
			n += !!b->numbers[at];
			if (!b->numbers[at] != !b->tags[at])
				return max + 1;
		}
		for (; last && h->links[last].next && n <= max; n++)
			last = h->links[last].next;
	}
	return n;
}

#endif
