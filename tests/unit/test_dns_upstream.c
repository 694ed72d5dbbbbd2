/* test_dns_upstream.c - whom to ask, and how much one client may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "ctl/dns/quota.h"
#include "ctl/dns/upstream.h"

static void make(struct upstreams *s, unsigned n)
{
	struct nameserver at[DNS_UPSTREAMS_MAX] = { 0 };
	unsigned i;

	for (i = 0; i < n; i++)
		endpoint_parse("192.0.2.1", (uint16_t)(i + 1), &at[i].at);
	*s = (struct upstreams){ 0 };
	upstreams_set(s, at, n);
}

static void retire(struct upstream *u, uint64_t now_ms)
{
	assert_false(upstream_failed(u, now_ms));
	assert_false(upstream_failed(u, now_ms + 100));
	assert_false(upstream_failed(u, now_ms + 200));
	assert_true(upstream_failed(u, now_ms + 2000));
	assert_true(u->retired);
}

static void fastest_is_asked(void **state)
{
	struct upstreams s;

	(void)state;
	make(&s, 3);
	upstream_answered(&s.u[0], 30, 1);
	upstream_answered(&s.u[1], 10, 2);
	upstream_answered(&s.u[2], 20, 3);
	assert_ptr_equal(upstreams_pick(&s, NULL, 0, false), &s.u[1]);
	assert_ptr_equal(upstreams_pick(&s, NULL, 0, true), &s.u[0]);
	upstream_answered(&s.u[1], 900, 4);
	assert_ptr_equal(upstreams_pick(&s, NULL, 0, false), &s.u[2]);
}

static void each_in_turn_then_again(void **state)
{
	struct upstream_try tries[8];
	static const unsigned want[] = { 1, 0, 1, 0 };
	struct upstreams s;
	unsigned i;

	(void)state;
	make(&s, 2);
	upstream_answered(&s.u[0], 30, 1);
	upstream_answered(&s.u[1], 10, 1);
	for (i = 0; i < 4; i++) {
		struct upstream *u = upstreams_pick(&s, tries, i, false);

		assert_ptr_equal(u, &s.u[want[i]]);
		tries[i] = (struct upstream_try){ .at = u->at };
	}
	tries[0].final = true;
	assert_ptr_equal(upstreams_pick(&s, tries, 1, false), &s.u[0]);
	tries[1].final = true;
	assert_null(upstreams_pick(&s, tries, 2, false));
}

static void retired_is_asked_last_and_probed(void **state)
{
	struct upstreams s;
	uint64_t wait_ms;

	(void)state;
	make(&s, 2);
	upstream_answered(&s.u[1], 500, 1);
	retire(&s.u[0], 1000);
	assert_ptr_equal(upstreams_pick(&s, NULL, 0, false), &s.u[1]);
	assert_int_equal(upstreams_live(&s), 1);
	assert_null(upstreams_probe(&s, 3000, &wait_ms));
	assert_int_equal(wait_ms, 1000);
	assert_ptr_equal(upstreams_probe(&s, 4000, &wait_ms), &s.u[0]);
	assert_null(upstreams_probe(&s, 4000, &wait_ms));
	assert_ptr_equal(upstreams_probe(&s, 5000, &wait_ms), &s.u[0]);
	assert_null(upstreams_probe(&s, 5000, &wait_ms));
	assert_int_equal(wait_ms, 2000);
	assert_true(upstream_answered(&s.u[0], 5, 6000));
	assert_ptr_equal(upstreams_pick(&s, NULL, 0, false), &s.u[0]);
	assert_null(upstreams_probe(&s, 9999, &wait_ms));
	assert_true(wait_ms == UINT64_MAX);
}

static void a_hiccup_does_not_retire(void **state)
{
	struct upstreams s;
	unsigned i;

	(void)state;
	make(&s, 1);
	for (i = 0; i < 50; i++)
		assert_false(upstream_failed(&s.u[0], 1000 + i));
	upstream_answered(&s.u[0], 5, 1100);
	assert_false(upstream_failed(&s.u[0], 9000));
}

static void timeouts_follow_latency(void **state)
{
	struct upstreams s;

	(void)state;
	make(&s, 1);
	assert_int_equal(upstream_timeout_ms(&s.u[0], 0), 1000);
	upstream_answered(&s.u[0], 10, 1);
	assert_int_equal(upstream_timeout_ms(&s.u[0], 0), 250);
	assert_int_equal(upstream_timeout_ms(&s.u[0], 1), 500);
	assert_int_equal(upstream_timeout_ms(&s.u[0], 9), 2000);
	make(&s, 1);
	upstream_answered(&s.u[0], 150, 1);
	assert_int_equal(upstream_timeout_ms(&s.u[0], 0), 600);
}

static void those_that_stay_stay_known(void **state)
{
	struct upstreams s;
	struct nameserver at[2] = { 0 };

	(void)state;
	make(&s, 2);
	upstream_answered(&s.u[1], 10, 1);
	at[0] = s.u[1].at;
	endpoint_parse("192.0.2.99", 53, &at[1].at);
	upstreams_set(&s, at, 2);
	assert_true(s.u[0].measured);
	assert_false(s.u[1].measured);
}

#define ROOM 128

static void quota_bounds_rate_and_flight(void **state)
{
	static struct quota q;
	struct quota_client *taken[ROOM];
	struct addr a = addr_v4(1), b = addr_v4(2);
	unsigned i, n = 0;

	(void)state;
	quota_init(&q);
	for (i = 0; i < ROOM; i++)
		assert_non_null(taken[i] = quota_take(&q, &a, ROOM, 1000));
	assert_null(quota_take(&q, &a, ROOM, 1000));
	assert_non_null(quota_take(&q, &b, ROOM, 1000));
	for (i = 0; i < ROOM; i++)
		quota_release(taken[i]);
	for (;; n++) {
		struct quota_client *c = quota_take(&q, &a, ROOM, 1000);

		if (!c)
			break;
		quota_release(c);
	}
	assert_int_equal(n, QUOTA_PER_S * QUOTA_BURST_S - ROOM);
	assert_null(quota_take(&q, &a, ROOM, 1001));
	assert_non_null(quota_take(&q, &a, ROOM, 1005));
	assert_null(quota_take(&q, &a, ROOM, 1005));
}

static void quota_keeps_those_in_flight(void **state)
{
	static struct quota q;
	struct addr first = addr_v4(htonl(1));
	struct quota_client *c;
	uint32_t i;

	(void)state;
	quota_init(&q);
	c = quota_take(&q, &first, ROOM, 1);
	for (i = 2; i < 100000; i++) {
		struct addr a = addr_v4(htonl(i));
		struct quota_client *other = quota_take(&q, &a, ROOM, i);

		assert_non_null(other);
		assert_ptr_not_equal(other, c);
		quota_release(other);
	}
	assert_true(addr_eq(&c->addr, &first));
	assert_int_equal(c->in_flight, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fastest_is_asked),
		cmocka_unit_test(each_in_turn_then_again),
		cmocka_unit_test(retired_is_asked_last_and_probed),
		cmocka_unit_test(a_hiccup_does_not_retire),
		cmocka_unit_test(timeouts_follow_latency),
		cmocka_unit_test(those_that_stay_stay_known),
		cmocka_unit_test(quota_bounds_rate_and_flight),
		cmocka_unit_test(quota_keeps_those_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
