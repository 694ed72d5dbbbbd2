/* test_dns_answer.c - answers: judged, kept, repeated. */
#include "test_dns_build.h"

#include <errno.h>

#include "ctl/base/addr.h"
#include "ctl/proto/dns_answer.h"

#define NAME	 "www.example.com"
#define NO_ERROR (DNS_QR | DNS_RD | DNS_RA)

static int read_built(const struct build *b, struct dns_answer *a)
{
	return dns_answer_read(b->bytes, wr_len(&b->w), a);
}

static void lives_as_long_as_its_shortest(void **state)
{
	static const struct {
		uint32_t first, second, want;
		bool cacheable;
	} t[] = {
		{ 300, 60, 60, true },
		{ 60, 300, 60, true },
		{ 0, 60, 0, false },
		{ 0x80000001, 60, 0, false },
		{ 9999999, 9999999, 86400, true },
	};
	struct dns_answer a;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		build_begin(&b, 1, NO_ERROR, 1, 2, 0, 0);
		build_question(&b, NAME, DNS_A);
		build_a(&b, NAME, t[i].first, "192.0.2.1");
		build_a(&b, NAME, t[i].second, "192.0.2.2");
		assert_int_equal(read_built(&b, &a), 0);
		assert_int_equal(a.ttl_s, t[i].want);
		assert_int_equal(a.cacheable, t[i].cacheable);
		assert_int_equal(a.ttl_n, 2);
	}
}

/* RFC 2308: "no" is kept by the word of a SOA, and without one not at all. */
static void no_is_kept_by_soa(void **state)
{
	static const struct {
		unsigned rcode;
		bool cname, soa;
		uint32_t ttl, minimum, want;
		bool cacheable;
	} t[] = {
		{ DNS_NXDOMAIN, false, true, 300, 20, 20, true },
		{ DNS_NXDOMAIN, false, true, 10, 20, 10, true },
		{ DNS_NXDOMAIN, false, true, 99999, 99999, 10800, true },
		{ DNS_NXDOMAIN, false, false, 0, 0, 86400, false },
		{ DNS_NOERROR, false, true, 300, 20, 20, true },
		{ DNS_NOERROR, false, false, 0, 0, 86400, false },
		{ DNS_NOERROR, true, true, 300, 20, 20, true },
		{ DNS_NOERROR, true, false, 0, 0, 60, false },
		{ DNS_SERVFAIL, false, true, 300, 20, 20, false },
	};
	struct dns_answer a;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		build_begin(&b, 1, (uint16_t)(NO_ERROR | t[i].rcode), 1,
			    t[i].cname, t[i].soa, 0);
		build_question(&b, NAME, DNS_A);
		if (t[i].cname)
			build_rr(&b, NAME, DNS_CNAME, 60, "\1x\0", 3);
		if (t[i].soa)
			build_soa(&b, "example.com", t[i].ttl, t[i].minimum);
		assert_int_equal(read_built(&b, &a), 0);
		assert_int_equal(a.ttl_s, t[i].want);
		assert_int_equal(a.cacheable, t[i].cacheable);
	}
}

