/* test_dns_name.c - names off the wire: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/proto/dns_name.h"

/* A message of a header and 'body'; the name is read at 'at' of the body. */
static bool read_at(const void *body, size_t len, size_t at,
		    struct dns_name *out, size_t *left)
{
	uint8_t msg[600] = { 0 };
	struct rd r;

	memcpy(msg + DNS_HEADER_LEN, body, len);
	r = rd_init(msg, DNS_HEADER_LEN + len);
	rd_skip(&r, DNS_HEADER_LEN + at);
	dns_name_read(&r, msg, out);
	if (left)
		*left = rd_left(&r);
	return !r.bad;
}

static void reads_plain_and_compressed(void **state)
{
	static const char body[] = "\3www\3lan\0\2ab\xc0\x10\xc0\x15";
	struct dns_name n, want;
	size_t left;

	(void)state;
	assert_true(read_at(body, sizeof(body) - 1, 0, &n, &left));
	dns_name_from_text(&want, "www.lan");
	assert_true(dns_name_eq(&n, &want));
	assert_int_equal(left, sizeof(body) - 1 - 9);
	assert_true(read_at(body, sizeof(body) - 1, 9, &n, &left));
	dns_name_from_text(&want, "ab.lan");
	assert_true(dns_name_eq(&n, &want));
	assert_int_equal(left, 2);
	assert_true(read_at(body, sizeof(body) - 1, 14, &n, &left));
	assert_true(dns_name_eq(&n, &want));
	assert_int_equal(left, 0);
}

static void refuses_what_lies(void **state)
{
	static const struct {
		const char *why, *body;
		size_t len, at;
	} t[] = {
		{ "points at itself", "\xc0\x0c", 2, 0 },
		{ "two point at each other", "\xc0\x0e\xc0\x0c", 4, 2 },
		{ "label, then back to it", "\1a\xc0\x0c", 4, 0 },
		{ "forward", "\xc0\x0f\0\1a\0", 6, 0 },
		{ "into the header", "\xc0\x00", 2, 0 },
		{ "into the header's end", "\xc0\x0b", 2, 0 },
		{ "half a pointer", "\xc0", 1, 0 },
		{ "label type 01",
		  "\x41"
		  "a\0",
		  3, 0 },
		{ "label type 10",
		  "\x81"
		  "a\0",
		  3, 0 },
		{ "label beyond the end", "\5ab", 3, 0 },
		{ "no root label", "\2ab", 3, 0 },
		{ "nothing", "", 0, 0 },
	};
	struct dns_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (read_at(t[i].body, t[i].len, t[i].at, &n, NULL))
			fail_msg("taken: %s", t[i].why);
		assert_int_equal(n.len, 1);
	}
}

static void length_ends_at_255(void **state)
{
	uint8_t body[300];
	struct dns_name n;
	unsigned i;

	(void)state;
	memset(body, 'a', sizeof(body));
	for (i = 0; i < 3; i++)
		body[i * 64] = 63;
	body[192] = 61;
	body[192 + 62] = 0;
	assert_true(read_at(body, 255, 0, &n, NULL));
	assert_int_equal(n.len, 255);
	body[192] = 62;
	body[192 + 63] = 0;
	assert_false(read_at(body, 256, 0, &n, NULL));
}

static void text_both_ways(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "nas.lan", "nas.lan" },
		{ "nas.lan.", "nas.lan" },
		{ "", "." },
		{ ".", "." },
		{ "a b.lan", "a\\032b.lan" },
		{ "a..b", NULL },
		{ ".a", NULL },
	};
	char buf[DNS_NAME_STRLEN];
	struct dns_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(dns_name_from_text(&n, t[i].in), !!t[i].out);
		if (t[i].out)
			assert_string_equal(dns_name_format(&n, buf), t[i].out);
	}
}

static void label_of_64_is_no_text(void **state)
{
	char text[65];
	struct dns_name n;

	(void)state;
	memset(text, 'a', 64);
	text[64] = 0;
	assert_false(dns_name_from_text(&n, text));
	assert_true(dns_name_from_text(&n, text + 1));
}

static void compares_by_label(void **state)
{
	static const struct {
		const char *name, *zone;
		bool under;
	} t[] = {
		{ "nas.lan", "lan", true },  { "NAS.Lan", "lAN", true },
		{ "lan", "lan", true },	     { "xlan", "lan", false },
		{ "a.xlan", "lan", false },  { "lan.com", "lan", false },
		{ "lan", "nas.lan", false }, { "a.b.c.lan", "c.lan", true },
		{ "anything", "", true },    { "", "lan", false },
	};
	struct dns_name n, zone;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		dns_name_from_text(&n, t[i].name);
		dns_name_from_text(&zone, t[i].zone);
		assert_int_equal(dns_name_under(&n, &zone), t[i].under);
	}
}

static void joins_and_strips(void **state)
{
	struct dns_name head, zone, full, back;

	(void)state;
	dns_name_from_text(&head, "a.nas");
	dns_name_from_text(&zone, "home.lan");
	assert_true(dns_name_join(&full, &head, &zone));
	assert_int_equal(dns_name_labels(&full), 4);
	dns_name_strip(&back, &full, &zone);
	assert_true(dns_name_eq(&back, &head));
}

static void reverse_names(void **state)
{
	static const struct {
		const char *addr, *name;
	} t[] = {
		{ "10.77.0.1", "1.0.77.10.in-addr.arpa" },
		{ "fd00::5", "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			     "0.0.0.0.0.0.d.f.ip6.arpa" },
	};
	char buf[DNS_NAME_STRLEN];
	struct dns_name n;
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_true(addr_parse(t[i].addr, &a));
		dns_name_reverse(&n, &a);
		assert_string_equal(dns_name_format(&n, buf), t[i].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_plain_and_compressed),
		cmocka_unit_test(refuses_what_lies),
		cmocka_unit_test(length_ends_at_255),
		cmocka_unit_test(text_both_ways),
		cmocka_unit_test(label_of_64_is_no_text),
		cmocka_unit_test(compares_by_label),
		cmocka_unit_test(joins_and_strips),
		cmocka_unit_test(reverse_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
