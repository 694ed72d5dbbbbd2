/* test_dhcp_fair.c - what one host cannot take from the others, and what ARP
 * tells of who has which address. */
#include "dhcp_pool_kit.h"

/* A host that plays many: each has an exchange of its own, none is ever seen
 * to use its address. How many got one. */
static unsigned starve(struct pool *p, uint32_t port, unsigned from, unsigned n,
		       uint64_t now_ms)
{
	unsigned i, got = 0;

	for (i = from; i < from + n; i++) {
		struct lease_client c = kit_client(i);
		const struct lease *l;

		c.port = port;
		l = pool_offer(p, &c, 0, now_ms);
		got += l && pool_bind(p, &c, l->ip, "", LEASE_MS, now_ms);
	}
	return got;
}

static void one_port_cannot_use_up_the_pool(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c;
	unsigned i;

	(void)state;
	assert_int_equal(starve(p, 1, 0, 5000, 1), 128);
	/* Nor by asking for addresses by name. */
	for (i = 6000; i < 6300; i++) {
		c = kit_client(i);
		c.port = 1;
		assert_null(pool_bind(p, &c, ip("10.77.0.2") + htonl(i % 250),
				      "", LEASE_MS, 1));
	}
	/* Others get theirs, if they use them without a limit. */
	for (i = 7000; i < 7050; i++) {
		assert_int_equal(starve(p, 2, i, 1, 2), 1);
		c = kit_client(i);
		kit_prove(p, &c, 3);
	}
	/* Two ports that do it have three quarters together. */
	assert_int_equal(starve(p, 2, 8000, 5000, 4), 64);
	assert_int_equal(starve(p, 3, 20000, 10, 4), 0);
	/* Who comes later takes what they never used, not what is used. */
	assert_int_equal(starve(p, 3, 21000, 10, 4 + POOL_GRACE_MS), 10);
	for (i = 7000; i < 7050; i++) {
		c = kit_client(i);
		assert_int_equal(pool_find(p, &c)->state, LEASE_BOUND);
	}
	pool_free(p);
}

static void offers_do_not_outlast_what_a_port_has(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c = kit_client(500);
	const struct lease *l;
	__be32 offered[60], old;
	unsigned i, got = 0;

	(void)state;
	/* One that was here before the crowd, and comes back in its midst. */
	assert_int_equal(starve(p, 1, 500, 1, 1), 1);
	kit_prove(p, &c, 1);
	old = pool_find(p, &c)->ip;
	assert_true(pool_release(p, &c, old, 2));
	assert_int_equal(pool_offer(p, &c, 0, 3)->ip, old);
	assert_int_equal(starve(p, 1, 0, 120, 3), 120);
	for (i = 0; i < 60; i++) {
		c = kit_client(1000 + i);
		c.port = 1;
		l = pool_offer(p, &c, 0, 4);
		assert_non_null(l);
		offered[i] = l->ip;
	}
	for (i = 0; i < 60; i++) {
		c = kit_client(1000 + i);
		c.port = 1;
		got += pool_bind(p, &c, offered[i], "", LEASE_MS, 5) != NULL;
	}
	assert_int_equal(got, 8);
	c = kit_client(500);
	c.port = 1;
	assert_non_null(pool_bind(p, &c, old, "", LEASE_MS, 6));
	assert_int_equal(starve(p, 2, 2000, 1, 7), 1);
	pool_free(p);
}

/* The address of client 'n' behind 'port' as it was offered; 0: none. */
static __be32 offer_at(struct pool *p, uint32_t port, unsigned n,
		       uint64_t now_ms)
{
	struct lease_client c = kit_client(n);
	const struct lease *l;

	c.port = port;
	l = pool_offer(p, &c, 0, now_ms);
	return l ? l->ip : 0;
}

static bool bind_at(struct pool *p, uint32_t port, unsigned n, __be32 addr,
		    uint64_t now_ms)
{
	struct lease_client c = kit_client(n);

	c.port = port;
	return pool_bind(p, &c, addr, "", LEASE_MS, now_ms);
}

