/* test_history_today.c - what each device has moved since midnight, however
 * many there are. */
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

static void test_today(void **state)
{
	struct kit *k = *state;
	struct mac m = kit_mac(1);

	history_day(k->h, KIT_NOON - 43200000);
	kit_row(k, 1, 1, NULL, 100, 7);
	kit_row(k, 2, 1, NULL, 5, 0);
	kit_tick(k, 100);
	kit_pass(k, 120000);
	kit_row(k, 1, 2, NULL, 11, 0);
	kit_tick(k, 100);
	assert_int_equal(history_today(k->h, &m).rx_bytes, 111);
	assert_int_equal(history_today(k->h, &m).tx_bytes, 7);
	history_day(k->h, KIT_NOON + 60000); /* another time zone */
	assert_int_equal(history_today(k->h, &m).rx_bytes, 11);
	history_day(k->h, KIT_NOON - 43200000);
	assert_int_equal(history_today(k->h, &m).rx_bytes, 111);
	m = kit_mac(9);
	assert_int_equal(history_today(k->h, &m).rx_bytes, 0);
}

/* More devices than have pairs at a time: none loses what it had, live or
 * counted anew. */
static void test_today_of_a_crowd(void **state)
{
	const unsigned crowd = 3 * HISTORY_DEVICES_MAX;
	struct kit *k = *state;
	struct mac m;

	history_day(k->h, KIT_NOON - 43200000);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 1; i <= crowd; i++) {
			kit_row(k, i, i % 7, NULL, 1000 + i, i);
			if (i % 512)
				continue;
			kit_tick(k, 100);
			kit_pass(k, 61000);
		}
	for (unsigned again = 0; again < 2; again++) {
		for (unsigned i = 1; i <= crowd; i++) {
			m = kit_mac(i);
			assert_int_equal(history_today(k->h, &m).rx_bytes,
					 2 * (1000 + i));
			assert_int_equal(history_today(k->h, &m).tx_bytes,
					 2 * i);
		}
		history_day(k->h, KIT_NOON - 43200000 + 60000);
	}
}

/* Who moves much stays, whoever else is made up. */
static void test_today_outlives_a_flood(void **state)
{
	struct kit *k = *state;
	struct mac m = kit_mac(0xffff);

	history_day(k->h, KIT_NOON - 43200000);
	kit_row(k, 0xffff, 1, NULL, 5000000, 70);
	kit_tick(k, 100);
	for (unsigned i = 1; i < 60000; i++) {
		kit_row(k, i, 1, NULL, 60, 60);
		if (i % 1000 == 0)
			kit_tick(k, 100);
	}
	assert_int_equal(history_today(k->h, &m).rx_bytes, 5000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_today),
		TEST(test_today_of_a_crowd),
		TEST(test_today_outlives_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
