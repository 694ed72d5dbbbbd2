/* test_fdb.c - MAC addresses behind the ports of a bridge, under a fake
 * clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/engine/port/fdb.h"

static const struct hash_key key = { { 1, 2 } };
static const struct mac mac_a = { { 2, 0, 0, 0, 0, 0xa } };

static int setup(void **state)
{
	*state = fdb_new(&key);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	fdb_free(*state);
	return 0;
}

static void a_source_is_found_at_its_port(void **state)
{
	struct fdb *f = *state;

	assert_int_equal(fdb_find(f, 0, &mac_a, 1), -1);
	fdb_learn(f, 0, &mac_a, 3, 1);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1), 3);
	assert_int_equal(fdb_find(f, 1, &mac_a, 1), -1);
}

static void the_kernel_hears_of_new_and_of_used_every_half_minute(void **state)
{
	struct fdb *f = *state;

	assert_true(fdb_learn(f, 0, &mac_a, 3, 1000));
	assert_false(fdb_learn(f, 0, &mac_a, 3, 1001));
	assert_false(fdb_learn(f, 0, &mac_a, 3, 30999));
	assert_true(fdb_learn(f, 0, &mac_a, 3, 31000));
	assert_false(fdb_learn(f, 0, &mac_a, 3, 31001));
}

static void a_roaming_host_moves_and_is_told_at_once(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 0, &mac_a, 3, 1000);
	assert_true(fdb_learn(f, 0, &mac_a, 4, 1500));
	assert_int_equal(fdb_find(f, 0, &mac_a, 1500), 4);
	assert_false(fdb_learn(f, 0, &mac_a, 4, 1501));
}

static void what_the_kernel_saw_is_followed_and_not_told_back(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 0, &mac_a, 3, 1000);
	fdb_follow(f, 0, &mac_a, 4, 2000);
	assert_int_equal(fdb_find(f, 0, &mac_a, 2000), 4);
	assert_false(fdb_learn(f, 0, &mac_a, 4, 2001));
	/* But where it thinks the host to be, it must not err. */
	assert_true(fdb_learn(f, 0, &mac_a, 3, 2002));
	assert_int_equal(fdb_find(f, 0, &mac_a, 2002), 3);
}

static void what_the_kernel_alone_saw_is_left_to_it(void **state)
{
	struct fdb *f = *state;

	fdb_follow(f, 0, &mac_a, 4, 1000);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1000), -1);
	fdb_learn(f, 0, &mac_a, 3, 1000);
	fdb_follow(f, 1, &mac_a, 4, 1000);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1000), 3);
}

static void what_the_kernel_forgets_is_forgotten_there_only(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 0, &mac_a, 4, 1000);
	fdb_forget(f, 0, &mac_a, 3);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1000), 4);
	fdb_forget(f, 0, &mac_a, 4);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1000), -1);
	fdb_forget(f, 0, &mac_a, 4);
	assert_true(fdb_learn(f, 0, &mac_a, 4, 1001));
}

static void a_flapping_host_moves_at_once_and_is_told_at_last(void **state)
{
	struct fdb *f = *state;
	unsigned told = 0;

	for (uint64_t now_ms = 1000; now_ms < 2000; now_ms++) {
		told += fdb_learn(f, 0, &mac_a, now_ms % 2, now_ms);
		assert_int_equal(fdb_find(f, 0, &mac_a, now_ms), now_ms % 2);
	}
	assert_true(told <= 1000 / FDB_MOVE_MS);
	assert_true(fdb_learn(f, 0, &mac_a, 3, 3000));
	assert_false(fdb_learn(f, 0, &mac_a, 4, 3001));
	assert_true(fdb_learn(f, 0, &mac_a, 4, 3000 + FDB_MOVE_MS));
}

static void a_flood_of_sources_is_told_in_measure(void **state)
{
	struct fdb *f = *state;
	struct mac m = { { 2, 1 } };
	unsigned told = 0;

	for (unsigned i = 0; i < 1000; i++) {
		m.b[4] = (uint8_t)(i >> 8);
		m.b[5] = (uint8_t)i;
		told += fdb_learn(f, 0, &m, 1, 1000);
	}
	assert_int_equal(told, FDB_TELLS);
	assert_true(fdb_learn(f, 0, &m, 1, 1000 + FDB_MOVE_MS));
}

static void silence_for_five_minutes_ages_it_out(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 0, &mac_a, 3, 1000);
	fdb_learn(f, 0, &mac_a, 3, 2000);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1999 + FDB_AGE_MS), 3);
	assert_int_equal(fdb_find(f, 0, &mac_a, 2000 + FDB_AGE_MS), -1);
}

static void group_and_zero_addresses_are_nobodys(void **state)
{
	static const struct mac group = { { 1, 0, 0x5e, 0, 0, 1 } }, zero;
	struct fdb *f = *state;

	assert_false(fdb_learn(f, 0, &group, 3, 1));
	assert_false(fdb_learn(f, 0, &zero, 3, 1));
	assert_int_equal(fdb_find(f, 0, &group, 1), -1);
}

static void a_flood_of_sources_evicts_the_stalest(void **state)
{
	struct fdb *f = *state;
	struct mac m = { { 2, 1 } };

	fdb_learn(f, 0, &mac_a, 3, 1);
	for (unsigned i = 0; i < 3 * FDB_MAX; i++) {
		m.b[4] = (uint8_t)(i >> 8);
		m.b[5] = (uint8_t)i;
		fdb_learn(f, 0, &m, 1, 2 + i);
		if (i % 1000 == 0)
			fdb_learn(f, 0, &mac_a, 3, 2 + i);
	}
	assert_int_equal(fdb_find(f, 0, &mac_a, 10000), 3);
	assert_int_equal(fdb_find(f, 0, &m, 10000), 1);
}

static void after_a_clear_nothing_is_known(void **state)
{
	struct fdb *f = *state;

	fdb_learn(f, 0, &mac_a, 3, 1);
	fdb_clear(f);
	assert_int_equal(fdb_find(f, 0, &mac_a, 1), -1);
	assert_true(fdb_learn(f, 0, &mac_a, 3, 1));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_source_is_found_at_its_port),
		T(the_kernel_hears_of_new_and_of_used_every_half_minute),
		T(a_roaming_host_moves_and_is_told_at_once),
		T(what_the_kernel_saw_is_followed_and_not_told_back),
		T(what_the_kernel_alone_saw_is_left_to_it),
		T(what_the_kernel_forgets_is_forgotten_there_only),
		T(a_flapping_host_moves_at_once_and_is_told_at_last),
		T(a_flood_of_sources_is_told_in_measure),
		T(silence_for_five_minutes_ages_it_out),
		T(group_and_zero_addresses_are_nobodys),
		T(a_flood_of_sources_evicts_the_stalest),
		T(after_a_clear_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