/* Nor is it offered the same again, in vain, as long as it asks. */
static void who_was_too_late_is_offered_what_the_crowd_left(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 addr;

	(void)state;
	assert_int_equal(starve(p, 1, 0, 127, 1), 127);
	addr = offer_at(p, 1, 500, 2);
	assert_int_equal(starve(p, 1, 200, 1, 3), 1);
	assert_false(bind_at(p, 1, 500, addr, 4));
	assert_int_equal(offer_at(p, 1, 500, 5), 0);
	addr = offer_at(p, 1, 500, 5 + POOL_GRACE_MS);
	assert_int_not_equal(addr, 0);
	assert_true(bind_at(p, 1, 500, addr, 6 + POOL_GRACE_MS));
	pool_free(p);
}

/* Between its offer and its request crowds behind two other ports take all that
 * is there for strangers. */
static void a_newcomer_s_offer_is_not_the_crowds_to_take(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 addr;

	(void)state;
	assert_int_equal(starve(p, 1, 0, 5000, 1), 128);
	assert_int_equal(starve(p, 2, 6000, 5000, 1), 64);
	addr = offer_at(p, 3, 500, 1 + POOL_GRACE_MS);
	assert_int_not_equal(addr, 0);
	assert_int_equal(starve(p, 2, 20000, 1, 1 + POOL_GRACE_MS), 1);
	assert_true(bind_at(p, 3, 500, addr, 2 + POOL_GRACE_MS));
	pool_free(p);
}

static void a_quiet_device_proves_itself_by_renewing(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c = kit_client(1);
	__be32 addr;

	(void)state;
	assert_int_equal(starve(p, 1, 1, 1, 1), 1);
	addr = pool_find(p, &c)->ip;
	c.port = 1;
	/* At once it proves nothing. */
	assert_non_null(pool_bind(p, &c, addr, "", LEASE_MS, 2));
	assert_false(pool_find(p, &c)->proven);
	assert_non_null(
		pool_bind(p, &c, addr, "", LEASE_MS, 1 + POOL_GRACE_MS));
	assert_true(pool_find(p, &c)->proven);
	pool_free(p);
}

static void the_pool_says_when_it_is_tight(void **state)
{
	struct pool *p = make("255.255.255.240");
	struct dhcp_fill fill;
	unsigned i;

	(void)state;
	for (i = 1; i <= 8; i++)
		dora(p, i, "", 0);
	assert_false(pool_is_tight(p));
	dora(p, 9, "", 0);
	assert_true(pool_is_tight(p));
	offer(p, 10, 0);
	pool_fill(p, &fill);
	assert_int_equal(fill.size, 13);
	assert_int_equal(fill.bound, 9);
	assert_int_equal(fill.offered, 1);
	pool_expire(p, LEASE_MS);
	assert_false(pool_is_tight(p));
	pool_fill(p, &fill);
	assert_int_equal(fill.bound, 0);
	assert_int_equal(fill.waiting, 9);
	pool_free(p);
}

static void an_address_in_doubt_is_asked_for_once(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client c = kit_client(1);
	__be32 addr = offer(p, 1, 100);

	(void)state;
	assert_true(pool_is_doubtful(pool_find(p, &c), 100));
	pool_asked(p, addr, 100);
	assert_false(pool_is_doubtful(pool_find(p, &c), 100));
	assert_true(pool_is_doubtful(pool_find(p, &c), 100 + POOL_FRESH_MS));
	/* Who had it before is not doubted. */
	bind_to(p, 1, addr, "", 200);
	assert_false(pool_is_doubtful(pool_find(p, &c), 300 + POOL_FRESH_MS));
	pool_release(p, &c, addr, 300);
	assert_int_equal(offer(p, 1, 300 + POOL_FRESH_MS), addr);
	assert_false(pool_is_doubtful(pool_find(p, &c), 300 + POOL_FRESH_MS));
	pool_free(p);
}

