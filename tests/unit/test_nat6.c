/* test_nat6.c - IPv6 as RFC 6092 and RFC 4890 want it: nat.md 33. */
#include "nat6_lab.h"

/* ---- what may pass */

/* nat.md 33 */
static void test_the_inside_begins_the_outside_answers(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab6_out(l, HOST6_A, 5000, REMOTE6, 53),
			 VERDICT_FORWARD);
	assert_int_equal(l->p.out_side, SIDE_WAN);
	assert_true(is_addr(&l->p.next_hop, NEXT6));
	assert_int_equal(l->p.l3_len, 58);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_true(is_addr(&l->p.next_hop, HOST6_A));
	assert_true(l->p.to_lan);
	assert_true(is_addr(&l->p.device, HOST6_A));
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(lab_sessions(l), 1);
}

static void test_on_link_of_the_wan(void **state)
{
	struct lab *l = *state;
	struct addr near = addr6(WAN6, 9);

	lab6_out(l, HOST6_A, 5000, near, 53);
	assert_true(is_addr(&l->p.next_hop, near));
	l->conf.wan.gateway6 = (struct addr){ 0 };
	l->conf.generation++;
	assert_int_equal(lab6_out(l, HOST6_A, 5000, near, 53), VERDICT_FORWARD);
	assert_int_equal(lab6_out(l, HOST6_A, 5000, REMOTE6, 53),
			 VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(l->p.data[l->p.l4], ICMP6_DST_UNREACH);
	assert_int_equal(l->p.data[l->p.l4 + 1], ICMP6_DST_UNREACH_NOROUTE);
}

/* nat.md 33 */
static void test_rfc6092_closed_from_outside(void **state)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_ESP, IPPROTO_GRE,
					  IPPROTO_SCTP, IPPROTO_NONE };
	struct lab *l = *state;

	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	/* Another host, another port, another inside port. */
	assert_int_equal(lab6_in(l, STRANGER6, 53, HOST6_A, 5000),
			 VERDICT_DROP);
	assert_int_equal(lab6_in(l, REMOTE6, 54, HOST6_A, 5000), VERDICT_DROP);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5001), VERDICT_DROP);
	for (unsigned i = 0; i < sizeof(protos); i++) {
		lab6_send(l, (struct spec6){
				     TUPLE(SIDE_WAN, STRANGER6, 9, HOST6_A, 9),
				     .proto = protos[i], .payload = 20 });
		assert_int_equal(l->p.verdict, VERDICT_DROP);
		assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
	}
	assert_int_equal(lab_sessions(l), 1);
}

/* nat.md 33 */
static void test_protocols_without_ports(void **state)
{
	struct spec6 out = { TUPLE(SIDE_LAN, HOST6_A, 0, REMOTE6, 0),
			     .proto = IPPROTO_ESP, .payload = 40 };
	struct spec6 in = { TUPLE(SIDE_WAN, REMOTE6, 0, HOST6_A, 0),
			    .proto = IPPROTO_ESP, .payload = 40 };
	struct lab *l = *state;

	assert_int_equal(lab6_send(l, out), VERDICT_FORWARD);
	assert_int_equal(lab6_send(l, in), VERDICT_FORWARD);
	in.dst = HOST6_B;
	assert_int_equal(lab6_send(l, in), VERDICT_DROP);
	/* Unlike IPv4, two hosts may talk to one remote. */
	out.src = HOST6_B;
	assert_int_equal(lab6_send(l, out), VERDICT_FORWARD);
	assert_int_equal(lab6_send(l, in), VERDICT_FORWARD);
}

