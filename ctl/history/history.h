/* history.h - the last 24 hours: every pair of device and remote, a tenth of a
 * second at a time.
 *
 *   ticks of the ledger ─► pairs.c   who moves something now; sums of the
 *            │                       second and of the minute
 *            └► history.c ─► segments of ticks, of seconds, of minutes
 *                              │ snapshot: references and a few copies
 *                              ├─► query.c   any thread
 *                              └─► store.c   any thread
 *
 * Memory is bounded by a budget. Beyond it the oldest ticks go first, then the
 * oldest seconds; an eighth of the budget each is left to the latest. Minutes
 * stay for the whole day: in a minute with more pairs than its share of memory
 * allows, the smallest of each device become one, its others. So at every step
 * of every tier that is kept, the rows add up to what the ledger gave.
 *
 * Time here is civil time. When the clock is set, what this run has recorded
 * moves along by whole minutes: what was five minutes ago stays so. The rest,
 * less than half a minute, shows as a gap, or as steps that count twice.
 * A machine that slept, or a gateway that was down, leaves a gap.
 *
 * Control thread, but for what takes a snapshot. Pure: no loop, no clock. */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include "../base/hash.h"
#include "segment.h"

#define HISTORY_SPAN_MS	    86400000u
#define HISTORY_BUDGET_MIN  (8u << 20)
#define HISTORY_DEVICES_MAX 1024
#define HISTORY_RUNS_MAX    256
#define HISTORY_ALL	    7u /* tiers, as a mask */

struct history;

/* 'names' outlives it. NULL: out of memory. */
struct history *history_new(struct names *names, const struct hash_key *key,
			    size_t budget);
void history_free(struct history *h);
void history_set_budget(struct history *h, size_t budget);

/* The clocks at one moment: clock_ms(), the same but counting while the machine
 * sleeps, and civil time. */
struct history_now {
	uint64_t mono_ms, boot_ms, wall_ms;
};
/* At least every second, and before each tick. */
void history_clock(struct history *h, const struct history_now *now);
void history_tick(struct history *h, const struct traffic_tick *tick);

/* ---- today, of each device */

/* Today began at 'midnight_ms' of civil time; called whenever that may have
 * changed. */
void history_day(struct history *h, uint64_t midnight_ms);
/* Bytes and packets since. */
struct traffic_sum history_today(const struct history *h,
				 const struct mac *host);

/* ---- what there is */

struct history_fill {
	size_t bytes, max_bytes;
	uint64_t from_ms[TIERS]; /* whole from there on; 0: there is nothing */
};
void history_fill(const struct history *h, struct history_fill *out);

/* ---- snapshots */

/* Time during which was recorded; 'to_ms' is not of it. */
struct history_run {
	uint64_t from_ms, to_ms;
};

struct snapshot_of_history {
	struct hash_key key;
	uint64_t from_ms[TIERS];
	uint64_t now_ms;
	unsigned runs_n;
	struct history_run runs[HISTORY_RUNS_MAX];
	unsigned n;
	struct segment **segments; /* in no order of weight */
};
/* Of the tiers in 'mask' (1 << tier). May be read by any thread; given back on
 * the control thread. NULL: out of memory. */
struct snapshot_of_history *history_snapshot(struct history *h, unsigned mask);
void history_release(struct history *h, struct snapshot_of_history *s);
/* Only the segments from that serial on; after history_cut(). */
struct snapshot_of_history *history_since(struct history *h, uint32_t serial);

/* ---- what an earlier run has kept (store.c) */

/* Takes the segment over. */
void history_adopt(struct history *h, struct segment *s);
/* After the last one. */
void history_adopted(struct history *h, const struct history_run *runs,
		     unsigned n, const uint64_t from_ms[TIERS]);

/* Everything recorded so far is in segments with serials below the one that is
 * returned, and nothing of what follows. */
uint32_t history_cut(struct history *h);

#endif