static void data_fill_their_length(void **state)
{
	static const struct {
		const char *why;
		uint16_t type;
		const char *data;
		uint16_t len;
		bool good;
	} t[] = {
		{ "A", DNS_A, "\1\2\3\4", 4, true },
		{ "A too short", DNS_A, "\1\2\3", 3, false },
		{ "A too long", DNS_A, "\1\2\3\4\5", 5, false },
		{ "AAAA of 4", DNS_AAAA, "\1\2\3\4", 4, false },
		{ "CNAME", DNS_CNAME, "\1a\0", 3, true },
		{ "CNAME compressed", DNS_CNAME, "\xc0\x0c", 2, true },
		{ "CNAME and more", DNS_CNAME, "\1a\0x", 4, false },
		{ "CNAME empty", DNS_CNAME, "", 0, false },
		{ "CNAME to itself", DNS_CNAME, "\xc0\x2c", 2, false },
		{ "CNAME beyond data", DNS_CNAME, "\5a", 2, false },
		{ "MX", 15, "\0\1\1a\0", 5, true },
		{ "MX no name", 15, "\0\1", 2, false },
		{ "TXT", 16, "\2ab\0", 4, true },
		{ "TXT empty", 16, "", 0, false },
		{ "TXT string lies", 16, "\5ab", 3, false },
		{ "SOA short", DNS_SOA, "\0\0\0\0\0\0", 6, false },
		{ "SRV", 33, "\0\1\0\2\0\3\0", 7, true },
		{ "NAPTR", 35, "\0\1\0\2\1a\0\0\0", 9, true },
		{ "RRSIG short", 46, "\0\1", 2, false },
		{ "HTTPS alone", DNS_HTTPS, "\0\1\0", 3, true },
		{ "HTTPS alpn", DNS_HTTPS, "\0\1\0\0\1\0\3\2h2", 10, true },
		{ "HTTPS lies", DNS_HTTPS, "\0\1\0\0\1\0\x9\2h2", 10, false },
		{ "HTTPS key twice", DNS_HTTPS, "\0\1\0\0\1\0\0\0\1\0\0", 11,
		  false },
		{ "unknown", 65280, "\1\2\3", 3, true },
		{ "unknown empty", 65280, "", 0, true },
	};
	struct dns_answer a;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		build_begin(&b, 1, NO_ERROR, 1, 1, 0, 0);
		build_question(&b, NAME, t[i].type);
		build_rr(&b, "", t[i].type, 60, t[i].data, t[i].len);
		if (read_built(&b, &a) != (t[i].good ? 0 : -EBADMSG))
			fail_msg("%s", t[i].why);
	}
}

static void counts_that_lie(void **state)
{
	static const uint16_t counts[][4] = {
		{ 2, 1, 0, 0 }, { 1, 2, 0, 0 },	    { 1, 1, 1, 0 },
		{ 1, 1, 0, 1 }, { 1, 65535, 0, 0 },
	};
	struct dns_answer a;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		build_begin(&b, 1, NO_ERROR, counts[i][0], counts[i][1],
			    counts[i][2], counts[i][3]);
		build_question(&b, NAME, DNS_A);
		build_a(&b, NAME, 60, "192.0.2.1");
		assert_int_equal(read_built(&b, &a), -EBADMSG);
	}
}

static void home_addresses_are_seen(void **state)
{
	static const struct {
		const char *addr;
		bool is_private;
	} t[] = {
		{ "10.0.0.1", true },
		{ "127.0.0.1", true },
		{ "0.0.0.0", true },
		{ "169.254.1.1", true },
		{ "172.16.0.1", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.168.1.1", true },
		{ "192.0.2.1", false },
		{ "198.51.100.1", false },
		{ "203.0.113.9", false },
		{ "100.64.0.1", false },
		{ "9.9.9.9", false },
		{ "::1", true },
		{ "::", true },
		{ "fd00::1", true },
		{ "fe80::1", true },
		{ "2001:db8::1", false },
		{ "64:ff9b::a00:1", true },
		{ "64:ff9b::909:909", false },
	};
	struct dns_answer a;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct addr addr;
		bool v4;

		assert_true(addr_parse(t[i].addr, &addr));
		v4 = addr_is_v4(&addr);
		build_begin(&b, 1, NO_ERROR, 1, 1, 0, 0);
		build_question(&b, NAME, v4 ? DNS_A : DNS_AAAA);
		build_rr(&b, NAME, v4 ? DNS_A : DNS_AAAA, 60,
			 v4 ? &addr.b[12] : addr.b, v4 ? 4 : 16);
		assert_int_equal(read_built(&b, &a), 0);
		if (a.private_addr != t[i].is_private)
			fail_msg("%s", t[i].addr);
	}
}

