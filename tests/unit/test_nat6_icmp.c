/* test_nat6_icmp.c - ICMPv6 through the gateway, and errors of its own: what
 * RFC 4890 lets pass and RFC 4443 wants said. nat.md 33. */
#include "nat6_lab.h"

/* ---- ICMPv6 */

static struct spec6 echo(enum side side, struct addr src, struct addr dst,
			 uint8_t type)
{
	return (struct spec6){ TUPLE(side, src, 77, dst, 0),
			       .proto = IPPROTO_ICMPV6, .type = type,
			       .payload = 8 };
}

/* nat.md 33 */
static void test_rfc4890_echo_both_ways_60_s(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab6_send(l, echo(SIDE_WAN, REMOTE6, HOST6_A,
					   ICMP6_ECHO_REPLY)),
			 VERDICT_DROP);
	assert_int_equal(lab6_send(l, echo(SIDE_LAN, HOST6_A, REMOTE6,
					   ICMP6_ECHO_REQUEST)),
			 VERDICT_FORWARD);
	assert_int_equal(lab6_send(l, echo(SIDE_WAN, REMOTE6, HOST6_A,
					   ICMP6_ECHO_REPLY)),
			 VERDICT_FORWARD);
	lab_wait(l, 61 * SECOND);
	assert_int_equal(lab6_send(l, echo(SIDE_WAN, REMOTE6, HOST6_A,
					   ICMP6_ECHO_REPLY)),
			 VERDICT_DROP);
	/* A stranger's, and its answer. */
	assert_int_equal(lab6_send(l, echo(SIDE_WAN, STRANGER6, HOST6_B,
					   ICMP6_ECHO_REQUEST)),
			 VERDICT_FORWARD);
	assert_int_equal(lab6_send(l, echo(SIDE_LAN, HOST6_B, STRANGER6,
					   ICMP6_ECHO_REPLY)),
			 VERDICT_FORWARD);
	assert_int_equal(lab6_send(l, echo(SIDE_LAN, HOST6_A, STRANGER6,
					   ICMP6_ECHO_REPLY)),
			 VERDICT_DROP);
}

/* A scan must not make the LAN look for a million neighbours. */
static void test_strangers_echoes_are_measured(void **state)
{
	struct lab *l = *state;
	unsigned passed = 0;

	for (unsigned i = 0; i < 1000; i++) {
		passed += lab6_send(l, echo(SIDE_WAN, STRANGER6,
					    addr6(LAN6, 0x1000 + i),
					    ICMP6_ECHO_REQUEST)) ==
			  VERDICT_FORWARD;
		l->now += i % 2;
	}
	assert_in_range(passed, 1, 50);
	/* Those that are known go on. */
	l->now += 1000;
	lab6_send(l, echo(SIDE_WAN, REMOTE6, HOST6_A, ICMP6_ECHO_REQUEST));
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(lab6_send(l, echo(SIDE_WAN, REMOTE6, HOST6_A,
						   ICMP6_ECHO_REQUEST)),
				 VERDICT_FORWARD);
}

/* nat.md 33 */
static void test_rfc4890_what_is_of_one_link_stays_there(void **state)
{
	struct lab *l = *state;

	for (unsigned type = 130; type < 160; type++) {
		lab6_send(l, (struct spec6){
				     TUPLE(SIDE_WAN, REMOTE6, 0, HOST6_A, 0),
				     .proto = IPPROTO_ICMPV6,
				     .type = (uint8_t)type });
		assert_int_equal(l->p.verdict, VERDICT_DROP);
		lab6_send(l, (struct spec6){
				     TUPLE(SIDE_LAN, HOST6_A, 0, REMOTE6, 0),
				     .proto = IPPROTO_ICMPV6,
				     .type = (uint8_t)type });
		assert_int_equal(l->p.verdict, VERDICT_DROP);
	}
}

/* About what is in l->sent, from 'from'. */
static enum verdict send_error(struct lab *l, enum side side, struct addr from,
			       struct addr to, uint8_t type, bool bad_csum)
{
	uint8_t quote[LAB_FRAME];
	uint16_t n = l->sent_n;

	memcpy(quote, l->sent, n);
	return lab6_send(l,
			 (struct spec6){ TUPLE(side, from, 0, to, 0),
					 .proto = IPPROTO_ICMPV6, .type = type,
					 .quote = quote, .quote_n = n,
					 .bad_csum = bad_csum });
}

/* nat.md 33 */
static void test_rfc4890_errors_about_our_sessions(void **state)
{
	static const uint8_t types[] = { 1, 2, 3, 4 };
	struct lab *l = *state;

	for (unsigned i = 0; i < sizeof(types); i++) {
		lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
		assert_int_equal(send_error(l, SIDE_WAN, STRANGER6, HOST6_A,
					    types[i], false),
				 VERDICT_FORWARD);
		assert_true(is_addr(&l->p.next_hop, HOST6_A));
		/* From inside, about what came in. */
		lab6_in(l, REMOTE6, 53, HOST6_A, 5000);
		assert_int_equal(send_error(l, SIDE_LAN, HOST6_A, REMOTE6,
					    types[i], false),
				 VERDICT_FORWARD);
		assert_int_equal(l->p.out_side, SIDE_WAN);
	}
	assert_int_equal(lab_flow(l).rx_packets, 8);
	/* nat.md 20: the sum is asked for; 33: so is the session. */
	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	assert_int_equal(send_error(l, SIDE_WAN, STRANGER6, HOST6_A, 1, true),
			 VERDICT_DROP);
	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	assert_int_equal(send_error(l, SIDE_WAN, STRANGER6, HOST6_B, 1, false),
			 VERDICT_DROP);
	lab6_in(l, STRANGER6, 53, HOST6_A, 5000);
	assert_int_equal(send_error(l, SIDE_LAN, HOST6_A, STRANGER6, 1, false),
			 VERDICT_DROP);
	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	assert_int_equal(
		send_error(l, SIDE_WAN, STRANGER6, HOST6_A, 100, false),
		VERDICT_DROP);
}

