/* test_nat_express.c - the NAT's side of the express lane: who is heavy, who
 * may be carried, and how timers and counters go on while eBPF carries. */
#include "nat6_lab.h"

#include "ctl/engine/express/express.h"

#define AFTER 32

struct bench {
	struct lab *lab;
	struct express *lane; /* without maps: it carries nothing */
};

static int bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->lab = lab6_new();
	b->lab->conf.express = (struct conf_express){ .after = AFTER };
	b->lane = express_new(b->lab->n, NULL);
	assert_non_null(b->lane);
	nat_bind_express(b->lab->n, b->lane);
	*state = b;
	return 0;
}

static int bench_teardown(void **state)
{
	struct bench *b = *state;

	lab_free(b->lab);
	express_free(b->lane);
	free(b);
	return 0;
}

static bool is_heavy(const struct lab *l)
{
	return l->p.flags & PKT_HEAVY;
}

/* A connection of host A, established; its session. */
static uint32_t connect_tcp(struct lab *l)
{
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, TCP_SYN | TCP_ACK);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_ACK);
	return l->p.session;
}

static uint32_t open_udp(struct lab *l)
{
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_FORWARD);
	return l->p.session;
}

static uint32_t serial_of(struct lab *l, uint32_t session)
{
	struct nat_offer o;

	assert_true(nat_offer(l->n, session, true, &o));
	return o.serial;
}

static void carry(struct lab *l, uint32_t session, uint32_t serial,
		  enum nat_dir way)
{
	const struct nat_carried c = { .packets = 10,
				       .bytes = 1000,
				       .seen_ms = l->now };

	nat_carried(l->n, session, serial, way, &c);
}

static void test_heavy_is_who_moves_so_many_within_a_second(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;

	for (unsigned i = 1; i < AFTER; i++) {
		open_udp(l);
		assert_false(is_heavy(l));
	}
	open_udp(l);
	assert_true(is_heavy(l));
	/* As many again, but slower. */
	for (unsigned i = 0; i < 4 * AFTER; i++) {
		lab_wait(l, 40);
		open_udp(l);
		assert_false(is_heavy(l));
	}
}

static void test_in_a_hurry_a_part_of_them_will_do(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;

	nat_hurry(l->n, true);
	for (unsigned i = 1; i < (AFTER + NAT_HURRY - 1) / NAT_HURRY; i++) {
		open_udp(l);
		assert_false(is_heavy(l));
	}
	open_udp(l);
	assert_true(is_heavy(l));
}

static void test_an_offer_has_all_three_ends(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	struct nat_offer o;
	uint32_t session;

	/* Its port is taken, so that it gets another. */
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	session = open_udp(l);
	assert_true(nat_offer(l->n, session, false, &o));
	assert_int_equal(o.proto, IPPROTO_UDP);
	assert_int_equal(addr_to_v4(&o.inside.addr), net32(HOST_A));
	assert_int_equal(ntohs(o.inside.port), 5000);
	assert_int_equal(addr_to_v4(&o.outside.addr), net32(WAN));
	assert_int_equal(ntohs(o.outside.port), out_sport(l));
	assert_int_equal(addr_to_v4(&o.remote.addr), net32(REMOTE));
	assert_int_equal(ntohs(o.remote.port), 53);
	assert_int_equal(addr_to_v4(&o.wan_hop), net32(WAN_NEXT));
	assert_int_equal(o.lan, 0);
	assert_int_equal(nat_find(l->n, &o), session);
}

static void test_tcp_is_offered_while_it_is_established(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	struct nat_offer o;
	uint32_t session;

	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
	session = connect_tcp(l);
	assert_true(nat_offer(l->n, session, false, &o));
	lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, TCP_RST);
	assert_false(nat_offer(l->n, session, false, &o));
}

static void test_strangers_and_hairpin_are_not_offered(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	struct nat_offer o;

	open_udp(l);
	assert_int_equal(lab_in(l, STRANGER, 99, 5000), VERDICT_FORWARD);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
	lab_out(l, HOST_B, 6000, WAN, 5000);
	assert_true(l->p.session && l->p.peer);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
	assert_false(nat_offer(l->n, l->p.peer, false, &o));
}

