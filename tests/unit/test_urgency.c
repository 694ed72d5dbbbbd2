/* test_urgency.c - when the engine thread goes before others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <time.h>

#include "ctl/engine/urgency.h"

/* Looks every 100 ms for 'ms', with 'percent' of a core in use; how often it
 * was to be urgent. */
static unsigned looks(struct urgency *u, uint64_t *now, uint64_t *used,
		      unsigned ms, unsigned percent)
{
	unsigned urgent = 0;

	for (unsigned at = 0; at < ms; at += 100) {
		*now += 100;
		*used += 1000 * percent;
		urgent += urgency_weigh(u, *now, *used);
	}
	return urgent;
}

static void test_who_has_little_to_do_goes_first(void **state)
{
	struct urgency u = { 0 };
	uint64_t now = 1000, used = 0;

	(void)state;
	urgency_weigh(&u, now, used);
	assert_int_equal(looks(&u, &now, &used, 10000, 30), 100);
}

static void test_a_flood_makes_it_one_of_many(void **state)
{
	struct urgency u = { 0 };
	uint64_t now = 1000, used = 0;

	(void)state;
	urgency_weigh(&u, now, used);
	assert_int_equal(looks(&u, &now, &used, 3000, 50), 0);
	/* A moment's peace is none. */
	assert_int_equal(looks(&u, &now, &used, 900, 1), 0);
	assert_int_equal(looks(&u, &now, &used, 500, 1), 5);
}

/* A long sleep is no work, whatever was done right before it. */
static void test_sleep_counts(void **state)
{
	struct urgency u = { 0 };

	(void)state;
	urgency_weigh(&u, 1000, 0);
	assert_true(urgency_weigh(&u, 31000, 9000000));
	assert_false(urgency_weigh(&u, 31100, 9050000));
}

/* Without the privilege it stays what it is; with it, it is FIFO and comes
 * back. */
static void test_the_thread_changes_its_class(void **state)
{
	struct urgency u = { 0 };

	(void)state;
	urgency_turn(&u, 100000000);
	if (u.refused)
		skip();
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
	for (clock_t until = clock() + CLOCKS_PER_SEC / 20; clock() < until;)
		;
	urgency_turn(&u, u.looked_ms + 100);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_has_little_to_do_goes_first),
		cmocka_unit_test(test_a_flood_makes_it_one_of_many),
		cmocka_unit_test(test_sleep_counts),
		cmocka_unit_test(test_the_thread_changes_its_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
