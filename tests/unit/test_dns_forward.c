/* test_dns_forward.c - questions upstream, over loopback: what enters, what
 * never does, who waits, and what happens when nobody answers. */
#include "test_dns_fake.h"

#include <stdio.h>

#include "ctl/base/clock.h"
#include "ctl/base/log.h"
#include "ctl/dns/forward.h"
#include "ctl/dns/reply.h"

struct house {
	uv_loop_t loop;
	struct tally tally;
	struct resolver resolver;
	struct cache *cache;
	struct filter filter;
	struct rebind rebind;
	struct forward *forward;
	struct inbox in;
	unsigned retired, fakes_n;
	struct fake fake[3];
};

static void on_retired(struct resolver *r)
{
	container_of(r, struct house, resolver)->retired++;
}

static struct house *open_house(unsigned n, const enum fake_mode *modes)
{
	struct house *h = calloc(1, sizeof(*h));
	struct nameserver at[3] = { 0 };
	unsigned i;

	log_set_level(LOG_LEVEL_ERR);
	assert_non_null(h);
	uv_loop_init(&h->loop);
	tally_init(&h->tally);
	h->resolver.way = (struct query_way){ &h->loop, &h->tally, NULL };
	h->resolver.on_retired = on_retired;
	h->cache = cache_new(1 << 20);
	h->forward = forward_new(&h->resolver, h->cache, &h->filter, &h->rebind,
				 &h->tally);
	h->fakes_n = n;
	for (i = 0; i < n; i++) {
		fake_open(&h->fake[i], &h->loop, modes[i]);
		at[i].at = h->fake[i].at;
	}
	upstreams_set(&h->resolver.upstreams, at, n);
	return h;
}

static struct house *open_one(enum fake_mode mode)
{
	return open_house(1, &mode);
}

static void close_house(struct house *h)
{
	unsigned i;

	resolve_stop_all(&h->resolver);
	forward_free(h->forward);
	cache_free(h->cache);
	for (i = 0; i < h->fakes_n; i++)
		fake_close(&h->fake[i]);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	free(h);
}

static void ask(struct house *h, const char *name, uint16_t port)
{
	struct dns_query q = build_query(name, DNS_A, 0);
	struct asker from = inbox_asker(&h->in, port);
	struct cache_key key = cache_key(&q);

	forward_ask(h->forward, &key, &q, &from);
}

/* Until 'n' answers came, 10 s at most. */
static void run_until(struct house *h, unsigned n)
{
	uint64_t end_ms = clock_ms() + 10000;

	while (h->in.n < n) {
		assert_true(clock_ms() < end_ms);
		uv_run(&h->loop, UV_RUN_ONCE);
	}
}

static bool cached(struct house *h, const char *name, struct cache_hit *hit)
{
	struct dns_query q = build_query(name, DNS_A, 0);
	struct cache_key key = cache_key(&q);

	return cache_find(h->cache, &key, clock_ms(), hit);
}

static void assert_good(struct house *h, unsigned i)
{
	assert_int_equal(inbox_rcode(&h->in, i), DNS_NOERROR);
	assert_memory_equal(h->in.last4[i], "\xc0\0\2\1", 4);
}

/* Whatever the upstream does to the way, the right answer comes. */
static void right_answer_comes_through(void **state)
{
	static const struct {
		enum fake_mode mode;
		unsigned tcp_n, foreign;
	} t[] = {
		{ FAKE_ANSWERS, 0, 0 },	    { FAKE_IS_SPOOFED, 0, 3 },
		{ FAKE_GUESSED_AT, 1, 16 }, { FAKE_LOWERS, 1, 0 },
		{ FAKE_TRUNCATES, 1, 0 },   { FAKE_HATES_EDNS, 0, 0 },
	};
	struct cache_hit hit;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct house *h = open_one(t[i].mode);

		ask(h, "www.example.com", 1000);
		run_until(h, 1);
		assert_good(h, 0);
		assert_int_equal(h->fake[0].tcp_n, t[i].tcp_n);
		assert_int_equal(h->tally.drops[TALLY_UP_FOREIGN].packets,
				 t[i].foreign);
		assert_true(cached(h, "www.example.com", &hit));
		assert_false(cached(h, "other.example.com", &hit));
		close_house(h);
	}
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
		same_port += s[i].port == s[i - 1].port;
		same_case += !memcmp(s[i].name.b + 1, s[i - 1].name.b + 1, 16);
	}
	assert_true(same_id < 2);
	assert_true(same_port < 4);
	assert_true(same_case < 2);
	close_house(h);
}

