/* test_pace.c - when the engine looks away: for a flood of questions alone, and
 * never twice without new ones. */
#include "ctl/engine/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Questions at 'rate' for a fifth of a second, one a burst, beside packets that
 * are none, from 'from_us' on. How often there was a nap after a burst. */
static unsigned naps(struct pace *p, uint32_t rate, uint32_t from_us)
{
	unsigned n = 0;

	for (uint32_t at = 0; at < 200000; at += 1000000 / rate) {
		pace_count(p, 0, from_us + at);
		pace_count(p, 1, from_us + at);
		n += pace_wants_nap(p);
	}
	return n;
}

static void a_flood_is_napped_through(void **state)
{
	struct pace p = { 0 };

	(void)state;
	assert_true(naps(&p, 2 * PACE_RATE, 1000) > 2 * PACE_RATE / 5 * 9 / 10);
	/* A clock of 32 bits begins anew. */
	assert_true(naps(&p, 2 * PACE_RATE, UINT32_MAX - 100000) >
		    2 * PACE_RATE / 5 * 9 / 10);
}

static void what_a_home_asks_is_answered_at_once(void **state)
{
	struct pace p = { 0 };

	(void)state;
	assert_int_equal(naps(&p, PACE_RATE / 2, 1000), 0);
	for (uint32_t at = 0; at < 200000; at++) { /* no questions at all */
		pace_count(&p, 0, at);
		assert_false(pace_wants_nap(&p));
	}
}

static void without_new_questions_there_is_no_nap(void **state)
{
	struct pace p = { 0 };

	(void)state;
	naps(&p, 2 * PACE_RATE, 1000);
	pace_count(&p, 1, 201000);
	assert_true(pace_wants_nap(&p));
	assert_false(pace_wants_nap(&p));
	pace_count(&p, 0, 201100);
	assert_false(pace_wants_nap(&p));
	/* The flood is over: the next question is a first one. */
	pace_count(&p, 1, 900000);
	assert_false(pace_wants_nap(&p));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_napped_through),
		cmocka_unit_test(what_a_home_asks_is_answered_at_once),
		cmocka_unit_test(without_new_questions_there_is_no_nap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
