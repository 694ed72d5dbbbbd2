/* test_dhcp_pool.c - one device, one address, for as long as can be. */
#include <errno.h>

#include "dhcp_pool_kit.h"

static void networks_without_room_are_refused(void **state)
{
	static const struct {
		const char *addr, *mask;
		int err;
	} table[] = {
		{ "10.77.0.1", "255.255.255.0", 0 },
		{ "10.77.0.1", "255.255.255.252", 0 },
		{ "10.77.0.1", "255.0.0.0", 0 },
		{ "10.77.0.1", "255.255.255.254", -EINVAL },
		{ "10.77.0.1", "255.255.255.255", -EINVAL },
		{ "10.77.0.1", "255.0.255.0", -EINVAL },
		{ "10.77.0.1", "0.0.0.0", -EINVAL },
		{ "10.77.0.0", "255.255.255.0", -EINVAL },
		{ "10.77.0.255", "255.255.255.0", -EINVAL },
	};
	struct dhcp_conf conf;
	struct pool *p;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		conf = kit_conf(table[i].mask);
		conf.addr = ip(table[i].addr);
		p = NULL;
		assert_int_equal(pool_new(&p, &conf), table[i].err);
		pool_free(p);
	}
}

static void a_device_keeps_its_address(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 first = dora(p, 1, "", 0);

	(void)state;
	assert_int_equal(offer(p, 1, 10), first); /* bound */
	pool_expire(p, LEASE_MS);
	assert_int_equal(heard[POOL_EXPIRED], 1);
	assert_int_equal(offer(p, 1, LEASE_MS), first); /* expired */
	pool_free(p);
	/* And in a pool that has forgotten all. */
	p = make("255.255.255.0");
	assert_int_equal(offer(p, 1, 0), first);
	pool_free(p);
}

static void every_address_is_given_once(void **state)
{
	struct pool *p = make("255.255.255.240");
	bool seen[16] = { 0 };
	unsigned i, host;

	(void)state;
	for (i = 0; i < 13; i++) {
		host = ntohl(dora(p, i, "", 0)) & 15;
		assert_false(seen[host]);
		seen[host] = true;
	}
	assert_false(seen[0] || seen[1] || seen[15]);
	assert_int_equal(offer(p, 99, 0), 0);
	pool_free(p);
}

static void the_longest_gone_makes_room(void **state)
{
	struct pool *p = make("255.255.255.248"); /* five clients */
	struct lease_client c = kit_client(3);
	__be32 addr[5];
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++)
		addr[i] = dora(p, i, "", i == 1 ? 0 : 100 + i);
	assert_true(pool_release(p, &c, addr[3], 200));
	pool_expire(p, LEASE_MS); /* device 1; 3 has left long before */
	assert_int_equal(offer(p, 50, LEASE_MS), addr[3]);
	assert_int_equal(offer(p, 51, LEASE_MS), addr[1]);
	assert_int_equal(offer(p, 52, LEASE_MS), 0);
	pool_free(p);
}

static void a_wish_is_granted_when_nobody_had_it(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client a = kit_client(1), b = kit_client(2);
	const struct lease *l;

	(void)state;
	l = pool_offer(p, &a, ip("10.77.0.200"), 0);
	assert_int_equal(l->ip, ip("10.77.0.200"));
	l = pool_offer(p, &b, ip("10.77.0.200"), 0);
	assert_int_not_equal(l->ip, ip("10.77.0.200"));
	/* Ours, the network's, another network's: not for clients. */
	b = kit_client(3);
	assert_int_not_equal(pool_offer(p, &b, ip("10.77.0.1"), 0)->ip,
			     ip("10.77.0.1"));
	b = kit_client(4);
	assert_int_not_equal(pool_offer(p, &b, ip("10.77.0.255"), 0)->ip,
			     ip("10.77.0.255"));
	b = kit_client(5);
	assert_int_not_equal(pool_offer(p, &b, ip("10.99.0.7"), 0)->ip,
			     ip("10.99.0.7"));
	pool_free(p);
}

static void only_the_right_address_is_bound(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 mine = dora(p, 1, "", 0), held = offer(p, 2, 0);

	(void)state;
	assert_null(bind_to(p, 3, mine, "", 0));
	assert_null(bind_to(p, 3, held, "", 0));
	assert_null(bind_to(p, 1, ip("10.77.0.222"), "", 0));
	assert_null(bind_to(p, 3, ip("10.77.0.1"), "", 0));
	assert_null(bind_to(p, 3, ip("192.168.1.5"), "", 0));
	/* What nobody had, a device that believes it is its own may have. */
	assert_non_null(bind_to(p, 4, ip("10.77.0.222"), "", 0));
	pool_free(p);
}