static void mapped_and_hinted_homes_are_seen(void **state)
{
	static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1";
	static const char hint[] = "\0\1\0\0\1\0\3\2h2\0\4\0\x8"
				   "\xc0\0\2\1\xc0\xa8\1\1";
	struct dns_answer a;
	struct build b;

	(void)state;
	build_begin(&b, 1, NO_ERROR, 1, 1, 0, 0);
	build_question(&b, NAME, DNS_AAAA);
	build_rr(&b, NAME, DNS_AAAA, 60, mapped, 16);
	assert_int_equal(read_built(&b, &a), 0);
	assert_true(a.private_addr);
	build_begin(&b, 1, NO_ERROR, 1, 1, 0, 0);
	build_question(&b, NAME, DNS_HTTPS);
	build_rr(&b, NAME, DNS_HTTPS, 60, hint, sizeof(hint) - 1);
	assert_int_equal(read_built(&b, &a), 0);
	assert_true(a.private_addr);
}

static void opt_stays_here(void **state)
{
	struct dns_answer a;
	struct build b;
	size_t kept;

	(void)state;
	build_begin(&b, 1, NO_ERROR, 1, 1, 0, 3);
	build_question(&b, NAME, DNS_A);
	build_a(&b, NAME, 60, "192.0.2.1");
	build_a(&b, "glue", 60, "192.0.2.2");
	kept = wr_len(&b.w);
	build_opt(&b, 4096, 1u << 24);
	build_a(&b, "behind", 60, "192.0.2.3");
	assert_int_equal(read_built(&b, &a), 0);
	assert_int_equal(a.len, kept);
	assert_int_equal(a.ar, 1);
	assert_int_equal(a.rcode, 16);
	assert_false(a.cacheable);
}

static void one_opt_in_its_place(void **state)
{
	struct dns_answer a;
	struct build b;

	(void)state;
	build_begin(&b, 1, NO_ERROR, 1, 0, 0, 2);
	build_question(&b, NAME, DNS_A);
	build_opt(&b, 4096, 0);
	build_opt(&b, 4096, 0);
	assert_int_equal(read_built(&b, &a), -EBADMSG);
	build_begin(&b, 1, NO_ERROR, 1, 1, 0, 0);
	build_question(&b, NAME, DNS_A);
	build_opt(&b, 4096, 0);
	assert_int_equal(read_built(&b, &a), -EBADMSG);
}

/* Of 300 seconds 42 are left. */
static const struct dns_age age = { 258, DNS_TTL_MAX_S };

/* Reads and keeps an answer of 'n' addresses, OPT and garbage behind. */
static struct dns_kept keep(uint16_t n, struct dns_answer *a, uint8_t *out,
			    size_t size)
{
	struct wr w = wr_init(out, size);
	struct build b;
	unsigned i;

	build_begin(&b, 0x9999, NO_ERROR | DNS_AA | DNS_AD, 1, n, 0, 1);
	build_question(&b, NAME, DNS_A);
	for (i = 0; i < n; i++)
		build_a(&b, NAME, 300, "192.0.2.1");
	build_opt(&b, 4096, 0);
	wr_bytes(&b.w, "garbage", 7);
	assert_int_equal(read_built(&b, a), 0);
	dns_answer_keep(&w, b.bytes, a);
	assert_false(w.bad);
	return (struct dns_kept){ out, wr_len(&w), a->ttl_at, a->ttl_n,
				  a->chain };
}

/* RFC 6840, 5.8: AD of upstream reaches those who understand it. */
static void ad_is_for_who_understands_it(void **state)
{
	static const struct {
		uint16_t asked;
		bool dnssec_ok, want;
	} t[] = {
		{ DNS_RD, false, false },
		{ DNS_RD | DNS_AD, false, true },
		{ DNS_RD, true, true },
	};
	uint8_t kept[512], out[512];
	struct dns_answer a, b;
	struct dns_kept k = keep(1, &a, kept, sizeof(kept));
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dns_query q = build_query(NAME, DNS_A, 1232);
		struct wr w = wr_init(out, sizeof(out));

		q.flags = t[i].asked;
		q.dnssec_ok = t[i].dnssec_ok;
		dns_answer_write(&w, &q, &k, age, 1232);
		assert_int_equal(dns_answer_read(out, wr_len(&w), &b), 0);
		assert_int_equal(!!(b.flags & DNS_AD), t[i].want);
	}
}