static void test_who_may_be_here(void **state)
{
	struct lab *l = *state;
	const struct addr ll = NEXT6, group = addr6(0xff0e000000000000ull, 1),
			  ula = addr6(0xfd00000000000000ull, 5);
	const struct {
		enum side side;
		struct addr src, dst;
		enum gate_drop why;
	} table[] = {
		{ SIDE_LAN, REMOTE6, STRANGER6, DROP_SPOOFED },
		{ SIDE_LAN, GATEWAY6, REMOTE6, DROP_SPOOFED },
		{ SIDE_LAN, ll, REMOTE6, DROP_SPOOFED },
		{ SIDE_LAN, HOST6_A, HOST6_B, DROP_MARTIAN },
		{ SIDE_LAN, HOST6_A, ll, DROP_MARTIAN },
		{ SIDE_LAN, HOST6_A, group, DROP_MARTIAN },
		{ SIDE_WAN, REMOTE6, STRANGER6, DROP_WAN_CLOSED },
		{ SIDE_WAN, REMOTE6, GATEWAY6, DROP_WAN_CLOSED },
		{ SIDE_WAN, HOST6_B, HOST6_A, DROP_MARTIAN },
		{ SIDE_WAN, ll, HOST6_A, DROP_MARTIAN },
		{ SIDE_LAN, ula, REMOTE6, DROP_MARTIAN },
	};

	l->conf.lans[0].nets6.n = 2;
	l->conf.lans[0].nets6.nets[1] =
		(struct prefix){ addr6(0xfd00000000000000ull, 0), 64 };
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		lab6_send(l, (struct spec6){ TUPLE(table[i].side, table[i].src,
						   5, table[i].dst, 6) });
		assert_int_equal(l->p.verdict, VERDICT_DROP);
		assert_int_equal(l->p.drop, table[i].why);
	}
}

/* ---- time */

/* nat.md 33 */
static void test_rfc6092_udp_5_min_by_the_inside_alone(void **state)
{
	struct lab *l = *state;

	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	lab_wait(l, 4 * MINUTE);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	lab_wait(l, 59 * SECOND);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	lab_wait(l, 5 * MINUTE - SECOND);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	lab_wait(l, 2 * SECOND);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000), VERDICT_DROP);
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 33 */
static void test_tcp_has_the_timers_of_ipv4(void **state)
{
	struct lab *l = *state;

	lab6_tcp(l, SIDE_LAN, HOST6_A, 5000, REMOTE6, 80, TCP_SYN);
	lab6_tcp(l, SIDE_WAN, REMOTE6, 80, HOST6_A, 5000, TCP_SYN | TCP_ACK);
	lab6_tcp(l, SIDE_LAN, HOST6_A, 5000, REMOTE6, 80, TCP_ACK);
	lab_wait(l, 7439 * SECOND);
	assert_int_equal(
		lab6_tcp(l, SIDE_WAN, REMOTE6, 80, HOST6_A, 5000, TCP_ACK),
		VERDICT_FORWARD);
	lab6_tcp(l, SIDE_LAN, HOST6_A, 5000, REMOTE6, 80, TCP_RST);
	lab_wait(l, 239 * SECOND);
	assert_int_equal(lab_sessions(l), 1);
	lab_wait(l, 3 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(
		lab6_tcp(l, SIDE_WAN, REMOTE6, 80, HOST6_A, 5000, TCP_ACK),
		VERDICT_DROP);
}

/* ---- TCP from outside: nat.md 15 for IPv6 */

/* nat.md 15 */
static void test_an_unasked_syn_waits_for_its_like(void **state)
{
	struct lab *l = *state;

	assert_int_equal(
		lab6_tcp(l, SIDE_WAN, REMOTE6, 80, HOST6_A, 5000, TCP_SYN),
		VERDICT_HELD);
	/* Not this one: another host of the LAN. */
	lab6_tcp(l, SIDE_LAN, HOST6_B, 5000, REMOTE6, 80, TCP_SYN);
	assert_false(lab_released(l));
	lab6_tcp(l, SIDE_LAN, HOST6_A, 5000, REMOTE6, 80, TCP_SYN);
	assert_true(nat_released(l->n, &l->conf, &l->p, l->now));
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_true(is_addr(&l->p.next_hop, HOST6_A));
	assert_int_equal(
		lab6_tcp(l, SIDE_WAN, REMOTE6, 80, HOST6_A, 6000, TCP_SYN),
		VERDICT_HELD);
	lab_wait(l, 6 * SECOND);
	assert_int_equal(lab_drops(l, DROP_SYN_HELD), 1);
}

/* ---- nat.md 18, and packets that the kernel routes */

/* nat.md 18 */
static void test_mss_leaves_room_for_ipv6(void **state)
{
	struct lab *l = *state;
	const uint8_t *ip;

	l->conf.wan.mtu = 1400;
	lab6_send(l,
		  (struct spec6){ TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 80),
				  .proto = IPPROTO_TCP, .flags = TCP_SYN,
				  .mss = 1440 });
	ip = lab_ip(l);
	assert_int_equal(at16(ip + IPV6_HEADER + 22), 1340);
	assert_int_equal(csum_ipv6(ip, IPPROTO_TCP, ip + IPV6_HEADER, 24), 0);
}

