/* test_http.c - requests whole, cut, pipelined and malformed. */
#include "http_house.h"

/* Says 'text', hears 'part', and whether the connection ends then. */
static void ask(const char *text, const char *part, bool ends)
{
	int fd = client();
	const char *reply;
	bool ended;

	say(fd, text);
	reply = hear(fd, &ended);
	if (!strstr(reply, part) || ended != ends)
		fail_msg("%.80s: no '%s' (ended: %d) in '%s'", text, part,
			 ended, reply);
	close(fd);
	spin(5);
}

static void a_request_may_be_cut_anywhere(void **state)
{
	static const char text[] =
		"POST /a%20b?x=1&name=J%C3%B6 HTTP/1.1\r\n"
		"Host: x\r\nX-Test:  v w \t\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2;e=f\r\nde\r\n0\r\nT: u\r\n\r\n";
	static const char reply[] =
		"POST /a b name=J\xc3\xb6 x=v w body=5:abcde.";
	size_t cut;
	int fd = client(), one;

	(void)state;
	for (cut = 1; cut < sizeof(text) - 1; cut++) {
		say_bytes(fd, text, cut);
		spin(3);
		say(fd, text + cut);
		hears(fd, reply);
	}
	one = client();
	for (cut = 0; cut < sizeof(text) - 1; cut++)
		say_bytes(one, text + cut, 1);
	hears(one, reply);
	close(one);
	close(fd);
}

static void pipelined_requests_are_answered_in_turn(void **state)
{
	int fd = client();
	const char *text;

	(void)state;
	asked = 0;
	say(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		"GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_string_equal(hear(fd, NULL), "");
	assert_int_equal(asked, 1);
	http_reply(held, 200, "text/plain", NULL, "first.", 6);
	text = hear(fd, NULL);
	assert_non_null(strstr(text, "first."));
	assert_non_null(strstr(strstr(text, "first."), "GET /1 "));
	assert_non_null(strstr(strstr(text, "GET /1 "), "GET /2 "));
	assert_null(strstr(text, "GET /3 "));
	assert_int_equal(asked, 3);
	close(fd);
}

static void ten_thousand_pipelined_requests_pass(void **state)
{
	static const char text[] = "GET /p HTTP/1.1\r\nHost: x\r\n\r\n";
	struct pollfd p;
	int fd = client();
	char sink[65536];
	unsigned i;

	(void)state;
	asked = 0;
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (i = 0; i < 10000; i++) {
		say(fd, text);
		while (recv(fd, sink, sizeof(sink), 0) > 0)
			;
	}
	for (i = 0; i < 1000 && asked < 10000; i++) {
		spin(10);
		poll(&p, 1, 1);
		while (recv(fd, sink, sizeof(sink), 0) > 0)
			;
	}
	assert_int_equal(asked, 10000);
	close(fd);
}

static void connections_are_kept_or_closed_as_asked(void **state)
{
	(void)state;
	ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Connection: keep-alive",
	    false);
	ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	    "Connection: close", true);
	ask("GET / HTTP/1.0\r\n\r\n", "Connection: close", true);
	ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    "Connection: keep-alive", false);
	ask("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / name", false);
	ask("GET http://x/abs?name=n HTTP/1.1\r\nHost: x\r\n\r\n",
	    "GET /abs name=n", false);
	ask("GET /up HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n",
	    "GET /up ", false);
}

static void what_is_bad_is_named(void **state)
{
	static const struct {
		const char *text, *reply;
	} cases[] = {
		{ "hello\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", " 400 " },
		{ "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", " 400 " },
		{ "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", " 400 " },
		{ "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", " 400 " },
		{ "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", " 400 " },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", " 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		  " 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		  " 400 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
		  " 413 " },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
		  "18446744073709551616\r\n\r\n",
		  " 400 " },
		{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n",
		  " 417 " },
		{ "GET /api/%zz HTTP/1.1\r\nHost: a\r\n\r\n",
		  "{\"error\":\"The request's target is malformed.\"}" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(cases[i].text, cases[i].reply, true);
		ask(cases[i].text, "Security-Policy: default-src 'self'", true);
	}
}

