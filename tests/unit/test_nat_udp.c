/* test_nat_udp.c - RFC 4787 by its requirements, under a fake clock. */
#include "nat_lab.h"

/* nat.md 1 */
static void test_rfc4787_req1_endpoint_independent_mapping(void **state)
{
	struct lab *l = *state;
	uint16_t outside;

	/* Another host has the port, so that ours is not just kept. */
	assert_int_equal(lab_out(l, HOST_B, 5000, REMOTE, 53), VERDICT_FORWARD);
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_FORWARD);
	outside = out_sport(l);
	assert_int_not_equal(outside, 5000);
	assert_int_equal(lab_out(l, HOST_A, 5000, STRANGER, 99),
			 VERDICT_FORWARD);
	assert_int_equal(out_sport(l), outside);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_dst(l), STRANGER);
	assert_int_equal(lab_mappings(l), 2);
	assert_int_equal(lab_sessions(l), 3);
}

/* nat.md 2 */
static void test_rfc4787_req3_no_overloading_and_classes(void **state)
{
	struct lab *l = *state;
	uint16_t a, b;

	lab_out(l, HOST_A, 123, REMOTE, 123);
	a = out_sport(l);
	lab_out(l, HOST_B, 123, REMOTE, 123);
	b = out_sport(l);
	assert_int_equal(a, 123);
	assert_int_not_equal(a, b);
	assert_true(b < 1024);
	/* Each gets its own answer. */
	assert_int_equal(lab_in(l, REMOTE, 123, a), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_in(l, REMOTE, 123, b), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(out_dport(l), 123);
}

/* nat.md 3 */
static void test_rfc4787_req4_parity(void **state)
{
	struct lab *l = *state;

	for (uint16_t port = 2000; port < 2040; port++) {
		lab_out(l, HOST_A, port, REMOTE, 53);
		assert_int_equal(out_sport(l), port);
		lab_out(l, HOST_B, port, REMOTE, 53);
		assert_int_not_equal(out_sport(l), port);
		assert_int_equal(out_sport(l) % 2, port % 2);
		assert_true(out_sport(l) >= 1024);
	}
}

/* nat.md 4 */
static void test_rfc4787_req5_timer_five_minutes(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 5 * MINUTE - 1);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	lab_wait(l, 1);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
	lab_wait(l, 2 * SECOND);
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 5 */
static void test_rfc4787_req6_outbound_refreshes_inbound_does_not(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 4 * MINUTE);
	lab_in(l, REMOTE, 53, 5000);
	lab_wait(l, 2 * MINUTE);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_DROP);

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 4 * MINUTE);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 4 * MINUTE);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_flow(l).age_ms, 8 * MINUTE);
}

/* A stranger's session cannot live longer than the mapping it came by, but one
 * outbound packet to anyone keeps all of them. */
/* nat.md 5 */
static void test_rfc4787_req6_refresh_is_the_mappings(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 4 * MINUTE);
	lab_in(l, STRANGER, 7, 5000);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 4 * MINUTE);
	assert_int_equal(lab_sessions(l), 2);
	lab_wait(l, 2 * MINUTE);
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 7 */
static void test_rfc4787_req8_endpoint_independent_filtering(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(lab_in(l, STRANGER, 4444, 5000), VERDICT_FORWARD);
	assert_int_equal(out_src(l), STRANGER);
	assert_int_equal(out_sport(l), 4444);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(out_dport(l), 5000);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_int_equal(addr_to_v4(&l->p.next_hop), net32(HOST_A));
	assert_true(l->p.to_lan);
	assert_int_equal(addr_to_v4(&l->p.device), net32(HOST_A));
	assert_int_equal(lab_sessions(l), 2);
}

