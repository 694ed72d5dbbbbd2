/* test_dns_local.c - names of the home, and names that must not leave it. */
#include "test_dns_build.h"

#include <errno.h>
#include <stdio.h>

#include "ctl/dns/local.h"
#include "ctl/proto/dns_answer.h"

static struct local *make(void)
{
	struct dns_name domain;
	struct local *l;
	struct addr a;

	dns_name_from_text(&domain, "lan");
	l = local_new(&domain);
	assert_non_null(l);
	addr_parse("10.77.0.9", &a);
	assert_int_equal(local_set(l, "Nas", &a), 0);
	addr_parse("fd00::9", &a);
	assert_int_equal(local_set(l, "six", &a), 0);
	return l;
}

#define UPSTREAM -1

/* rcode, or UPSTREAM; the parsed answer in '*a'. */
static int ask(const struct local *l, const char *name, uint16_t type,
	       struct dns_answer *a)
{
	struct dns_query q = build_query(name, type, 1232);
	uint8_t out[1500];
	struct wr w = wr_init(out, sizeof(out));

	if (!local_answer(l, &q, &w))
		return UPSTREAM;
	assert_false(w.bad);
	assert_int_equal(dns_answer_read(out, wr_len(&w), a), 0);
	return (int)a->rcode;
}

static void answers_as_it_should(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		int rcode;
		unsigned an;
	} t[] = {
		{ "nas.lan", DNS_A, 0, 1 },
		{ "NAS.LAN", DNS_A, 0, 1 },
		{ "nas", DNS_A, 0, 1 },
		{ "nas.lan", DNS_ANY, 0, 1 },
		{ "nas.lan", DNS_AAAA, 0, 0 },
		{ "nas", 15, 0, 0 },
		{ "six.lan", DNS_AAAA, 0, 1 },
		{ "six.lan", DNS_A, 0, 0 },
		{ "9.0.77.10.in-addr.arpa", DNS_PTR, 0, 1 },
		{ "9.0.77.10.in-addr.arpa", DNS_A, 0, 0 },
		{ "8.0.77.10.in-addr.arpa", DNS_PTR, DNS_NXDOMAIN, 0 },
		{ "other.lan", DNS_A, DNS_NXDOMAIN, 0 },
		{ "sub.nas.lan", DNS_A, DNS_NXDOMAIN, 0 },
		{ "lan", DNS_SOA, 0, 1 },
		{ "lan", DNS_A, 0, 0 },
		{ "lan", DNS_DS, 0, 0 },
		{ "unheardof", DNS_A, DNS_NXDOMAIN, 0 },
		{ "unheardof", DNS_HTTPS, DNS_NXDOMAIN, 0 },
		{ "com", DNS_NS, UPSTREAM, 0 },
		{ "com", DNS_DS, UPSTREAM, 0 },
		{ "", DNS_NS, UPSTREAM, 0 },
		{ "www.example.com", DNS_A, UPSTREAM, 0 },
		{ "notlan.xlan", DNS_A, UPSTREAM, 0 },
		{ "localhost", DNS_A, 0, 1 },
		{ "a.localhost", DNS_AAAA, 0, 1 },
		{ "localhost", 15, 0, 0 },
	};
	struct local *l = make();
	struct dns_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int got = ask(l, t[i].name, t[i].type, &a);

		if (got != t[i].rcode || (got != UPSTREAM && a.an != t[i].an))
			fail_msg("%s %u: %d", t[i].name, t[i].type, got);
	}
	local_free(l);
}

