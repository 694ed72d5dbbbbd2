/* query.c - see query.h. Called by api/history.c. Any thread; no state.
 * Invariant: what is added to a step is added to one group and to the total. */
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POINTS_FINE 1500 /* of which a chart is made */

static void add_sum(struct traffic_sum *to, const struct traffic_sum *sum)
{
	to->rx_bytes += sum->rx_bytes;
	to->tx_bytes += sum->tx_bytes;
	to->rx_packets += sum->rx_packets;
	to->tx_packets += sum->tx_packets;
}

static bool is_nothing(const struct traffic_sum *s)
{
	return !(s->rx_bytes | s->tx_bytes | s->rx_packets | s->tx_packets);
}

/* ---- what is asked for */

static unsigned tier_of(uint64_t step_ms)
{
	unsigned t = TIERS - 1;

	while (t && step_ms % tier_step_ms(t))
		t--;
	return t;
}

static bool reaches(unsigned tier, uint64_t at_ms,
		    const uint64_t from_ms[TIERS])
{
	/* Beyond the last tier there is nothing that would reach further. */
	return tier == TIER_MINUTE || at_ms >= from_ms[tier] ||
	       from_ms[tier] <= from_ms[TIER_MINUTE];
}

static uint64_t choose_step(const struct query *q,
			    const uint64_t from_ms[TIERS])
{
	static const uint32_t steps[] = { 100,	  200,	  500,	  1000,
					  2000,	  5000,	  10000,  30000,
					  60000,  120000, 300000, 600000,
					  900000, 1800000 };
	unsigned i;

	for (i = 0; i + 1 < sizeof(steps) / sizeof(steps[0]); i++)
		if ((q->to_ms - q->from_ms) / steps[i] <= POINTS_FINE &&
		    reaches(tier_of(steps[i]),
			    q->from_ms - q->from_ms % steps[i], from_ms))
			break;
	return steps[i];
}

static int check_reach(const struct query *q, unsigned tier,
		       const uint64_t from_ms[TIERS], struct error *err)
{
	if (reaches(tier, q->from_ms, from_ms))
		return 0;
	return error_set(err, -EINVAL,
			 "step: so fine is kept from %llu on only; ask from "
			 "there, or with a step of %u",
			 (unsigned long long)from_ms[tier],
			 tier_step_ms(tier + 1));
}

int query_prepare(struct query *q, const uint64_t from_ms[TIERS],
		  unsigned *tier, struct error *err)
{
	if (q->to_ms <= q->from_ms)
		return error_set(err, -EINVAL, "to: give a time after 'from'");
	if (!q->step_ms)
		q->step_ms = choose_step(q, from_ms);
	if (q->step_ms % TRAFFIC_TICK_MS)
		return error_set(err, -EINVAL,
				 "step: give a multiple of %u milliseconds",
				 TRAFFIC_TICK_MS);
	q->from_ms -= q->from_ms % q->step_ms;
	q->to_ms += q->step_ms - 1 - (q->to_ms - 1) % q->step_ms;
	if ((q->to_ms - q->from_ms) / q->step_ms > QUERY_POINTS_MAX)
		return error_set(err, -EINVAL,
				 "step: would make more than %u steps; give a "
				 "longer one, or a shorter span",
				 QUERY_POINTS_MAX);
	*tier = tier_of(q->step_ms);
	/* Coarser data that lies on its steps says the same. */
	return check_reach(q, *tier, from_ms, err);
}

/* ---- groups */

#define BATCH 16 /* rows that are fetched while others are added to */

struct group_head {
	uint32_t hash; /* all of it: who differs is not looked at */
	uint32_t at;   /* one more than the row's number; 0: free */
};

/* A day has hundreds of thousands of pairs: what they cost is the memory that
 * is waited for. So a row is its own key, and rows are fetched in batches. */
