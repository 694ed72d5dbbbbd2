/* test_dns_guard.c - what must never enter: guesses, addresses of the home,
 * names that are blocked. */
#include "test_dns_house.h"

#define GUESSES 1000000u

/* The worst place from which to guess: the server's own address and port, the
 * client's port and the question are known. Only ID and spelling are not. */
static void a_million_guesses_enter_nothing(void **state)
{
	struct house *h = open_one(FAKE_SILENT);
	struct dns_query q = build_query("www.example.com", DNS_A, 0);
	struct endpoint victim;
	struct sockaddr_storage to;
	struct cache_hit hit;
	struct dns_answer a;
	struct addr got;
	struct build b;
	unsigned i;

	(void)state;
	ask(h, "www.example.com", 1000);
	while (!h->fake[0].udp_n)
		uv_run(&h->loop, UV_RUN_ONCE);
	victim = h->fake[0].seen[0].from;
	sock_from_endpoint(&to, &victim);
	for (i = 0; i < GUESSES; i++) {
		q.id = (uint16_t)i;
		fake_build(&b, &q, NULL, 0, 0, 0, FAKE_EVIL, 600);
		fake_send(&h->fake[0], &b, &to);
		if (i % 64 == 0)
			uv_run(&h->loop, UV_RUN_NOWAIT);
	}
	run_until(h, 1);
	assert_good(h, 0);
	assert_int_equal(h->fake[0].tcp_n, 1);
	assert_true(cached(h, "www.example.com", &hit));
	assert_int_equal(dns_answer_read(hit.kept.msg, hit.kept.len, &a), 0);
	assert_true(dns_answer_addr(&hit.kept, &got));
	assert_memory_equal(&got.b[12], "\xc0\0\2\1", 4);
	close_house(h);
}

/* Every query has a port, an ID and a spelling that nobody can foretell. */
static void queries_cannot_be_foretold(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	unsigned i, same_id = 0, same_port = 0, same_case = 0;
	const struct fake_seen *s = h->fake[0].seen;
	char name[40];

	(void)state;
	for (i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "abcdefghijklmnop%u.example.com",
			 i);
		ask(h, name, 1000);
		run_until(h, i + 1);
	}
	for (i = 1; i < 64; i++) {
		same_id += s[i].head.id == s[i - 1].head.id;
		same_port += s[i].from.port == s[i - 1].from.port;
		same_case += !memcmp(s[i].name.b + 1, s[i - 1].name.b + 1, 16);
	}
	assert_true(same_id < 2);
	assert_true(same_port < 4);
	assert_true(same_case < 2);
	close_house(h);
}

static void private_address_is_refused(void **state)
{
	struct house *h = open_one(FAKE_IS_PRIVATE);

	(void)state;
	ask(h, "www.example.com", 1000);
	run_until(h, 1);
	assert_int_equal(inbox_rcode(&h->in, 0), DNS_NOERROR);
	assert_int_equal(h->in.head[0].an, 0);
	assert_int_equal(h->tally.drops[TALLY_REBIND].packets, 1);
	assert_int_equal(h->tally.stats.refused, 1);
	close_house(h);
}

/* Does 'r' refuse what this upstream says of www.example.com? */
static bool refuses(const struct rebind *r, const char *upstream,
		    const char *address)
{
	struct nameserver by = { 0 };
	uint8_t kept[512];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_name name;
	struct dns_answer a;
	struct dns_kept k;
	struct addr six;
	struct build b;
	bool v4 = !strchr(address, ':');

	assert_true(endpoint_parse(upstream, 53, &by.at));
	dns_name_from_text(&name, "www.example.com");
	build_begin(&b, 1, DNS_QR, 1, 1, 0, 0);
	build_question(&b, "www.example.com", v4 ? DNS_A : DNS_AAAA);
	assert_true(addr_parse(address, &six));
	build_rr(&b, "www.example.com", v4 ? DNS_A : DNS_AAAA, 60,
		 v4 ? &six.b[12] : six.b, v4 ? 4 : 16);
	assert_int_equal(dns_answer_read(b.bytes, wr_len(&b.w), &a), 0);
	dns_answer_keep(&w, b.bytes, &a);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, false };
	return rebind_refuses(r, &name, &k, &by);
}

