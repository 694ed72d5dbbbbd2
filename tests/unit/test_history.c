/* test_history.c - what was given can be asked for, in every tier, whatever the
 * clock does. */
#include <stdio.h>

#include "history_kit.h"

static int setup(void **state)
{
	*state = kit_new(KIT_BUDGET);
	return 0;
}

static int teardown(void **state)
{
	kit_free(*state);
	return 0;
}

static void assert_given(struct kit *k, uint64_t step_ms)
{
	struct traffic_sum t = kit_total(k, KIT_NOON - 600000,
					 k->now.wall_ms + 600000, step_ms);

	assert_memory_equal(&t, &k->given, sizeof(t));
}

static void test_steps(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 1000, 100);
	struct snapshot_of_history *s;
	struct query_answer a;

	kit_row(k, 1, 7, NULL, 1000, 50);
	kit_row(k, 1, 8, NULL, 5, 0);
	kit_tick(k, 100);
	kit_row(k, 2, 7, NULL, 30, 0);
	kit_tick(k, 100);
	kit_pass(k, 300);
	kit_row(k, 1, 7, NULL, 2000, 0);
	kit_tick(k, 100);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.n, 10);
	assert_int_equal(a.tier, TIER_TICK);
	assert_int_equal(a.rx[0], 1005);
	assert_int_equal(a.tx[0], 50);
	assert_int_equal(a.rx[1], 30);
	assert_int_equal(a.rx[2], 0);
	assert_int_equal(a.rx[5], 2000);
	assert_true(a.known[2]);
	assert_false(a.known[7]); /* yet to come */
	assert_int_equal(a.most.rx_bytes, 2000);
	assert_int_equal(a.rows_n, 2);
	assert_int_equal(a.rows[0].sum.rx_bytes, 3030);
	assert_int_equal(a.rows[0].sum.rx_packets, 2 + 1 + 3);
	assert_int_equal(a.rows[1].sum.rx_bytes, 5);
	kit_done(k, &a, s);
}

/* Each tier says the same, also of the second and minute that are not over. */
static void test_tiers_agree(void **state)
{
	struct kit *k = *state;

	srand(1);
	for (unsigned i = 0; i < 3000; i++) {
		for (int n = rand() % 6; n; n--)
			kit_row(k, (unsigned)rand() % 5, (uint32_t)rand() % 40,
				rand() % 2 ? "a.example" : NULL,
				(uint64_t)rand() % 100000,
				(uint64_t)rand() % 1000);
		kit_tick(k, 100);
		if (i % 997 == 0)
			assert_given(k, 60000);
	}
	assert_given(k, 1000);
	assert_given(k, 60000);
	assert_given(k, 300000);
	for (uint64_t at = KIT_NOON; at < k->now.wall_ms; at += 60000) {
		struct traffic_sum ticks = kit_total(k, at, at + 60000, 100);
		struct traffic_sum seconds = kit_total(k, at, at + 60000, 1000);
		struct traffic_sum minute = kit_total(k, at, at + 60000, 60000);

		assert_memory_equal(&ticks, &minute, sizeof(minute));
		assert_memory_equal(&seconds, &minute, sizeof(minute));
	}
}

static void test_filters(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 60000, 1000);
	struct snapshot_of_history *s;
	struct query_answer a;
	struct traffic_sum of_device = { 0 };

	kit_row(k, 1, 1, "video.example", 100, 0);
	kit_row(k, 1, 2, "video.example", 10, 0);
	kit_row(k, 1, 2, NULL, 1000, 0);
	kit_row(k, 2, 2, "video.example", 1, 0);
	kit_tick(k, 100);
	kit_ask(k, &q, &a, &s,
		NULL); /* a name is one, whatever its addresses */
	assert_int_equal(a.rows_n, 2);
	assert_int_equal(a.rows[0].sum.rx_bytes, 1000);
	assert_null(a.rows[0].name);
	assert_string_equal(a.rows[1].name, "video.example");
	assert_int_equal(a.rows[1].sum.rx_bytes, 111);
	kit_done(k, &a, s);
	q.by_name = true;
	strcpy(q.name, "VIDEO.example");
	q.group = QUERY_BY_DEVICE;
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rows_n, 2);
	assert_int_equal(a.rows[0].sum.rx_bytes, 110);
	assert_int_equal(a.rows[0].host.b[5], 1);
	kit_done(k, &a, s);
	q.by_name = false;
	q.by_addr = q.by_device = true;
	q.addr = kit_remote(2);
	q.device = kit_mac(1);
	q.group = QUERY_BY_PAIR;
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rows_n, 2);
	of_device = a.total;
	assert_int_equal(of_device.rx_bytes, 1010);
	kit_done(k, &a, s);
}

