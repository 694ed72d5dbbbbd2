/* test_told.c - what the engine is told of DNS answers, and when again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "ctl/remotes/told.h"

#define NAME 7

static const struct mac radio = { { 2, 0, 0, 0, 0, 5 } };
static const struct mac lamp = { { 2, 0, 0, 0, 0, 6 } };

static bool is_news(struct told *t, const struct mac *mac, uint32_t name,
		    uint64_t now_ms)
{
	struct addr host = addr_v4(htonl(0x0a4d0005));
	struct addr at = addr_v4(htonl(0xcb007107));

	return told_note(t, mac, &host, name, &at, now_ms);
}

static void the_same_is_news_once(void **state)
{
	struct told *t = told_new();

	(void)state;
	assert_true(is_news(t, &radio, NAME, 1000));
	assert_false(is_news(t, &radio, NAME, 1000 + TOLD_AGAIN_MS - 1));
	assert_true(is_news(t, &radio, NAME, 1000 + TOLD_AGAIN_MS));
	assert_true(is_news(t, &radio, NAME + 1, 1000 + TOLD_AGAIN_MS));
	assert_true(is_news(t, &lamp, NAME, 1000));
	told_free(t);
}

static void what_was_lost_is_news_again(void **state)
{
	struct addr host = addr_v4(htonl(0x0a4d0005));
	struct addr at = addr_v4(htonl(0xcb007107));
	struct told *t = told_new();

	(void)state;
	assert_true(is_news(t, &radio, NAME, 1000));
	assert_true(is_news(t, &lamp, NAME, 1000));
	told_lost(t, &radio, &host, &at);
	assert_true(is_news(t, &radio, NAME, 1000));
	assert_false(is_news(t, &lamp, NAME, 1000));
	assert_true(told_knows(t, &radio, &host, NAME));
	told_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_news_once),
		cmocka_unit_test(what_was_lost_is_news_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
