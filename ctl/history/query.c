/* query.c - see query.h. Called by api/history.c. Any thread; no state.
 * Invariant: what is added to a step is added to one group and to the total. */
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POINTS_FINE 1500 /* of which a chart is made */
#define SKIP	    UINT32_MAX

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
		    reaches(tier_of(steps[i]), q->from_ms, from_ms))
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

/* Found by what 'group' asks for; zero what it does not. */
struct group_key {
	struct addr remote; /* zero if it has a name */
	const char *name;
	uint64_t host;
};

struct groups {
	struct hash_key key;
	uint32_t n, room, heads_n; /* 'heads_n' is a power of two */
	struct query_row *rows;
	struct group_key *keys;
	uint32_t *heads; /* one more than the row's number */
};

static uint32_t hash_of(const struct groups *g, const struct group_key *k)
{
	uint64_t h = hash_words(&g->key, k->remote.q[0], k->remote.q[1]);

	return (uint32_t)hash_words(&g->key, h ^ (uintptr_t)k->name, k->host);
}

static bool grow(struct groups *g)
{
	uint32_t room = g->room ? 2 * g->room : 256, at;
	void *rows = realloc(g->rows, room * sizeof(*g->rows));

	if (!rows)
		return false;
	g->rows = rows;
	rows = realloc(g->keys, room * sizeof(*g->keys));
	if (!rows)
		return false;
	g->keys = rows;
	free(g->heads);
	g->heads = calloc((size_t)room * 2, sizeof(*g->heads));
	g->room = g->heads ? room : 0;
	g->heads_n = room * 2;
	for (uint32_t i = 0; g->heads && i < g->n; i++) {
		at = hash_of(g, &g->keys[i]);
		while (g->heads[at % g->heads_n])
			at++;
		g->heads[at % g->heads_n] = i + 1;
	}
	return g->heads;
}

/* SKIP: out of memory. */
static uint32_t group_of(struct groups *g, const struct group_key *k,
			 const struct query_row *row)
{
	uint32_t at, i;

	if (g->n == g->room && !grow(g))
		return SKIP;
	at = hash_of(g, k);
	for (; (i = g->heads[at % g->heads_n]); at++)
		if (!memcmp(&g->keys[i - 1], k, sizeof(*k)))
			return i - 1;
	g->keys[g->n] = *k;
	g->rows[g->n] = *row;
	g->heads[at % g->heads_n] = ++g->n;
	return g->n - 1;
}

static uint32_t group_for(const struct query *q, struct groups *g,
			  const struct segment_pair *p)
{
	struct query_row row = { 0 };
	struct group_key key;

	memset(&key, 0, sizeof(key));
	if (q->group != QUERY_BY_REMOTE) {
		row.host = *p->host;
		memcpy(&key.host, p->host, sizeof(*p->host));
	}
	if (q->group != QUERY_BY_DEVICE) {
		row.remote = p->remote;
		if (p->name)
			row.name = key.name = p->name->text;
		else
			key.remote = p->remote;
	}
	return group_of(g, &key, &row);
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

static int read_dict(const struct query *q, struct groups *g,
		     const struct segment *s, uint32_t *numbers, bool *any)
{
	struct segment_dict d = segment_dict(s);
	struct segment_pair p;

	*any = false;
	for (uint32_t i = 0; i < s->pairs_n; i++) {
		numbers[i] = SKIP;
		if (!segment_dict_next(&d, s, &p) || !is_asked(q, &p))
			continue;
		numbers[i] = group_for(q, g, &p);
		if (numbers[i] == SKIP)
			return -ENOMEM;
		*any = true;
	}
	return 0;
}

static void add_step(const struct segment *s, struct segment_log *l,
		     struct groups *g, const uint32_t *numbers,
		     struct query_answer *a, uint64_t point)
{
	struct segment_entry e;

	while (l->left && !l->r.bad) {
		struct traffic_sum *sum;

		segment_log_entry(l, &e);
		if (e.pair >= s->pairs_n || numbers[e.pair] == SKIP)
			continue;
		sum = &g->rows[numbers[e.pair]].sum;
		sum->rx_bytes += e.sum.rx_bytes;
		sum->tx_bytes += e.sum.tx_bytes;
		sum->rx_packets += e.sum.rx_packets;
		sum->tx_packets += e.sum.tx_packets;
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

static void read_log(const struct segment *s, struct groups *g,
		     const uint32_t *numbers, struct query_answer *a)
{
	struct segment_log l = segment_log(s);

	while (segment_log_step(&l)) {
		uint64_t at_ms = s->base_ms + l.step * tier_step_ms(s->tier);

		if (at_ms < a->from_ms || at_ms >= a->to_ms)
			pass_step(&l);
		else
			add_step(s, &l, g, numbers, a,
				 (at_ms - a->from_ms) / a->step_ms);
	}
}

static int read_segment(const struct query *q, struct groups *g,
			const struct segment *s, struct query_answer *a)
{
	uint32_t *numbers;
	bool any;
	int r;

	if (s->tier != a->tier || segment_is_empty(s) ||
	    segment_end_ms(s) <= a->from_ms || segment_begin_ms(s) >= a->to_ms)
		return 0;
	numbers = malloc(s->pairs_n * sizeof(*numbers) + 1);
	if (!numbers)
		return -ENOMEM;
	r = read_dict(q, g, s, numbers, &any);
	if (!r && any)
		read_log(s, g, numbers, a);
	free(numbers);
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

static void add_sum(struct traffic_sum *to, const struct traffic_sum *sum)
{
	to->rx_bytes += sum->rx_bytes;
	to->tx_bytes += sum->tx_bytes;
	to->rx_packets += sum->rx_packets;
	to->tx_packets += sum->tx_packets;
}

static bool is_others(const struct query *q, const struct query_row *r)
{
	return q->group == QUERY_BY_DEVICE
		       ? mac_is_zero(&r->host)
		       : !r->name && !r->remote.q[0] && !r->remote.q[1];
}

static bool moved(const struct query_row *r)
{
	return r->sum.rx_bytes | r->sum.tx_bytes | r->sum.rx_packets |
	       r->sum.tx_packets;
}

/* The largest by themselves, all else in one row at the end. */
static void settle_rows(const struct query *q, struct query_answer *a)
{
	struct query_row others = { 0 };
	unsigned kept = 0;

	if (a->rows_n)
		qsort(a->rows, a->rows_n, sizeof(*a->rows), by_bytes);
	for (unsigned i = 0; i < a->rows_n; i++) {
		if (!moved(&a->rows[i]))
			continue;
		add_sum(&a->total, &a->rows[i].sum);
		if (kept < q->groups && !is_others(q, &a->rows[i]))
			a->rows[kept++] = a->rows[i];
		else
			add_sum(&others.sum, &a->rows[i].sum);
	}
	/* There is room: 'others' came from at least one row. */
	if (moved(&others))
		a->rows[kept++] = others;
	a->rows_n = kept;
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
	free(g.keys);
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
