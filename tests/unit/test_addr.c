/* test_addr.c - text of addresses: what is taken, what is refused, and that
 * what is said reads back. */
#include "ctl/base/addr.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void addresses_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *back; /* NULL: refused */
	} rows[] = {
		{ "10.77.0.1", "10.77.0.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "FD00:0:0::0001", "fd00::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "", NULL },
		{ "10.77.0", NULL },
		{ "10.77.0.256", NULL },
		{ "010.77.0.1", NULL },
		{ " 10.77.0.1", NULL },
		{ "10.77.0.1 ", NULL },
		{ "10.77.0.1/24", NULL },
		{ "1::2::3", NULL },
		{ "fe80::1%eth0", NULL },
	};
	char buf[ADDR_STRLEN];
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool good = addr_parse(rows[i].text, &a);

		assert_int_equal(good, rows[i].back != NULL);
		if (good)
			assert_string_equal(addr_format(&a, buf), rows[i].back);
	}
}

static void ipv4_is_mapped(void **state)
{
	struct addr a;

	(void)state;
	assert_true(addr_parse("192.0.2.1", &a));
	assert_true(addr_is_v4(&a));
	assert_int_equal(addr_to_v4(&a), htonl(0xc0000201));
	assert_int_equal(v4_mask(24), htonl(0xffffff00));
	assert_int_equal(v4_mask(0), 0);
	assert_int_equal(v4_mask(32), 0xffffffff);
	assert_true(addr_parse("0.0.0.0", &a) && addr_is_zero(&a));
	assert_true(addr_parse("::", &a) && addr_is_zero(&a));
	assert_false(addr_parse("::1", &a) && addr_is_v4(&a));
}

static void hardware_addresses_are_read_and_written(void **state)
{
	static const char *const refused[] = {
		"",
		"02:00:5e:00:53",
		"02:00:5e:00:53:0g",
		"02:00:5e:00:53:1",
		"02:00:5e-00:53:01",
		"0200.5e00.5301",
		"02:00:5e:00:53:01:",
		"+2:00:5e:00:53:01",
		"02 00 5e 00 53 01",
	};
	char buf[MAC_STRLEN];
	struct mac m;
	size_t i;

	(void)state;
	assert_true(mac_parse("02:00:5E:00:53:0a", &m));
	assert_string_equal(mac_format(&m, buf), "02:00:5e:00:53:0a");
	assert_true(mac_parse("02-00-5e-00-53-0a", &m));
	assert_string_equal(mac_format(&m, buf), "02:00:5e:00:53:0a");
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_false(mac_parse(refused[i], &m));
}

static void prefixes_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		int len; /* -1: refused */
		const char *network;
	} rows[] = {
		{ "10.77.0.1/24", 120, "10.77.0.0/24" },
		{ "0.0.0.0/0", 96, "0.0.0.0/0" },
		{ "192.0.2.255/32", 128, "192.0.2.255/32" },
		{ "172.16.255.255/12", 108, "172.16.0.0/12" },
		{ "fd00::1/8", 8, "fd00::/8" },
		{ "2001:db8::ffff/64", 64, "2001:db8::/64" },
		{ "2001:db8::ffff/127", 127, "2001:db8::fffe/127" },
		{ "::/0", 0, "::/0" },
		{ "10.77.0.1", -1, NULL },
		{ "10.77.0.1/", -1, NULL },
		{ "10.77.0.1/33", -1, NULL },
		{ "10.77.0.1/-1", -1, NULL },
		{ "10.77.0.1/24x", -1, NULL },
		{ "10.77.0.1/4294967320", -1, NULL },
		{ "fd00::/129", -1, NULL },
		{ "/24", -1, NULL },
	};
	char buf[PREFIX_STRLEN];
	struct prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool good = prefix_parse(rows[i].text, &p);

		assert_int_equal(good, rows[i].len >= 0);
		if (!good)
			continue;
		assert_int_equal(p.len, rows[i].len);
		p = prefix_network(&p);
		assert_string_equal(prefix_format(&p, buf), rows[i].network);
	}
}

static void prefixes_contain_and_overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} rows[] = {
		{ "10.77.0.1/24", "10.77.0.200/32", true },
		{ "10.77.0.1/24", "10.77.1.0/24", false },
		{ "10.0.0.0/8", "10.77.0.0/24", true },
		{ "0.0.0.0/0", "203.0.113.7/32", true },
		{ "10.77.0.0/25", "10.77.0.128/25", false },
		{ "2001:db8::/32", "2001:db8:ffff::/48", true },
		{ "2001:db8::/65", "2001:db8::8000:0:0:0/65", false },
		{ "2001:db8::/32", "10.77.0.0/24", false },
	};
	struct prefix a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(prefix_parse(rows[i].a, &a));
		assert_true(prefix_parse(rows[i].b, &b));
		assert_int_equal(prefix_overlap(&a, &b), rows[i].overlap);
		assert_int_equal(prefix_overlap(&b, &a), rows[i].overlap);
		assert_int_equal(prefix_has(&a, &b.addr), rows[i].overlap);
	}
}

static void endpoints_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *back; /* NULL: refused */
	} rows[] = {
		{ "1.2.3.4", "1.2.3.4:53" },
		{ "1.2.3.4:5353", "1.2.3.4:5353" },
		{ "::1", "[::1]:53" },
		{ "[::1]", "[::1]:53" },
		{ "[::1]:65535", "[::1]:65535" },
		{ "1.2.3.4:", NULL },
		{ "1.2.3.4:0", NULL },
		{ "1.2.3.4:65536", NULL },
		{ "1.2.3.4:53x", NULL },
		{ "[1.2.3.4]:53", NULL },
		{ "[::1", NULL },
		{ "[::1]53", NULL },
		{ ":53", NULL },
		{ "", NULL },
		{ "resolver.example:53", NULL },
	};
	char buf[ENDPOINT_STRLEN];
	struct endpoint e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool good = endpoint_parse(rows[i].text, 53, &e);

		assert_int_equal(good, rows[i].back != NULL);
		if (good)
			assert_string_equal(endpoint_format(&e, buf),
					    rows[i].back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(ipv4_is_mapped),
		cmocka_unit_test(hardware_addresses_are_read_and_written),
		cmocka_unit_test(prefixes_are_read_and_written),
		cmocka_unit_test(prefixes_contain_and_overlap),
		cmocka_unit_test(endpoints_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
