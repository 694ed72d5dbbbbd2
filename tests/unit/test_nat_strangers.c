/* test_nat_strangers.c - what those outside cannot do to the house: take its
 * share of the tables, its errors, more than an echo, or keep its mappings
 * open. */
#include "nat_lab.h"

/* ---- sessions and mappings */

/* Strangers that knock at an open mapping push out strangers alone. */
/* nat.md 26 */
static void test_share_is_not_the_outsides_to_take(void **state)
{
	struct lab *l = *state;

	l->conf.host_sessions = 10;
	for (uint16_t i = 0; i < 5; i++)
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(lab_in(l, STRANGER, 1 + i, 5000),
				 VERDICT_FORWARD);
	/* A quarter of the share is the most that they get. */
	assert_int_equal(lab_sessions(l), 5 + 3);
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 5000 + i),
				 VERDICT_FORWARD);
	assert_int_equal(lab_mappings(l), 5);
	/* The inside's own come first. */
	for (uint16_t i = 0; i < 5; i++)
		lab_out(l, HOST_A, 6000 + i, REMOTE, 53);
	assert_int_equal(lab_mappings(l), 10);
	assert_int_equal(lab_in(l, STRANGER, 1, 5000), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_HOST_LIMIT);
}

/* Strangers at the mappings of many hosts: no more than a part of the table,
 * and of that they push out each other. */
/* nat.md 26 */
static void test_strangers_never_fill_the_table(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 64, 64, 64 });

	(void)state;
	for (uint16_t i = 0; i < 10; i++)
		lab_out(l, HOST_A + i, 5000 + i, REMOTE, 53);
	for (uint16_t port = 1; port < 50; port++)
		for (uint16_t i = 0; i < 10; i++)
			assert_int_equal(lab_in(l, STRANGER, port, 5000 + i),
					 VERDICT_FORWARD);
	assert_int_equal(lab_sessions(l), 10 + 16);
	/* One that is answered counts as the inside's own. */
	lab_out(l, HOST_A + 9, 5009, STRANGER, 49);
	assert_int_equal(lab_in(l, STRANGER, 50, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_sessions(l), 10 + 17);
	for (uint16_t i = 0; i < 10; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 5000 + i),
				 VERDICT_FORWARD);
	lab_free(l);
}

static void test_full_table_costs_strangers_first(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 64, 16, 64 });

	(void)state;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	for (uint16_t i = 0; i < 4; i++) {
		lab_wait(l, SECOND);
		lab_in(l, STRANGER, 1 + i, 5000);
	}
	for (uint16_t i = 0; i < 11; i++)
		lab_out(l, HOST_A, 6000, REMOTE, 100 + i);
	assert_int_equal(lab_sessions(l), 16);
	for (uint16_t i = 0; i < 4; i++) {
		assert_int_equal(lab_out(l, HOST_B, 7000, REMOTE, 100 + i),
				 VERDICT_FORWARD);
		assert_int_equal(l->p.flags & PKT_REPLY, 0);
		assert_int_equal(lab_sessions(l), 16);
	}
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	/* None of theirs is left: the next has no place. */
	assert_int_equal(lab_in(l, STRANGER, 9, 5000), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TABLE_FULL);
	lab_free(l);
}

/* ---- ICMP */

/* The gate lets pings by; in pieces, it cannot tell. */
static void test_rfc1122_only_echo_is_answered_on_the_wan(void **state)
{
	static const uint8_t others[] = { 13, 15, 17 };
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_WAN, STRANGER, 7, WAN, 0),
			  .proto = IPPROTO_ICMP, .payload = 56 };

	for (unsigned i = 0; i < sizeof(others); i++) {
		s.type = others[i];
		for (s.id = 0; s.id < 2; s.id++) {
			s.more = s.id;
			assert_int_equal(lab_send(l, s), VERDICT_DROP);
			assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
		}
	}
	/* What follows the first one, too. */
	s.id = 1;
	s.off = 64;
	s.more = false;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
	s.type = 8;
	s.id = 9;
	s.off = 0;
	s.more = true;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);
}