static void test_errors_about_echoes(void **state)
{
	struct lab *l = *state;

	lab6_send(l, echo(SIDE_LAN, HOST6_A, REMOTE6, ICMP6_ECHO_REQUEST));
	assert_int_equal(send_error(l, SIDE_WAN, STRANGER6, HOST6_A, 3, false),
			 VERDICT_FORWARD);
	lab6_send(l, echo(SIDE_WAN, STRANGER6, HOST6_B, ICMP6_ECHO_REQUEST));
	assert_int_equal(send_error(l, SIDE_LAN, HOST6_B, STRANGER6, 1, false),
			 VERDICT_FORWARD);
}

/* nat.md 17 */
static void test_errors_end_and_refresh_nothing(void **state)
{
	struct lab *l = *state;

	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	lab_wait(l, 4 * MINUTE);
	memcpy(l->sent, lab_ip(l), l->sent_n);
	lab6_frame(l,
		   &(struct spec6){ TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 53),
				    .payload = 10 });
	assert_int_equal(send_error(l, SIDE_WAN, STRANGER6, HOST6_A, 1, false),
			 VERDICT_FORWARD);
	assert_int_equal(lab6_in(l, REMOTE6, 53, HOST6_A, 5000),
			 VERDICT_FORWARD);
	lab_wait(l, MINUTE + 2 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* ---- our own errors */

static void assert_reply(struct lab *l, struct addr src, struct addr dst,
			 uint8_t type, uint8_t code)
{
	const uint8_t *ip = lab_ip(l);

	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(ip[0] >> 4, 6);
	assert_int_equal(ip[6], IPPROTO_ICMPV6);
	assert_memory_equal(ip + IPV6_SRC, &src, 16);
	assert_memory_equal(ip + IPV6_SRC + 16, &dst, 16);
	assert_int_equal(ip[IPV6_HEADER], type);
	assert_int_equal(ip[IPV6_HEADER + 1], code);
	assert_int_equal(at16(ip + 4) + IPV6_HEADER, l->p.l3_len);
	assert_true(l->p.l3_len <= 1280);
	assert_int_equal(csum_ipv6(ip, IPPROTO_ICMPV6, ip + IPV6_HEADER,
				   l->p.l3_len - IPV6_HEADER),
			 0);
	assert_memory_equal(ip + IPV6_HEADER + 8, l->sent,
			    l->p.l3_len - IPV6_HEADER - 8);
	assert_int_equal(at16(l->p.data + 12), 0x86dd);
}

/* nat.md 23 */
static void test_the_last_hop_is_told(void **state)
{
	struct lab *l = *state;
	struct spec6 s = { TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 53),
			   .hops = 1, .payload = 3 };

	lab6_send(l, s);
	assert_reply(l, GATEWAY6, HOST6_A, ICMP6_TIME_EXCEEDED, 0);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_int_equal(lab_sessions(l), 0);
	/* From outside to a session, and to nobody. */
	lab6_out(l, HOST6_A, 5000, REMOTE6, 53);
	s = (struct spec6){ TUPLE(SIDE_WAN, REMOTE6, 53, HOST6_A, 5000),
			    .hops = 1 };
	lab6_send(l, s);
	assert_reply(l, addr6(WAN6, 1), REMOTE6, ICMP6_TIME_EXCEEDED, 0);
	assert_true(is_addr(&l->p.next_hop, NEXT6));
	s.sport = 54;
	assert_int_equal(lab6_send(l, s), VERDICT_DROP);
}

/* nat.md 12 */
static void test_too_big_is_told_with_the_mtu(void **state)
{
	struct lab *l = *state;
	struct spec6 s = { TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 53),
			   .payload = 1400 };

	l->conf.wan.mtu = 1400;
	lab6_send(l, s);
	assert_reply(l, GATEWAY6, HOST6_A, ICMP6_PACKET_TOO_BIG, 0);
	assert_int_equal(at32(lab_ip(l) + IPV6_HEADER + 4), 1400);
	assert_int_equal(l->p.l3_len, 1280);
	s.payload = 1352;
	assert_int_equal(lab6_send(l, s), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	/* Several segments have no MTU. */
	s.payload = 3000;
	l->gso = true;
	assert_int_equal(lab6_send(l, s), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
}

static void test_errors_are_in_measure(void **state)
{
	struct lab *l = *state;
	unsigned told = 0;

	for (unsigned i = 0; i < 500; i++)
		told += lab6_send(l, (struct spec6){ TUPLE(SIDE_LAN, HOST6_A,
							   5000, REMOTE6, 53),
						     .hops = 1 }) ==
			VERDICT_FORWARD;
	assert_int_equal(told, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab6_test(test_rfc4890_echo_both_ways_60_s),
		lab6_test(test_strangers_echoes_are_measured),
		lab6_test(test_rfc4890_what_is_of_one_link_stays_there),
		lab6_test(test_rfc4890_errors_about_our_sessions),
		lab6_test(test_errors_about_echoes),
		lab6_test(test_errors_end_and_refresh_nothing),
		lab6_test(test_the_last_hop_is_told),
		lab6_test(test_too_big_is_told_with_the_mtu),
		lab6_test(test_errors_are_in_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
