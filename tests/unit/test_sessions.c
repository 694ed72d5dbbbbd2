/* test_sessions.c - how long one is logged in, and how long a guesser waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "../../ctl/api/sessions.h"

static struct sessions s;

static const uint8_t *token(unsigned n)
{
	static uint8_t bytes[SESSION_TOKEN];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &n, sizeof(n));
	return bytes;
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	return 0;
}

static void a_session_ends_unused_or_old(void **state)
{
	uint64_t t;

	(void)state;
	assert_false(sessions_find(&s, token(1), 1));
	sessions_add(&s, token(1), 1);
	assert_true(sessions_find(&s, token(1), 1));
	assert_false(sessions_find(&s, token(2), 1));
	assert_true(sessions_find(&s, token(1), SESSION_IDLE_MS));
	assert_false(sessions_find(&s, token(1), 2 * SESSION_IDLE_MS));
	/* In use all the time it is over in the end. */
	sessions_add(&s, token(3), 1);
	for (t = 1; t < SESSION_TOTAL_MS; t += SESSION_IDLE_MS / 2)
		assert_true(sessions_find(&s, token(3), t));
	assert_false(sessions_find(&s, token(3), SESSION_TOTAL_MS + 1));
}

static void ended_ones_are_worth_nothing(void **state)
{
	(void)state;
	sessions_add(&s, token(1), 1);
	sessions_add(&s, token(2), 1);
	sessions_end(&s, token(1));
	assert_false(sessions_find(&s, token(1), 1));
	assert_true(sessions_find(&s, token(2), 1));
	sessions_end_all(&s);
	assert_false(sessions_find(&s, token(2), 1));
}

static void the_one_unused_longest_makes_room(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < SESSIONS_MAX; i++)
		sessions_add(&s, token(i), 1 + i);
	assert_true(sessions_find(&s, token(0), 1000));
	sessions_add(&s, token(999), 1001);
	assert_true(sessions_find(&s, token(0), 1002));
	assert_true(sessions_find(&s, token(999), 1002));
	assert_false(sessions_find(&s, token(1), 1002));
}

static struct addr peer(unsigned n)
{
	return addr_v4(n + 1);
}

static void guessers_wait_longer_each_time(void **state)
{
	struct addr a = peer(1), b = peer(2);
	unsigned i;

	(void)state;
	for (i = 1; i < GUESSES_FREE; i++) {
		sessions_wrong(&s, &a, 0);
		assert_int_equal(sessions_wait_ms(&s, &a, 0), 0);
	}
	sessions_wrong(&s, &a, 0);
	assert_int_equal(sessions_wait_ms(&s, &a, 0), 1000);
	assert_int_equal(sessions_wait_ms(&s, &a, 400), 600);
	assert_int_equal(sessions_wait_ms(&s, &a, 1000), 0);
	sessions_wrong(&s, &a, 1000);
	assert_int_equal(sessions_wait_ms(&s, &a, 1000), 2000);
	assert_int_equal(sessions_wait_ms(&s, &b, 1000), 0);
	for (i = 0; i < 100; i++)
		sessions_wrong(&s, &a, 1000);
	assert_int_equal(sessions_wait_ms(&s, &a, 1000), GUESS_MAX_MS);
	sessions_right(&s, &a);
	assert_int_equal(sessions_wait_ms(&s, &a, 1000 + GUESS_ALL_MS), 0);
}

static void many_guessers_do_not_free_the_worst(void **state)
{
	struct addr worst = peer(1), other;
	unsigned i;

	(void)state;
	for (i = 0; i < 8; i++)
		sessions_wrong(&s, &worst, 0);
	for (i = 100; i < 100 + 3 * GUESSERS_MAX; i++) {
		other = peer(i);
		sessions_wrong(&s, &other, 0);
	}
	assert_true(sessions_wait_ms(&s, &worst, 0) > 0);
}

static void many_addresses_are_no_way_around_it(void **state)
{
	uint64_t now_ms = 1000;
	struct addr one;
	unsigned i;

	(void)state;
	for (i = 0; i < GUESSES_ALL; i++) {
		one = peer(i);
		assert_int_equal(sessions_wait_ms(&s, &one, now_ms), 0);
		sessions_wrong(&s, &one, now_ms);
	}
	for (; i < 4 * GUESSERS_MAX; i++) {
		one = peer(i);
		assert_int_equal(sessions_wait_ms(&s, &one, now_ms),
				 GUESS_ALL_MS);
		now_ms += GUESS_ALL_MS;
		assert_int_equal(sessions_wait_ms(&s, &one, now_ms), 0);
		sessions_wrong(&s, &one, now_ms);
	}
	now_ms += 2 * GUESS_ALL_MS; /* and it is forgotten, bit by bit */
	sessions_wrong(&s, &one, now_ms);
	one = peer(i);
	assert_int_equal(sessions_wait_ms(&s, &one, now_ms), 0);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_ends_unused_or_old),
		CASE(ended_ones_are_worth_nothing),
		CASE(the_one_unused_longest_makes_room),
		CASE(guessers_wait_longer_each_time),
		CASE(many_guessers_do_not_free_the_worst),
		CASE(many_addresses_are_no_way_around_it),
	};

	return sodium_init() < 0 ? 1
				 : cmocka_run_group_tests(tests, NULL, NULL);
}
