/* test_dhcp_msg.c - DHCP messages are read as sent, and never past their end.
 */
#include <errno.h>

#include "dhcp_kit.h"

#define HEAD	 240 /* fixed fields and cookie */
#define SNAME_AT 44
#define FILE_AT	 108

static size_t option_of(const struct dhcp_msg *m, uint8_t code, uint8_t *out)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(m, code, join);
	size_t n = rd_left(&r);

	rd_bytes(&r, out, n);
	return n;
}

static void head(uint8_t out[HEAD])
{
	struct dhcp_msg m = { .op = DHCP_OP_REQUEST,
			      .htype = 1,
			      .hlen = 6,
			      .xid = KIT_XID,
			      .flags = DHCP_BROADCAST,
			      .ciaddr = htonl(0x0a4d0005) };
	struct wr w = wr_init(out, HEAD);

	dhcp_msg_write_head(&w, &m);
	assert_false(w.bad);
	assert_int_equal(wr_len(&w), HEAD);
}

static int parse_options(struct dhcp_msg *m, uint8_t *buf, const void *options,
			 size_t len)
{
	head(buf);
	memcpy(buf + HEAD, options, len);
	return dhcp_msg_parse(m, buf, HEAD + len);
}

static void what_is_written_is_read(void **state)
{
	struct kit_msg k;
	struct dhcp_msg m;
	uint8_t value[DHCP_MSG_MAX];

	(void)state;
	kit_begin(&k, 9, DHCP_REQUEST, ip("10.77.0.9"));
	dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, ip("10.77.0.8"));
	dhcp_msg_write_be32(&k.w, DHCP_OPT_LEASE_TIME, 3600);
	dhcp_msg_write_be16(&k.w, DHCP_OPT_MTU, 1492);
	m = kit_end(&k);
	assert_int_equal(wr_len(&k.w), 300);
	assert_int_equal(m.op, DHCP_OP_REQUEST);
	assert_int_equal(m.type, DHCP_REQUEST);
	assert_int_equal(m.xid, KIT_XID);
	assert_int_equal(m.ciaddr, ip("10.77.0.9"));
	assert_memory_equal(m.chaddr, kit_mac(9).b, 6);
	assert_int_equal(dhcp_msg_addr(&m, DHCP_OPT_REQUESTED),
			 ip("10.77.0.8"));
	assert_int_equal(dhcp_msg_u32(&m, DHCP_OPT_LEASE_TIME), 3600);
	assert_int_equal(option_of(&m, DHCP_OPT_MTU, value), 2);
	assert_memory_equal(value, "\x05\xd4", 2);
	assert_int_equal(dhcp_msg_addr(&m, DHCP_OPT_SERVER_ID), 0);
}

static void options_that_lie_are_refused(void **state)
{
	static const struct {
		const char *options;
		size_t len;
		int err;
	} table[] = {
		{ "", 0, 0 },		     /* none at all, no End */
		{ "\xff", 1, 0 },	     /* End alone */
		{ "\0\0\0\xff", 4, 0 },	     /* pads */
		{ "\x35\x01\x01", 3, 0 },    /* no End after the last */
		{ "\x35", 1, -EBADMSG },     /* code without length */
		{ "\x35\x01", 2, -EBADMSG }, /* length without value */
		{ "\x0c\xff"
		  "a",
		  3, -EBADMSG },	      /* longer than the rest */
		{ "\xff\x0c\xff", 3, 0 },     /* after the End: not read */
		{ "\x34\x01\x01\xff", 4, 0 }, /* overload: file, all pads */
		{ "\x34\x01\x07\xff", 4, 0 }, /* bits without a meaning */
	};
	uint8_t buf[DHCP_MSG_MAX];
	struct dhcp_msg m;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(
			parse_options(&m, buf, table[i].options, table[i].len),
			table[i].err);
}

