/* history_core.h - the history's own state, shared by history.c (what comes)
 * and history_keep.c (what is shown, saved and adopted). */
#ifndef HISTORY_HISTORY_CORE_H
#define HISTORY_HISTORY_CORE_H

#include "history.h"
#include "pairs.h"
#include "today.h"

#define HISTORY_ENTRIES (PAIRS_MAX + HISTORY_DEVICES_MAX + 1)

struct tier {
	unsigned n, room;
	struct segment **segments;
	bool open; /* the last one grows */
	size_t bytes;
	uint64_t from_ms; /* whole from there on; 0: nothing yet */
	unsigned adopted; /* that many, from the first on, are of another run */
};

struct history {
	struct names *names;
	struct hash_key key;
	size_t budget;
	struct pairs *pairs;
	struct today *today;
	struct tier tiers[TIERS];
	uint32_t serial;
	struct segment_entry *entries; /* scratch */

	/* clocks */
	struct history_now now;
	int64_t offset_ms;	 /* civil time of a tick, less clock_ms() */
	uint64_t second, minute; /* that the sums are of */
	unsigned runs_n;
	struct history_run runs[HISTORY_RUNS_MAX];
	unsigned runs_own; /* the first of this run */

	uint64_t midnight_ms; /* 0: today is to be counted anew */
	size_t bank;	      /* bytes that minutes may take */
};

/* history.c */
bool history_make_room(struct tier *t);
void history_keep_budget(struct history *h);
void history_expire(struct history *h, uint64_t now_ms);
/* What was summed up belongs to the second and minute before 'at_ms'. */
void history_roll(struct history *h, uint64_t at_ms);

#endif