static void test_many_rows_are_others(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 60000, 60000);
	struct snapshot_of_history *s;
	struct query_answer a;

	for (uint32_t i = 0; i < 50; i++)
		kit_row(k, 1, i, NULL, 1000 + i, 0);
	kit_tick(k, 100);
	q.groups = 10;
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rows_n, 11);
	assert_int_equal(a.rows[0].sum.rx_bytes, 1049);
	assert_true(addr_is_zero(&a.rows[10].remote));
	kit_done(k, &a, s);
}

/* A tick whose reader was late is spread, byte for byte. */
static void test_late_tick(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 1000, 100);
	struct snapshot_of_history *s;
	struct query_answer a;

	kit_row(k, 1, 1, NULL, 1003, 2);
	kit_tick(k, 700);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.total.rx_bytes, 1003);
	assert_int_equal(a.total.tx_bytes, 2);
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(a.rx[i], 143, 144);
	assert_int_equal(a.rx[7], 0);
	kit_done(k, &a, s);
	assert_given(k, 60000);
}

static void test_errors(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON, 100);
	struct error err;

	assert_int_equal(kit_ask(k, &q, NULL, NULL, &err), -EINVAL);
	assert_memory_equal(err.text, "to:", 3);
	q = kit_query(KIT_NOON, KIT_NOON + 1000, 150);
	assert_int_equal(kit_ask(k, &q, NULL, NULL, &err), -EINVAL);
	assert_memory_equal(err.text, "step:", 5);
	q = kit_query(KIT_NOON, KIT_NOON + 86400000, 1000);
	assert_int_equal(kit_ask(k, &q, NULL, NULL, &err), -EINVAL);
	assert_memory_equal(err.text, "step:", 5);
}

static void test_step_is_chosen(void **state)
{
	struct kit *k = *state;
	struct snapshot_of_history *s;
	struct query_answer a;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 60000, 0);

	kit_pass(k, 60000);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.step_ms, 100);
	kit_done(k, &a, s);
	q = kit_query(KIT_NOON, KIT_NOON + 3600000, 0);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.step_ms, 5000);
	kit_done(k, &a, s);
	q = kit_query(KIT_NOON + 60000 - 86400000, KIT_NOON + 60000, 0);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.step_ms, 60000);
	assert_false(a.known[0]);
	assert_true(a.known[a.n - 1]);
	kit_done(k, &a, s);
}

/* What lasts from ever further back: seconds where ticks do not reach as far as
 * the step's own beginning, and minutes where seconds do not. */
static void test_chosen_step_is_kept(void **state)
{
	const uint64_t from[TIERS] = { [TIER_TICK] = KIT_NOON + 320,
				       [TIER_SECOND] = KIT_NOON - 5000,
				       [TIER_MINUTE] = KIT_NOON - 3600000 };
	static const struct {
		int64_t at_ms;
		uint64_t step_ms;
	} rows[] = {
		{ 400, 100 }, { 350, 1000 }, { -4500, 1000 }, { -5500, 60000 }
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t at_ms = KIT_NOON + (uint64_t)rows[i].at_ms;
		struct query q = kit_query(at_ms, at_ms + 120000, 0);
		struct error err;
		unsigned tier;

		assert_int_equal(query_prepare(&q, from, &tier, &err), 0);
		assert_int_equal(q.step_ms, rows[i].step_ms);
	}
}

/* ---- the clock */

