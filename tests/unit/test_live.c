/* test_live.c - what a page that listens is told, and who may listen. */
#include "live_kit.h"

static json_t *ask_rest(const char *path)
{
	const char *reply = hear(say(false, "GET", path, "Host: x\r\n", ""));

	return json_loads(body_of(reply), 0, NULL);
}

/* ---- what is told */

static void a_page_is_told_where_it_stands(void **state)
{
	static const char *const order[] = { "hello", "recent", "status",
					     "clients" };
	int fd = listening("127.0.0.1");
	json_t *messages[4], *recent, *client;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		messages[i] = take_message(fd);
		assert_string_equal(text_of(messages[i], "type"), order[i]);
	}
	assert_string_equal(text_of(messages[0], "version"), VERSION);
	assert_int_equal(number_of(messages[0], "tick_ms"), 250);
	assert_true(number_of(messages[0], "now_ms") > 1600000000000);
	assert_int_equal(number_of(messages[1], "step_ms"), 250);
	assert_true(number_of(messages[1], "end_ms") > 1600000000000);
	assert_true(json_array_size(json_object_get(messages[1], "rx_bps")) <=
		    RATES_STEPS);
	client = json_array_get(json_object_get(messages[3], "clients"), 1);
	recent = json_object_get(client, "recent");
	assert_int_equal(number_of(recent, "step_ms"), 1000);
	assert_true(json_array_size(json_object_get(recent, "tx_bps")) <= 60);
	for (i = 0; i < 4; i++)
		json_decref(messages[i]);
	leave(fd);
}

/* The message without what only messages have is what the API returns. */
static void the_page_and_the_api_agree(void **state)
{
	int fd = listening("127.0.0.1");
	json_t *message = await(fd, "status"), *rest, *c;
	size_t i;

	(void)state;
	rest = ask_rest("/api/v1/status");
	json_object_del(message, "type");
	assert_true(json_equal(message, rest));
	json_decref(message);
	json_decref(rest);

	json_decref(await(fd, "clients")); /* the opening one, with recent */
	message = await(fd, "clients");
	rest = ask_rest("/api/v1/clients");
	/* A wall clock and a monotonic one may differ by one from read to read.
	 */
	json_array_foreach(rest, i, c) json_object_del(c, "last_seen_ms");
	json_array_foreach(json_object_get(message, "clients"), i, c)
	{
		assert_int_equal(json_object_del(c, "last_seen_ms"), 0);
	}
	assert_true(json_equal(json_object_get(message, "clients"), rest));
	json_decref(message);
	json_decref(rest);
	leave(fd);
}

static void ticks_say_what_crossed_the_boundary(void **state)
{
	int fd = listening("127.0.0.1");
	json_t *before = await(fd, "tick"), *after;

	(void)state;
	engine.totals.rx_bytes += 1000000;
	engine.totals.tx_bytes += 1000;
	after = await(fd, "tick");
	assert_int_equal(number_of(after, "rx_bytes") -
				 number_of(before, "rx_bytes"),
			 1000000);
	assert_true(number_of(after, "rx_bps") > 0);
	assert_int_equal(
		number_of(after, "rx_bps") / number_of(after, "tx_bps"), 1000);
	assert_true(number_of(after, "now_ms") > number_of(before, "now_ms"));
	json_decref(before);
	json_decref(after);
	leave(fd);

	fd = listening("127.0.0.1"); /* and it is remembered */
	before = await(fd, "recent");
	after = json_object_get(before, "rx_bps");
	assert_true(json_integer_value(json_array_get(
			    after, json_array_size(after) - 1)) > 0);
	json_decref(before);
	leave(fd);
}

static void who_lags_is_told_how_much_it_missed(void **state)
{
	static const struct engine_totals totals;
	const unsigned told = 20000;
	int slow = listening("127.0.0.1"), quick = listening("127.0.0.2");
	unsigned heard = 0, skipped = 0, i;
	json_t *message;

	(void)state;
	for (i = 0; i < 4; i++) {
		json_decref(take_message(slow));
		json_decref(take_message(quick));
	}
	for (i = 0; i < told; i++) {
		live_tick(api, (struct rate){ 0 }, &totals, false);
		if (i % 100 == 0)
			json_decref(await(quick, "tick")); /* not held up */
	}
	while (!skipped) {
		message = take_message(slow);
		if (is_type(message, "tick"))
			heard++;
		assert_true(heard < 2 * told);
		if (is_type(message, "lagging"))
			skipped = (unsigned)number_of(message, "skipped");
		json_decref(message);
	}
	/* The house's own timer may have ticked meanwhile. A tick has some 90
	 * bytes: the queues hold a bounded part of what was told. */
	assert_true(heard + skipped >= told);
	assert_true(heard < told / 2);
	leave(slow);
	leave(quick);
}

/* ---- who may listen */

