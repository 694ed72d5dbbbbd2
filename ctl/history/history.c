/* history.c - ticks become segments, and old ones go.
 * Called by gateway/traffic.c; read by api/ through snapshots. Control thread.
 * Invariant: what was given is in segments of ticks and, for each further tier,
 * in segments or in the sums of pairs.c; each tier's list is in the order in
 * which it was recorded, and only its last segment grows. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "history_core.h"

#define SEGMENT_BYTES_MAX (256u << 10)
#define SEGMENT_BYTES_MIN (16u << 10)
#define STEPS_LATE_MAX	  600 /* of a tick whose reader was late */
#define ENTRY_COST	  24  /* bytes of a minute's pair, about */
#define MINUTES		  (HISTORY_SPAN_MS / 60000)
#define BANK		  64 /* minutes' shares that may be saved up */

/* How long a segment may be. */
static const uint32_t spans_ms[TIERS] = { 600000, 3600000, 3600000 };

/* ---- life */

struct history *history_new(struct names *names, const struct hash_key *key,
			    size_t budget)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->names = names;
	h->key = *key;
	h->pairs = pairs_new(names, key);
	h->today = today_new(key);
	h->entries = malloc(HISTORY_ENTRIES * sizeof(*h->entries));
	if (!h->pairs || !h->today || !h->entries) {
		history_free(h);
		return NULL;
	}
	history_set_budget(h, budget);
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (unsigned t = 0; t < TIERS; t++) {
		for (unsigned i = 0; i < h->tiers[t].n; i++)
			segment_unref(h->tiers[t].segments[i], h->names);
		free(h->tiers[t].segments);
	}
	if (h->pairs)
		pairs_free(h->pairs);
	free(h->entries);
	free(h->today);
	free(h);
}

static size_t minutes_share(const struct history *h)
{
	return h->budget / 8 * 3 / MINUTES;
}

void history_set_budget(struct history *h, size_t budget)
{
	if (budget < HISTORY_BUDGET_MIN)
		budget = HISTORY_BUDGET_MIN;
	if (budget == h->budget)
		return;
	h->budget = budget;
	h->bank = 16 * minutes_share(h);
	history_keep_budget(h);
}

/* ---- segments of a tier */

static struct segment *growing(const struct tier *t)
{
	return t->open ? t->segments[t->n - 1] : NULL;
}

static void seal(struct tier *t)
{
	struct segment *s = growing(t);

	if (!s)
		return;
	t->bytes -= segment_bytes(s);
	segment_trim(s);
	t->bytes += segment_bytes(s);
	t->open = false;
}

bool history_make_room(struct tier *t)
{
	unsigned room = t->room ? 2 * t->room : 64;
	struct segment **more;

	if (t->n < t->room)
		return true;
	more = realloc(t->segments, room * sizeof(struct segment *));
	if (!more)
		return false;
	t->segments = more;
	t->room = room;
	return true;
}

static uint32_t segment_max(const struct history *h)
{
	size_t bytes = h->budget / 256;

	return bytes < SEGMENT_BYTES_MIN   ? SEGMENT_BYTES_MIN
	       : bytes > SEGMENT_BYTES_MAX ? SEGMENT_BYTES_MAX
					   : (uint32_t)bytes;
}

static bool has_room(const struct history *h, const struct segment *s,
		     uint64_t at_ms)
{
	return segment_reaches(s, at_ms) &&
	       at_ms - s->base_ms < spans_ms[s->tier] &&
	       s->log_n + s->dict_n < segment_max(h);
}

/* The one in which 'at_ms' is recorded. NULL: out of memory. */
static struct segment *open_for(struct history *h, unsigned tier,
				uint64_t at_ms)
{
	struct tier *t = &h->tiers[tier];
	struct segment *s = growing(t);

	if (s && has_room(h, s, at_ms))
		return s;
	seal(t);
	s = history_make_room(t) ? segment_new(tier, at_ms, ++h->serial) : NULL;
	if (!s)
		return NULL;
	s->own = true;
	t->segments[t->n++] = s;
	t->open = true;
	t->bytes += segment_bytes(s);
	return s;
}

static void drop_oldest(struct history *h, unsigned tier)
{
	struct tier *t = &h->tiers[tier];
	struct segment *s = t->segments[0];

	if (!segment_is_empty(s) && segment_end_ms(s) > t->from_ms)
		t->from_ms = segment_end_ms(s);
	t->bytes -= segment_bytes(s);
	t->n--;
	if (t->adopted)
		t->adopted--;
	if (!t->n)
		t->open = false;
	memmove(t->segments, t->segments + 1, t->n * sizeof(struct segment *));
	segment_unref(s, h->names);
}

/* ---- the budget */

static size_t bytes_of(const struct history *h)
{
	size_t bytes = sizeof(*h) + sizeof(*h->today) + pairs_bytes(h->pairs) +
		       HISTORY_ENTRIES * sizeof(*h->entries);

	for (unsigned t = 0; t < TIERS; t++)
		bytes += h->tiers[t].bytes +
			 h->tiers[t].room * sizeof(struct segment *);
	return bytes;
}