static void one_question_is_asked_once(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	unsigned i;

	(void)state;
	for (i = 0; i < FORWARD_WAITERS_MAX + 8; i++)
		ask(h, "www.example.com", (uint16_t)(1000 + i));
	ask(h, "www.example.com", 1000);
	assert_int_equal(h->in.none, 8);
	run_until(h, FORWARD_WAITERS_MAX);
	assert_int_equal(h->fake[0].udp_n, 1);
	assert_int_equal(h->tally.drops[TALLY_WAITERS].packets, 8);
	assert_int_equal(h->tally.drops[TALLY_DUPLICATE].packets, 1);
	for (i = 0; i < h->in.n; i++)
		assert_good(h, i);
	close_house(h);
}

static void another_answers_when_one_does_not(void **state)
{
	static const enum fake_mode first[] = {
		FAKE_SILENT,
		FAKE_FAILS,
		FAKE_REFUSES,
		FAKE_MALFORMED,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		enum fake_mode modes[] = { first[i], FAKE_ANSWERS };
		struct house *h = open_house(2, modes);

		ask(h, "www.example.com", 1000);
		run_until(h, 1);
		assert_good(h, 0);
		close_house(h);
	}
}

static void silence_retires(void **state)
{
	enum fake_mode modes[] = { FAKE_SILENT, FAKE_ANSWERS };
	struct house *h = open_house(2, modes);
	uint64_t end_ms = clock_ms() + 10000;
	unsigned i;
	char name[40];

	(void)state;
	for (i = 0; !h->retired; i++) {
		assert_true(clock_ms() < end_ms);
		snprintf(name, sizeof(name), "n%u.example.com", i % 400);
		ask(h, name, (uint16_t)i);
		run_until(h, i + 1);
		usleep(20000);
	}
	assert_true(h->resolver.upstreams.u[0].retired);
	assert_false(h->resolver.upstreams.u[1].retired);
	close_house(h);
}

static void refusals_end_in_servfail(void **state)
{
	static const enum fake_mode modes[] = { FAKE_FAILS, FAKE_REFUSES };
	struct house *h = open_house(2, modes);
	struct cache_hit hit;

	(void)state;
	ask(h, "www.example.com", 1000);
	run_until(h, 1);
	assert_int_equal(inbox_rcode(&h->in, 0), DNS_SERVFAIL);
	assert_int_equal(h->tally.stats.failed, 1);
	assert_true(cached(h, "www.example.com", &hit));
	close_house(h);
}

static void stale_is_better_than_nothing(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	struct cache_hit hit;

	(void)state;
	h->fake[0].ttl_s = 1;
	ask(h, "www.example.com", 1000);
	run_until(h, 1);
	usleep(1100000);
	h->fake[0].mode = FAKE_FAILS;
	ask(h, "www.example.com", 1001);
	run_until(h, 2);
	assert_good(h, 1);
	assert_int_equal(h->tally.stats.stale, 1);
	assert_true(cached(h, "www.example.com", &hit));
	assert_true(hit.stale && hit.resting);
	close_house(h);
}

