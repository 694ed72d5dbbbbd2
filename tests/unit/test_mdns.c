/* test_mdns.c - whom a multicast DNS message names: its sender, and nobody
 * else. */
#include "test_dns_build.h"

#include <string.h>

#include "ctl/proto/mdns.h"

#define UNIQUE 0x8001 /* class IN, and the only one of its name */

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static const char *name_from(const struct build *b, const char *source)
{
	static char name[MDNS_NAME_SIZE];
	struct addr from = addr_of(source);

	return mdns_read(b->bytes, wr_len(&b->w), &from, name) ? name : NULL;
}

static void an_address_record_names_its_own_sender(void **state)
{
	struct addr v6 = addr_of("fe80::5");
	struct build b;

	(void)state;
	build_begin(&b, 0, 0x8400, 0, 3, 0, 0);
	build_rr(&b, "_http._tcp.local", DNS_PTR, 120, "\5Piano\300\14", 8);
	build_rr(&b, "piano.local", DNS_A, 120, "\12\115\0\5", 4);
	build_rr(&b, "piano6.local", DNS_AAAA, 120, &v6, 16);
	assert_string_equal(name_from(&b, "10.77.0.5"), "piano");
	assert_string_equal(name_from(&b, "fe80::5"), "piano6");
	assert_null(name_from(&b, "10.77.0.6"));
	assert_null(name_from(&b, "fe80::6"));
}

static void the_bit_of_unique_records_is_no_class(void **state)
{
	struct build b;

	(void)state;
	build_begin(&b, 0, 0x8400, 0, 1, 0, 0);
	build_name(&b, "piano.local");
	wr_be16(&b.w, DNS_A);
	wr_be16(&b.w, UNIQUE);
	wr_be32(&b.w, 120);
	wr_be16(&b.w, 4);
	wr_bytes(&b.w, "\12\115\0\5", 4);
	assert_string_equal(name_from(&b, "10.77.0.5"), "piano");
}

static void a_reverse_record_names_its_own_sender(void **state)
{
	struct build b;

	(void)state;
	build_begin(&b, 7, 0x8400, 0, 1, 0, 0);
	build_rr(&b, "5.0.77.10.in-addr.arpa", DNS_PTR, 120, "\5piano\5local",
		 13);
	assert_string_equal(name_from(&b, "10.77.0.5"), "piano");
	assert_null(name_from(&b, "10.77.0.6"));
}

static void what_names_nobody(void **state)
{
	static const struct {
		const char *owner;
		uint16_t flags;
		uint32_t ttl;
		uint16_t len;
	} cases[] = {
		{ "piano.local", 0x0000, 120, 4 }, /* a question's own */
		{ "piano.local", 0x8400, 0, 4 },   /* goodbye */
		{ "piano.local", 0x8403, 120, 4 },
		{ "piano.local", 0x8400, 120, 3 },
		{ "piano.local", 0x8400, 120, 5 },
		{ "piano.example", 0x8400, 120, 4 },
		{ "a.piano.local", 0x8400, 120, 4 },
		{ "local", 0x8400, 120, 4 },
		{ "\1.local", 0x8400, 120, 4 }, /* nothing is left of it */
	};
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_begin(&b, 0, cases[i].flags, 0, 1, 0, 0);
		build_rr(&b, cases[i].owner, DNS_A, cases[i].ttl,
			 "\12\115\0\5\0", cases[i].len);
		if (name_from(&b, "10.77.0.5"))
			fail_msg("case %zu names somebody", i);
	}
}

static void counts_are_not_believed(void **state)
{
	struct build b;

	(void)state;
	build_begin(&b, 0, 0x8400, 0xffff, 0xffff, 0xffff, 0xffff);
	assert_null(name_from(&b, "10.77.0.5"));
	build_begin(&b, 0, 0x8400, 0, 0xffff, 0, 0);
	build_rr(&b, "other.local", DNS_A, 120, "\12\115\0\6", 4);
	assert_null(name_from(&b, "10.77.0.5"));
	build_begin(&b, 0, 0x8400, 0, 2, 0, 0);
	build_rr(&b, "other.local", DNS_A, 120, "\12\115\0\6", 4);
	wr_bytes(&b.w, "\300\300", 2); /* a pointer that loops */
	assert_null(name_from(&b, "10.77.0.5"));
}