/* The tier that gives something back; TIERS: none can. */
static unsigned tier_to_thin(const struct history *h)
{
	size_t least = h->budget / 8;

	for (unsigned t = 0; t < TIER_MINUTE; t++)
		if (h->tiers[t].n > 1 && h->tiers[t].bytes > least)
			return t;
	for (unsigned t = 0; t < TIERS; t++)
		if (h->tiers[t].n > 1)
			return t;
	return TIERS;
}

void history_keep_budget(struct history *h)
{
	unsigned tier;

	while (bytes_of(h) > h->budget && (tier = tier_to_thin(h)) < TIERS)
		drop_oldest(h, tier);
}

/* What is older than a day, the growing one apart. */
void history_expire(struct history *h, uint64_t now_ms)
{
	uint64_t oldest =
		now_ms > HISTORY_SPAN_MS ? now_ms - HISTORY_SPAN_MS : 0;
	unsigned gone = 0;

	for (unsigned t = 0; t < TIERS; t++)
		while (h->tiers[t].segments &&
		       h->tiers[t].n > h->tiers[t].open &&
		       segment_end_ms(h->tiers[t].segments[0]) <= oldest)
			drop_oldest(h, t);
	while (gone + 1 < h->runs_n && h->runs[gone].to_ms <= oldest)
		gone++;
	h->runs_n -= gone;
	h->runs_own = h->runs_own > gone ? h->runs_own - gone : 0;
	memmove(h->runs, h->runs + gone, h->runs_n * sizeof(h->runs[0]));
}

/* ---- appending */

static int by_pair(const void *a, const void *b)
{
	const struct segment_entry *x = a, *y = b;

	return x->pair < y->pair ? -1 : x->pair > y->pair;
}

/* The scratch entries, whose pairs are numbers in 's' by now. */
static void append(struct history *h, struct segment *s, uint64_t at_ms,
		   uint32_t n)
{
	struct tier *t = &h->tiers[s->tier];
	size_t before = segment_bytes(s);

	qsort(h->entries, n, sizeof(*h->entries), by_pair);
	segment_append(s, at_ms, h->entries, n);
	t->bytes += segment_bytes(s) - before;
}

/* 'sum' as one of the scratch entries. */
static uint32_t add_entry(struct history *h, struct segment *s, uint32_t n,
			  uint32_t pair, const struct traffic_sum *sum)
{
	struct tier *t = &h->tiers[s->tier];
	size_t before = segment_bytes(s);
	uint32_t number = pairs_number(h->pairs, pair, s);

	t->bytes += segment_bytes(s) - before;
	if (number == SEGMENT_NONE)
		return n;
	h->entries[n] = (struct segment_entry){ number, *sum };
	return n + 1;
}

static void write_second(struct history *h, struct segment *s, uint64_t at_ms)
{
	struct pairs *p = h->pairs;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->seconds_n; i++)
		n = add_entry(h, s, n, p->seconds[i],
			      &p->pairs[p->seconds[i]].second);
	append(h, s, at_ms, n);
}

static void flush_second(struct history *h)
{
	struct pairs *p = h->pairs;
	struct segment *s;

	if (!p->seconds_n)
		return;
	s = open_for(h, TIER_SECOND, h->second * 1000);
	if (s)
		write_second(h, s, h->second * 1000);
	for (uint32_t i = 0; i < p->seconds_n; i++)
		p->pairs[p->seconds[i]].second = (struct traffic_sum){ 0 };
	p->seconds_n = 0;
}

/* ---- minutes: the largest, and others */

static uint64_t weight_of(const struct pair *p)
{
	return p->minute.rx_bytes + p->minute.tx_bytes;
}