static void test_a_carried_session_is_offered_once(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = open_udp(l), serial = serial_of(l, session);
	struct nat_offer o;

	nat_promoted(l->n, session, 1);
	assert_false(nat_offer(l->n, session, false, &o));
	for (unsigned i = 0; i < 2 * AFTER; i++) {
		open_udp(l);
		assert_false(is_heavy(l));
	}
	nat_demoted(l->n, session, serial + 1); /* another's: nothing */
	assert_false(nat_offer(l->n, session, false, &o));
	nat_demoted(l->n, session, serial);
	assert_true(nat_offer(l->n, session, false, &o));
}

/* nat.md 4: neither early nor never. */
static void test_a_carried_flow_lives_as_long_as_it_is_seen(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = open_udp(l), serial = serial_of(l, session);

	nat_promoted(l->n, session, 1);
	for (unsigned i = 0; i < 5; i++) {
		lab_wait(l, 4 * MINUTE);
		carry(l, session, serial, DIR_OUT);
	}
	lab_wait(l, 5 * MINUTE - 2 * SECOND);
	assert_int_equal(lab_sessions(l), 1);
	lab_wait(l, 4 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_mappings(l), 0);
}

/* nat.md 5, RFC 4787 REQ-6 */
static void test_what_comes_in_alone_keeps_nothing_open(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = open_udp(l), serial = serial_of(l, session);

	nat_promoted(l->n, session, 1);
	lab_wait(l, 4 * MINUTE);
	carry(l, session, serial, DIR_IN);
	lab_wait(l, MINUTE + 2 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 16 */
static void test_a_carried_connection_has_the_established_timer(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = connect_tcp(l), serial = serial_of(l, session);

	nat_promoted(l->n, session, 1);
	lab_wait(l, 7440 * SECOND - MINUTE);
	carry(l, session, serial, DIR_IN);
	lab_wait(l, 7440 * SECOND - MINUTE);
	assert_int_equal(lab_sessions(l), 1);
	lab_wait(l, 2 * MINUTE);
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 17: what is read of the slots after a RST prolongs nothing. */
static void test_after_a_reset_it_is_only_counted(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = connect_tcp(l), serial = serial_of(l, session);

	nat_promoted(l->n, session, 1);
	lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, TCP_RST);
	lab_wait(l, 3 * MINUTE);
	carry(l, session, serial, DIR_OUT);
	lab_wait(l, MINUTE + 2 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* ---- pings */

static void ask(struct lab *l, uint32_t remote, uint16_t id)
{
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, id, remote, 0),
			  .proto = IPPROTO_ICMP, .type = ICMP_ECHO };

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
}

/* To what was asked last, if 'l->p' is that. */
static void answer(struct lab *l, uint32_t remote)
{
	struct spec s = { TUPLE(SIDE_WAN, remote, out_id(l), WAN, 0),
			  .proto = IPPROTO_ICMP, .type = ICMP_ECHO_ANSWER };

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
}

static void test_a_ping_is_heavy_with_its_fourth_answer(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;

	for (unsigned i = 1; i <= 3 * NAT_ECHOES; i++) {
		ask(l, REMOTE, 77);
		assert_false(is_heavy(l));
		answer(l, REMOTE);
		assert_int_equal(is_heavy(l), i % NAT_ECHOES == 0);
		lab_wait(l, SECOND);
	}
}

static void test_pings_without_an_answer_are_never_heavy(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;

	for (unsigned i = 0; i < 10 * AFTER; i++) {
		ask(l, REMOTE, 77);
		assert_false(is_heavy(l));
	}
	for (unsigned i = 0; i < 10 * AFTER; i++) { /* of one question */
		answer(l, REMOTE);
		assert_false(is_heavy(l));
	}
}

static void test_a_sweep_makes_nothing_heavy(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;

	for (unsigned round = 1; round < NAT_ECHOES; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			ask(l, REMOTE + i, 77);
			answer(l, REMOTE + i);
			assert_false(is_heavy(l));
		}
	}
}

static void test_a_stranger_who_pings_makes_nothing_heavy(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	struct spec6 asks = { TUPLE(SIDE_WAN, STRANGER6, 77, HOST6_A, 0),
			      .proto = IPPROTO_ICMPV6,
			      .type = ICMP6_ECHO_REQUEST };
	struct spec6 heard = { TUPLE(SIDE_LAN, HOST6_A, 77, STRANGER6, 0),
			       .proto = IPPROTO_ICMPV6,
			       .type = ICMP6_ECHO_REPLY };
	struct spec6 answers = asks;

	answers.type = ICMP6_ECHO_REPLY;
	for (unsigned i = 0; i < 10 * AFTER; i++) {
		assert_int_equal(lab6_send(l, asks), VERDICT_FORWARD);
		assert_false(is_heavy(l));
		assert_int_equal(lab6_send(l, heard), VERDICT_FORWARD);
		assert_false(is_heavy(l));
		assert_int_equal(lab6_send(l, answers), VERDICT_FORWARD);
		assert_false(is_heavy(l));
	}
}

/* nat.md 19 */
static void test_echoes_are_offered_and_keep_their_timer(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session;
	struct nat_offer o;

	ask(l, REMOTE, 77);
	session = l->p.session;
	assert_true(nat_offer(l->n, session, false, &o));
	assert_int_equal(o.proto, IPPROTO_ICMP);
	assert_int_equal(ntohs(o.inside.port), 77);
	assert_int_equal(ntohs(o.outside.port), out_id(l));
	assert_int_equal(nat_find(l->n, &o), session);
	nat_promoted(l->n, session, 1);
	for (unsigned i = 0; i < 5; i++) {
		lab_wait(l, 50 * SECOND);
		carry(l, session, o.serial, DIR_OUT);
	}
	lab_wait(l, 58 * SECOND);
	assert_int_equal(lab_sessions(l), 1);
	lab_wait(l, 4 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* It has neither identifier nor mapping. */
static void test_the_other_familys_icmp_is_not_offered(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	struct nat_offer o;

	assert_int_equal(lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A, 0,
							  REMOTE, 0),
						    .proto = IPPROTO_ICMPV6,
						    .payload = 8 }),
			 VERDICT_FORWARD);
	assert_true(l->p.session);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
	assert_int_equal(lab6_send(l, (struct spec6){ TUPLE(SIDE_LAN, HOST6_A,
							    0, REMOTE6, 0),
						      .proto = IPPROTO_ICMP,
						      .type = ICMP_ECHO }),
			 VERDICT_FORWARD);
	assert_true(l->p.session);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
}

