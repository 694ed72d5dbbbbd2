/* test_ledger.c - ticks of pairs: nothing is lost, whoever comes late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "ctl/engine/tap/ledger.h"
#include "ctl/engine/tap/stats.h"

static const struct hash_key key = { { 1, 2 } };

static int setup(void **state)
{
	*state = ledger_new(&key);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	ledger_free(*state);
	return 0;
}

static struct mac host(unsigned i)
{
	return (struct mac){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static struct addr remote(uint32_t i)
{
	return addr_v4(htonl(0xc6330000u + i));
}

static void charge(struct ledger *l, unsigned h, uint32_t r, uint32_t label,
		   bool to_lan, uint64_t bytes)
{
	struct mac m = host(h);
	struct addr a = remote(r);

	ledger_charge(l, &m, &a, label, to_lan, 1, bytes);
}

static struct traffic_tick next(struct ledger *l)
{
	struct traffic_tick t;

	assert_true(ledger_next(l, &t));
	return t;
}

static struct traffic_sum sum_of(const struct traffic_tick *t)
{
	struct traffic_sum s = { 0 };

	for (unsigned i = 0; i < t->n; i++) {
		s.rx_bytes += t->rows[i].sum.rx_bytes;
		s.tx_bytes += t->rows[i].sum.tx_bytes;
		s.rx_packets += t->rows[i].sum.rx_packets;
		s.tx_packets += t->rows[i].sum.tx_packets;
	}
	return s;
}

static void test_rows(void **state)
{
	struct ledger *l = *state;
	struct traffic_tick t;

	ledger_turn(l, 1234);
	charge(l, 1, 7, 0, true, 100);
	charge(l, 1, 7, 0, true, 50);
	charge(l, 1, 7, 0, false, 40);
	charge(l, 1, 7, 9, true, 3); /* another name */
	charge(l, 2, 7, 0, true, 5); /* another host */
	assert_false(ledger_turn(l, 1299));
	assert_false(ledger_next(l, &t));
	assert_true(ledger_turn(l, 1300));
	t = next(l);
	assert_int_equal(t.begin_ms, 1200);
	assert_int_equal(t.end_ms, 1300);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.rows[0].sum.rx_bytes, 150);
	assert_int_equal(t.rows[0].sum.rx_packets, 2);
	assert_int_equal(t.rows[0].sum.tx_bytes, 40);
	assert_int_equal(t.rows[0].sum.tx_packets, 1);
	assert_int_equal(t.rows[1].label, 9);
	assert_int_equal(t.rows[1].sum.rx_bytes, 3);
	assert_int_equal(t.rows[2].sum.rx_bytes, 5);
	assert_int_equal(t.rows[2].host.b[5], 2);
}

static void test_ipv6(void **state)
{
	struct ledger *l = *state;
	struct mac m = host(1);
	struct addr a, b;
	struct traffic_tick t;

	addr_parse("2001:db8::1", &a);
	addr_parse("2001:db8:0:1::1", &b);
	ledger_charge(l, &m, &a, 0, true, 1, 10);
	ledger_charge(l, &m, &b, 0, true, 1, 20);
	ledger_charge(l, &m, &a, 0, true, 1, 30);
	assert_true(ledger_turn(l, 100));
	t = next(l);
	assert_int_equal(t.n, 2);
	assert_true(addr_eq(&t.rows[0].remote, &a));
	assert_int_equal(t.rows[0].sum.rx_bytes, 40);
}

static void test_idle(void **state)
{
	struct ledger *l = *state;
	struct traffic_tick t;

	assert_false(ledger_turn(l, 5000));
	assert_int_equal(ledger_due(l, 5000), UINT64_MAX);
	charge(l, 1, 1, 0, true, 1);
	assert_int_equal(ledger_due(l, 5030), 70);
	assert_true(ledger_turn(l, 9000)); /* nothing came in between */
	t = next(l);
	assert_int_equal(t.begin_ms, 5000);
	assert_int_equal(t.end_ms, 9000);
	ledger_done(l);
	assert_false(ledger_next(l, &t));
	assert_int_equal(ledger_due(l, 9000), UINT64_MAX);
}

/* Who is late finds a longer tick, and all that was counted. */
static void test_late_reader(void **state)
{
	struct ledger *l = *state;
	struct traffic_tick t;
	uint64_t bytes = 0;

	for (uint64_t now = 0; now <= 1000; now += 50) {
		ledger_turn(l, now);
		charge(l, 1, 1, 0, true, 10);
	}
	t = next(l);
	assert_int_equal(t.end_ms - t.begin_ms, 100);
	bytes += sum_of(&t).rx_bytes;
	ledger_done(l);
	assert_int_equal(ledger_due(l, 1010), 90); /* it tries again */
	assert_true(ledger_turn(l, 1100));
	t = next(l);
	assert_int_equal(t.begin_ms, 100);
	assert_int_equal(t.end_ms, 1100);
	bytes += sum_of(&t).rx_bytes;
	assert_int_equal(bytes, 210);
}