/* nat.md 8 */
static void test_rfc4787_req9_hairpin(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(lab_out(l, HOST_B, 6000, WAN, 5000), VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 6000);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(out_dport(l), 5000);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_true(l->p.flags & PKT_HAIRPIN);
	assert_int_equal(addr_to_v4(&l->p.device), net32(HOST_B));
	assert_false(l->p.to_lan);
	/* And back. */
	assert_int_equal(lab_out(l, HOST_A, 5000, WAN, 6000), VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 5000);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(out_dport(l), 6000);
	assert_int_equal(lab_sessions(l), 3);
	assert_int_equal(lab_mappings(l), 2);
}

/* nat.md 8 */
static void test_hairpin_to_nobody_and_to_itself(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(lab_out(l, HOST_A, 5000, WAN, 5000), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_MARTIAN);
	assert_int_equal(lab_out(l, HOST_A, 5000, WAN, 5001), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
}

/* nat.md 9 */
static void test_rfc4787_req10_payload_untouched(void **state)
{
	struct lab *l = *state;

	lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5060, REMOTE, 5060),
				   .payload = 500 });
	assert_memory_equal(l->p.data + l->p.l4 + 8, l->sent + 28, 500);
}

/* nat.md 10 */
static void test_rfc4787_req11_same_under_collision(void **state)
{
	struct lab *l = *state;

	/* Always kept when free, always another when not, never shared. */
	for (uint16_t i = 0; i < 100; i++) {
		lab_out(l, HOST_A, 3000 + i, REMOTE, 53);
		assert_int_equal(out_sport(l), 3000 + i);
	}
	for (uint16_t i = 0; i < 100; i++) {
		lab_out(l, HOST_B, 3000 + i, STRANGER, 53);
		assert_false(out_sport(l) >= 3000 && out_sport(l) < 3100);
	}
	assert_int_equal(lab_mappings(l), 200);
}

/* nat.md 25 */
static void test_ports_are_unpredictable_rfc6056(void **state)
{
	struct lab *l = *state;
	struct lab *m;
	static const struct hash_key key = { { 5, 6 } };
	unsigned same = 0, near = 0;
	int last = 0;

	/* Another key, the same traffic: other ports. */
	m = lab_new();
	nat_free(m->n);
	m->n = nat_new(&(struct engine_limits){ 1024, 4096, 64 }, &key, 33);
	for (uint16_t i = 0; i < 100; i++) {
		lab_out(l, HOST_A, 4000 + i, REMOTE, 53);
		lab_out(l, HOST_B, 4000 + i, REMOTE, 53);
		lab_out(m, HOST_A, 4000 + i, REMOTE, 53);
		lab_out(m, HOST_B, 4000 + i, REMOTE, 53);
		same += out_sport(l) == out_sport(m);
		near += abs(out_sport(l) - last) < 64;
		last = out_sport(l);
	}
	assert_true(same < 3);
	assert_true(near < 5);
	lab_free(m);
}

static void test_wan_gateway_and_on_link_next_hop(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(addr_to_v4(&l->p.next_hop), net32(WAN_NEXT));
	assert_int_equal(l->p.out_side, SIDE_WAN);
	assert_false(l->p.to_lan);
	lab_out(l, HOST_A, 5000, IP(203, 0, 113, 77), 53);
	assert_int_equal(addr_to_v4(&l->p.next_hop),
			 net32(IP(203, 0, 113, 77)));
	l->conf.wan.gateway = 0;
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_WAN);
	l->conf.wan.up = false;
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_WAN);
}

