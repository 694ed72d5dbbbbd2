/* test_dns_addrs.c - the addresses of an answer: those of the name that was
 * asked, by whatever CNAMEs, and of no other. */
#include "ctl/proto/dns_addrs.h"

#include <stdio.h>

#include "test_dns_build.h"

#define REMOTE "198.51.100.7"

static void begin(struct build *b, uint16_t flags, uint16_t an)
{
	build_begin(b, 1, flags, 1, an, 0, 0);
	build_question(b, "www.example", DNS_A);
}

static void cname(struct build *b, const char *owner, const char *target)
{
	struct build name;

	name.w = wr_init(name.bytes, sizeof(name.bytes));
	build_name(&name, target);
	build_rr(b, owner, DNS_CNAME, 300, name.bytes,
		 (uint16_t)wr_len(&name.w));
}

static bool has(const struct build *b, struct dns_addrs *out)
{
	assert_false(b->w.bad);
	return dns_addrs_read(b->bytes, wr_len(&b->w), out);
}

static void assert_addr(const struct addr *a, const char *wanted)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), wanted);
}

static void all_addresses_of_the_name(void **state)
{
	struct dns_addrs a;
	struct build b;
	char name[DNS_NAME_STRLEN];

	(void)state;
	build_begin(&b, 1, 0x8180, 1, 2, 0, 0);
	build_question(&b, "WWW.Example", DNS_A);
	build_a(&b, "www.example", 60, REMOTE);
	build_a(&b, "wWw.example", 50, "198.51.100.8");
	assert_true(has(&b, &a));
	assert_string_equal(dns_name_format(&a.name, name), "www.example");
	assert_int_equal(a.n, 2);
	assert_addr(&a.at[0], REMOTE);
	assert_addr(&a.at[1], "198.51.100.8");
	assert_int_equal(a.ttl_s, 50);
}

static void of_ipv6_too(void **state)
{
	const uint8_t addr[16] = { 0x20, 1, 0xd, 0xb8, [15] = 7 };
	struct dns_addrs a;
	struct build b;

	(void)state;
	build_begin(&b, 1, 0x8180, 1, 2, 0, 0);
	build_question(&b, "www.example", DNS_AAAA);
	build_a(&b, "www.example", 60, REMOTE); /* was not asked for */
	build_rr(&b, "www.example", DNS_AAAA, 60, addr, 16);
	assert_true(has(&b, &a));
	assert_int_equal(a.n, 1);
	assert_addr(&a.at[0], "2001:db8::7");
}

static void by_cnames(void **state)
{
	struct dns_addrs a;
	struct build b;

	(void)state;
	begin(&b, 0x8180, 3);
	cname(&b, "www.example", "edge.example");
	cname(&b, "edge.example", "node.example");
	build_a(&b, "node.example", 900, REMOTE);
	assert_true(has(&b, &a));
	assert_int_equal(a.n, 1);
	assert_int_equal(a.ttl_s, 300);
	/* Which it does not lead to. */
	begin(&b, 0x8180, 2);
	cname(&b, "www.example", "edge.example");
	build_a(&b, "www.example", 60, REMOTE);
	assert_false(has(&b, &a));
	begin(&b, 0x8180, 1);
	build_a(&b, "bank.example", 60, REMOTE);
	assert_false(has(&b, &a));
	/* Backwards nobody follows it. */
	begin(&b, 0x8180, 2);
	build_a(&b, "edge.example", 60, REMOTE);
	cname(&b, "www.example", "edge.example");
	assert_false(has(&b, &a));
}

static bool chain_of(unsigned links, struct dns_addrs *out)
{
	char from[32] = "www.example", to[32];
	struct build b;

	begin(&b, 0x8180, (uint16_t)(links + 1));
	for (unsigned i = 0; i < links; i++) {
		snprintf(to, sizeof(to), "n%u.example", i);
		cname(&b, from, to);
		memcpy(from, to, sizeof(from));
	}
	build_a(&b, from, 60, REMOTE);
	return has(&b, out);
}

static void no_chain_is_too_long(void **state)
{
	struct dns_addrs a;

	(void)state;
	assert_true(chain_of(0, &a));
	assert_true(chain_of(DNS_CHAIN_MAX, &a));
	assert_false(chain_of(DNS_CHAIN_MAX + 1, &a));
	assert_false(chain_of(100, &a));
}

static void nothing_lives_for_ever(void **state)
{
	static const uint32_t told[] = { 0,	     86400,	 86401,
					 0x7fffffff, 0x80000000, UINT32_MAX };
	static const uint32_t held[] = { 0, 86400, 86400, 86400, 0, 0 };
	struct dns_addrs a;
	struct build b;

	(void)state;
	for (unsigned i = 0; i < sizeof(told) / sizeof(*told); i++) {
		begin(&b, 0x8180, 1);
		build_a(&b, "www.example", told[i], REMOTE);
		assert_true(has(&b, &a));
		assert_int_equal(a.ttl_s, held[i]);
	}
}

static void so_many_and_no_more(void **state)
{
	struct dns_addrs a;
	struct build b;

	(void)state;
	begin(&b, 0x8180, 200);
	for (unsigned i = 0; i < 200; i++)
		build_a(&b, "www.example", 60, REMOTE);
	assert_true(has(&b, &a));
	assert_int_equal(a.n, DNS_ADDRS_MAX);
}

static void what_is_no_answer_has_none(void **state)
{
	static const uint16_t flags[] = { 0x0100, 0x8980, 0x8182, 0x8183,
					  0x8380 };
	struct dns_addrs a;
	struct build b;

	(void)state;
	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		begin(&b, flags[i], 1);
		build_a(&b, "www.example", 60, REMOTE);
		assert_false(has(&b, &a));
	}
	build_begin(&b, 1, 0x8180, 0, 1, 0, 0); /* to no question */
	build_a(&b, "www.example", 60, REMOTE);
	assert_false(has(&b, &a));
	build_begin(&b, 1, 0x8180, 1, 1, 0, 0);
	build_question(&b, "www.example", DNS_ANY);
	build_a(&b, "www.example", 60, REMOTE);
	assert_false(has(&b, &a));
	begin(&b, 0x8180, 1);
	build_a(&b, "www.example", 60, REMOTE);
	for (size_t cut = 1; cut < wr_len(&b.w); cut++)
		assert_false(dns_addrs_read(b.bytes, wr_len(&b.w) - cut, &a));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_addresses_of_the_name),
		cmocka_unit_test(of_ipv6_too),
		cmocka_unit_test(by_cnames),
		cmocka_unit_test(no_chain_is_too_long),
		cmocka_unit_test(nothing_lives_for_ever),
		cmocka_unit_test(so_many_and_no_more),
		cmocka_unit_test(what_is_no_answer_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
