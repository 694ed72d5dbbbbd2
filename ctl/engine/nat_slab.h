/* nat_slab.h - fixed-size records by number, in memory that is touched only as
 * far as it was ever used.
 *
 * Number 0 is nobody. A record's first field is a uint32_t 'next' that belongs
 * to the slab while the record is free, to its owner while it is taken; the
 * rest of its head is zero when it is taken and while it is free. Numbers, not
 * addresses, so that the memory may be mapped elsewhere tomorrow. */
#ifndef ENGINE_NAT_SLAB_H
#define ENGINE_NAT_SLAB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slab {
	/* immutable after init */
	uint8_t *base;
	size_t size; /* of a record */
	size_t head; /* as much of it is cleared */
	uint32_t max;

	uint32_t bump; /* records 1 … bump were taken at least once */
	uint32_t free; /* head of those given back */
	uint32_t used;
};

/* Bytes for 'max' records and the nobody before them. */
static inline size_t slab_bytes(size_t size, uint32_t max)
{
	return size * ((size_t)max + 1);
}

static inline void slab_init(struct slab *s, void *base, size_t size,
			     size_t head, uint32_t max)
{
	*s = (struct slab){
		.base = base, .size = size, .head = head, .max = max
	};
}

static inline void *slab_at(const struct slab *s, uint32_t i)
{
	return s->base + s->size * i;
}

/* 0: all are taken. */
static inline uint32_t slab_take(struct slab *s)
{
	uint32_t i = s->free;

	if (i)
		memcpy(&s->free, slab_at(s, i), sizeof(s->free));
	else if (s->bump < s->max)
		i = ++s->bump;
	else
		return 0;
	memset(slab_at(s, i), 0, s->head);
	s->used++;
	return i;
}

static inline void slab_give(struct slab *s, uint32_t i)
{
	memset(slab_at(s, i), 0, s->head);
	memcpy(slab_at(s, i), &s->free, sizeof(s->free));
	s->free = i;
	s->used--;
}

#endif
