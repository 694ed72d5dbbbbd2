/* test_neigh.c - next hops: asked for, waited for, found, given up, evicted;
 * under a fake clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/abi.h"
#include "ctl/engine/port/neigh.h"

#define WAN 2
#define LAN 3

static const struct hash_key key = { { 1, 2 } };
static const struct mac mac_a = { { 2, 0, 0, 0, 0, 0xa } };
static const struct mac mac_b = { { 2, 0, 0, 0, 0, 0xb } };

static uint8_t frame[1514];

static int setup(void **state)
{
	*state = neigh_new(&key);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	neigh_free(*state);
	return 0;
}

static struct addr ip(uint32_t host)
{
	return addr_v4(htonl(0x0a000000 + host));
}

static struct neigh_hop look(struct neigh *t, uint32_t ifindex, uint32_t host,
			     uint64_t now_ms)
{
	struct addr a = ip(host);

	return neigh_lookup(t, ifindex, &a, now_ms);
}

static void learn(struct neigh *t, uint32_t ifindex, uint32_t host,
		  const struct mac *mac, uint64_t now_ms)
{
	struct addr a = ip(host);

	neigh_learn(t, ifindex, &a, mac, now_ms);
}

static void fail_hop(struct neigh *t, uint32_t ifindex, uint32_t host,
		     uint64_t now_ms)
{
	struct addr a = ip(host);

	neigh_fail(t, ifindex, &a, now_ms);
}

/* A packet of LAN host 'device', its first byte 'mark', waits for 'host'. */
static bool wait_for(struct neigh *t, uint32_t ifindex, uint32_t host,
		     uint32_t device, uint8_t mark, uint64_t now_ms)
{
	struct neigh_hop hop = look(t, ifindex, host, now_ms);
	struct pkt p = { .data = frame,
			 .len = sizeof(frame),
			 .verdict = VERDICT_FORWARD,
			 .device = ip(device) };

	frame[0] = mark;
	assert_int_equal(hop.state, NEIGH_ASKED);
	return neigh_wait(t, hop.slot, &p, now_ms);
}

/* How many are done with this verdict and reason; they must not mix. */
static unsigned done(struct neigh *t, enum verdict verdict, enum gate_drop drop)
{
	struct waiting *x;
	unsigned n = 0;

	for (; (x = neigh_done(t)); n++) {
		assert_int_equal(x->pkt.verdict, verdict);
		if (verdict == VERDICT_DROP)
			assert_int_equal(x->pkt.drop, drop);
		neigh_done_free(t, x);
	}
	return n;
}

static void assert_mac(struct neigh_hop hop, const struct mac *mac)
{
	assert_int_equal(hop.state, NEIGH_KNOWN);
	assert_true(mac_eq(&hop.mac, mac));
}

static void an_unknown_hop_is_asked_for_once_a_second(void **state)
{
	struct neigh *t = *state;

	assert_true(look(t, LAN, 7, 1000).ask);
	assert_false(look(t, LAN, 7, 1001).ask);
	assert_false(look(t, LAN, 7, 1999).ask);
	assert_true(look(t, LAN, 7, 2000).ask);
	assert_false(look(t, LAN, 7, 2500).ask);
	assert_int_equal(look(t, LAN, 7, 2500).state, NEIGH_ASKED);
}

static void a_scan_is_asked_for_in_measure_but_the_gateway_always(void **state)
{
	struct neigh *t = *state;
	struct addr gateway = ip(1);
	unsigned asked = 0;

	neigh_pin(t, WAN, &gateway);
	for (uint32_t i = 0; i < 1000; i++)
		asked += look(t, WAN, 1000 + i, 1000).ask;
	assert_int_equal(asked, NEIGH_ASKS);
	assert_true(look(t, WAN, 1, 1000).ask);
	assert_false(look(t, WAN, 1999, 1000 + NEIGH_WINDOW_MS - 1).ask);
	assert_true(look(t, WAN, 1999, 1000 + NEIGH_WINDOW_MS).ask);
}

static void the_same_address_on_two_links_is_two_hops(void **state)
{
	struct neigh *t = *state;

	learn(t, LAN, 7, &mac_a, 0);
	learn(t, WAN, 7, &mac_b, 0);
	assert_mac(look(t, LAN, 7, 1), &mac_a);
	assert_mac(look(t, WAN, 7, 1), &mac_b);
}