static void names_are_cleaned(void **state)
{
	static const struct {
		const char *raw, *clean;
	} cases[] = {
		{ "Anna\xe2\x80\x99s", "Anna\xe2\x80\x99s" },
		{ " Piano ", "Piano" },
		{ "a\x1b[2Jb", "a[2Jb" },
		{ "a\xe2\x80\xae"
		  "b",
		  "ab" }, /* turns direction */
		{ "a\xff\xc0\xaf"
		  "b",
		  "ab" }, /* no UTF-8, overlong */
		{ "a\xc2\x9b"
		  "b",
		  "ab" },
		{ "\xf0\x9f\x8e\xb9", "\xf0\x9f\x8e\xb9" },
		{ "\xf0\x9f\x8e", "" },
	};
	char name[MDNS_NAME_SIZE];
	uint8_t full[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mdns_clean((const uint8_t *)cases[i].raw, strlen(cases[i].raw),
			   name);
		assert_string_equal(name, cases[i].clean);
	}
	memset(full, 'x', sizeof(full));
	mdns_clean(full, sizeof(full), name);
	assert_int_equal(strlen(name), 63);
	memcpy(full + 62, "\xc3\xbc", 2); /* does not fit whole */
	mdns_clean(full, 64, name);
	assert_int_equal(strlen(name), 62);
}

static void the_question_is_for_the_reverse_name(void **state)
{
	static const char wanted[] =
		"\x12\x34\0\0\0\1\0\0\0\0\0\0\0015\0010\00277\00210"
		"\7in-addr\4arpa\0\0\14\0\1";
	struct addr addr = addr_of("10.77.0.5");
	uint8_t msg[MDNS_QUERY_MAX];
	struct wr w = wr_init(msg, sizeof(msg));

	(void)state;
	mdns_ask(&w, 0x1234, &addr);
	assert_int_equal(wr_len(&w), sizeof(wanted) - 1);
	assert_memory_equal(msg, wanted, wr_len(&w));
	addr = addr_of("2001:db8::5"); /* the longest */
	w = wr_init(msg, sizeof(msg));
	mdns_ask(&w, 1, &addr);
	assert_false(w.bad);
}

static void frames_come_from_the_port(void **state)
{
	uint8_t v6[] = { 0x60, 0,    0,	   0,	 0,    10, 17, 255, 0xfe, 0x80,
			 0,    0,    0,	   0,	 0,    0,  0,  0,   0,	  0,
			 0,    0,    0,	   5,	 0xff, 2,  0,  0,   0,	  0,
			 0,    0,    0,	   0,	 0,    0,  0,  0,   0,	  0xfb,
			 0x14, 0xe9, 0x14, 0xe9, 0,    10, 0,  0,   'h',  'i' };
	struct addr source, wanted = addr_of("fe80::5");
	struct rd payload;

	(void)state;
	assert_true(mdns_frame(v6, sizeof(v6), &source, &payload));
	assert_true(addr_eq(&source, &wanted));
	assert_int_equal(rd_left(&payload), 2);
	assert_false(mdns_frame(v6, sizeof(v6) - 1, &source, &payload));
	v6[41]++;
	assert_false(mdns_frame(v6, sizeof(v6), &source, &payload));
	assert_false(mdns_frame(v6, 0, &source, &payload));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_record_names_its_own_sender),
		cmocka_unit_test(the_bit_of_unique_records_is_no_class),
		cmocka_unit_test(a_reverse_record_names_its_own_sender),
		cmocka_unit_test(what_names_nobody),
		cmocka_unit_test(counts_are_not_believed),
		cmocka_unit_test(names_are_cleaned),
		cmocka_unit_test(the_question_is_for_the_reverse_name),
		cmocka_unit_test(frames_come_from_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
