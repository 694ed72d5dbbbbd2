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

/* The owner's exceptions are let through; who is near may speak of private
 * networks, but not of ours. */
static void rebinding_has_exceptions(void **state)
{
	struct rebind r = { .homes_n = 1 };
	struct nameserver near = { 0 }, far = { 0 };
	uint8_t kept[512];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_name name, other;
	struct dns_answer a;
	struct dns_kept k;
	struct build b;

	(void)state;
	prefix_parse("192.168.1.0/24", &r.homes[0]);
	endpoint_parse("192.168.178.1", 53, &near.at);
	endpoint_parse("9.9.9.9", 53, &far.at);
	dns_name_from_text(&name, "www.example.com");
	dns_name_from_text(&other, "example.com");
	build_begin(&b, 1, DNS_QR, 1, 1, 0, 0);
	build_question(&b, "www.example.com", DNS_A);
	build_a(&b, "www.example.com", 60, "192.168.1.1");
	assert_int_equal(dns_answer_read(b.bytes, wr_len(&b.w), &a), 0);
	dns_answer_keep(&w, b.bytes, &a);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, false };
	assert_true(rebind_refuses(&r, &name, &k, &far));
	assert_true(rebind_refuses(&r, &name, &k, &near));
	prefix_parse("10.77.0.0/24", &r.homes[0]);
	assert_true(rebind_refuses(&r, &name, &k, &far));
	assert_false(rebind_refuses(&r, &name, &k, &near));
	r.excepted = nameset_new();
	nameset_add(r.excepted, &other, true, 0);
	assert_false(rebind_refuses(&r, &name, &k, &far));
	nameset_free(r.excepted);
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
	assert_true(reply_filtered(&from, &q, &h->filter, &k, 60, 0));
	assert_memory_equal(h->in.last4[0], "\0\0\0\0", 4);
	h->filter.unfiltered[h->filter.unfiltered_n++] = from.from.addr;
	assert_false(reply_filtered(&from, &q, &h->filter, &k, 60, 0));
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
		cmocka_unit_test(what_leads_to_a_blocked_name_is_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
