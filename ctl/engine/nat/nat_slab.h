/* nat_slab.h - fixed-size records by number, in memory that is touched only as
 * far as it was ever used.
 *
 * Number 0 is nobody. The memory was zero at first, and a record's head is
 * while it is free and when it is taken; those that are free stand in a stack
 * beside the records, so that one can tell which will be taken next. Numbers,
 * not addresses, so that the memory may be mapped elsewhere tomorrow. */
#ifndef ENGINE_NAT_SLAB_H
#define ENGINE_NAT_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slab {
	/* immutable after init */
	uint8_t *base;
	uint32_t *stack; /* numbers that were given back */
	size_t size;	 /* of a record */
	size_t head;	 /* as much of it is cleared */
	uint32_t max;

	uint32_t bump; /* records 1 … bump were taken at least once */
	uint32_t free; /* how many of those are free */
	uint32_t used;
};

/* Bytes for 'max' records and the nobody before them; for the stack. */
static inline size_t slab_bytes(size_t size, uint32_t max)
{
	return size * ((size_t)max + 1);
}

static inline size_t slab_stack_bytes(uint32_t max)
{
	return max * sizeof(uint32_t);
}

static inline void slab_init(struct slab *s, void *base, void *stack,
			     size_t size, size_t head, uint32_t max)
{
	*s = (struct slab){ .base = base,
			    .stack = stack,
			    .size = size,
			    .head = head,
			    .max = max };
}

static inline void *slab_at(const struct slab *s, uint32_t i)
{
	return s->base + s->size * i;
}

/* Which one the call after 'skip' others will take; may be beyond the last. */
static inline uint32_t slab_next(const struct slab *s, uint32_t skip)
{
	return skip < s->free ? s->stack[s->free - 1 - skip]
			      : s->bump + 1 + skip - s->free;
}

/* As zero as it was given back, or never used. 0: all are taken. */
static inline uint32_t slab_take(struct slab *s)
{
	uint32_t i;

	if (s->free)
		i = s->stack[--s->free];
	else if (s->bump < s->max)
		i = ++s->bump;
	else
		return 0;
	s->used++;
	return i;
}

/* For nat_check(). */
static inline bool slab_is_clear(const struct slab *s, uint32_t i)
{
	const uint8_t *at = slab_at(s, i);

	return !at[0] && !memcmp(at, at + 1, s->head - 1);
}

static inline void slab_give(struct slab *s, uint32_t i)
{
	memset(slab_at(s, i), 0, s->head);
	s->stack[s->free++] = i;
	s->used--;
}

#endif