static void waiting_packets_go_in_order_when_the_answer_comes(void **state)
{
	struct neigh *t = *state;
	struct waiting *x;

	for (uint8_t i = 0; i < 3; i++)
		assert_true(wait_for(t, LAN, 7, 50, i, 1000));
	assert_null(neigh_done(t));
	learn(t, LAN, 7, &mac_a, 1100);
	for (uint8_t i = 0; i < 3; i++) {
		x = neigh_done(t);
		assert_non_null(x);
		assert_int_equal(x->pkt.verdict, VERDICT_FORWARD);
		assert_int_equal(x->pkt.len, sizeof(frame));
		assert_int_equal(x->pkt.data[0], i);
		assert_true(x->pkt.frame == PKT_NO_FRAME);
		neigh_done_free(t, x);
	}
	assert_null(neigh_done(t));
	assert_int_equal(look(t, LAN, 7, 1100).state, NEIGH_KNOWN);
	assert_true(neigh_expire(t, 1100 + NEIGH_PATIENCE_MS) == UINT64_MAX);
}

static void a_failure_drops_and_is_believed_for_a_second(void **state)
{
	struct neigh *t = *state;

	assert_true(wait_for(t, LAN, 7, 50, 0, 1000));
	fail_hop(t, LAN, 7, 2000);
	assert_int_equal(done(t, VERDICT_DROP, DROP_NEIGH_FAILED), 1);
	assert_int_equal(look(t, LAN, 7, 2999).state, NEIGH_FAILED);
	assert_false(look(t, LAN, 7, 2999).ask);
	assert_true(look(t, LAN, 7, 3000).ask);
	assert_int_equal(look(t, LAN, 7, 3000).state, NEIGH_ASKED);
}

static void without_any_answer_patience_ends(void **state)
{
	struct neigh *t = *state;

	assert_true(neigh_expire(t, 0) == UINT64_MAX);
	assert_true(wait_for(t, LAN, 7, 50, 0, 1000));
	assert_true(wait_for(t, LAN, 8, 50, 0, 1500));
	assert_int_equal(neigh_expire(t, 2000), NEIGH_PATIENCE_MS - 1000);
	assert_int_equal(done(t, VERDICT_DROP, 0), 0);
	assert_int_equal(neigh_expire(t, 1000 + NEIGH_PATIENCE_MS), 500);
	assert_int_equal(done(t, VERDICT_DROP, DROP_NEIGH_FAILED), 1);
	assert_true(neigh_expire(t, 1500 + NEIGH_PATIENCE_MS) == UINT64_MAX);
	assert_int_equal(done(t, VERDICT_DROP, DROP_NEIGH_FAILED), 1);
}

static void use_is_told_every_ten_seconds(void **state)
{
	struct neigh *t = *state;

	learn(t, WAN, 1, &mac_a, 1000);
	assert_true(look(t, WAN, 1, 1000).used);
	assert_false(look(t, WAN, 1, 1001).used);
	learn(t, WAN, 1, &mac_a, 5000);
	assert_false(look(t, WAN, 1, 10999).used);
	assert_true(look(t, WAN, 1, 11000).used);
}

static void a_new_mac_replaces_the_old(void **state)
{
	struct neigh *t = *state;

	learn(t, LAN, 7, &mac_a, 1000);
	learn(t, LAN, 7, &mac_b, 2000);
	assert_mac(look(t, LAN, 7, 2000), &mac_b);
}

static void forgetting_asks_anew_but_keeps_who_waits(void **state)
{
	struct neigh *t = *state;
	struct addr a = ip(7);

	learn(t, LAN, 7, &mac_a, 1000);
	neigh_forget(t, LAN, &a);
	assert_true(wait_for(t, LAN, 7, 50, 0, 1000));
	neigh_forget(t, LAN, &a);
	learn(t, LAN, 7, &mac_a, 1100);
	assert_int_equal(done(t, VERDICT_FORWARD, 0), 1);
}

static void a_flush_touches_one_link(void **state)
{
	struct neigh *t = *state;

	learn(t, LAN, 7, &mac_a, 1000);
	learn(t, WAN, 1, &mac_b, 1000);
	assert_true(wait_for(t, WAN, 2, 50, 0, 1000));
	neigh_flush(t, WAN);
	assert_int_equal(done(t, VERDICT_DROP, DROP_NEIGH_QUEUE), 1);
	assert_int_equal(look(t, LAN, 7, 1000).state, NEIGH_KNOWN);
	assert_int_equal(look(t, WAN, 1, 1000).state, NEIGH_ASKED);
}

static void a_hop_has_eight_places(void **state)
{
	struct neigh *t = *state;

	for (unsigned i = 0; i < WAITING_PER_HOP; i++)
		assert_true(wait_for(t, LAN, 7, i, 0, 1000));
	assert_false(wait_for(t, LAN, 7, 99, 0, 1000));
	learn(t, LAN, 7, &mac_a, 1000);
	assert_int_equal(done(t, VERDICT_FORWARD, 0), WAITING_PER_HOP);
}

