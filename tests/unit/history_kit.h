/* history_kit.h - a history under a fake clock, and an account of what it was
 * given, so that a test can ask both the same. */
#ifndef UNIT_HISTORY_KIT_H
#define UNIT_HISTORY_KIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "ctl/history/history.h"
#include "ctl/history/query.h"

#define KIT_NOON   1767268800000ull /* 2026-01-01 12:00 UTC */
#define KIT_BUDGET (64u << 20)
#define ALL_TIERS  7u

static const struct hash_key kit_key = { { 3, 4 } };

struct kit {
	struct names *names;
	struct history *h;
	struct history_now now;
	struct traffic_row rows[32768];
	unsigned n;
	struct traffic_sum given;
};

static struct mac kit_mac(unsigned i)
{
	return (struct mac){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static struct addr kit_remote(uint32_t i)
{
	return addr_v4(htonl(0xc6330000u + i));
}

static struct kit *kit_new_of(size_t budget, uint32_t names)
{
	struct kit *k = calloc(1, sizeof(*k));

	k->names = names_new(names);
	k->h = history_new(k->names, &kit_key, budget);
	k->now = (struct history_now){ 50000, 50000, KIT_NOON };
	history_clock(k->h, &k->now);
	return k;
}

static inline struct kit *kit_new(size_t budget)
{
	return kit_new_of(budget, 1024);
}

static void kit_free(struct kit *k)
{
	history_free(k->h);
	names_free(k->names);
	free(k);
}

static inline void kit_pass(struct kit *k, uint64_t ms)
{
	for (; ms; ms -= ms < 1000 ? ms : 1000) {
		uint64_t by = ms < 1000 ? ms : 1000;

		k->now.mono_ms += by;
		k->now.boot_ms += by;
		k->now.wall_ms += by;
		history_clock(k->h, &k->now);
	}
}

/* One more row of the tick to come. */
static void kit_row(struct kit *k, unsigned host, uint32_t remote,
		    const char *name, uint64_t rx, uint64_t tx)
{
	struct traffic_row *r = &k->rows[k->n++];

	*r = (struct traffic_row){
		.host = kit_mac(host),
		.remote = kit_remote(remote),
		.label = name ? names_id(k->names, name, strlen(name)) : 0,
		.sum = { rx, tx, rx / 1000 + 1, tx / 1000 + 1 },
	};
	k->given.rx_bytes += r->sum.rx_bytes;
	k->given.tx_bytes += r->sum.tx_bytes;
	k->given.rx_packets += r->sum.rx_packets;
	k->given.tx_packets += r->sum.tx_packets;
}

/* The last 'ms' make a tick with the rows there are; the clock goes on first.
 */
static void kit_tick(struct kit *k, uint64_t ms)
{
	struct traffic_tick t = { .n = k->n, .rows = k->rows };

	k->now.mono_ms += ms;
	k->now.boot_ms += ms;
	k->now.wall_ms += ms;
	history_clock(k->h, &k->now);
	t.end_ms = k->now.mono_ms;
	t.begin_ms = t.end_ms - ms;
	if (k->n)
		history_tick(k->h, &t);
	k->n = 0;
}

static struct query kit_query(uint64_t from_ms, uint64_t to_ms,
			      uint64_t step_ms)
{
	return (struct query){ .from_ms = from_ms,
			       .to_ms = to_ms,
			       .step_ms = step_ms,
			       .group = QUERY_BY_REMOTE,
			       .groups = 1000 };
}

/* Asks, and checks that steps, rows and total agree. 'err' NULL: it has to be
 * answered. */
static int kit_ask(struct kit *k, struct query *q, struct query_answer *a,
		   struct snapshot_of_history **snapshot, struct error *err)
{
	struct traffic_sum steps = { 0 }, rows = { 0 };
	struct history_fill fill;
	struct error why;
	unsigned tier;
	int r;

	history_fill(k->h, &fill);
	r = query_prepare(q, fill.from_ms, &tier, err ? err : &why);
	if (err && r)
		return r;
	if (r)
		fail_msg("%s", why.text);
	*snapshot = history_snapshot(k->h, 1u << tier);
	assert_non_null(*snapshot);
	assert_int_equal(query_run(q, tier, *snapshot, a), 0);
	for (unsigned i = 0; i < a->n; i++) {
		steps.rx_bytes += a->rx[i];
		steps.tx_bytes += a->tx[i];
	}
	for (unsigned i = 0; i < a->rows_n; i++) {
		rows.rx_bytes += a->rows[i].sum.rx_bytes;
		rows.tx_bytes += a->rows[i].sum.tx_bytes;
		rows.rx_packets += a->rows[i].sum.rx_packets;
		rows.tx_packets += a->rows[i].sum.tx_packets;
	}
	assert_int_equal(steps.rx_bytes, a->total.rx_bytes);
	assert_int_equal(steps.tx_bytes, a->total.tx_bytes);
	assert_memory_equal(&rows, &a->total, sizeof(rows));
	return 0;
}

static void kit_done(struct kit *k, struct query_answer *a,
		     struct snapshot_of_history *s)
{
	query_free(a);
	history_release(k->h, s);
}

static inline struct traffic_sum kit_total(struct kit *k, uint64_t from_ms,
					   uint64_t to_ms, uint64_t step_ms)
{
	struct query q = kit_query(from_ms, to_ms, step_ms);
	struct snapshot_of_history *s;
	struct traffic_sum total;
	struct query_answer a;

	kit_ask(k, &q, &a, &s, NULL);
	total = a.total;
	kit_done(k, &a, s);
	return total;
}

#endif