/* ---- what people see */

static void test_what_was_carried_is_in_the_row(void **state)
{
	struct lab *l = ((struct bench *)*state)->lab;
	uint32_t session = open_udp(l), serial = serial_of(l, session);
	struct flow_row row;
	uint32_t cursor = 0;
	unsigned n;

	carry(l, session, serial, DIR_OUT);
	carry(l, session, serial, DIR_IN);
	carry(l, session, serial + 1, DIR_IN); /* another's: nothing */
	nat_flows(l->n, &cursor, &row, 1, 100, &n, l->now);
	assert_int_equal(n, 1);
	assert_int_equal(row.tx_packets, 11);
	assert_int_equal(row.rx_packets, 10);
	assert_int_equal(row.rx_bytes, 1000);
	assert_string_equal(row.lane, "engine");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_heavy_is_who_moves_so_many_within_a_second),
		TEST(test_in_a_hurry_a_part_of_them_will_do),
		TEST(test_an_offer_has_all_three_ends),
		TEST(test_tcp_is_offered_while_it_is_established),
		TEST(test_strangers_and_hairpin_are_not_offered),
		TEST(test_a_carried_session_is_offered_once),
		TEST(test_a_carried_flow_lives_as_long_as_it_is_seen),
		TEST(test_what_comes_in_alone_keeps_nothing_open),
		TEST(test_a_carried_connection_has_the_established_timer),
		TEST(test_after_a_reset_it_is_only_counted),
		TEST(test_a_ping_is_heavy_with_its_fourth_answer),
		TEST(test_pings_without_an_answer_are_never_heavy),
		TEST(test_a_sweep_makes_nothing_heavy),
		TEST(test_a_stranger_who_pings_makes_nothing_heavy),
		TEST(test_echoes_are_offered_and_keep_their_timer),
		TEST(test_the_other_familys_icmp_is_not_offered),
		TEST(test_what_was_carried_is_in_the_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