/* What was five minutes ago stays so when the clock is set. */
static void test_clock_is_set(void **state)
{
	struct kit *k = *state;
	const int64_t by = 7 * 86400000ll + 12345;

	kit_row(k, 1, 1, NULL, 500, 0);
	kit_tick(k, 100);
	kit_pass(k, 300000);
	k->now.wall_ms += (uint64_t)by;
	kit_pass(k, 1000);
	assert_int_equal(kit_total(k, k->now.wall_ms - 360000,
				   k->now.wall_ms - 240000, 1000)
				 .rx_bytes,
			 500);
	k->now.wall_ms -= (uint64_t)by;
	kit_pass(k, 1000);
	kit_row(k, 1, 1, NULL, 70, 0);
	kit_tick(k, 100);
	assert_int_equal(
		kit_total(k, k->now.wall_ms - 360000, k->now.wall_ms, 1000)
			.rx_bytes,
		570);
	assert_given(k, 60000);
}

/* Some seconds back: those that come twice add up. */
static void test_clock_is_trimmed(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 10000, 1000);
	struct snapshot_of_history *s;
	struct query_answer a;

	for (unsigned i = 0; i < 100; i++) {
		kit_row(k, 1, 1, NULL, 10, 0);
		kit_tick(k, 100);
		if (i == 49)
			k->now.wall_ms -= 2000;
	}
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rx[0], 100);
	assert_int_equal(a.rx[3], 200);
	assert_int_equal(a.rx[9], 0);
	kit_done(k, &a, s);
	assert_given(k, 1000);
	assert_given(k, 60000);
}

static void test_drift_leaves_no_holes(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 60000, 100);
	struct snapshot_of_history *s;
	struct query_answer a;
	unsigned empty = 0, twice = 0;

	for (unsigned i = 0; i < 600; i++) {
		kit_row(k, 1, 1, NULL, 10, 0);
		k->now.wall_ms += i % 3 == 0 ? 1 : i % 3 == 1 ? -1 : 0;
		kit_tick(k, 100);
	}
	kit_ask(k, &q, &a, &s, NULL);
	for (unsigned i = 0; i < a.n; i++) {
		empty += !a.rx[i];
		twice += a.rx[i] > 10;
	}
	assert_int_equal(empty, 0);
	assert_int_equal(twice, 0);
	kit_done(k, &a, s);
}

/* Who asks for more than there ever was gets what there was. */
static void test_before_the_beginning(void **state)
{
	struct kit *k = *state;
	struct query q;
	struct snapshot_of_history *s;
	struct query_answer a;

	k->now.mono_ms += 17300;
	history_free(k->h);
	k->h = history_new(k->names, &kit_key, KIT_BUDGET);
	k->now.wall_ms += 17300;
	history_clock(k->h, &k->now);
	kit_row(k, 1, 1, NULL, 10, 0);
	kit_tick(k, 100);
	q = kit_query(KIT_NOON - 30000, KIT_NOON + 30000, 100);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.total.rx_bytes, 10);
	kit_done(k, &a, s);
}

static void test_sleep_is_a_gap(void **state)
{
	struct kit *k = *state;
	struct query q =
		kit_query(KIT_NOON, KIT_NOON + 120000 + 3600000, 60000);
	struct snapshot_of_history *s;
	struct query_answer a;

	kit_row(k, 1, 1, NULL, 10, 0);
	kit_tick(k, 100);
	kit_pass(k, 59900);
	k->now.boot_ms += 3600000; /* clock_ms() stands still meanwhile */
	k->now.wall_ms += 3600000;
	kit_row(k, 1, 1, NULL, 20, 0);
	kit_tick(k, 100);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rx[0], 10);
	assert_true(a.known[0]);
	assert_false(a.known[1]);
	assert_false(a.known[30]);
	assert_int_equal(a.rx[61], 20);
	assert_true(a.known[61]);
	kit_done(k, &a, s);
}