struct groups {
	struct hash_key key;
	uint32_t n, room, heads_n; /* 'heads_n' is a power of two */
	struct query_row *rows;
	struct group_head *heads;
	unsigned waiting_n;
	struct query_row waiting[BATCH];
	uint32_t hashes[BATCH];
};

/* A remote that has a name is its name. */
static uint32_t hash_of(const struct groups *g, const struct query_row *r)
{
	uint64_t host = 0, h;

	memcpy(&host, &r->host, sizeof(r->host));
	h = r->name ? hash_words(&g->key, (uintptr_t)r->name, 0)
		    : hash_words(&g->key, r->remote.q[0], r->remote.q[1]);
	return (uint32_t)(hash_words(&g->key, h, host) >> 16);
}

static bool is_same(const struct query_row *a, const struct query_row *b)
{
	return a->name == b->name && mac_eq(&a->host, &b->host) &&
	       (a->name || addr_eq(&a->remote, &b->remote));
}

/* So that a batch fits for sure. */
static bool grow(struct groups *g)
{
	uint32_t room = g->room ? 2 * g->room : 256, at;
	void *rows;

	if (g->n + BATCH <= g->room)
		return true;
	rows = realloc(g->rows, room * sizeof(*g->rows));
	if (!rows)
		return false;
	g->rows = rows;
	free(g->heads);
	g->heads = calloc((size_t)room * 2, sizeof(*g->heads));
	g->room = g->heads ? room : 0;
	g->heads_n = room * 2;
	for (uint32_t i = 0; g->heads && i < g->n; i++) {
		uint32_t hash = hash_of(g, &g->rows[i]);

		for (at = hash; g->heads[at % g->heads_n].at; at++)
			;
		g->heads[at % g->heads_n] = (struct group_head){ hash, i + 1 };
	}
	return g->heads;
}

static struct query_row *group_of(struct groups *g, const struct query_row *row,
				  uint32_t hash)
{
	struct group_head *head;

	for (uint32_t at = hash;; at++) {
		head = &g->heads[at % g->heads_n];
		if (!head->at)
			break;
		if (head->hash == hash && is_same(&g->rows[head->at - 1], row))
			return &g->rows[head->at - 1];
	}
	*head = (struct group_head){ hash, g->n + 1 };
	g->rows[g->n] = *row;
	g->rows[g->n].sum = (struct traffic_sum){ 0 };
	return &g->rows[g->n++];
}

static int add_waiting(struct groups *g)
{
	if (!grow(g))
		return -ENOMEM;
	for (unsigned i = 0; i < g->waiting_n; i++)
		__builtin_prefetch(&g->heads[g->hashes[i] % g->heads_n]);
	for (unsigned i = 0; i < g->waiting_n; i++) {
		struct group_head *h = &g->heads[g->hashes[i] % g->heads_n];

		if (h->at)
			__builtin_prefetch(&g->rows[h->at - 1], 1);
	}
	for (unsigned i = 0; i < g->waiting_n; i++)
		add_sum(&group_of(g, &g->waiting[i], g->hashes[i])->sum,
			&g->waiting[i].sum);
	g->waiting_n = 0;
	return 0;
}

static int add_to_group(const struct query *q, struct groups *g,
			const struct segment_pair *p,
			const struct traffic_sum *sum)
{
	struct query_row *row = &g->waiting[g->waiting_n];

	*row = (struct query_row){ .sum = *sum };
	if (q->group != QUERY_BY_REMOTE)
		row->host = *p->host;
	if (q->group != QUERY_BY_DEVICE) {
		row->remote = p->remote;
		row->name = p->name ? p->name->text : NULL;
	}
	g->hashes[g->waiting_n++] = hash_of(g, row);
	return g->waiting_n < BATCH ? 0 : add_waiting(g);
}

static bool is_asked(const struct query *q, const struct segment_pair *p)
{
	if (q->by_device && !mac_eq(&q->device, p->host))
		return false;
	if (q->by_addr && !addr_eq(&q->addr, &p->remote))
		return false;
	return !q->by_name || (p->name && !strcasecmp(p->name->text, q->name));
}