static void a_megabyte_of_headers_is_431(void **state)
{
	static char flood[1 << 20];
	int fd = client();
	bool ended;

	(void)state;
	memset(flood, 'a', sizeof(flood));
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	say_bytes(fd, flood, sizeof(flood));
	assert_non_null(strstr(hear(fd, &ended), " 431 "));
	close(fd);

	fd = client();
	say(fd, "GET /");
	say_bytes(fd, flood, sizeof(flood));
	hears(fd, " 431 ");
	close(fd);

	fd = client();
	memset(flood, ' ', sizeof(flood));
	say(fd, "GET / HTTP/1.1\r\nHost:");
	say_bytes(fd, flood, sizeof(flood));
	hears(fd, " 431 ");
	close(fd);
	spin(5);
}

static void the_head_may_be_as_long_as_said(void **state)
{
	static char text[HTTP_HEAD_MAX + 64];
	int head, fd;

	(void)state;
	head = sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	memset(text + head, 'a', sizeof(text) - (size_t)head);
	strcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n");
	fd = client();
	say(fd, text);
	hears(fd, " 200 ");
	close(fd);
	strcpy(text + HTTP_HEAD_MAX - 4, "a\r\n\r\n");
	fd = client();
	say(fd, text);
	hears(fd, " 431 ");
	close(fd);
}

static void bodies_may_be_as_long_as_said(void **state)
{
	static char body[HTTP_BODY_MAX + 1];
	char head[128];
	int fd = client();
	unsigned i;

	(void)state;
	memset(body, 'b', sizeof(body));
	sprintf(head,
		"PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
		HTTP_BODY_MAX);
	say(fd, head);
	say_bytes(fd, body, HTTP_BODY_MAX);
	hears(fd, "body=65536:bbbb");
	say(fd, "PATCH / HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n10001\r\n");
	say_bytes(fd, body, sizeof(body));
	hears(fd, " 413 ");
	close(fd);

	fd = client();
	say(fd, "PATCH / HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n1;");
	for (i = 0; i < 10; i++)
		say_bytes(fd, body, sizeof(body));
	hears(fd, " 413 ");
	close(fd);
	spin(5);
}

static void who_waits_for_continue_hears_it(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
		"Expect: 100-continue\r\n\r\n");
	assert_string_equal(hear(fd, NULL), "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "abc");
	hears(fd, "body=3:abc.");
	close(fd);
	ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n"
	    "Expect: 100-continue\r\n\r\n",
	    "HTTP/1.1 413 ", true);
}

static void head_and_304_have_no_body(void **state)
{
	int fd = client();
	const char *text;

	(void)state;
	say(fd, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
	text = hear(fd, NULL);
	assert_non_null(strstr(text, "Content-Length: 27\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	say(fd, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
	text = hear(fd, NULL);
	assert_non_null(strstr(text, " 304 "));
	assert_non_null(strstr(text, "ETag: \"1\"\r\n"));
	assert_null(strstr(text, "Content-Length"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	close(fd);
}

static void who_closes_its_sending_half_is_answered(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /half HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	hears(fd, "GET /half ");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_may_be_cut_anywhere),
		cmocka_unit_test(pipelined_requests_are_answered_in_turn),
		cmocka_unit_test(ten_thousand_pipelined_requests_pass),
		cmocka_unit_test(connections_are_kept_or_closed_as_asked),
		cmocka_unit_test(what_is_bad_is_named),
		cmocka_unit_test(a_megabyte_of_headers_is_431),
		cmocka_unit_test(the_head_may_be_as_long_as_said),
		cmocka_unit_test(bodies_may_be_as_long_as_said),
		cmocka_unit_test(who_waits_for_continue_hears_it),
		cmocka_unit_test(head_and_304_have_no_body),
		cmocka_unit_test(who_closes_its_sending_half_is_answered),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