static void every_cut_is_refused_or_sound(void **state)
{
	struct dhcp_msg m;
	struct kit_msg k;
	size_t len;

	(void)state;
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "laptop", 6);
	kit_end(&k);
	for (len = 0; len < HEAD; len++)
		assert_int_equal(dhcp_msg_parse(&m, k.bytes, len), -EBADMSG);
	for (; len < wr_len(&k.w); len++)
		(void)dhcp_msg_parse(&m, k.bytes, len);
	k.bytes[HEAD - 1] ^= 1;
	assert_int_equal(dhcp_msg_parse(&m, k.bytes, 300), -EBADMSG);
	k.bytes[HEAD - 1] ^= 1;
	k.bytes[2] = 17; /* a hardware address longer than its field */
	assert_int_equal(dhcp_msg_parse(&m, k.bytes, 300), -EBADMSG);
	assert_int_equal(dhcp_msg_parse(&m, k.bytes, DHCP_MSG_MAX + 1),
			 -EMSGSIZE);
}

static void pieces_of_an_option_are_joined(void **state)
{
	uint8_t long_value[600], value[DHCP_MSG_MAX];
	struct kit_msg k;
	struct dhcp_msg m;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(long_value); i++)
		long_value[i] = (uint8_t)i;
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	assert_true(dhcp_msg_write_option(&k.w, 77, long_value,
					  sizeof(long_value)));
	dhcp_msg_write_option(&k.w, 81, "x", 1);
	m = kit_end(&k);
	assert_int_equal(option_of(&m, 77, value), sizeof(long_value));
	assert_memory_equal(value, long_value, sizeof(long_value));
	assert_int_equal(option_of(&m, 81, value), 1);
}

static void overloaded_fields_hold_options(void **state)
{
	static const uint8_t options[] = { 52, 1, 3, 12, 2, 'a', 'b', 255 };
	static const uint8_t file[] = { 12, 1, 'c', 53, 1, 3, 255 };
	static const uint8_t sname[] = { 0, 12, 1, 'd', 255 };
	uint8_t buf[DHCP_MSG_MAX], value[DHCP_MSG_MAX];
	struct dhcp_msg m;

	(void)state;
	head(buf);
	memcpy(buf + FILE_AT, file, sizeof(file));
	memcpy(buf + SNAME_AT, sname, sizeof(sname));
	memcpy(buf + HEAD, options, sizeof(options));
	assert_int_equal(dhcp_msg_parse(&m, buf, HEAD + sizeof(options)), 0);
	assert_int_equal(m.type, DHCP_REQUEST);
	/* Options, then file, then sname (RFC 3396, 5). */
	assert_int_equal(option_of(&m, 12, value), 4);
	assert_memory_equal(value, "abcd", 4);

	buf[HEAD + 2] = 2; /* sname alone */
	assert_int_equal(dhcp_msg_parse(&m, buf, HEAD + sizeof(options)), 0);
	assert_int_equal(m.type, 0);
	assert_int_equal(option_of(&m, 12, value), 3);

	buf[SNAME_AT + 2] = 200; /* runs past its field */
	assert_int_equal(dhcp_msg_parse(&m, buf, HEAD + sizeof(options)),
			 -EBADMSG);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	uint8_t buf[10], big[255] = { 0 };
	struct wr w = wr_init(buf, sizeof(buf));

	(void)state;
	assert_false(dhcp_msg_write_option(&w, 1, big, sizeof(big)));
	assert_true(dhcp_msg_write_addr(&w, 1, 0));
	assert_false(dhcp_msg_write_be16(&w, 26, 1500)); /* no End after it */
	assert_true(dhcp_msg_write_u8(&w, 53, 1));
	assert_int_equal(wr_len(&w), 9);
	assert_false(w.bad);
}

static void domains_become_labels(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *wire;
	} table[] = {
		{ "lan", 5, "\3lan" },	{ "home.arpa", 11, "\4home\4arpa" },
		{ "lan.", 5, "\3lan" }, { "", 0, "" },
		{ ".", 0, "" },		{ "a..b", 0, "" },
	};
	uint8_t out[DHCP_DOMAIN_MAX];
	char longest[65];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(dhcp_msg_domain(table[i].name, out),
				 table[i].len);
		assert_memory_equal(out, table[i].wire, table[i].len);
	}
	memset(longest, 'x', sizeof(longest));
	longest[64] = '\0';
	assert_int_equal(dhcp_msg_domain(longest, out), 0);
	longest[63] = '\0';
	assert_int_equal(dhcp_msg_domain(longest, out), 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(options_that_lie_are_refused),
		cmocka_unit_test(every_cut_is_refused_or_sound),
		cmocka_unit_test(pieces_of_an_option_are_joined),
		cmocka_unit_test(overloaded_fields_hold_options),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(domains_become_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