/* Where the CNAMEs lead, in which order, and where it ends. */
static void chains_can_be_followed(void **state)
{
	static const uint8_t to_b[] = "\1B\7example";
	static const uint8_t to_c[] = "\1c\7example";
	uint8_t kept[512];
	struct wr w = wr_init(kept, sizeof(kept));
	char text[DNS_NAME_STRLEN];
	struct dns_name target;
	struct dns_chain chain;
	struct dns_answer a;
	struct dns_kept k;
	struct addr addr;
	struct build b;

	(void)state;
	build_begin(&b, 1, NO_ERROR, 1, 3, 0, 0);
	build_question(&b, "a.example", DNS_A);
	build_rr(&b, "a.example", DNS_CNAME, 60, to_b, sizeof(to_b));
	build_rr(&b, "b.example", DNS_CNAME, 60, to_c, sizeof(to_c));
	build_a(&b, "c.example", 60, "192.0.2.7");
	assert_int_equal(read_built(&b, &a), 0);
	assert_true(a.chain);
	dns_answer_keep(&w, b.bytes, &a);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, true };
	chain = dns_chain_begin(&k);
	assert_true(dns_chain_next(&chain, &target));
	assert_string_equal(dns_name_format(&target, text), "b.example");
	assert_true(dns_chain_next(&chain, &target));
	assert_string_equal(dns_name_format(&target, text), "c.example");
	assert_false(dns_chain_next(&chain, &target));
	assert_true(dns_answer_addr(&k, &addr));
	assert_string_equal(addr_format(&addr, text), "192.0.2.7");
}

static void repeats_in_the_client_s_words(void **state)
{
	struct dns_query q = build_query("wWw.eXample.COM", DNS_A, 1232);
	uint8_t kept[512], out[512];
	struct wr w = wr_init(out, sizeof(out));
	struct dns_answer a, b;
	struct dns_kept k = keep(1, &a, kept, sizeof(kept));

	(void)state;
	dns_answer_write(&w, &q, &k, age, 1232);
	assert_false(w.bad);
	assert_int_equal(dns_answer_read(out, wr_len(&w), &b), 0);
	assert_int_equal(b.id, 0x1234);
	assert_int_equal(b.flags, DNS_QR | DNS_RD | DNS_RA);
	assert_memory_equal(b.q.name.b, q.q.name.b, q.q.name.len);
	assert_int_equal(b.ttl_s, 42);
	assert_int_equal(b.an, 1);
	assert_int_equal(wr_len(&w), b.len + DNS_OPT_LEN);
	q.edns = false;
	w = wr_init(out, sizeof(out));
	dns_answer_write(&w, &q, &k, age, 512);
	assert_int_equal(wr_len(&w), b.len);
}

static uint32_t ttl_at(const uint8_t *msg, uint16_t at)
{
	struct rd r = rd_init(msg + at, 4);

	return rd_be32(&r);
}

