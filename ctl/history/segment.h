/* segment.h - a piece of history: who moved how much, step by step, in one
 * tier. Complete by itself.
 *
 *   devices   MAC addresses
 *   dict      pairs, numbered from 0: device, remote, has it a name?
 *   names     of those that have one, in the order of the dict
 *   log       steps: how far from the step before, how many entries; entries:
 *             how far from the pair before, bytes and packets each way
 *
 * Grown by one thread (history.c) until it is sealed; then nothing in it
 * changes, and whoever has a reference may read it in any thread. References
 * are taken and given back on the control thread alone. */
#ifndef HISTORY_SEGMENT_H
#define HISTORY_SEGMENT_H

#include "../base/names.h"
#include "../base/traffic.h"
#include "varint.h"

enum history_tier { TIER_TICK, TIER_SECOND, TIER_MINUTE, TIERS };

static inline uint32_t tier_step_ms(unsigned tier)
{
	static const uint32_t steps[TIERS] = { TRAFFIC_TICK_MS, 1000, 60000 };

	return steps[tier];
}

#define SEGMENT_NONE UINT32_MAX

/* The text stays where it is for as long as the number is held. */
struct segment_name {
	const char *text;
	uint32_t id;
};

struct segment {
	unsigned refs;
	uint32_t serial; /* of the segments of a run */
	uint8_t tier;
	bool own;	      /* recorded by this run: it follows the clock */
	uint64_t base_ms;     /* civil time of step 0, a whole minute */
	uint32_t first, last; /* steps; last < first: none yet */
	uint32_t step;	      /* the one appended last */

	uint32_t devices_n, names_n, pairs_n;
	uint32_t devices_room, names_room;
	uint32_t dict_n, dict_room, log_n, log_room; /* bytes */
	struct mac *devices;
	struct segment_name *names;
	uint8_t *dict, *log;
};

struct segment_pair {
	const struct mac *host;
	struct addr remote;		 /* all zero: others */
	const struct segment_name *name; /* NULL: none */
};

struct segment_entry {
	uint32_t pair;
	struct traffic_sum sum;
};

/* One reference is the caller's. NULL: out of memory. */
struct segment *segment_new(unsigned tier, uint64_t base_ms, uint32_t serial);
static inline struct segment *segment_ref(struct segment *s)
{
	s->refs++;
	return s;
}
/* The last one gives its names back. */
void segment_unref(struct segment *s, struct names *names);

/* ---- while it grows; SEGMENT_NONE and false: out of memory */

uint32_t segment_device(struct segment *s, const struct mac *host);
/* 'device' as returned. Holds the name. */
uint32_t segment_pair(struct segment *s, uint32_t device,
		      const struct addr *remote, uint32_t label,
		      struct names *names);
/* Entries in order of pair. A step may come several times: they add up. */
bool segment_append(struct segment *s, uint64_t at_ms,
		    const struct segment_entry *entries, uint32_t n);
/* May 'at_ms' be a step of it? */
bool segment_reaches(const struct segment *s, uint64_t at_ms);
/* A copy as it is now, sealed; names held. NULL: out of memory. */
struct segment *segment_copy(const struct segment *s, struct names *names);
/* Gives back what was reserved for growth. */
void segment_trim(struct segment *s);

/* ---- reading */

static inline bool segment_is_empty(const struct segment *s)
{
	return s->last < s->first;
}

static inline uint64_t segment_at(const struct segment *s, uint32_t step)
{
	return s->base_ms + (uint64_t)step * tier_step_ms(s->tier);
}

/* From the first step on; until the end of the last one. */
static inline uint64_t segment_begin_ms(const struct segment *s)
{
	return segment_at(s, s->first);
}

static inline uint64_t segment_end_ms(const struct segment *s)
{
	return segment_at(s, s->last + 1);
}

/* What it takes of the budget. */
size_t segment_bytes(const struct segment *s);

/* Of an array that may not be there yet. */
static inline struct rd segment_rd(const uint8_t *at, uint32_t n)
{
	static const uint8_t nothing[1];

	return rd_init(at ? at : nothing, n);
}

struct segment_dict {
	struct rd r;
	uint32_t named;
};
static inline struct segment_dict segment_dict(const struct segment *s)
{
	return (struct segment_dict){ .r = segment_rd(s->dict, s->dict_n) };
}
/* The next pair; false: there is none, or ('r.bad') nonsense. */
bool segment_dict_next(struct segment_dict *d, const struct segment *s,
		       struct segment_pair *out);

struct segment_log {
	struct rd r;
	uint64_t step;
	uint32_t left; /* entries of the step */
	uint32_t pair;
};
static inline struct segment_log segment_log(const struct segment *s)
{
	return (struct segment_log){ .r = segment_rd(s->log, s->log_n) };
}

static inline bool segment_log_step(struct segment_log *l)
{
	if (l->r.p == l->r.end)
		return false;
	l->step += (uint64_t)varint_unfold(rd_varint(&l->r));
	l->left = (uint32_t)rd_varint(&l->r);
	l->pair = 0;
	return !l->r.bad;
}

/* Until 'left' is 0. */
static inline void segment_log_entry(struct segment_log *l,
				     struct segment_entry *out)
{
	l->left--;
	l->pair += (uint32_t)rd_varint(&l->r);
	out->pair = l->pair;
	out->sum.rx_bytes = rd_varint(&l->r);
	out->sum.tx_bytes = rd_varint(&l->r);
	out->sum.rx_packets = rd_varint(&l->r);
	out->sum.tx_packets = rd_varint(&l->r);
}

/* Of one that comes from a file: does it say what can be? Counts its pairs and
 * finds its first and last step. */
bool segment_check(struct segment *s);

#endif