static void private_zones_stay_here(void **state)
{
	static const char *const names[] = {
		"x.local",
		"x.invalid",
		"x.test",
		"x.onion",
		"x.alt",
		"x.internal",
		"x.home.arpa",
		"_dns.resolver.arpa",
		"1.0.0.10.in-addr.arpa",
		"1.1.16.172.in-addr.arpa",
		"1.1.31.172.in-addr.arpa",
		"1.1.168.192.in-addr.arpa",
		"1.0.0.127.in-addr.arpa",
		"1.1.254.169.in-addr.arpa",
		"1.1.64.100.in-addr.arpa",
		"1.1.127.100.in-addr.arpa",
		"1.2.0.192.in-addr.arpa",
		"1.0.0.0.d.f.ip6.arpa",
		"x.8.e.f.ip6.arpa",
	};
	static const char *const others[] = {
		"1.1.15.172.in-addr.arpa",
		"1.1.32.172.in-addr.arpa",
		"1.1.63.100.in-addr.arpa",
		"1.1.128.100.in-addr.arpa",
		"192.in-addr.arpa",
		"9.9.9.9.in-addr.arpa",
		"x.2.ip6.arpa",
		"ip6.arpa",
		"arpa",
	};
	struct local *l = make();
	struct dns_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (ask(l, names[i], DNS_PTR, &a) != DNS_NXDOMAIN)
			fail_msg("leaks: %s", names[i]);
		assert_int_equal(a.ns, 1);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ask(l, others[i], DNS_PTR, &a) != UPSTREAM)
			fail_msg("held back: %s", others[i]);
	local_free(l);
}

/* RFC 8375, 4: the proof that it is unsigned comes from the public DNS. */
static void ds_of_a_delegated_zone_goes_upstream(void **state)
{
	struct local *l = make();
	struct dns_answer a;

	(void)state;
	assert_int_equal(ask(l, "home.arpa", DNS_DS, &a), UPSTREAM);
	assert_int_equal(ask(l, "x.home.arpa", DNS_DS, &a), DNS_NXDOMAIN);
	assert_int_equal(ask(l, "onion", DNS_DS, &a), 0);
	local_free(l);
}

static void setting_again_moves_the_name(void **state)
{
	struct local *l = make();
	struct dns_answer a;
	struct addr addr;

	(void)state;
	addr_parse("10.77.0.10", &addr);
	assert_int_equal(local_set(l, "NAS", &addr), 0);
	assert_int_equal(ask(l, "9.0.77.10.in-addr.arpa", DNS_PTR, &a),
			 DNS_NXDOMAIN);
	assert_int_equal(ask(l, "10.0.77.10.in-addr.arpa", DNS_PTR, &a), 0);
	local_del(l, "nas");
	local_del(l, "nas");
	assert_int_equal(ask(l, "nas.lan", DNS_A, &a), DNS_NXDOMAIN);
	assert_int_equal(ask(l, "10.0.77.10.in-addr.arpa", DNS_PTR, &a),
			 DNS_NXDOMAIN);
	local_free(l);
}

static void names_move_with_the_domain(void **state)
{
	struct local *l = make();
	struct dns_name domain;
	struct dns_answer a;

	(void)state;
	dns_name_from_text(&domain, "Home.Example");
	local_set_domain(l, &domain);
	assert_int_equal(ask(l, "nas.home.example", DNS_A, &a), 0);
	assert_int_equal(ask(l, "nas.lan", DNS_A, &a), DNS_NXDOMAIN);
	local_free(l);
}

static void refuses_bad_names_and_too_many(void **state)
{
	struct local *l = make();
	struct addr a = addr_v4(htonl(0x0a4d0001));
	char name[16];
	int i, err = 0;

	(void)state;
	assert_int_equal(local_set(l, "", &a), -EINVAL);
	assert_int_equal(local_set(l, "a..b", &a), -EINVAL);
	for (i = 0; !err; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		err = local_set(l, name, &a);
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(i, LOCAL_NAMES_MAX - 1);
	local_free(l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_as_it_should),
		cmocka_unit_test(private_zones_stay_here),
		cmocka_unit_test(ds_of_a_delegated_zone_goes_upstream),
		cmocka_unit_test(setting_again_moves_the_name),
		cmocka_unit_test(names_move_with_the_domain),
		cmocka_unit_test(refuses_bad_names_and_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