/* The owner's exceptions are let through; who is near may speak of private
 * networks, but not of ours. */
static void rebinding_has_exceptions(void **state)
{
	static const char near[] = "192.168.178.1", far[] = "9.9.9.9",
			  there[] = "192.168.1.1";
	struct rebind r = { .homes_n = 1 };
	struct dns_name other;

	(void)state;
	prefix_parse("192.168.1.0/24", &r.homes[0]);
	assert_true(refuses(&r, far, there));
	assert_true(refuses(&r, near, there));
	prefix_parse("10.77.0.0/24", &r.homes[0]);
	assert_true(refuses(&r, far, there));
	assert_false(refuses(&r, near, there));
	r.excepted = nameset_new();
	dns_name_from_text(&other, "example.com");
	nameset_add(r.excepted, &other, true, 0);
	assert_false(refuses(&r, far, there));
	assert_false(refuses(&r, near, "127.0.0.1"));
	nameset_free(r.excepted);
}

/* Behind a provider's router: neither that router, nor who is beside us, nor
 * the machine of who asks. */
static void who_is_near_may_not_name_everything(void **state)
{
	static const char *const refused[] = {
		"0.0.0.0",
		"0.1.2.3",
		"127.0.0.1",
		"127.9.9.9",
		"169.254.1.1",
		"::",
		"::1",
		"fe80::1",
		"::ffff:127.0.0.1",
		"64:ff9b::7f00:1",
		"192.168.178.200",
		"10.77.0.7",
	};
	static const char near[] = "192.168.178.1";
	struct rebind r = { .homes_n = 1 };
	unsigned i;

	(void)state;
	prefix_parse("10.77.0.0/24", &r.homes[0]);
	assert_true(refuses(&r, near, near)); /* also while there is no WAN */
	assert_true(refuses(&r, "fd00::1", "fd00::1"));
	assert_false(refuses(&r, near, "192.168.178.200"));
	prefix_parse("192.168.178.0/24", &r.wan);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!refuses(&r, near, refused[i]))
			fail_msg("%s is let through", refused[i]);
	assert_false(refuses(&r, near, "192.168.179.1"));
	assert_false(refuses(&r, near, "10.1.2.3"));
	assert_false(refuses(&r, near, "fd00::1"));
}

/* A name on the list is not reached by another that leads to it. */
static void what_leads_to_a_blocked_name_is_blocked(void **state)
{
	static const uint8_t target[] = "\3ads\7example";
	struct house *h = open_house(0, NULL);
	struct dns_query q = build_query("www.example.com", DNS_A, 0);
	struct asker from = inbox_asker(&h->in, 1000);
	uint8_t kept[512];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_name ads;
	struct dns_answer a;
	struct dns_age age = { 0, 60 };
	struct dns_kept k;
	struct build b;

	(void)state;
	dns_name_from_text(&ads, "ads.example");
	h->filter.block = nameset_new();
	nameset_add(h->filter.block, &ads, true, FILTER_LISTS);
	build_begin(&b, 1, DNS_QR, 1, 2, 0, 0);
	build_question(&b, "www.example.com", DNS_A);
	build_rr(&b, "www.example.com", DNS_CNAME, 60, target, sizeof(target));
	build_a(&b, "ads.example", 60, FAKE_EVIL);
	assert_int_equal(dns_answer_read(b.bytes, wr_len(&b.w), &a), 0);
	dns_answer_keep(&w, b.bytes, &a);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, true };
	assert_true(reply_filtered(&from, &q, &h->filter, &k, age, 0));
	assert_memory_equal(h->in.last4[0], "\0\0\0\0", 4);
	h->filter.unfiltered[h->filter.unfiltered_n++] = from.from.addr;
	assert_false(reply_filtered(&from, &q, &h->filter, &k, age, 0));
	assert_memory_equal(h->in.last4[1], "\xcb\0\x71\x42", 4);
	filter_fini(&h->filter);
	close_house(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_guesses_enter_nothing),
		cmocka_unit_test(queries_cannot_be_foretold),
		cmocka_unit_test(private_address_is_refused),
		cmocka_unit_test(rebinding_has_exceptions),
		cmocka_unit_test(who_is_near_may_not_name_everything),
		cmocka_unit_test(what_leads_to_a_blocked_name_is_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
