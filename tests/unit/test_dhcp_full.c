/* test_dhcp_full.c - a pool without a free address: who gets one, and from
 * whom. Device n is kit_client(n), a port is where it lives. */
#include "dhcp_pool_kit.h"

#define ALL   253 /* of a /24 */
#define HOUR  3600000u
#define FLOOD 1 /* the hostile port */
#define HOME  2 /* that of everyone else */

static struct lease_client at_port(unsigned n, uint32_t port)
{
	struct lease_client c = kit_client(n);

	c.port = port;
	return c;
}

/* An exchange. 0: no address. */
static __be32 come(struct pool *p, unsigned n, uint32_t port, uint64_t now_ms)
{
	struct lease_client c = at_port(n, port);
	const struct lease *l = pool_offer(p, &c, 0, now_ms);

	if (l)
		l = pool_bind(p, &c, l->ip, "", 100 * HOUR, now_ms);
	return l ? l->ip : 0;
}

/* Devices from..from+n-1 come and prove themselves; how many got in. */
static unsigned settle_in(struct pool *p, uint32_t port, unsigned from,
			  unsigned n, uint64_t now_ms)
{
	unsigned i, got = 0;

	for (i = from; i < from + n; i++) {
		struct lease_client c = at_port(i, port);

		if (!come(p, i, port, now_ms))
			continue;
		got++;
		kit_prove(p, &c, now_ms);
	}
	return got;
}

static void speak(struct pool *p, unsigned from, unsigned n, uint64_t now_ms)
{
	unsigned i;

	for (i = from; i < from + n; i++) {
		struct lease_client c = kit_client(i);
		const struct lease *l = pool_find(p, &c);

		if (l)
			pool_heard(p, l->ip, &c.mac, now_ms);
	}
}

static unsigned still_there(const struct pool *p, unsigned from, unsigned n)
{
	unsigned i, left = 0;

	for (i = from; i < from + n; i++) {
		struct lease_client c = kit_client(i);
		const struct lease *l = pool_find(p, &c);

		left += l && l->state == LEASE_BOUND;
	}
	return left;
}

static unsigned aside(const struct pool *p)
{
	struct dhcp_fill fill;

	pool_fill(p, &fill);
	return fill.declined;
}

static void declines_are_counted_against_their_port(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c;
	const struct lease *l;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		c = at_port(i, FLOOD);
		l = pool_offer(p, &c, 0, 1000 + i);
		if (l)
			assert_true(pool_decline(p, &c, l->ip, 1000 + i));
	}
	assert_int_equal(aside(p), 128);
	assert_int_equal(settle_in(p, HOME, 5000, 100, 2000), 100);
	/* They rest, and then are nobody's burden. */
	pool_expire(p, 2000 + POOL_DECLINE_MS);
	assert_int_equal(aside(p), 0);
	assert_int_not_equal(come(p, 1, FLOOD, 2000 + POOL_DECLINE_MS), 0);
	pool_free(p);
}

/* Nor after it has first proven what it then declines. */
static void declines_of_proven_leases_are_counted(void **state)
{
	struct pool *p = make("255.255.255.0");
	unsigned i;

	(void)state;
	assert_int_equal(settle_in(p, FLOOD, 0, ALL, 1000), ALL);
	for (i = 0; i < ALL; i++) {
		struct lease_client c = at_port(i, FLOOD);

		assert_true(pool_decline(p, &c, pool_find(p, &c)->ip, 20000));
	}
	assert_int_equal(aside(p), 128);
	assert_int_equal(settle_in(p, HOME, 5000, 100, 20001), 100);
	pool_free(p);
}

static void what_was_set_aside_is_tried_again_when_all_is(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c = kit_client(5000);
	__be32 first = 0, now;
	unsigned i;

	(void)state;
	for (i = 0; i < ALL; i++) {
		now = offer(p, i, 1000 + i);
		pool_asked(p, now, 1000 + i);
		pool_set_aside(p, now, 1000 + i);
		first = first ? first : now;
	}
	assert_int_equal(aside(p), ALL);
	assert_int_equal(offer(p, 5000, 1000 + POOL_REST_MS - 1), 0);
	/* The one nearest its end; ARP is asked before anybody gets it. */
	assert_int_equal(offer(p, 5000, 1000 + POOL_REST_MS), first);
	assert_true(pool_is_doubtful(pool_find(p, &c), 1000 + POOL_REST_MS));
	/* Still in use: the next one. */
	pool_set_aside(p, first, 1000 + POOL_REST_MS);
	now = offer(p, 5000, 1001 + POOL_REST_MS);
	assert_int_not_equal(now, 0);
	assert_int_not_equal(now, first);
	pool_free(p);
}

static void one_word_by_arp_proves_nothing(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c = at_port(0, FLOOD);
	unsigned i, got = 0;

	(void)state;
	for (i = 0; i < 400; i++) {
		got += come(p, i, FLOOD, 1000) != 0;
		speak(p, i, 1, 1000);
		speak(p, i, 1, 1000 + POOL_GRACE_MS - 1);
	}
	assert_int_equal(got, 128);
	assert_false(pool_find(p, &c)->proven);
	speak(p, 0, 1, 1000 + POOL_GRACE_MS);
	assert_true(pool_find(p, &c)->proven);
	/* A lease that begins anew is proven anew. */
	assert_true(pool_release(p, &c, pool_find(p, &c)->ip, 20000));
	assert_int_not_equal(come(p, 0, FLOOD, 20001), 0);
	speak(p, 0, 1, 20002);
	assert_false(pool_find(p, &c)->proven);
	pool_free(p);
}