static void a_flood_of_discoveries_takes_few_addresses(void **state)
{
	struct pool *p = make("255.255.255.0");
	const struct lease *l;
	unsigned i, at = 0, held = 0;
	__be32 mine;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_not_equal(offer(p, i, i), 0);
	while ((l = pool_next(p, &at)))
		held++;
	assert_int_equal(held, 256 / 4);
	/* A real client in the midst of it gets through. */
	mine = offer(p, 6000, 5000);
	for (i = 0; i < 32; i++)
		offer(p, 7000 + i, 5001);
	assert_non_null(bind_to(p, 6000, mine, "", 5002));
	pool_expire(p, 5002 + POOL_OFFER_MS);
	at = held = 0;
	while ((l = pool_next(p, &at)))
		held++;
	assert_int_equal(held, 1);
	assert_int_equal(heard[POOL_FORGOTTEN], 0);
	pool_free(p);
}

static void a_declined_address_rests(void **state)
{
	struct pool *p = make("255.255.255.252"); /* one client */
	struct lease_client a = kit_client(1), b = kit_client(2);
	__be32 addr = dora(p, 1, "", 0);

	(void)state;
	assert_false(pool_decline(p, &b, addr, 5));
	assert_true(pool_decline(p, &a, addr, 5));
	assert_int_equal(heard[POOL_FORGOTTEN], 1);
	assert_false(pool_decline(p, &a, addr, 6));
	assert_int_equal(offer(p, 1, 10), 0);
	assert_null(bind_to(p, 1, addr, "", 10));
	assert_true(pool_deadline(p) <= 5 + POOL_DECLINE_MS);
	pool_expire(p, 5 + POOL_DECLINE_MS);
	assert_int_equal(offer(p, 1, 10 + POOL_DECLINE_MS), addr);
	pool_free(p);
}

static void only_the_holder_releases(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct lease_client a = kit_client(1), b = kit_client(2);
	__be32 addr = dora(p, 1, "tv", 0);

	(void)state;
	assert_false(pool_release(p, &b, addr, 1));
	assert_false(pool_release(p, &a, ip("10.77.0.250"), 1));
	assert_true(pool_release(p, &a, addr, 1));
	assert_false(pool_release(p, &a, addr, 2));
	assert_int_equal(heard[POOL_RELEASED], 1);
	assert_int_equal(offer(p, 1, 3), addr);
	pool_free(p);
}

static void names_are_unique_and_stay(void **state)
{
	struct pool *p = make("255.255.255.0");
	__be32 a = dora(p, 1, "tv", 0), b = dora(p, 2, "tv", 0), c;
	struct lease_client first = kit_client(1);
	const struct lease *l = bind_to(p, 2, b, "tv", 1);

	(void)state;
	assert_string_equal(l->hostname, "tv-2");
	c = dora(p, 3, "tv", 1);
	assert_string_equal(bind_to(p, 3, c, "", 2)->hostname, "tv-3");
	pool_release(p, &first, a, 3);
	assert_string_equal(bind_to(p, 2, b, "tv", 4)->hostname, "tv-2");
	assert_string_equal(bind_to(p, 3, c, "radio", 5)->hostname, "radio");
	assert_int_equal(heard[POOL_REPLACED], 1);
	/* The first comes back to its name, or to another if it is taken. */
	dora(p, 4, "tv", 6);
	dora(p, 1, "tv", 7);
	assert_string_equal(bind_to(p, 1, a, "tv", 8)->hostname, "tv-3");
	pool_free(p);
}

static void static_leases_are_kept_for_their_device(void **state)
{
	struct dhcp_conf conf = kit_conf("255.255.255.248");
	struct pool *p;
	unsigned i, given = 0;

	(void)state;
	conf.statics_n = 4;
	conf.statics[0] = kit_static(kit_mac(1), ip("10.77.0.5"));
	conf.statics[1] = kit_static(kit_mac(2), ip("10.77.0.5"));
	conf.statics[2] = kit_static(kit_mac(3), ip("10.9.9.9"));
	conf.statics[3] = kit_static(kit_mac(4), ip("10.77.0.1"));
	p = pool_of(&conf);
	for (i = 10; i < 20; i++) {
		__be32 addr = offer(p, i, 0);

		assert_int_not_equal(addr, ip("10.77.0.5"));
		given += bind_to(p, i, addr, "", 0) != NULL;
	}
	assert_int_equal(given, 4);
	assert_null(bind_to(p, 10, ip("10.77.0.5"), "", 0));
	assert_int_equal(offer(p, 1, 0), ip("10.77.0.5"));
	assert_true(bind_to(p, 1, ip("10.77.0.5"), "", 0)->is_static);
	assert_null(bind_to(p, 1, ip("10.77.0.6"), "", 0));
	pool_free(p);
}

static void a_device_with_two_identities_keeps_its_static_lease(void **state)
{
	struct dhcp_conf conf = kit_conf("255.255.255.0");
	struct lease_client pxe = kit_client(1);
	struct pool *p;

	(void)state;
	conf.statics_n = 1;
	conf.statics[0] = kit_static(kit_mac(1), ip("10.77.0.5"));
	p = pool_of(&conf);
	pxe.id.b[0] = 0;
	pxe.id.len = 17;
	assert_non_null(pool_bind(p, &pxe, ip("10.77.0.5"), "", LEASE_MS, 0));
	assert_int_equal(dora(p, 1, "", 1), ip("10.77.0.5"));
	pool_free(p);
}