static void test_the_kernel_counts_the_hops(void **state)
{
	struct lab *l = *state;

	l->routed = true;
	assert_int_equal(lab6_out(l, HOST6_A, 5000, REMOTE6, 53),
			 VERDICT_FORWARD);
	assert_int_equal(lab_ip(l)[IPV6_HOPS], 64);
}

/* ---- fragments */

static struct spec6 piece(enum side side, uint16_t off, bool more, uint32_t id)
{
	struct spec6 s = { TUPLE(side, HOST6_A, 5000, REMOTE6, 53),
			   .fragment = true,
			   .more = more,
			   .off = off,
			   .id = id,
			   .payload = 800 };

	if (side == SIDE_WAN) {
		s.src = REMOTE6;
		s.dst = HOST6_A;
		s.sport = 53;
		s.dport = 5000;
	}
	return s;
}

/* nat.md 13 */
static void test_fragments_follow_their_first(void **state)
{
	struct lab *l = *state;

	for (int side = SIDE_LAN; side <= SIDE_WAN; side++) {
		/* In order. */
		assert_int_equal(
			lab6_send(l, piece((enum side)side, 0, true, 7)),
			VERDICT_FORWARD);
		assert_int_equal(
			lab6_send(l, piece((enum side)side, 808, false, 7)),
			VERDICT_FORWARD);
		/* Out of order; the identification has 32 bits. */
		assert_int_equal(lab6_send(l, piece((enum side)side, 808, false,
						    7 + 65536)),
				 VERDICT_HELD);
		assert_int_equal(lab6_send(l, piece((enum side)side, 0, true,
						    7 + 65536)),
				 VERDICT_FORWARD);
		assert_true(nat_released(l->n, &l->conf, &l->p, l->now));
		assert_int_equal(l->p.verdict, VERDICT_FORWARD);
		assert_int_equal(l->p.out_side,
				 side == SIDE_LAN ? SIDE_WAN : SIDE_LAN);
		assert_int_equal(lab_ip(l)[IPV6_HOPS], 63);
		assert_false(nat_released(l->n, &l->conf, &l->p, l->now));
	}
	assert_int_equal(lab_sessions(l), 1);
	assert_int_equal(lab_flow(l).tx_packets, 4);
	/* Nobody's. */
	lab_wait(l, 6 * MINUTE);
	assert_int_equal(lab6_send(l, piece(SIDE_WAN, 0, true, 9)),
			 VERDICT_DROP);
	assert_int_equal(lab6_send(l, piece(SIDE_WAN, 808, false, 9)),
			 VERDICT_DROP);
}

/* ---- nat.md 26: a device's share, whatever addresses it takes */

/* nat.md 26 */
static void test_a_device_has_one_share_with_all_its_addresses(void **state)
{
	struct spec6 s = { TUPLE(SIDE_LAN, HOST6_B, 5000, REMOTE6, 53),
			   .mac = 0xb };
	struct lab *l = *state;

	l->conf.host_sessions = 20;
	lab6_send(l, s);
	s.mac = 0xa;
	for (unsigned i = 0; i < 100; i++) {
		s.src = addr6(LAN6, 0x1000 + i);
		assert_int_equal(lab6_send(l, s), VERDICT_FORWARD);
		l->now += 10;
	}
	assert_int_equal(lab_sessions(l), 21);
	/* The other device still has its own. */
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_B, 5000),
			 VERDICT_FORWARD);
	/* Where there are no MAC addresses, a /64 has one. */
	s.mac = 0;
	for (unsigned i = 0; i < 100; i++) {
		s.src = addr6(LAN6, 0x2000 + i);
		lab6_send(l, s);
	}
	assert_int_equal(lab_sessions(l), 41);
}

