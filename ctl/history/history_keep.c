/* history_keep.c - what history shows of itself, and takes over.
 * Called by api/, gateway/traffic.c and store.c's callers. Control thread.
 * Invariant: nothing here changes what was recorded. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "history_core.h"

/* ---- snapshots */

/* Sums that are not in a segment yet, as one of its own. */
static struct segment *sums_of(struct history *h, unsigned tier)
{
	bool minute = tier == TIER_MINUTE;
	uint64_t at_ms = minute ? h->minute * 60000 : h->second * 1000;
	uint32_t n = minute ? h->pairs->minutes_n : h->pairs->seconds_n;
	const uint32_t *list = minute ? h->pairs->minutes : h->pairs->seconds;
	uint32_t numbers[HISTORY_DEVICES_MAX + 1];
	struct segment *s = segment_new(tier, at_ms, 0);

	memset(numbers, 0xff, sizeof(numbers));
	for (uint32_t i = 0; s && i < n; i++) {
		const struct pair *x = &h->pairs->pairs[list[i]];
		uint32_t *device = &numbers[x->device];

		if (*device == SEGMENT_NONE)
			*device = segment_device(
				s, &h->pairs->devices[x->device].mac);
		h->entries[i] = (struct segment_entry){
			segment_pair(s, *device, &x->remote, x->label,
				     h->names),
			minute ? x->minute : x->second
		};
		if (h->entries[i].pair == SEGMENT_NONE)
			n = i;
	}
	if (s)
		segment_append(s, at_ms, h->entries, n);
	return s;
}

static void add_tier(struct history *h, unsigned tier,
		     struct snapshot_of_history *s)
{
	const struct tier *t = &h->tiers[tier];
	unsigned sealed = t->n - t->open;

	for (unsigned i = 0; i < sealed; i++)
		s->segments[s->n++] = segment_ref(t->segments[i]);
	if (t->open)
		s->segments[s->n++] =
			segment_copy(t->segments[sealed], h->names);
	if (tier != TIER_TICK)
		s->segments[s->n++] = sums_of(h, tier);
}

struct snapshot_of_history *history_snapshot(struct history *h, unsigned mask)
{
	struct snapshot_of_history *s = calloc(1, sizeof(*s));
	unsigned most = 2 * TIERS;

	for (unsigned t = 0; t < TIERS; t++)
		most += h->tiers[t].n;
	if (s)
		s->segments = calloc(most, sizeof(struct segment *));
	if (!s || !s->segments) {
		free(s);
		return NULL;
	}
	s->key = h->key;
	s->now_ms = h->now.wall_ms;
	s->runs_n = h->runs_n;
	memcpy(s->runs, h->runs, h->runs_n * sizeof(h->runs[0]));
	for (unsigned t = 0; t < TIERS; t++) {
		s->from_ms[t] = h->tiers[t].from_ms;
		if (mask & 1u << t)
			add_tier(h, t, s);
	}
	for (unsigned i = 0; i < s->n; i++)
		if (!s->segments[i]) {
			history_release(h, s);
			return NULL;
		}
	return s;
}

void history_release(struct history *h, struct snapshot_of_history *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++)
		segment_unref(s->segments[i], h->names);
	free(s->segments);
	free(s);
}

struct snapshot_of_history *history_since(struct history *h, uint32_t serial)
{
	struct snapshot_of_history *s = history_snapshot(h, HISTORY_ALL);
	unsigned kept = 0;

	for (unsigned i = 0; s && i < s->n; i++) {
		if (s->segments[i]->own && s->segments[i]->serial >= serial)
			s->segments[kept++] = s->segments[i];
		else
			segment_unref(s->segments[i], h->names);
	}
	if (s)
		s->n = kept;
	return s;
}

/* ---- today */

/* What a segment says of the time since midnight. */
static void count_segment(struct history *h, const struct segment *s)
{
	const struct mac **hosts =
		calloc((size_t)s->pairs_n + 1, sizeof(const struct mac *));
	struct segment_dict d = segment_dict(s);
	struct segment_log l = segment_log(s);
	struct segment_entry e;
	struct segment_pair p;

	for (uint32_t i = 0; hosts && i < s->pairs_n; i++)
		hosts[i] = segment_dict_next(&d, s, &p) ? p.host : NULL;
	while (hosts && segment_log_step(&l)) {
		bool today = segment_at(s, (uint32_t)l.step) >= h->midnight_ms;

		while (l.left && !l.r.bad) {
			segment_log_entry(&l, &e);
			if (today && e.pair < s->pairs_n && hosts[e.pair])
				today_add(h->today, hosts[e.pair], &e.sum);
		}
	}
	free(hosts);
}

void history_day(struct history *h, uint64_t midnight_ms)
{
	const struct tier *t = &h->tiers[TIER_MINUTE];
	const struct pairs *p = h->pairs;

	if (midnight_ms == h->midnight_ms)
		return;
	h->midnight_ms = midnight_ms;
	today_clear(h->today);
	for (unsigned i = 0; i < t->n; i++)
		if (!segment_is_empty(t->segments[i]) &&
		    segment_end_ms(t->segments[i]) > midnight_ms)
			count_segment(h, t->segments[i]);
	for (uint32_t i = 0; i < p->minutes_n; i++) {
		const struct pair *x = &p->pairs[p->minutes[i]];

		if (h->minute * 60000 >= midnight_ms)
			today_add(h->today, &p->devices[x->device].mac,
				  &x->minute);
	}
}

struct traffic_sum history_today(const struct history *h,
				 const struct mac *host)
{
	return today_of(h->today, host);
}

/* ---- adoption */

static void take_names(struct history *h, struct segment *s)
{
	for (uint32_t i = 0; i < s->names_n; i++) {
		struct segment_name *n = &s->names[i];

		n->id = names_id(h->names, n->text, strlen(n->text));
		names_hold(h->names, n->id);
		/* As in segment.c: what is called now needs room, too. */
		if (!names_has_place(h->names, n->id)) {
			names_drop(h->names, n->id);
			n->id = 0;
		}
		n->text = names_text(h->names, n->id);
	}
}

void history_adopt(struct history *h, struct segment *s)
{
	struct tier *t = &h->tiers[s->tier];

	take_names(h, s);
	if (!history_make_room(t)) {
		segment_unref(s, h->names);
		return;
	}
	memmove(t->segments + t->adopted + 1, t->segments + t->adopted,
		(t->n - t->adopted) * sizeof(struct segment *));
	t->segments[t->adopted++] = s;
	t->n++;
	t->bytes += segment_bytes(s);
}

void history_adopted(struct history *h, const struct history_run *runs,
		     unsigned n, const uint64_t from_ms[TIERS])
{
	unsigned room = HISTORY_RUNS_MAX - h->runs_n;

	if (n > room) {
		runs += n - room;
		n = room;
	}
	memmove(h->runs + n, h->runs, h->runs_n * sizeof(h->runs[0]));
	memcpy(h->runs, runs, n * sizeof(h->runs[0]));
	h->runs_n += n;
	h->runs_own += n;
	for (unsigned t = 0; t < TIERS; t++)
		if (h->tiers[t].adopted && from_ms[t] &&
		    (!h->tiers[t].from_ms || from_ms[t] < h->tiers[t].from_ms))
			h->tiers[t].from_ms = from_ms[t];
	h->midnight_ms = 0;
	history_expire(h, h->now.wall_ms);
	history_keep_budget(h);
}