static void another_network_forgets_what_does_not_fit(void **state)
{
	struct pool *p = make("255.255.255.0");
	struct dhcp_conf conf = kit_conf("255.255.255.128");
	struct lease_client low = kit_client(1), high = kit_client(2);

	(void)state;
	assert_non_null(bind_to(p, 1, ip("10.77.0.9"), "tv", 0));
	assert_non_null(bind_to(p, 2, ip("10.77.0.200"), "nas", 0));
	assert_int_equal(pool_configure(p, &conf), 0);
	assert_int_equal(heard[POOL_FORGOTTEN], 1);
	assert_string_equal(pool_find(p, &low)->hostname, "tv");
	assert_null(pool_find(p, &high));
	assert_null(bind_to(p, 2, ip("10.77.0.200"), "nas", 0));
	assert_non_null(bind_to(p, 1, ip("10.77.0.9"), "tv", 1));

	conf.mask = ip("255.255.255.255");
	assert_int_equal(pool_configure(p, &conf), -EINVAL);
	assert_non_null(pool_find(p, &low));

	/* An address that now is another device's, by the owner's word. */
	conf = kit_conf("255.255.255.0");
	conf.statics_n = 1;
	conf.statics[0] = kit_static(kit_mac(7), ip("10.77.0.9"));
	assert_int_equal(pool_configure(p, &conf), 0);
	assert_int_equal(heard[POOL_FORGOTTEN], 2);
	assert_null(bind_to(p, 1, ip("10.77.0.9"), "tv", 2));
	pool_free(p);
}

static void what_is_restored_is_as_it_was(void **state)
{
	struct lease in = { .id = kit_client(1).id,
			    .mac = kit_mac(1),
			    .ip = ip("10.77.0.40"),
			    .state = LEASE_BOUND,
			    .until_ms = 500,
			    .hostname = "tv" };
	struct lease_client c = kit_client(1);
	struct pool *p = make("255.255.255.0");

	(void)state;
	pool_listen(p, NULL, NULL);
	pool_restore(p, &in);
	assert_int_equal(pool_find(p, &c)->state, LEASE_BOUND);
	assert_int_equal(pool_deadline(p), 500);
	/* The latest word on a device, and on an address. */
	in.ip = ip("10.77.0.41");
	pool_restore(p, &in);
	assert_int_equal(pool_find(p, &c)->ip, ip("10.77.0.41"));
	in.id = kit_client(2).id;
	in.state = LEASE_FREE;
	in.ended_ms = -1000;
	pool_restore(p, &in);
	assert_null(pool_find(p, &c));
	c = kit_client(2);
	assert_int_equal(pool_find(p, &c)->state, LEASE_FREE);
	in.ip = ip("10.78.0.41");
	pool_restore(p, &in);
	assert_int_equal(pool_find(p, &c)->ip, ip("10.77.0.41"));
	pool_forget(p, ip("10.77.0.41"));
	assert_null(pool_find(p, &c));
	pool_free(p);
}

static void deadlines_are_never_missed(void **state)
{
	struct pool *p = make("255.255.255.0");

	(void)state;
	assert_true(pool_deadline(p) == UINT64_MAX);
	dora(p, 1, "", 100);
	offer(p, 2, 200);
	assert_true(pool_deadline(p) <= 200 + POOL_OFFER_MS);
	pool_expire(p, 200 + POOL_OFFER_MS);
	assert_int_equal(pool_deadline(p), 100 + LEASE_MS);
	pool_expire(p, 100 + LEASE_MS);
	assert_int_equal(heard[POOL_EXPIRED], 1);
	assert_true(pool_deadline(p) == UINT64_MAX);
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_without_room_are_refused),
		cmocka_unit_test(a_device_keeps_its_address),
		cmocka_unit_test(every_address_is_given_once),
		cmocka_unit_test(the_longest_gone_makes_room),
		cmocka_unit_test(a_wish_is_granted_when_nobody_had_it),
		cmocka_unit_test(only_the_right_address_is_bound),
		cmocka_unit_test(a_flood_of_discoveries_takes_few_addresses),
		cmocka_unit_test(a_declined_address_rests),
		cmocka_unit_test(only_the_holder_releases),
		cmocka_unit_test(names_are_unique_and_stay),
		cmocka_unit_test(static_leases_are_kept_for_their_device),
		cmocka_unit_test(
			a_device_with_two_identities_keeps_its_static_lease),
		cmocka_unit_test(another_network_forgets_what_does_not_fit),
		cmocka_unit_test(what_is_restored_is_as_it_was),
		cmocka_unit_test(deadlines_are_never_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