static void one_host_that_scans_leaves_places_for_others(void **state)
{
	struct neigh *t = *state;
	unsigned got = 0;

	for (uint32_t i = 0; i < 200; i++)
		got += wait_for(t, WAN, 1000 + i, 50, 0, 1000);
	assert_int_equal(got, WAITING_PER_HOST);
	assert_true(wait_for(t, WAN, 5000, 51, 0, 1000));
}

static void the_gateway_has_places_when_all_others_are_taken(void **state)
{
	struct neigh *t = *state;
	struct addr gateway = ip(1);
	unsigned got = 0;

	neigh_pin(t, WAN, &gateway);
	for (uint32_t i = 0; i < WAITING_MAX; i++)
		got += wait_for(t, LAN, 1000 + i / 4, i, 0, 1000);
	assert_int_equal(got, WAITING_MAX - WAITING_PER_HOP);
	for (uint32_t i = 0; i < WAITING_PER_HOP; i++)
		assert_true(wait_for(t, WAN, 1, 50, 0, 1000));
}

static void a_scan_evicts_neither_the_gateway_nor_known_hosts(void **state)
{
	struct neigh *t = *state;
	struct addr gateway = ip(1);

	neigh_pin(t, WAN, &gateway);
	learn(t, WAN, 1, &mac_a, 1000);
	learn(t, LAN, 7, &mac_b, 1000);
	for (uint32_t i = 0; i < 20000; i++) {
		look(t, WAN, 1000 + i, 2000);
		if (i % 3 == 0)
			fail_hop(t, WAN, 1000 + i, 2000);
	}
	assert_int_equal(look(t, WAN, 1, 3000).state, NEIGH_KNOWN);
	assert_int_equal(look(t, LAN, 7, 3000).state, NEIGH_KNOWN);
}

/* Every scanned address answers, so the table fills with known ones. */
static void a_scan_of_living_hosts_leaves_the_gateway(void **state)
{
	struct neigh *t = *state;
	struct addr gateway = ip(1);

	neigh_pin(t, WAN, &gateway);
	learn(t, WAN, 1, &mac_a, 1000);
	learn(t, LAN, 7, &mac_b, 1000);
	for (uint32_t i = 0; i < 5000; i++) {
		look(t, WAN, 1000 + i, 2000);
		learn(t, WAN, 1000 + i, &mac_b, 2000);
	}
	assert_int_equal(look(t, WAN, 1, 3000).state, NEIGH_KNOWN);
	assert_int_equal(look(t, WAN, 5999, 3000).state, NEIGH_KNOWN);
	assert_int_equal(look(t, LAN, 7, 3000).state, NEIGH_ASKED);
}

static void an_unresolved_gateway_outlives_a_scan(void **state)
{
	struct neigh *t = *state;
	struct addr gateway = ip(1);

	neigh_pin(t, WAN, &gateway);
	assert_true(wait_for(t, WAN, 1, 50, 0, 1000));
	for (uint32_t i = 0; i < 5000; i++)
		look(t, WAN, 1000 + i, 1000);
	learn(t, WAN, 1, &mac_a, 1100);
	assert_int_equal(done(t, VERDICT_FORWARD, 0), 1);
}

static void who_waits_for_an_evicted_hop_is_dropped_by_name(void **state)
{
	struct neigh *t = *state;

	assert_true(wait_for(t, WAN, 1, 50, 0, 1000));
	for (uint32_t i = 0; i < NEIGH_UNRESOLVED_MAX; i++)
		look(t, WAN, 1000 + i, 1000);
	assert_int_equal(done(t, VERDICT_DROP, DROP_NEIGH_QUEUE), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_unknown_hop_is_asked_for_once_a_second),
		T(a_scan_is_asked_for_in_measure_but_the_gateway_always),
		T(the_same_address_on_two_links_is_two_hops),
		T(waiting_packets_go_in_order_when_the_answer_comes),
		T(a_failure_drops_and_is_believed_for_a_second),
		T(without_any_answer_patience_ends),
		T(use_is_told_every_ten_seconds),
		T(a_new_mac_replaces_the_old),
		T(forgetting_asks_anew_but_keeps_who_waits),
		T(a_flush_touches_one_link),
		T(a_hop_has_eight_places),
		T(one_host_that_scans_leaves_places_for_others),
		T(the_gateway_has_places_when_all_others_are_taken),
		T(a_scan_evicts_neither_the_gateway_nor_known_hosts),
		T(a_scan_of_living_hosts_leaves_the_gateway),
		T(an_unresolved_gateway_outlives_a_scan),
		T(who_waits_for_an_evicted_hop_is_dropped_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
