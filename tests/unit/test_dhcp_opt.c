/* test_dhcp_opt.c - options with an inner form, and ARP, byte by byte. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/proto/arp.h"
#include "../../ctl/proto/dhcp_opt.h"

#define BYTES(text) text, sizeof(text) - 1

static void names_are_read_in_both_forms(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name; /* NULL: refused */
	} table[] = {
		{ BYTES("\0\0\0tv.example"), "tv.example" },
		{ BYTES("\1\0\0"), "" },
		{ BYTES("\4\0\0\2tv\3lan\0"), "tv.lan" },
		{ BYTES("\4\0\0\2tv"), "tv" },	 /* partial */
		{ BYTES("\4\0\0\0\2tv"), "" },	 /* ends at once */
		{ BYTES("\4\0\0\3tv"), NULL },	 /* runs past its end */
		{ BYTES("\4\0\0\x40tv"), NULL }, /* longer than a label */
		{ BYTES("\4\0\0\xc0\4"), NULL }, /* no compression here */
		{ BYTES("\4\0"), NULL },
		{ BYTES(""), NULL },
	};
	struct dhcp_fqdn f;
	unsigned i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		r = dhcp_fqdn_parse(&f, rd_init(table[i].bytes, table[i].len));
		assert_int_equal(r, table[i].name ? 0 : -EBADMSG);
		if (!r)
			assert_string_equal(f.name, table[i].name);
	}
}

static void the_longest_names_are_cut_or_refused(void **state)
{
	uint8_t bytes[600] = { 0 };
	struct dhcp_fqdn f;
	unsigned i;

	(void)state;
	memset(bytes + 3, 'a', sizeof(bytes) - 3);
	assert_int_equal(dhcp_fqdn_parse(&f, rd_init(bytes, sizeof(bytes))), 0);
	assert_int_equal(strlen(f.name), DHCP_FQDN_NAME - 1);
	bytes[0] = DHCP_FQDN_E;
	for (i = 0; i < 9; i++)
		bytes[3 + 64 * i] = 63;
	assert_int_equal(dhcp_fqdn_parse(&f, rd_init(bytes, 3 + 64 * 9)),
			 -EBADMSG);
}

static void names_are_written_in_the_form_asked_for(void **state)
{
	uint8_t bytes[DHCP_FQDN_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct dhcp_fqdn f = { .flags = DHCP_FQDN_S, .name = "tv.lan" };

	(void)state;
	dhcp_fqdn_write(&w, &f);
	assert_int_equal(wr_len(&w), 9);
	assert_memory_equal(bytes, "\1\xff\xfftv.lan", 9);
	f.flags |= DHCP_FQDN_E;
	w = wr_init(bytes, sizeof(bytes));
	dhcp_fqdn_write(&w, &f);
	assert_int_equal(wr_len(&w), 11);
	assert_memory_equal(bytes, "\5\xff\xff\2tv\3lan\0", 11);
	f.name[0] = '\0';
	dhcp_fqdn_write(&w, &f);
	assert_true(w.bad);
}

static void routes_take_the_bytes_that_count(void **state)
{
	static const uint8_t expected[] = { 0, 10,  77, 0,  1, 24, 192, 168,
					    9, 10,  77, 0,  7, 25, 10,	1,
					    2, 128, 10, 77, 0, 7 };
	uint8_t bytes[64];
	struct wr w = wr_init(bytes, sizeof(bytes));
	__be32 net, router;
	unsigned len, n = 0;
	struct rd r;

	(void)state;
	dhcp_route_write(&w, 0, 0, inet_addr("10.77.0.1"));
	dhcp_route_write(&w, inet_addr("192.168.9.0"), 24,
			 inet_addr("10.77.0.7"));
	dhcp_route_write(&w, inet_addr("10.1.2.128"), 25,
			 inet_addr("10.77.0.7"));
	assert_int_equal(wr_len(&w), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	r = rd_init(bytes, wr_len(&w));
	while (dhcp_route_read(&r, &net, &len, &router))
		n++;
	assert_int_equal(n, 3);
	assert_false(r.bad);
	assert_int_equal(net, inet_addr("10.1.2.128"));
	bytes[0] = 33;
	r = rd_init(bytes, wr_len(&w));
	assert_false(dhcp_route_read(&r, &net, &len, &router));
	assert_true(r.bad);
}

static void resolvers_are_written_as_rfc_9463_draws_them(void **state)
{
	static const uint8_t expected[] = { 0,	 26,  0, 1,   10,  3,	'd',
					    'n', 's', 4, 'h', 'o', 'm', 'e',
					    0,	 4,   9, 9,   9,   9,	0,
					    1,	 0,   4, 3,   'd', 'o', 't' };
	uint8_t bytes[64];
	struct wr w = wr_init(bytes, sizeof(bytes));

	(void)state;
	dhcp_dnr_write(&w, 1, "dns.home", inet_addr("9.9.9.9"));
	assert_int_equal(wr_len(&w), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	dhcp_dnr_write(&w, 1, "", inet_addr("9.9.9.9"));
	assert_true(w.bad);
}

static void arp_is_read_as_it_was_written(void **state)
{
	const struct arp a = { .op = ARP_REPLY,
			       .sender = { { 2, 0, 0, 0, 0, 1 } },
			       .target = { { 2, 0, 0, 0, 0, 2 } },
			       .sender_ip = inet_addr("10.77.0.5"),
			       .target_ip = inet_addr("10.77.0.1") };
	uint8_t bytes[ARP_SIZE + 18] = { 0 };
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct arp b;
	unsigned i;

	(void)state;
	arp_write(&w, &a);
	assert_int_equal(wr_len(&w), ARP_SIZE);
	assert_memory_equal(bytes, "\0\1\x08\0\6\4\0\2", 8);
	assert_int_equal(arp_parse(&b, bytes, sizeof(bytes)), 0);
	assert_int_equal(b.op, ARP_REPLY);
	assert_true(mac_eq(&a.sender, &b.sender));
	assert_true(mac_eq(&a.target, &b.target));
	assert_int_equal(b.sender_ip, a.sender_ip);
	assert_int_equal(b.target_ip, a.target_ip);
	assert_int_equal(arp_parse(&b, bytes, ARP_SIZE - 1), -EBADMSG);
	for (i = 0; i < 6; i++) { /* another network or another protocol */
		bytes[i] ^= 1;
		assert_int_equal(arp_parse(&b, bytes, sizeof(bytes)), -EBADMSG);
		bytes[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_in_both_forms),
		cmocka_unit_test(the_longest_names_are_cut_or_refused),
		cmocka_unit_test(names_are_written_in_the_form_asked_for),
		cmocka_unit_test(routes_take_the_bytes_that_count),
		cmocka_unit_test(resolvers_are_written_as_rfc_9463_draws_them),
		cmocka_unit_test(arp_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