/* nat.md 34 */
static void test_refused_at_the_door(void **state)
{
	static const struct {
		struct spec s;
		enum gate_drop why;
	} rows[] = {
		{ { TUPLE(SIDE_LAN, IP(10, 78, 0, 2), 1, REMOTE, 1) },
		  DROP_SPOOFED },
		{ { TUPLE(SIDE_LAN, GATEWAY, 1, REMOTE, 1) }, DROP_SPOOFED },
		{ { TUPLE(SIDE_LAN, IP(10, 77, 0, 255), 1, REMOTE, 1) },
		  DROP_SPOOFED },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, IP(239, 1, 1, 1), 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, HOST_B, 1) }, DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, IP(203, 0, 113, 255), 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_WAN, REMOTE, 1, HOST_A, 1) }, DROP_WAN_TO_LAN },
		{ { TUPLE(SIDE_WAN, REMOTE, 1, IP(203, 0, 113, 11), 1) },
		  DROP_WAN_CLOSED },
		{ { TUPLE(SIDE_WAN, HOST_A, 1, WAN, 1) }, DROP_MARTIAN },
		{ { TUPLE(SIDE_WAN, REMOTE, 1, WAN, 1) }, DROP_NO_MAPPING },
		{ { TUPLE(SIDE_WAN, REMOTE, 0, WAN, 0), .proto = IPPROTO_GRE },
		  DROP_WAN_CLOSED },
		{ { TUPLE(SIDE_LAN, HOST_A, 0, REMOTE, 0),
		    .proto = IPPROTO_ICMP, .type = 9 },
		  DROP_NO_PROTOCOL },
	};
	struct lab *l = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lab_send(l, rows[i].s), VERDICT_DROP);
		assert_int_equal(l->p.drop, rows[i].why);
	}
	assert_int_equal(lab_sessions(l), 0);
}

static void test_flow_rows_tell_what_passed(void **state)
{
	struct lab *l = *state;
	struct mapping_row map;
	struct flow_row row;
	uint32_t cursor = 0;
	unsigned n;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_string_equal(lab_flow(l).state, "unreplied");
	lab_wait(l, 3 * SECOND);
	lab_in(l, REMOTE, 53, 5000);
	lab_wait(l, 1 * SECOND);
	row = lab_flow(l);
	assert_string_equal(row.state, "replied");
	assert_int_equal(row.proto, IPPROTO_UDP);
	assert_int_equal(row.inside.port, htons(5000));
	assert_int_equal(addr_to_v4(&row.outside.addr), net32(WAN));
	assert_int_equal(addr_to_v4(&row.remote.addr), net32(REMOTE));
	assert_int_equal(row.remote.port, htons(53));
	assert_int_equal(row.tx_bytes, 38);
	assert_int_equal(row.rx_bytes, 38);
	assert_int_equal(row.rx_packets, 1);
	assert_int_equal(row.age_ms, 4000);
	assert_int_equal(row.idle_ms, 1000);
	assert_false(nat_mappings(l->n, &cursor, &map, 1, 100, &n, l->now));
	assert_int_equal(n, 1);
	assert_int_equal(map.idle_ms, 1000);
	assert_int_equal(map.outside.port, htons(5000));
}

/* One row at a time, one slot at a time, nothing twice or never. */
static void test_flow_rows_in_small_bites(void **state)
{
	struct lab *l = *state;
	unsigned n, sum = 0;
	struct flow_row row;
	uint32_t cursor = 0;
	bool more = true;

	for (uint16_t i = 0; i < 50; i++)
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	while (more) {
		more = nat_flows(l->n, &cursor, &row, 1, 1, &n, l->now);
		sum += n;
	}
	assert_int_equal(sum, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_rfc4787_req1_endpoint_independent_mapping),
		lab_test(test_rfc4787_req3_no_overloading_and_classes),
		lab_test(test_rfc4787_req4_parity),
		lab_test(test_rfc4787_req5_timer_five_minutes),
		lab_test(test_rfc4787_req6_outbound_refreshes_inbound_does_not),
		lab_test(test_rfc4787_req6_refresh_is_the_mappings),
		lab_test(test_rfc4787_req8_endpoint_independent_filtering),
		lab_test(test_rfc4787_req9_hairpin),
		lab_test(test_hairpin_to_nobody_and_to_itself),
		lab_test(test_rfc4787_req10_payload_untouched),
		lab_test(test_rfc4787_req11_same_under_collision),
		lab_test(test_ports_are_unpredictable_rfc6056),
		lab_test(test_wan_gateway_and_on_link_next_hop),
		lab_test(test_refused_at_the_door),
		lab_test(test_flow_rows_tell_what_passed),
		lab_test(test_flow_rows_in_small_bites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