static int by_weight(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Pairs lighter than this do not fit in the minute's share. */
static uint64_t least_weight(const struct history *h, uint32_t most)
{
	const struct pairs *p = h->pairs;
	uint64_t *weights, least;

	if (p->minutes_n <= most)
		return 0;
	weights = malloc(p->minutes_n * sizeof(*weights));
	if (!most || !weights) {
		free(weights);
		return UINT64_MAX;
	}
	for (uint32_t i = 0; i < p->minutes_n; i++)
		weights[i] = weight_of(&p->pairs[p->minutes[i]]);
	qsort(weights, p->minutes_n, sizeof(*weights), by_weight);
	/* Of equals at the edge none fit. */
	least = weights[most - 1] + (weights[most] == weights[most - 1]);
	free(weights);
	return least;
}

static void write_minute(struct history *h, struct segment *s, uint64_t at_ms,
			 uint32_t most)
{
	uint64_t least = least_weight(h, most);
	struct pairs *p = h->pairs;
	uint32_t n = 0, others;

	for (uint32_t i = 0; i < p->minutes_n; i++) {
		struct pair *x = &p->pairs[p->minutes[i]];
		struct device *d = &p->devices[x->device];

		if (weight_of(x) < least || d->others == p->minutes[i])
			traffic_add(&d->folded, &x->minute);
		else
			n = add_entry(h, s, n, p->minutes[i], &x->minute);
	}
	for (unsigned i = 0; i < p->devices_n; i++) {
		struct device *d = &p->devices[i];

		if (traffic_is_zero(&d->folded))
			continue;
		others = pairs_others(p, i);
		n = add_entry(h, s, n, others, &d->folded);
		d->folded = (struct traffic_sum){ 0 };
	}
	append(h, s, at_ms, n);
}

static uint32_t minute_most(const struct history *h)
{
	size_t most = h->bank / 4 / ENTRY_COST;

	return most > PAIRS_MAX ? PAIRS_MAX : (uint32_t)most;
}

static size_t content_of(const struct segment *s)
{
	return s->dict_n + s->log_n + s->names_n * sizeof(*s->names);
}

static void flush_minute(struct history *h)
{
	size_t share = minutes_share(h), cost = 0;
	struct pairs *p = h->pairs;
	struct segment *s;

	h->bank += share;
	if (h->bank > BANK * share)
		h->bank = BANK * share;
	if (!p->minutes_n)
		return;
	s = open_for(h, TIER_MINUTE, h->minute * 60000);
	if (s) {
		cost = content_of(s);
		write_minute(h, s, h->minute * 60000, minute_most(h));
		cost = content_of(s) - cost;
	}
	h->bank -= cost < h->bank ? cost : h->bank;
	for (uint32_t i = 0; i < p->minutes_n; i++)
		p->pairs[p->minutes[i]].minute = (struct traffic_sum){ 0 };
	p->minutes_n = 0;
}

uint32_t history_cut(struct history *h)
{
	flush_second(h);
	flush_minute(h);
	for (unsigned t = 0; t < TIERS; t++)
		seal(&h->tiers[t]);
	return h->serial + 1;
}

void history_roll(struct history *h, uint64_t at_ms)
{
	if (at_ms / 1000 != h->second) {
		flush_second(h);
		h->second = at_ms / 1000;
	}
	if (at_ms / 60000 == h->minute)
		return;
	flush_minute(h);
	pairs_rest(h->pairs);
	h->minute = at_ms / 60000;
	history_expire(h, at_ms);
}

/* ---- ticks */

/* Part 'k' of 'n' of a sum; the parts are together the whole. */
static uint64_t share(uint64_t v, unsigned k, unsigned n)
{
	uint64_t each = v / n, rest = v % n;

	return each + (rest * (k + 1) / n - rest * k / n);
}

static struct traffic_sum part_of(const struct traffic_sum *s, unsigned k,
				  unsigned n)
{
	return (struct traffic_sum){ share(s->rx_bytes, k, n),
				     share(s->tx_bytes, k, n),
				     share(s->rx_packets, k, n),
				     share(s->tx_packets, k, n) };
}

static void add_step(struct history *h, const struct traffic_tick *tick,
		     uint64_t at_ms, unsigned k, unsigned of)
{
	struct segment *s;
	uint32_t n = 0;

	history_roll(h, at_ms);
	s = open_for(h, TIER_TICK, at_ms);
	for (unsigned i = 0; i < tick->n; i++) {
		struct traffic_sum sum = part_of(&tick->rows[i].sum, k, of);
		uint32_t pair;

		if (traffic_is_zero(&sum))
			continue;
		pair = pairs_get(h->pairs, &tick->rows[i], h->now.boot_ms);
		pairs_add(h->pairs, pair, &sum);
		today_add(h->today, &tick->rows[i].host, &sum);
		if (s)
			n = add_entry(h, s, n, pair, &sum);
	}
	if (s && n)
		append(h, s, at_ms, n);
}

void history_tick(struct history *h, const struct traffic_tick *tick)
{
	uint64_t begin_ms = tick->begin_ms;
	uint64_t steps = (tick->end_ms - begin_ms) / TRAFFIC_TICK_MS;

	if (!steps)
		steps = 1;
	if (steps > STEPS_LATE_MAX) {
		begin_ms += (steps - STEPS_LATE_MAX) * TRAFFIC_TICK_MS;
		steps = STEPS_LATE_MAX;
	}
	for (unsigned k = 0; k < steps; k++)
		add_step(h, tick,
			 begin_ms + (uint64_t)h->offset_ms +
				 k * TRAFFIC_TICK_MS,
			 k, (unsigned)steps);
	history_keep_budget(h);
}

/* ---- what there is */

void history_fill(const struct history *h, struct history_fill *out)
{
	out->bytes = bytes_of(h);
	out->max_bytes = h->budget;
	for (unsigned t = 0; t < TIERS; t++)
		out->from_ms[t] = h->tiers[t].from_ms;
}
