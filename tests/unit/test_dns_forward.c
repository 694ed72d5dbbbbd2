/* test_dns_forward.c - questions upstream, over loopback: what enters, what
 * never does, who waits, and what happens when nobody answers. */
#include "test_dns_house.h"

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
	uint64_t end_ms = clock_ms() + 30000;
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
	/* By the timer for that, and not at the end of all patience, which is
	 * still to come; a busy machine may be late. */
	assert_true(clock_ms() - start_ms >= 1500);
	assert_non_null(h->resolver.all);
	close_house(h);
}

/* Asked for again while it is still there; nobody waits for that. */
static void refreshing_replaces_what_is_ageing(void **state)
{
	struct house *h = open_one(FAKE_ANSWERS);
	struct dns_query q = build_query("www.example.com", DNS_A, 0);
	struct dns_key key = dns_key(&q);
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
	while (cached(h, "www.example.com", &hit) &&
	       hit.ageing_ms - hit.born_ms <= 5000);
	assert_int_equal(h->fake[0].udp_n, 2);
	assert_int_equal(h->in.n, 1);
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

/* Clients that went mad, one after the other: each is turned away in the end,
 * and there is room for the next one and for a quiet one. */
static void mad_clients_leave_room_for_others(void **state)
{
	struct house *h = open_one(FAKE_SILENT);
	static const unsigned shares[] = { 512, 256, 128, 64 };
	struct asker client = inbox_asker(&h->in, 1000);
	char name[40];
	unsigned i, who;

	(void)state;
	for (who = 0; who < sizeof(shares) / sizeof(shares[0]); who++) {
		client.from.addr = addr_v4(htonl(0x0a4d0010 + who));
		h->in.none = 0;
		for (i = 0; i < 600; i++) {
			snprintf(name, sizeof(name), "n%u.c%u.example", i, who);
			ask_as(h, &client, name);
		}
		assert_int_equal(h->in.none, 600 - shares[who]);
	}
	client.from.addr = addr_v4(htonl(0x0a4d0009));
	h->in.none = 0;
	ask_as(h, &client, "quiet.example");
	assert_int_equal(h->in.none, 0);
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
		cmocka_unit_test(one_question_is_asked_once),
		cmocka_unit_test(another_answers_when_one_does_not),
		cmocka_unit_test(silence_retires),
		cmocka_unit_test(refusals_end_in_servfail),
		cmocka_unit_test(stale_is_better_than_nothing),
		cmocka_unit_test(slow_upstream_means_stale),
		cmocka_unit_test(refreshing_replaces_what_is_ageing),
		cmocka_unit_test(nobody_to_ask_fails_at_once),
		cmocka_unit_test(mad_clients_leave_room_for_others),
		cmocka_unit_test(those_who_left_are_forgotten),
		cmocka_unit_test(stopping_amid_questions_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