/* ---- segments */

/* What each pair of a segment moved within the span. */
struct pair_sum {
	bool asked;
	struct traffic_sum sum;
};

static bool mark_asked(const struct query *q, const struct segment *s,
		       struct pair_sum *pairs)
{
	struct segment_dict d = segment_dict(s);
	struct segment_pair p;
	bool any = false;

	for (uint32_t i = 0; i < s->pairs_n && segment_dict_next(&d, s, &p);
	     i++)
		any |= pairs[i].asked = is_asked(q, &p);
	return any;
}

static void add_step(const struct segment *s, struct segment_log *l,
		     struct pair_sum *pairs, struct query_answer *a,
		     uint64_t point)
{
	struct segment_entry e;

	while (l->left && !l->r.bad) {
		segment_log_entry(l, &e);
		if (e.pair >= s->pairs_n || !pairs[e.pair].asked)
			continue;
		add_sum(&pairs[e.pair].sum, &e.sum);
		a->rx[point] += e.sum.rx_bytes;
		a->tx[point] += e.sum.tx_bytes;
	}
}

static void pass_step(struct segment_log *l)
{
	struct segment_entry e;

	while (l->left && !l->r.bad)
		segment_log_entry(l, &e);
}

static void read_log(const struct segment *s, struct pair_sum *pairs,
		     struct query_answer *a)
{
	struct segment_log l = segment_log(s);

	while (segment_log_step(&l)) {
		uint64_t at_ms = s->base_ms + l.step * tier_step_ms(s->tier);

		if (at_ms < a->from_ms || at_ms >= a->to_ms)
			pass_step(&l);
		else
			add_step(s, &l, pairs, a,
				 (at_ms - a->from_ms) / a->step_ms);
	}
}

static int add_pairs(const struct query *q, struct groups *g,
		     const struct segment *s, const struct pair_sum *pairs)
{
	struct segment_dict d = segment_dict(s);
	struct segment_pair p;
	int r = 0;

	for (uint32_t i = 0;
	     !r && i < s->pairs_n && segment_dict_next(&d, s, &p); i++)
		if (!is_nothing(&pairs[i].sum))
			r = add_to_group(q, g, &p, &pairs[i].sum);
	return r ? r : add_waiting(g);
}

static int read_segment(const struct query *q, struct groups *g,
			const struct segment *s, struct query_answer *a)
{
	struct pair_sum *pairs;
	int r = 0;

	if (s->tier != a->tier || segment_is_empty(s) ||
	    segment_end_ms(s) <= a->from_ms || segment_begin_ms(s) >= a->to_ms)
		return 0;
	pairs = calloc((size_t)s->pairs_n + 1, sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	if (mark_asked(q, s, pairs)) {
		read_log(s, pairs, a);
		r = add_pairs(q, g, s, pairs);
	}
	free(pairs);
	return r;
}

/* ---- the answer */

static int by_bytes(const void *a, const void *b)
{
	const struct query_row *x = a, *y = b;
	uint64_t i = x->sum.rx_bytes + x->sum.tx_bytes;
	uint64_t j = y->sum.rx_bytes + y->sum.tx_bytes;

	if (i != j)
		return i < j ? 1 : -1;
	i = x->sum.rx_packets + x->sum.tx_packets;
	j = y->sum.rx_packets + y->sum.tx_packets;
	return i < j ? 1 : i > j ? -1 : memcmp(x, y, sizeof(x->host));
}

static bool is_others(const struct query *q, const struct query_row *r)
{
	return q->group == QUERY_BY_DEVICE
		       ? mac_is_zero(&r->host)
		       : !r->name && !r->remote.q[0] && !r->remote.q[1];
}

/* Rows of nobody in particular go into 'others'; how many are left. */
static unsigned sift_rows(const struct query *q, struct query_answer *a,
			  struct query_row *others)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < a->rows_n; i++) {
		add_sum(&a->total, &a->rows[i].sum);
		if (is_others(q, &a->rows[i]))
			add_sum(&others->sum, &a->rows[i].sum);
		else
			a->rows[kept++] = a->rows[i];
	}
	return kept;
}