static bool opens_as(struct lab *l, unsigned device, struct addr src,
		     uint16_t port)
{
	struct spec6 s = { TUPLE(SIDE_LAN, src, port, REMOTE6, 53) };

	lab6_frame(l, &s);
	l->p.host_mac = (struct mac){ { 2, 9, 0, 0, (uint8_t)(device >> 8),
					(uint8_t)device } };
	return lab_process(l) == VERDICT_FORWARD && !(l->p.flags & PKT_REPLY);
}

/* Who takes a new MAC address for every packet fills one share and no more; the
 * other devices of the house open what they like. */
/* nat.md 26 */
static void test_mac_addresses_without_end_are_one_share(void **state)
{
	struct lab *l = *state;
	struct spec6 known = { TUPLE(SIDE_LAN, HOST6_B, 5000, REMOTE6, 53),
			       .mac = 0xb };

	l->conf.host_sessions = 20;
	l->unchecked = true;
	lab6_send(l, known);
	for (unsigned i = 0; i < 5000; i++)
		assert_true(opens_as(l, i, HOST6_A, (uint16_t)(1024 + i)));
	assert_int_equal(lab_sessions(l), 64 + 20);
	known.sport++;
	assert_int_equal(lab6_send(l, known), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(lab_out(l, HOST_B, 40000, REMOTE, 53),
			 VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_B, 5000),
			 VERDICT_FORWARD);
	assert_true(nat_check(l->n));
	/* When they are gone, a new device counts by itself again. */
	lab_wait(l, 6 * MINUTE);
	assert_int_equal(lab_sessions(l), 0);
	for (unsigned i = 0; i < 60; i++)
		assert_true(opens_as(l, i / 20, HOST6_A, (uint16_t)(1024 + i)));
	assert_int_equal(lab_sessions(l), 60);
	assert_true(nat_check(l->n));
}

static void test_a_new_ipv4_address_is_no_matter(void **state)
{
	struct lab *l = *state;

	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	l->conf.generation++;
	lab_wait(l, 0);
	assert_int_equal(lab_sessions(l), 1);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	/* Nor that there is none. */
	l->conf.wan.addr = 0;
	l->conf.wan.up = false;
	l->conf.generation++;
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
}

static void test_rows_show_both_ends(void **state)
{
	struct lab *l = *state;
	struct flow_row row;

	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	lab6_in(l, REMOTE6, 53, HOST6_A, 5000);
	row = lab_flow(l);
	assert_int_equal(row.proto, IPPROTO_UDP);
	assert_true(is_addr(&row.inside.addr, HOST6_A));
	assert_true(is_addr(&row.outside.addr, HOST6_A));
	assert_true(is_addr(&row.remote.addr, REMOTE6));
	assert_int_equal(ntohs(row.inside.port), 5000);
	assert_int_equal(ntohs(row.remote.port), 53);
	assert_string_equal(row.state, "replied");
	assert_int_equal(row.tx_bytes, 58);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab6_test(test_the_inside_begins_the_outside_answers),
		lab6_test(test_on_link_of_the_wan),
		lab6_test(test_rfc6092_closed_from_outside),
		lab6_test(test_protocols_without_ports),
		lab6_test(test_who_may_be_here),
		lab6_test(test_rfc6092_udp_5_min_by_the_inside_alone),
		lab6_test(test_tcp_has_the_timers_of_ipv4),
		lab6_test(test_an_unasked_syn_waits_for_its_like),
		lab6_test(test_mss_leaves_room_for_ipv6),
		lab6_test(test_the_kernel_counts_the_hops),
		lab6_test(test_fragments_follow_their_first),
		lab6_test(test_a_device_has_one_share_with_all_its_addresses),
		lab6_test(test_mac_addresses_without_end_are_one_share),
		lab6_test(test_a_new_ipv4_address_is_no_matter),
		lab6_test(test_rows_show_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