/* Detail goes, the oldest first; minutes stay whole, with others in them. */
static void test_budget(void **state)
{
	struct kit *k = kit_new(HISTORY_BUDGET_MIN);
	struct query q = kit_query(KIT_NOON, KIT_NOON + 2400000, 60000);
	struct snapshot_of_history *s;
	struct history_fill fill;
	struct query_answer a;

	(void)state;
	for (unsigned i = 0; i < 2400; i++) {
		for (unsigned r = 0; r < 400; r++)
			kit_row(k, 1 + r % 200, (uint32_t)rand() % 2000, NULL,
				(uint64_t)rand() % 100000, 40);
		kit_tick(k, 100);
		kit_pass(k, 900);
		history_fill(k->h, &fill);
		assert_true(fill.bytes <= fill.max_bytes);
	}
	assert_true(fill.from_ms[TIER_TICK] > KIT_NOON + 60000);
	assert_true(fill.from_ms[TIER_SECOND] > KIT_NOON + 60000);
	assert_int_equal(fill.from_ms[TIER_MINUTE], KIT_NOON);
	kit_ask(k, &q, &a, &s, NULL);
	assert_memory_equal(&a.total, &k->given, sizeof(a.total));
	assert_true(addr_is_zero(&a.rows[a.rows_n - 1].remote));
	kit_done(k, &a, s);
	q = kit_query(KIT_NOON, KIT_NOON + 2400000, 60000);
	q.group = QUERY_BY_DEVICE;
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rows_n, 200); /* what is folded keeps its device */
	kit_done(k, &a, s);
	kit_free(k);
}

/* A snapshot stays what it was, whatever comes later. */
static void test_snapshot_stays(void **state)
{
	struct kit *k = *state;
	struct query q = kit_query(KIT_NOON, KIT_NOON + 60000, 1000);
	struct snapshot_of_history *s;
	struct query_answer a;
	unsigned tier;
	struct error err;
	uint64_t from[TIERS] = { 0 };

	kit_row(k, 1, 1, "a.example", 10, 0);
	kit_tick(k, 100);
	s = history_snapshot(k->h, ALL_TIERS);
	for (unsigned i = 0; i < 50; i++) {
		kit_row(k, 1, 2, NULL, 10, 0);
		kit_tick(k, 100);
	}
	k->now.wall_ms += 3600000;
	kit_pass(k, 1000);
	assert_int_equal(query_prepare(&q, from, &tier, &err), 0);
	query_run(&q, tier, s, &a);
	assert_int_equal(a.total.rx_bytes, 10);
	assert_string_equal(a.rows[0].name, "a.example");
	kit_done(k, &a, s);
}

/* ---- today */

/* A device makes up names for a quarter of an hour; they are kept for a day. */
static void test_made_up_names_leave_room(void **state)
{
	struct kit *k = *state;
	struct snapshot_of_history *s;
	struct query_answer a;
	struct query q;
	char name[32];

	kit_free(k);
	*state = k = kit_new_of(KIT_BUDGET, NAMES_MAX);
	for (unsigned i = 0; i < 300000; i++) {
		snprintf(name, sizeof(name), "x%u.example", i);
		kit_row(k, 1, i % 5, name, 1000, 100);
		if (i % 1000)
			continue;
		kit_row(k, 2, 1, "radio.example", 1000, 100);
		kit_tick(k, 100);
		if (i % 20000 == 0)
			kit_pass(k, 60000);
	}
	assert_int_not_equal(names_id(k->names, "news.example", 12), 0);
	/* One that was known before stays so. */
	kit_row(k, 2, 1, "radio.example", 5000, 100);
	kit_tick(k, 100);
	q = kit_query(k->now.wall_ms - 1000, k->now.wall_ms + 1000, 100);
	q.by_device = true;
	q.device = kit_mac(2);
	kit_ask(k, &q, &a, &s, NULL);
	assert_int_equal(a.rows_n, 1);
	assert_string_equal(a.rows[0].name, "radio.example");
	kit_done(k, &a, s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_tiers_agree),
		TEST(test_filters),
		TEST(test_many_rows_are_others),
		TEST(test_late_tick),
		TEST(test_errors),
		TEST(test_step_is_chosen),
		cmocka_unit_test(test_chosen_step_is_kept),
		TEST(test_clock_is_set),
		TEST(test_clock_is_trimmed),
		TEST(test_drift_leaves_no_holes),
		TEST(test_before_the_beginning),
		TEST(test_sleep_is_a_gap),
		TEST(test_snapshot_stays),
		cmocka_unit_test(test_budget),
		TEST(test_made_up_names_leave_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