static void swap_rows(struct query_row *a, struct query_row *b)
{
	struct query_row row = *a;

	*a = *b;
	*b = row;
}

/* In a heap whose root is the smallest of its 'n' rows, from row 'i' down. */
static void sink(struct query_row *rows, unsigned n, unsigned i)
{
	for (unsigned child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n &&
		    by_bytes(&rows[child + 1], &rows[child]) > 0)
			child++;
		if (by_bytes(&rows[child], &rows[i]) <= 0)
			return;
		swap_rows(&rows[child], &rows[i]);
	}
}

/* Brings the 'most' largest of 'n' rows to the front. There may be hundreds of
 * thousands, most of them small: they are not sorted, only looked at. */
static void pick_rows(struct query_row *rows, unsigned n, unsigned most)
{
	for (unsigned i = most / 2; i--;)
		sink(rows, most, i);
	for (unsigned i = most; most && i < n; i++) {
		if (by_bytes(&rows[i], &rows[0]) >= 0)
			continue;
		swap_rows(&rows[i], &rows[0]);
		sink(rows, most, 0);
	}
}

/* The largest by themselves, all else in one row at the end. */
static void settle_rows(const struct query *q, struct query_answer *a)
{
	struct query_row others = { 0 };
	unsigned n = sift_rows(q, a, &others);
	unsigned most = n < q->groups ? n : q->groups;

	pick_rows(a->rows, n, most);
	if (most)
		qsort(a->rows, most, sizeof(*a->rows), by_bytes);
	for (unsigned i = most; i < n; i++)
		add_sum(&others.sum, &a->rows[i].sum);
	/* There is room: 'others' came from at least one row. */
	if (!is_nothing(&others.sum))
		a->rows[most++] = others;
	a->rows_n = most;
}

static void settle_steps(const struct snapshot_of_history *s,
			 struct query_answer *a)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (a->rx[i] > a->most.rx_bytes)
			a->most.rx_bytes = a->rx[i];
		if (a->tx[i] > a->most.tx_bytes)
			a->most.tx_bytes = a->tx[i];
		a->known[i] = a->rx[i] || a->tx[i];
	}
	for (unsigned r = 0; r < s->runs_n; r++) {
		uint64_t from = s->runs[r].from_ms, to = s->runs[r].to_ms;

		from = from > a->from_ms ? from : a->from_ms;
		to = to < a->to_ms ? to : a->to_ms;
		for (; from < to; from += a->step_ms - from % a->step_ms)
			a->known[(from - a->from_ms) / a->step_ms] = true;
	}
}

int query_run(const struct query *q, unsigned tier,
	      const struct snapshot_of_history *s, struct query_answer *out)
{
	struct groups g = { .key = s->key };
	int r = 0;

	*out = (struct query_answer){ .from_ms = q->from_ms,
				      .to_ms = q->to_ms,
				      .step_ms = q->step_ms,
				      .tier = tier };
	out->n = (unsigned)((q->to_ms - q->from_ms) / q->step_ms);
	out->rx = calloc(out->n, sizeof(*out->rx));
	out->tx = calloc(out->n, sizeof(*out->tx));
	out->known = calloc(out->n, sizeof(*out->known));
	if (!out->rx || !out->tx || !out->known)
		r = -ENOMEM;
	for (unsigned i = 0; !r && i < s->n; i++)
		r = read_segment(q, &g, s->segments[i], out);
	out->rows = g.rows;
	out->rows_n = g.n;
	free(g.heads);
	if (r)
		query_free(out);
	else
		settle_rows(q, out);
	if (!r)
		settle_steps(s, out);
	return r;
}

void query_free(struct query_answer *a)
{
	free(a->rx);
	free(a->tx);
	free(a->known);
	free(a->rows);
	*a = (struct query_answer){ 0 };
}
