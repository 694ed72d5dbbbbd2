/* test_sessions_file.c - who was logged in still is after a restart, and nobody
 * else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "../../ctl/api/sessions_file.h"

#define NOW  (SESSION_TOTAL_MS + 5000)
#define WALL 1767268800000ull
#define DAY  86400000ull

static const char password[] = "$argon2id$of the owner";
static const struct sessions_clock now = { NOW, WALL };

static const uint8_t *token(unsigned n)
{
	static uint8_t bytes[SESSION_TOKEN];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &n, sizeof(n));
	return bytes;
}

/* Sessions 1 to 3: new, of five days ago and used today, idle for long. */
static void *file(size_t *len)
{
	static struct sessions s;

	memset(&s, 0, sizeof(s));
	sessions_add(&s, token(3), NOW - 8 * DAY);
	sessions_add(&s, token(2), NOW - 5 * DAY);
	assert_true(sessions_find(&s, token(2), NOW - DAY / 2));
	s.list[SESSIONS_MAX - 1] = s.list[0];
	sessions_add(&s, token(1), NOW);
	return sessions_write(&s, password, &now, len);
}

static struct sessions after(const char *word, const struct sessions_clock *c,
			     int result)
{
	struct sessions s = { 0 };
	size_t len;
	void *data = file(&len);

	assert_non_null(data);
	assert_int_equal(sessions_read(&s, word, c, data, len), result);
	free(data);
	return s;
}

static void who_was_logged_in_still_is(void **state)
{
	struct sessions s = after(password, &now, 0);

	(void)state;
	assert_true(sessions_find(&s, token(1), NOW));
	assert_true(sessions_find(&s, token(2), NOW));
	assert_false(sessions_find(&s, token(3), NOW));
	assert_false(sessions_find(&s, token(4), NOW));
}

/* The machine was started again, and its own clock with it. */
static void age_goes_on_over_a_boot(void **state)
{
	const struct sessions_clock boot = { SESSION_TOTAL_MS + 1,
					     WALL + 6 * DAY };
	struct sessions s = after(password, &boot, 0);

	(void)state;
	assert_true(sessions_find(&s, token(1), boot.now_ms));
	assert_true(sessions_find(&s, token(2), boot.now_ms));
	/* Of the week that it may be unused, a day is left of the first. */
	s = after(password, &boot, 0);
	assert_true(sessions_find(&s, token(1), boot.now_ms + DAY - 1));
	s = after(password, &boot, 0);
	assert_false(sessions_find(&s, token(1), boot.now_ms + DAY));
	assert_false(sessions_find(&s, token(2), boot.now_ms + DAY));
}

static void another_password_lets_nobody_in(void **state)
{
	struct sessions s = after("$argon2id$of another", &now, 0);

	(void)state;
	assert_false(sessions_find(&s, token(1), NOW));
	assert_false(sessions_find(&s, token(2), NOW));
}

static void a_clock_that_went_back_lets_nobody_in(void **state)
{
	const struct sessions_clock back = { NOW, WALL - 1 };
	struct sessions s = after(password, &back, 0);

	(void)state;
	assert_false(sessions_find(&s, token(1), NOW));
	assert_true(sessions_find(&s, token(2), NOW));
}

static void a_token_is_not_in_it(void **state)
{
	size_t len;
	char *data = file(&len);

	(void)state;
	for (size_t i = 0; i + SESSION_TOKEN <= len; i++)
		assert_memory_not_equal(data + i, token(1), SESSION_TOKEN);
	free(data);
}

static void what_is_cut_or_changed_lets_nobody_else_in(void **state)
{
	size_t len;
	uint8_t *data = file(&len);

	(void)state;
	for (size_t n = 0; n < len; n++) {
		struct sessions s = { 0 };
		uint8_t *cut = malloc(n + !n);

		memcpy(cut, data, n);
		assert_int_equal(sessions_read(&s, password, &now, cut, n),
				 -EBADMSG);
		free(cut);
		assert_false(sessions_find(&s, token(1), NOW));
	}
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct sessions s = { 0 };

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		sessions_read(&s, password, &now, data, len);
		assert_false(sessions_find(&s, token(3), NOW));
		assert_false(sessions_find(&s, token(4), NOW));
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_logged_in_still_is),
		cmocka_unit_test(age_goes_on_over_a_boot),
		cmocka_unit_test(another_password_lets_nobody_in),
		cmocka_unit_test(a_clock_that_went_back_lets_nobody_in),
		cmocka_unit_test(a_token_is_not_in_it),
		cmocka_unit_test(what_is_cut_or_changed_lets_nobody_else_in),
	};

	return sodium_init() < 0 ? 1
				 : cmocka_run_group_tests(tests, NULL, NULL);
}