/* RFC 8767, 5: the client does not wait for what may never come. */
static void slow_upstream_means_stale(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	uint64_t start_ms;

	(void)state;
	h->fake[0].ttl_s = 1;
	ask(h, "www.example.com", 1000);
	run_until(h, 1);
	usleep(1100000);
	h->fake[0].mode = FAKE_SILENT;
	start_ms = clock_ms();
	ask(h, "www.example.com", 1001);
	run_until(h, 2);
	assert_good(h, 1);
	assert_in_range(clock_ms() - start_ms, 1500, 2500);
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

/* Asked for again while it is still there; nobody waits for that. */
static void refreshing_replaces_what_is_ageing(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	struct dns_query q = build_query("www.example.com", DNS_A, 0);
	struct cache_key key = cache_key(&q);
	struct cache_hit hit;
	struct addr who = addr_v4(htonl(0x0a4d0009));

	(void)state;
	h->fake[0].ttl_s = 5;
	ask(h, "www.example.com", 1000);
	run_until(h, 1);
	h->fake[0].ttl_s = 600;
	forward_refresh(h->forward, &key, &q, &who);
	forward_refresh(h->forward, &key, &q, &who);
	do
		uv_run(&h->loop, UV_RUN_ONCE);
	while (cached(h, "www.example.com", &hit) && hit.ttl_s <= 5);
	assert_int_equal(h->fake[0].udp_n, 2);
	assert_int_equal(h->in.n, 1);
	close_house(h);
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

static void nobody_to_ask_fails_at_once(void **state)
{
	struct house *h = open_house(0, NULL);

	(void)state;
	ask(h, "www.example.com", 1000);
	assert_int_equal(h->in.n, 1);
	assert_int_equal(inbox_rcode(&h->in, 0), DNS_SERVFAIL);
	close_house(h);
}

static void one_client_leaves_room_for_others(void **state)
{
	struct house *h = open_one(FAKE_SILENT);
	struct dns_query q = build_query("other.example.com", DNS_A, 0);
	struct cache_key key = cache_key(&q);
	struct asker other = inbox_asker(&h->in, 1000);
	char name[40];
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		ask(h, name, (uint16_t)i);
	}
	assert_int_equal(h->in.none, 300 - 128);
	endpoint_parse("10.77.0.10", 1, &other.from);
	forward_ask(h->forward, &key, &q, &other);
	assert_int_equal(h->in.none, 300 - 128);
	close_house(h);
}

static void those_who_left_are_forgotten(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	struct cache_hit hit;

	(void)state;
	ask(h, "www.example.com", 1000);
	forward_forget(h->forward, &h->in);
	while (!cached(h, "www.example.com", &hit))
		uv_run(&h->loop, UV_RUN_ONCE);
	assert_int_equal(h->in.n, 0);
	close_house(h);
}

static void stopping_amid_questions_leaks_nothing(void **state)
{
	static const enum fake_mode modes[] = { FAKE_SILENT, FAKE_TRUNCATES };
	struct house *h = open_house(2, modes);
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++) {
		char name[40];

		snprintf(name, sizeof(name), "n%u.example.com", i);
		ask(h, name, (uint16_t)i);
	}
	for (i = 0; i < 5; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
	close_house(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_answer_comes_through),
		cmocka_unit_test(queries_cannot_be_foretold),
		cmocka_unit_test(one_question_is_asked_once),
		cmocka_unit_test(another_answers_when_one_does_not),
		cmocka_unit_test(silence_retires),
		cmocka_unit_test(refusals_end_in_servfail),
		cmocka_unit_test(stale_is_better_than_nothing),
		cmocka_unit_test(slow_upstream_means_stale),
		cmocka_unit_test(private_address_is_refused),
		cmocka_unit_test(rebinding_has_exceptions),
		cmocka_unit_test(refreshing_replaces_what_is_ageing),
		cmocka_unit_test(what_leads_to_a_blocked_name_is_blocked),
		cmocka_unit_test(nobody_to_ask_fails_at_once),
		cmocka_unit_test(one_client_leaves_room_for_others),
		cmocka_unit_test(those_who_left_are_forgotten),
		cmocka_unit_test(stopping_amid_questions_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
