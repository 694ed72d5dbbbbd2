/* slots.h - bookkeeping of a small table with a fixed number of slots: which
 * slots share a hash, and which was used longest ago.
 *
 * The table itself keeps an array of records beside it, indexed by slot. Used
 * by neigh, fdb and stats. Engine thread only; nothing allocates after init.
 * Invariant: a slot in use is in one hash chain and in one recency list; the
 * others are in the free list. */
#ifndef ENGINE_SLOTS_H
#define ENGINE_SLOTS_H

#include <stdint.h>

#define SLOTS_NONE  UINT32_MAX
#define SLOTS_LISTS 2 /* recency lists a table may tell its slots apart by */

struct slots_link {
	uint32_t hash;
	uint32_t chain; /* next of the same bucket, or next free */
	uint32_t newer, older;
	uint32_t list;
};

struct slots {
	uint32_t capacity, used;
	uint32_t mask; /* buckets less one */
	uint32_t free;
	uint32_t *buckets;
	struct slots_link *links;
	struct {
		uint32_t newest, oldest, n;
	} lists[SLOTS_LISTS];
};

/* 0 or -ENOMEM. */
int slots_init(struct slots *s, uint32_t capacity);
void slots_fini(struct slots *s);

/* The slots whose hash is 'hash', one after the other; SLOTS_NONE: no more. */
uint32_t slots_first(const struct slots *s, uint32_t hash);
uint32_t slots_next(const struct slots *s, uint32_t slot);

/* A fresh slot, newest of 'list'; SLOTS_NONE: all are in use. */
uint32_t slots_add(struct slots *s, uint32_t hash, unsigned list);
void slots_del(struct slots *s, uint32_t slot);

/* Makes 'slot' the newest of 'list'. */
void slots_touch(struct slots *s, uint32_t slot, unsigned list);
/* SLOTS_NONE: the list is empty, or 'slot' is its newest. */
uint32_t slots_oldest(const struct slots *s, unsigned list);
uint32_t slots_newer(const struct slots *s, uint32_t slot);

#endif