/* Each record ages by itself; what is stale is told as little of all. */
static void every_ttl_is_the_record_s_own(void **state)
{
	static const uint8_t target[] = "\1b\7example";
	static const struct {
		struct dns_age age;
		uint32_t want[3];
	} t[] = {
		{ { 0, DNS_TTL_MAX_S }, { 60, 3600, DNS_TTL_MAX_S } },
		{ { 59, DNS_TTL_MAX_S }, { 1, 3541, DNS_TTL_MAX_S } },
		{ { 0, 30 }, { 30, 30, 30 } },
	};
	struct dns_query q = build_query("a.example", DNS_A, 0);
	uint8_t kept[512], out[512];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_answer a;
	struct dns_kept k;
	struct build b;
	size_t i;

	(void)state;
	build_begin(&b, 1, NO_ERROR, 1, 3, 0, 0);
	build_question(&b, "a.example", DNS_A);
	build_rr(&b, "a.example", DNS_CNAME, 60, target, sizeof(target));
	build_a(&b, "b.example", 3600, "192.0.2.7");
	build_a(&b, "b.example", 700000, "192.0.2.8");
	assert_int_equal(read_built(&b, &a), 0);
	dns_answer_keep(&w, b.bytes, &a);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, true };
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		w = wr_init(out, sizeof(out));
		dns_answer_write(&w, &q, &k, t[i].age, sizeof(out));
		assert_int_equal(ttl_at(out, a.ttl_at[0]), t[i].want[0]);
		assert_int_equal(ttl_at(out, a.ttl_at[1]), t[i].want[1]);
		assert_int_equal(ttl_at(out, a.ttl_at[2]), t[i].want[2]);
	}
}

/* RFC 2308, 5: no record of a "no" is told for longer than the "no" holds. */
static void a_no_is_kept_with_its_own_ttl(void **state)
{
	uint8_t kept[512];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_answer a;
	struct build b;

	(void)state;
	build_begin(&b, 1, NO_ERROR | DNS_NXDOMAIN, 1, 0, 1, 0);
	build_question(&b, NAME, DNS_A);
	build_soa(&b, "example.com", 3600, 300);
	assert_int_equal(read_built(&b, &a), 0);
	dns_answer_keep(&w, b.bytes, &a);
	assert_int_equal(ttl_at(kept, a.ttl_at[0]), 300);
}

static void too_long_is_cut_to_the_question(void **state)
{
	struct dns_query q = build_query(NAME, DNS_A, 0);
	uint8_t kept[4096], out[512];
	struct wr w = wr_init(out, sizeof(out));
	struct dns_answer a, b;
	struct dns_kept k = keep(40, &a, kept, sizeof(kept));

	(void)state;
	dns_answer_write(&w, &q, &k, age, 512);
	assert_false(w.bad);
	assert_int_equal(dns_answer_read(out, wr_len(&w), &b), 0);
	assert_true(b.flags & DNS_TC);
	assert_int_equal(b.an, 0);
	assert_true(b.has_question);
}

static void more_records_than_offsets_are_not_kept(void **state)
{
	static const uint8_t rr[] = { 0, 0xff, 0, 0, 1, 0, 0, 0, 60, 0, 0 };
	struct dns_answer a;
	struct build b;
	unsigned i, n = DNS_ANSWER_TTLS_MAX;

	(void)state;
	for (; n <= DNS_ANSWER_TTLS_MAX + 1; n++) {
		build_begin(&b, 1, NO_ERROR, 1, (uint16_t)n, 0, 0);
		build_question(&b, "", 0xff00);
		for (i = 0; i < n; i++)
			wr_bytes(&b.w, rr, sizeof(rr));
		assert_int_equal(read_built(&b, &a), 0);
		assert_int_equal(a.cacheable, n == DNS_ANSWER_TTLS_MAX);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_as_long_as_its_shortest),
		cmocka_unit_test(no_is_kept_by_soa),
		cmocka_unit_test(data_fill_their_length),
		cmocka_unit_test(counts_that_lie),
		cmocka_unit_test(home_addresses_are_seen),
		cmocka_unit_test(mapped_and_hinted_homes_are_seen),
		cmocka_unit_test(opt_stays_here),
		cmocka_unit_test(one_opt_in_its_place),
		cmocka_unit_test(ad_is_for_who_understands_it),
		cmocka_unit_test(chains_can_be_followed),
		cmocka_unit_test(repeats_in_the_client_s_words),
		cmocka_unit_test(every_ttl_is_the_record_s_own),
		cmocka_unit_test(a_no_is_kept_with_its_own_ttl),
		cmocka_unit_test(too_long_is_cut_to_the_question),
		cmocka_unit_test(more_records_than_offsets_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