/* A device that spoke once gets more time than one that never did. */
static void who_spoke_stays_longer(void **state)
{
	struct pool *p = make("255.255.255.0");
	unsigned i;

	(void)state;
	assert_int_not_equal(come(p, 5000, HOME, 1000), 0);
	speak(p, 5000, 1, 1001);
	assert_int_not_equal(come(p, 5001, HOME, 1000), 0);
	assert_int_equal(settle_in(p, FLOOD, 0, ALL, 1000), ALL - 2);
	for (i = 1000; i < 1010; i++)
		come(p, i, FLOOD, 1000 + POOL_GRACE_MS);
	assert_int_equal(still_there(p, 5001, 1), 0);
	assert_int_equal(still_there(p, 5000, 1), 1);
	pool_free(p);
}

/* It holds all it could get and speaks for all of it. */
static void a_patient_flood_makes_room_for_newcomers(void **state)
{
	struct pool *p = make("255.255.255.0");

	(void)state;
	assert_int_equal(settle_in(p, HOME, 5000, 50, 1000), 50);
	assert_int_equal(settle_in(p, FLOOD, 0, 400, HOUR), ALL - 50);
	speak(p, 0, 400, 2 * HOUR);
	assert_int_equal(come(p, 900, FLOOD, 2 * HOUR), 0);
	assert_int_equal(settle_in(p, HOME, 6000, 10, 2 * HOUR), 10);
	assert_int_equal(settle_in(p, 3, 7000, 20, 2 * HOUR), 20);
	assert_int_equal(still_there(p, 5000, 50), 50);
	assert_int_equal(still_there(p, 0, 400), ALL - 80);
	pool_free(p);
}

/* They are asleep for hours; the flood, awake, gets none of theirs. */
static void a_flood_takes_from_itself(void **state)
{
	struct pool *p = make("255.255.255.0");

	(void)state;
	assert_int_equal(settle_in(p, HOME, 5000, 100, 1000), 100);
	assert_int_equal(settle_in(p, FLOOD, 0, ALL, HOUR), ALL - 100);
	assert_int_equal(settle_in(p, FLOOD, 1000, 300, 3 * HOUR), ALL - 100);
	assert_int_equal(still_there(p, 0, ALL), 0);
	assert_int_equal(still_there(p, 5000, 100), 100);
	/* All it took is in use now. */
	assert_int_equal(settle_in(p, FLOOD, 2000, 300, 3 * HOUR + 1), 0);
	assert_int_equal(still_there(p, 5000, 100), 100);
	pool_free(p);
}

/* Many devices behind one port, all in use: a flood from another takes no more
 * than a quarter, and not from those that were there first. */
static void a_full_house_bears_a_flood(void **state)
{
	struct pool *p = make("255.255.255.0");
	unsigned lost;

	(void)state;
	assert_int_equal(settle_in(p, HOME, 5000, 150, 1000), 150);
	speak(p, 5000, 150, HOUR);
	assert_int_equal(settle_in(p, HOME, 6000, ALL, HOUR), ALL - 150);
	lost = settle_in(p, FLOOD, 0, 1000, HOUR + 1);
	assert_int_equal(lost, 64);
	assert_int_equal(still_there(p, 5000, 150), 150);
	assert_int_equal(still_there(p, 6000, ALL), ALL - 150 - lost);
	pool_free(p);
}

static void the_longest_quiet_makes_room(void **state)
{
	struct pool *p = make("255.255.255.0");

	(void)state;
	assert_int_equal(settle_in(p, HOME, 0, ALL, 1000), ALL);
	speak(p, 0, ALL, 2000);
	speak(p, 0, 7, 3000);
	speak(p, 8, ALL - 8, 3000);
	assert_int_equal(come(p, 900, HOME, 2000 + POOL_QUIET_MS - 1), 0);
	assert_int_not_equal(come(p, 900, HOME, 2000 + POOL_QUIET_MS), 0);
	assert_int_equal(still_there(p, 7, 1), 0);
	assert_int_equal(still_there(p, 0, ALL), ALL - 1);
	assert_int_equal(come(p, 901, HOME, 2000 + POOL_QUIET_MS), 0);
	pool_free(p);
}

/* The journal does not say where a device lives; its next word does. */
static void a_port_is_learned_after_a_restart(void **state)
{
	struct lease in = { .id = kit_client(1).id,
			    .mac = kit_mac(1),
			    .ip = ip("10.77.0.40"),
			    .state = LEASE_BOUND,
			    .until_ms = HOUR };
	struct lease_client c = kit_client(1);
	struct pool *p = make("255.255.255.0");
	struct mac mine = kit_mac(1), other = kit_mac(2);

	(void)state;
	pool_restore(p, &in);
	assert_false(pool_lacks_port(p, in.ip, &other));
	assert_true(pool_lacks_port(p, in.ip, &mine));
	pool_locate(p, in.ip, HOME);
	assert_false(pool_lacks_port(p, in.ip, &mine));
	assert_int_equal(pool_find(p, &c)->port, HOME);
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(declines_are_counted_against_their_port),
		cmocka_unit_test(declines_of_proven_leases_are_counted),
		cmocka_unit_test(what_was_set_aside_is_tried_again_when_all_is),
		cmocka_unit_test(one_word_by_arp_proves_nothing),
		cmocka_unit_test(who_spoke_stays_longer),
		cmocka_unit_test(a_patient_flood_makes_room_for_newcomers),
		cmocka_unit_test(a_flood_takes_from_itself),
		cmocka_unit_test(a_full_house_bears_a_flood),
		cmocka_unit_test(the_longest_quiet_makes_room),
		cmocka_unit_test(a_port_is_learned_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