static void test_rows_stay_while_they_are_read(void **state)
{
	struct ledger *l = *state;
	struct traffic_tick t, again;

	charge(l, 1, 1, 0, true, 10);
	assert_true(ledger_turn(l, 100));
	t = next(l);
	charge(l, 1, 1, 0, true, 7);
	assert_false(ledger_turn(l, 200));
	again = next(l);
	assert_ptr_equal(t.rows, again.rows);
	assert_int_equal(t.rows[0].sum.rx_bytes, 10);
	ledger_done(l);
	assert_true(ledger_turn(l, 300));
	t = next(l);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.rows[0].sum.rx_bytes, 7);
}

/* Beyond the pairs each host has one row more, beyond the hosts nobody has. */
static void test_full(void **state)
{
	struct ledger *l = *state;
	unsigned hosts = LEDGER_HOSTS + 5;
	struct traffic_tick t;

	for (uint32_t i = 0; i < LEDGER_PAIRS; i++)
		charge(l, 1, i, 0, true, 1);
	for (unsigned h = 1; h <= hosts; h++)
		for (uint32_t i = 0; i < 3; i++)
			charge(l, h, LEDGER_PAIRS + i, 0, false, 2);
	charge(l, 1, 5, 0, true, 1); /* that one is there */
	assert_true(ledger_turn(l, 100));
	t = next(l);
	assert_int_equal(t.n, LEDGER_PAIRS + LEDGER_HOSTS + 1);
	assert_int_equal(sum_of(&t).rx_bytes, LEDGER_PAIRS + 1);
	assert_int_equal(sum_of(&t).tx_bytes, hosts * 3 * 2);
	assert_true(mac_is_zero(&t.rows[0].host));
	assert_int_equal(t.rows[0].sum.tx_bytes, 5 * 3 * 2);
	for (unsigned i = 1; i < t.n; i++) {
		const struct traffic_row *r = &t.rows[i];
		bool others = !r->remote.q[0] && !r->remote.q[1];

		assert_int_equal(others, i > LEDGER_PAIRS);
		assert_int_equal(r->sum.tx_bytes, others ? 3 * 2 : 0);
	}
}

static void test_nobody(void **state)
{
	static const struct mac zero;
	static const struct addr none;
	struct ledger *l = *state;
	struct addr a = remote(1);
	struct mac m = host(1);
	struct traffic_tick t;

	ledger_charge(l, &zero, &none, 0, true, 1, 10);
	ledger_charge(l, &zero, &a, 0, true, 1, 20);
	ledger_charge(l, &m, &none, 3, true, 1, 40);
	assert_true(ledger_turn(l, 100));
	t = next(l);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.rows[0].sum.rx_bytes, 10);
	assert_true(addr_eq(&t.rows[1].remote, &a));
	assert_int_equal(t.rows[2].label, 0); /* others have no name */
	assert_int_equal(sum_of(&t).rx_bytes, 70);
}

static void test_close(void **state)
{
	struct ledger *l = *state;
	struct traffic_tick t;

	assert_false(ledger_close(l, 0));
	ledger_turn(l, 1000);
	charge(l, 1, 1, 0, true, 10);
	assert_true(ledger_turn(l, 1100));
	charge(l, 1, 1, 0, true, 20);
	assert_false(ledger_close(l, 1120)); /* the last is not done */
	t = next(l);
	ledger_done(l);
	assert_true(ledger_close(l, 1120));
	t = next(l);
	assert_int_equal(t.begin_ms, 1100);
	assert_int_equal(t.end_ms, 1200);
	assert_int_equal(sum_of(&t).rx_bytes, 20);
	ledger_done(l);
	assert_false(ledger_close(l, 1120));
}

/* What stats count as the boundary's is what the ledger has, be the host known
 * to them or not. */
static void test_conservation(void **state)
{
	struct stats *s = stats_new(4, &key);
	struct engine_totals totals;
	struct traffic_sum sum;
	struct traffic_tick t;

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		struct mac m = host(i % 9);
		struct addr a = remote(i % 9), r = remote(1000 + i % 700);
		struct stats_charge c = { &m, &a, &r, i % 2, i % 3 == 0, 1, i };

		if (i % 9 == 8)
			m = (struct mac){ { 0 } };
		stats_carried(s, &c, 50);
	}
	stats_drop(s, DROP_MALFORMED, 1, 77);
	assert_true(ledger_turn(stats_ledger(s), 100));
	t = next(stats_ledger(s));
	sum = sum_of(&t);
	stats_totals(s, &totals);
	assert_int_equal(sum.rx_bytes, totals.rx_bytes);
	assert_int_equal(sum.tx_bytes, totals.tx_bytes);
	assert_int_equal(sum.rx_packets, totals.rx_packets);
	assert_int_equal(sum.tx_packets, totals.tx_packets);
	stats_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_ipv6),
		TEST(test_idle),
		TEST(test_late_reader),
		TEST(test_rows_stay_while_they_are_read),
		TEST(test_full),
		TEST(test_nobody),
		TEST(test_close),
		cmocka_unit_test(test_conservation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
