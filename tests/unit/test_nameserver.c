/* test_nameserver.c - DNS servers as text, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "ctl/base/nameserver.h"

static void text_there_and_back(void **state)
{
	static const struct {
		const char *text, *back;
		enum nameserver_tls tls;
		uint16_t port;
		const char *name;
	} t[] = {
		{ "9.9.9.9", "9.9.9.9", NAMESERVER_PLAIN, 53, "" },
		{ "9.9.9.9:53", "9.9.9.9", NAMESERVER_PLAIN, 53, "" },
		{ "9.9.9.9:5353", "9.9.9.9:5353", NAMESERVER_PLAIN, 5353, "" },
		{ "[fd00::1]:5353", "[fd00::1]:5353", NAMESERVER_PLAIN, 5353,
		  "" },
		{ "tls://9.9.9.9", "tls://9.9.9.9", NAMESERVER_TLS, 853, "" },
		{ "tls://9.9.9.9:853#dns.quad9.net",
		  "tls://9.9.9.9#dns.quad9.net", NAMESERVER_TLS, 853,
		  "dns.quad9.net" },
		{ "tls://9.9.9.9:8853#a.b", "tls://9.9.9.9:8853#a.b",
		  NAMESERVER_TLS, 8853, "a.b" },
		{ "try-tls://[2620:fe::fe]", "try-tls://2620:fe::fe",
		  NAMESERVER_TRY_TLS, 853, "" },
	};
	struct nameserver n, again;
	char text[NAMESERVER_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!nameserver_parse(t[i].text, &n))
			fail_msg("%s", t[i].text);
		assert_int_equal(n.tls, t[i].tls);
		assert_int_equal(ntohs(n.at.port), t[i].port);
		assert_string_equal(n.name, t[i].name);
		assert_string_equal(nameserver_format(&n, text), t[i].back);
		assert_true(nameserver_parse(text, &again));
		assert_true(nameserver_eq(&n, &again));
	}
}

static void what_is_none(void **state)
{
	static const char *const t[] = {
		"",
		"dns.google",
		"9.9.9.9#dns.quad9.net",
		"tls://",
		"tls://9.9.9.9#",
		"tls://9.9.9.9#a/b",
		"tls://9.9.9.9#a b",
		"try-tls://9.9.9.9#a",
		"https://9.9.9.9",
		"tls:/9.9.9.9",
		"9.9.9.9:0x1",
	};
	struct nameserver n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (nameserver_parse(t[i], &n))
			fail_msg("taken: %s", t[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_there_and_back),
		cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
