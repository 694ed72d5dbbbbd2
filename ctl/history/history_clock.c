/* history_clock.c - civil time, which may be set, and sleep.
 * Called by gateway/traffic.c through history.h. Control thread.
 * Invariant: the last run ends with the last word of the clock. */
#include "history.h"

#include <string.h>

#include "history_core.h"

#define JUMP_MS	   1000 /* less is the clock being trimmed */
#define SILENCE_MS 2500 /* without a word: a gap */
#define PHASE_MS   60	/* of the grid of ticks against civil time */
#define LATE_MS	   1000 /* ticks come later than the clock does */

static void begin_run(struct history *h, uint64_t at_ms)
{
	if (h->runs_n == HISTORY_RUNS_MAX) {
		h->runs_n--;
		h->runs_own = h->runs_own ? h->runs_own - 1 : 0;
		memmove(h->runs, h->runs + 1, h->runs_n * sizeof(h->runs[0]));
	}
	h->runs[h->runs_n++] = (struct history_run){ at_ms, at_ms };
	/* Before the first one no tier has less than another. */
	for (unsigned t = 0; t < TIERS; t++)
		if (!h->tiers[t].from_ms)
			h->tiers[t].from_ms =
				at_ms - at_ms % tier_step_ms(TIER_MINUTE);
}

/* Ticks are of the grid of clock_ms(), steps of civil time's: how one lies on
 * the other changes seldom, so that no step comes twice. */
static void settle_offset(struct history *h)
{
	int64_t offset = (int64_t)(h->now.wall_ms - h->now.mono_ms);
	int64_t off = offset - h->offset_ms, rest;

	if (off < PHASE_MS + TRAFFIC_TICK_MS / 2 && off > -PHASE_MS)
		return;
	rest = offset % TRAFFIC_TICK_MS;
	h->offset_ms = offset - (rest < 0 ? rest + TRAFFIC_TICK_MS : rest);
}

/* Who reads the segment now goes on with the clock of before. */
static void move(struct history *h, struct segment **at, int64_t by_ms)
{
	struct segment *s = *at;

	if (s->refs > 1) {
		s = segment_copy(s, h->names);
		if (!s)
			return;
		segment_unref(*at, h->names);
		*at = s;
	}
	s->base_ms += (uint64_t)by_ms;
}

/* The clock was set: what this run recorded moves along, but for the rest. */
static void follow_clock(struct history *h, int64_t jump_ms)
{
	int64_t half = jump_ms < 0 ? -30000 : 30000;
	int64_t whole = (jump_ms + half) / 60000 * 60000;

	history_cut(h);
	for (unsigned t = 0; t < TIERS; t++) {
		struct tier *tier = &h->tiers[t];

		if (tier->from_ms && (!tier->n || tier->segments[0]->own))
			tier->from_ms += (uint64_t)whole;
		for (unsigned i = 0; i < tier->n; i++)
			if (tier->segments[i]->own)
				move(h, &tier->segments[i], whole);
	}
	for (unsigned i = h->runs_own; i < h->runs_n; i++) {
		h->runs[i].from_ms += (uint64_t)whole;
		h->runs[i].to_ms += (uint64_t)whole;
	}
	h->midnight_ms = 0; /* today is counted anew */
}

void history_clock(struct history *h, const struct history_now *now)
{
	const struct history_now was = h->now;
	uint64_t passed = now->boot_ms - was.boot_ms;
	int64_t jump = (int64_t)(now->wall_ms - was.wall_ms - passed);
	uint64_t at_ms;
	bool jumped = was.wall_ms && (jump >= JUMP_MS || jump <= -JUMP_MS);

	if (jumped)
		follow_clock(h, jump);
	h->now = *now;
	settle_offset(h);
	if (!was.wall_ms || jumped || passed > SILENCE_MS)
		begin_run(h, now->wall_ms);
	if (h->runs[h->runs_n - 1].to_ms < now->wall_ms)
		h->runs[h->runs_n - 1].to_ms = now->wall_ms;
	at_ms = now->mono_ms + (uint64_t)h->offset_ms - LATE_MS;
	if (at_ms / 60000 > h->minute)
		history_roll(h, at_ms);
}