static void an_address_that_is_taken_rests(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 addr = offer(p, 1, 0);

	(void)state;
	pool_set_aside(p, addr, 0);
	assert_int_not_equal(offer(p, 1, 1), addr);
	pool_expire(p, POOL_DECLINE_MS);
	bind_to(p, 2, addr, "", POOL_DECLINE_MS);
	/* A lease that is in use is not taken from its holder so. */
	pool_set_aside(p, addr, POOL_DECLINE_MS);
	assert_int_equal(offer(p, 2, POOL_DECLINE_MS), addr);
	pool_free(p);
}

static void two_devices_with_one_address_are_told_once(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct mac mine = kit_mac(1), other = kit_mac(2);
	struct lease_client c = kit_client(3);
	__be32 addr = offer(p, 1, 0);
	const struct lease *l;

	(void)state;
	assert_non_null(bind_to(p, 1, addr, "", 1));
	l = pool_heard(p, addr, &other, 100);
	assert_non_null(l);
	assert_true(mac_eq(&l->mac, &mine));
	assert_true(mac_eq(&l->other, &other));
	assert_null(pool_heard(p, addr, &mine, 101));
	assert_null(pool_heard(p, addr, &other, 102));
	/* While it lasts, every ten minutes. */
	pool_heard(p, addr, &mine, POOL_DECLINE_MS);
	assert_non_null(pool_heard(p, addr, &other, POOL_DECLINE_MS + 100));
	/* Behind a repeater only the repeater's address is ever seen. */
	addr = offer(p, 3, 0);
	assert_non_null(pool_bind(p, &c, addr, "", LEASE_MS, 1));
	assert_null(pool_heard(p, addr, &other, 2));
	assert_null(pool_heard(p, addr, &other, 3));
	/* And what is nobody's here is nobody's conflict. */
	assert_null(pool_heard(p, ip("10.77.0.250"), &other, 4));
	assert_null(pool_heard(p, ip("192.168.1.1"), &other, 4));
	pool_free(p);
}

static void a_fixed_address_may_follow_an_identifier(void **state)
{
	struct dhcp_conf conf = kit_conf("255.255.255.0");
	struct lease_client by_id = kit_client(1), by_mac = kit_client(1);
	struct pool *p;

	(void)state;
	conf.statics_n = 2;
	conf.statics[0] = kit_static(kit_mac(1), ip("10.77.0.5"));
	conf.statics[1].id_len = 3;
	memcpy(conf.statics[1].id, "abc", 3);
	conf.statics[1].ip = ip("10.77.0.6");
	p = pool_of(&conf);
	by_id.id.len = 3;
	memcpy(by_id.id.b, "abc", 3);
	assert_int_equal(pool_offer(p, &by_id, 0, 0)->ip, ip("10.77.0.6"));
	assert_int_equal(pool_offer(p, &by_mac, 0, 0)->ip, ip("10.77.0.5"));
	by_id.mac = kit_mac(9); /* another card of the same device */
	assert_int_equal(pool_offer(p, &by_id, 0, 0)->ip, ip("10.77.0.6"));
	by_id.id.b[0] = 'x';
	assert_int_not_equal(pool_offer(p, &by_id, 0, 0)->ip, ip("10.77.0.6"));
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_port_cannot_use_up_the_pool),
		cmocka_unit_test(offers_do_not_outlast_what_a_port_has),
		cmocka_unit_test(
			who_was_too_late_is_offered_what_the_crowd_left),
		cmocka_unit_test(a_newcomer_s_offer_is_not_the_crowds_to_take),
		cmocka_unit_test(a_quiet_device_proves_itself_by_renewing),
		cmocka_unit_test(the_pool_says_when_it_is_tight),
		cmocka_unit_test(an_address_in_doubt_is_asked_for_once),
		cmocka_unit_test(an_address_that_is_taken_rests),
		cmocka_unit_test(two_devices_with_one_address_are_told_once),
		cmocka_unit_test(a_fixed_address_may_follow_an_identifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