static void only_our_own_pages_may_listen(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
		{ OWN, 101 },
		{ OWN "Origin: http://127.0.0.1\r\n", 101 },
		{ OWN "Origin: https://127.0.0.1\r\n", 101 },
		{ OWN "Origin: HTTP://127.0.0.1\r\n", 101 },
		{ "Host: 127.0.0.1:81\r\nOrigin: http://127.0.0.1:81\r\n",
		  101 },
		{ "Host: Portcullis\r\nOrigin: http://portcullis\r\n", 101 },
		{ OWN "Sec-Fetch-Site: same-origin\r\n", 101 },
		{ OWN "Sec-Fetch-Site: none\r\n", 101 },
		{ OWN "Origin: http://127.0.0.1:81\r\n", 403 },
		{ "Host: 127.0.0.1:81\r\nOrigin: http://127.0.0.1\r\n", 403 },
		{ OWN "Origin: http://evil.example\r\n", 403 },
		{ OWN "Origin: http://127.0.0.1.evil.example\r\n", 403 },
		{ OWN "Origin: http://evil.example/127.0.0.1\r\n", 403 },
		{ OWN "Origin: null\r\n", 403 },
		{ OWN "Origin: \r\n", 403 },
		{ OWN "Origin: 127.0.0.1\r\n", 403 },
		{ OWN "Origin: file://127.0.0.1\r\n", 403 },
		{ OWN "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ OWN "Sec-Fetch-Site: same-site\r\n", 403 },
		{ OWN "Origin: http://127.0.0.1\r\n"
		      "Sec-Fetch-Site: cross-site\r\n",
		  403 },
		{ "Host: evil.example\r\nOrigin: http://evil.example\r\n",
		  421 },
	};
	unsigned i;
	int fd, status;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = page_from("127.0.0.1", cases[i].headers);
		status = take_head(fd);
		if (status != cases[i].status)
			fail_msg("%d for %s", status, cases[i].headers);
		leave(fd);
	}
	assert_int_equal(api->live.n, 0);
}

static void settings_are_not_changed_by_other_pages(void **state)
{
	(void)state;
	reply_is(hear(say(false, "PATCH", "/api/v1/settings",
			  "Host: x\r\nOrigin: http://evil.example\r\n", "{}")),
		 403, "{\"error\":");
}

static void the_socket_of_root_may_listen_too(void **state)
{
	int fd = dial(false);

	(void)state;
	assert_true(send(fd, OFFER "Host: x\r\n\r\n",
			 sizeof(OFFER "Host: x\r\n\r\n") - 1, 0) > 0);
	assert_int_equal(take_head(fd), 101);
	json_decref(await(fd, "tick"));
	leave(fd);
}

/* Until there is a password the pages of the LAN are anybody's. */
static void events_are_for_the_owner(void **state)
{
	const struct event e = { .id = 7, .text = "The line.", .times = 1 };
	int root = dial(false), anybody = listening("127.0.0.1");
	json_t *message;

	(void)state;
	assert_true(send(root, OFFER "Host: x\r\n\r\n",
			 sizeof(OFFER "Host: x\r\n\r\n") - 1, 0) > 0);
	assert_int_equal(take_head(root), 101);
	json_decref(await(root, "tick"));
	json_decref(await(anybody, "tick"));
	api_tell_event(api, &e);
	message = await(root, "event");
	assert_string_equal(text_of(json_object_get(message, "event"), "text"),
			    "The line.");
	json_decref(message);
	for (unsigned i = 0; i < 6; i++) {
		message = take_message(anybody);
		assert_false(is_type(message, "event"));
		json_decref(message);
	}
	leave(root);
	leave(anybody);
	api_tell_event(api, &e); /* nobody listens */
}

static void pages_are_limited_by_address_and_in_all(void **state)
{
	static const char *const sources[] = { "127.0.0.1", "127.0.0.2",
					       "127.0.0.3", "127.0.0.4",
					       "127.0.0.5" };
	int fds[64], one_more;
	unsigned i;

	(void)state;
	for (i = 0; i < 64; i++) {
		fds[i] = listening(sources[i / 16]);
		if (i % 16 < 15)
			continue;
		one_more = page_from(sources[i / 16], OWN);
		assert_int_equal(take_head(one_more), 503);
		leave(one_more);
	}
	one_more = page_from(sources[4], OWN);
	assert_int_equal(take_head(one_more), 503);
	leave(one_more);
	leave(fds[0]);
	leave(listening(sources[4]));
	for (i = 1; i < 64; i++)
		close(fds[i]);
	spin(200);
	assert_int_equal(api->live.n, 0);
}

static void pages_end_with_the_servers(void **state)
{
	int fd = listening("127.0.0.1");

	(void)state;
	http_close(on_lan);
	http_close(on_unix);
	assert_int_equal(api->live.n, 0);
	api_free(api);
	leave(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_told_where_it_stands),
		cmocka_unit_test(the_page_and_the_api_agree),
		cmocka_unit_test(ticks_say_what_crossed_the_boundary),
		cmocka_unit_test(who_lags_is_told_how_much_it_missed),
		cmocka_unit_test(only_our_own_pages_may_listen),
		cmocka_unit_test(settings_are_not_changed_by_other_pages),
		cmocka_unit_test(the_socket_of_root_may_listen_too),
		cmocka_unit_test(events_are_for_the_owner),
		cmocka_unit_test(pages_are_limited_by_address_and_in_all),
		cmocka_unit_test(pages_end_with_the_servers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