static void test_strangers_do_not_use_up_the_lans_errors(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_WAN, STRANGER, 4000, WAN, 5000),
			  .ttl = 1 };

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	for (unsigned i = 0; i < 300; i++)
		lab_send(l, s);
	assert_int_equal(l->p.verdict, VERDICT_DROP);
	l->conf.wan.mtu = 1400;
	s = (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			   .df = true, .payload = 1472 };
	lab_send(l, s);
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(l->p.data[l->p.l4], ICMP_UNREACHABLE);
	assert_int_equal(l->p.data[l->p.l4 + 1], ICMP_FRAG_NEEDED);
}

/* ---- TCP */

static enum verdict out(struct lab *l, uint8_t flags)
{
	return lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, flags);
}

static enum verdict in(struct lab *l, uint8_t flags)
{
	return lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, flags);
}

static void establish(struct lab *l)
{
	assert_int_equal(out(l, TCP_SYN), VERDICT_FORWARD);
	assert_int_equal(in(l, TCP_SYN | TCP_ACK), VERDICT_FORWARD);
	assert_int_equal(out(l, TCP_ACK), VERDICT_FORWARD);
}

static enum verdict knock(struct lab *l, uint16_t port)
{
	return lab_tcp(l, SIDE_WAN, STRANGER, port, WAN, 5000, TCP_SYN);
}

/* RFC 4787 REQ-6, for TCP: a mapping is the inside's to keep. */
static void test_strangers_do_not_keep_a_mapping(void **state)
{
	struct lab *l = *state;

	establish(l);
	in(l, TCP_RST);
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(knock(l, 1000 + i), VERDICT_FORWARD);
		lab_wait(l, 200 * SECOND);
	}
	/* The connection is over since 160 s. */
	assert_int_equal(lab_mappings(l), 1);
	assert_int_equal(knock(l, 1002), VERDICT_FORWARD);
	lab_wait(l, 85 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(knock(l, 1003), VERDICT_HELD);
}

/* What the inside refuses, it does not want. */
static void test_refused_strangers_do_not_keep_a_mapping(void **state)
{
	struct lab *l = *state;

	establish(l);
	in(l, TCP_RST);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(knock(l, 1000 + i), VERDICT_FORWARD);
		assert_int_equal(lab_tcp(l, SIDE_LAN, HOST_A, 5000, STRANGER,
					 1000 + i, TCP_RST | TCP_ACK),
				 VERDICT_FORWARD);
		lab_wait(l, 200 * SECOND);
	}
	assert_int_equal(knock(l, 1003), VERDICT_HELD);
	assert_int_equal(lab_mappings(l), 0);
}

/* A server behind the NAT: whom it answers stays, though who made the mapping
 * is gone. */
static void test_answered_strangers_keep_a_mapping(void **state)
{
	struct lab *l = *state;

	out(l, TCP_SYN);
	assert_int_equal(knock(l, 1000), VERDICT_FORWARD);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, STRANGER, 1000, TCP_SYN | TCP_ACK);
	lab_tcp(l, SIDE_WAN, STRANGER, 1000, WAN, 5000, TCP_ACK);
	lab_wait(l, 1000 * SECOND);
	assert_int_equal(lab_sessions(l), 1);
	assert_string_equal(lab_flow(l).state, "established");
	assert_int_equal(knock(l, 1001), VERDICT_FORWARD);
}

static void test_own_errors_are_rate_limited(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53), .ttl = 1 };
	unsigned replies = 0;

	for (unsigned i = 0; i < 300; i++)
		replies += lab_send(l, s) == VERDICT_FORWARD;
	assert_int_equal(replies, 100);
	assert_int_equal(lab_drops(l, DROP_TTL_EXCEEDED), 100);
	l->now += 10;
	for (unsigned i = 0; i < 300; i++)
		replies += lab_send(l, s) == VERDICT_FORWARD;
	assert_int_equal(replies, 110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_share_is_not_the_outsides_to_take),
		cmocka_unit_test(test_strangers_never_fill_the_table),
		cmocka_unit_test(test_full_table_costs_strangers_first),
		lab_test(test_rfc1122_only_echo_is_answered_on_the_wan),
		lab_test(test_strangers_do_not_use_up_the_lans_errors),
		lab_test(test_strangers_do_not_keep_a_mapping),
		lab_test(test_refused_strangers_do_not_keep_a_mapping),
		lab_test(test_answered_strangers_keep_a_mapping),
		lab_test(test_own_errors_are_rate_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
