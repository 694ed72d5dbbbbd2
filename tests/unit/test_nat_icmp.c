/* test_nat_icmp.c - RFC 5508: queries, errors through the NAT in every
 * direction, and the errors that the NAT itself sends. */
#include "nat_lab.h"

#define ROUTER IP(192, 0, 2, 1)
#define PING   8
#define PONG   0

static struct spec ping(uint32_t host, uint16_t id)
{
	return (struct spec){ TUPLE(SIDE_LAN, host, id, REMOTE, 0),
			      .proto = IPPROTO_ICMP, .type = PING,
			      .payload = 56 };
}

static struct spec pong(uint32_t from, uint16_t id)
{
	return (struct spec){ TUPLE(SIDE_WAN, from, id, WAN, 0),
			      .proto = IPPROTO_ICMP, .type = PONG,
			      .payload = 56 };
}

/* nat.md 19 */
static void test_rfc5508_req1_query_mapping(void **state)
{
	struct lab *l = *state;
	uint16_t other;

	assert_int_equal(lab_send(l, ping(HOST_A, 7)), VERDICT_FORWARD);
	assert_int_equal(out_id(l), 7);
	assert_int_equal(out_src(l), WAN);
	lab_send(l, ping(HOST_B, 7));
	other = out_id(l);
	assert_int_not_equal(other, 7);
	lab_send(l, pong(REMOTE, other));
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(out_id(l), 7);
	/* Endpoint-independent: a stranger's answer passes, too. */
	assert_int_equal(lab_send(l, pong(STRANGER, 7)), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_string_equal(lab_flow(l).state, "query");
}

/* nat.md 19 */
static void test_rfc5508_req2_query_60_s(void **state)
{
	struct lab *l = *state;

	lab_send(l, ping(HOST_A, 7));
	lab_wait(l, 60 * SECOND - 1);
	assert_int_equal(lab_send(l, pong(REMOTE, 7)), VERDICT_FORWARD);
	lab_wait(l, 1);
	/* Perhaps the gateway's own. */
	assert_int_equal(lab_send(l, pong(REMOTE, 7)), VERDICT_LOCAL);
}

static void test_identifier_zero(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab_send(l, ping(HOST_A, 0)), VERDICT_FORWARD);
	assert_int_equal(out_id(l), 0);
	assert_int_equal(lab_send(l, pong(REMOTE, 0)), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
}

static void test_pings_to_the_wan_address_are_the_gateways(void **state)
{
	struct lab *l = *state;
	struct spec s = pong(REMOTE, 7);

	lab_send(l, ping(HOST_A, 7));
	s.type = PING;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);
	s = ping(HOST_B, 7);
	s.dst = WAN;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);
	s = ping(HOST_B, 7);
	s.type = PONG; /* an answer that nobody asked for */
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_BAD_STATE);
}

/* ---- errors about packets that went through */

struct quoted {
	uint8_t bytes[1500];
	uint16_t n;
};

/* As it was last on the wire. */
static struct quoted quote_last(const struct lab *l)
{
	struct quoted q;

	q.n = l->p.l3_len;
	memcpy(q.bytes, lab_ip(l), q.n);
	return q;
}

static struct spec error_about(const struct quoted *q, enum side side,
			       uint32_t from, uint32_t to, uint8_t type,
			       uint8_t code)
{
	return (struct spec){ TUPLE(side, from, 0, to, 0),
			      .proto = IPPROTO_ICMP,
			      .type = type,
			      .code = code,
			      .quote = q->bytes,
			      .quote_n = q->n };
}

static const uint8_t *out_quote(const struct lab *l)
{
	return l->p.data + l->p.l4 + 8;
}

/* The quote is again what the inside sent, checksums included, but for the
 * TTL that the first hop took. */
static void assert_quote_is(const struct lab *l, const uint8_t *sent,
			    uint16_t sent_n, uint16_t quoted)
{
	uint8_t copy[LAB_FRAME];

	memcpy(copy, sent, sent_n);
	rewrite_ttl(copy, copy[IPV4_TTL] - 1);
	assert_memory_equal(out_quote(l), copy, quoted);
}

static void error_comes_back(struct lab *l, struct spec s, uint16_t quoted)
{
	static const uint8_t types[][2] = {
		{ 3, 1 }, { 3, 4 }, { 11, 0 }, { 12, 0 }
	};
	uint8_t sent[LAB_FRAME];
	uint16_t sent_n;
	struct quoted q;

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	sent_n = l->sent_n;
	memcpy(sent, l->sent, sent_n);
	q = quote_last(l);
	if (quoted)
		q.n = quoted;
	for (unsigned i = 0; i < 4; i++) {
		struct spec e = error_about(&q, SIDE_WAN, ROUTER, WAN,
					    types[i][0], types[i][1]);

		assert_int_equal(lab_send(l, e), VERDICT_FORWARD);
		assert_int_equal(out_src(l), ROUTER);
		assert_int_equal(out_dst(l), s.src);
		assert_int_equal(l->p.data[l->p.l4], types[i][0]);
		assert_quote_is(l, sent, sent_n, q.n);
	}
}

/* nat.md 20 */
static void test_rfc5508_req4_inbound_errors(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			  .payload = 33 };

	/* The other host has the port, so that ports change as well. */
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	error_comes_back(l, s, 0);
	error_comes_back(l, s, 28);
	s.no_csum = true;
	error_comes_back(l, s, 0);
	s.no_csum = false;
	s.proto = IPPROTO_TCP;
	s.flags = TCP_SYN;
	lab_tcp(l, SIDE_LAN, HOST_B, 5000, REMOTE, 53, TCP_SYN);
	error_comes_back(l, s, 0);
	error_comes_back(l, s, 28); /* its checksum is not quoted */
	error_comes_back(l, s, 38);
	lab_send(l, ping(HOST_B, 9));
	error_comes_back(l, ping(HOST_A, 9), 0);
	error_comes_back(l, ping(HOST_A, 9), 28);
}

/* nat.md 20 */
static void test_rfc5508_errors_through_options(void **state)
{
	struct lab *l = *state;
	/* Record route, as it was sent. */
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			  .payload = 8, .options = { 7, 7, 4 },
			  .options_n = 8 };
	struct spec e;
	struct quoted q;

	lab_out(l, HOST_B, 5000, REMOTE, 53);
	error_comes_back(l, s, 0);
	/* And options in the error's own header. */
	lab_send(l, s);
	q = quote_last(l);
	e = error_about(&q, SIDE_WAN, ROUTER, WAN, 11, 0);
	e.options[0] = 1;
	e.options_n = 4;
	assert_int_equal(lab_send(l, e), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
}

/* nat.md 20 */
static void test_rfc5508_req5_outbound_errors(void **state)
{
	struct lab *l = *state;
	uint8_t sent[LAB_FRAME];
	uint16_t outside, sent_n;
	struct quoted q;

	lab_out(l, HOST_B, 5000, REMOTE, 53);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	outside = out_sport(l);
	lab_in(l, REMOTE, 53, outside);
	q = quote_last(l);
	sent_n = l->sent_n;
	memcpy(sent, l->sent, sent_n);
	assert_int_equal(
		lab_send(l, error_about(&q, SIDE_LAN, HOST_A, REMOTE, 3, 3)),
		VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_dst(l), REMOTE);
	assert_int_equal(l->p.out_side, SIDE_WAN);
	assert_quote_is(l, sent, sent_n, sent_n);
	/* About an answer to a ping. */
	lab_send(l, ping(HOST_B, 9));
	lab_send(l, ping(HOST_A, 9));
	outside = out_id(l);
	lab_send(l, pong(REMOTE, outside));
	q = quote_last(l);
	sent_n = l->sent_n;
	memcpy(sent, l->sent, sent_n);
	lab_send(l, error_about(&q, SIDE_LAN, HOST_A, REMOTE, 11, 1));
	assert_quote_is(l, sent, sent_n, sent_n);
}

/* nat.md 21 */
static void test_rfc5508_req7_hairpinned_error(void **state)
{
	struct lab *l = *state;
	uint8_t sent[LAB_FRAME];
	uint16_t sent_n;
	struct quoted q;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_out(l, HOST_B, 6000, WAN, 5000);
	q = quote_last(l);
	sent_n = l->sent_n;
	memcpy(sent, l->sent, sent_n);
	assert_int_equal(
		lab_send(l, error_about(&q, SIDE_LAN, HOST_A, WAN, 3, 3)),
		VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_quote_is(l, sent, sent_n, sent_n);
}

/* nat.md 20 */
static void test_rfc5508_req3_bad_checksum_dropped(void **state)
{
	struct lab *l = *state;
	struct quoted q;
	struct spec e;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	q = quote_last(l);
	e = error_about(&q, SIDE_WAN, ROUTER, WAN, 3, 3);
	e.bad_csum = true;
	assert_int_equal(lab_send(l, e), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_BAD_CHECKSUM);
	/* The quote's own checksums are not asked for. */
	e.bad_csum = false;
	q.bytes[26] ^= 0x55;
	assert_int_equal(lab_send(l, e), VERDICT_FORWARD);
}

/* nat.md 11 */
static void test_rfc4787_req12_errors_end_and_refresh_nothing(void **state)
{
	struct lab *l = *state;
	struct quoted q;

	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	q = quote_last(l);
	lab_wait(l, 200 * SECOND);
	lab_send(l, error_about(&q, SIDE_WAN, ROUTER, WAN, 3, 3));
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "syn_sent");
	assert_int_equal(lab_flow(l).rx_packets, 1);
	lab_wait(l, 42 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* Outbound, an error goes to who sent what it quotes. */
static void test_errors_to_somebody_else_are_dropped(void **state)
{
	struct lab *l = *state;
	struct quoted q;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_in(l, REMOTE, 53, 5000);
	q = quote_last(l);
	lab_send(l, error_about(&q, SIDE_LAN, HOST_A, STRANGER, 3, 3));
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
	assert_int_equal(
		lab_send(l, error_about(&q, SIDE_LAN, HOST_A, REMOTE, 3, 3)),
		VERDICT_FORWARD);
}

static void test_errors_about_nothing_are_dropped(void **state)
{
	struct lab *l = *state;
	struct quoted q;
	struct spec e;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	q = quote_last(l);
	e = error_about(&q, SIDE_WAN, ROUTER, WAN, 3, 3);
	q.bytes[IPV4_SRC] ^= 1; /* not from our address */
	lab_send(l, e);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
	q.bytes[IPV4_SRC] ^= 1;
	q.bytes[20] ^= 1; /* a port that nobody has */
	lab_send(l, e);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
	q.bytes[20] ^= 1;
	q.bytes[7] = 1; /* a later fragment */
	lab_send(l, e);
	assert_int_equal(l->p.drop, DROP_MALFORMED);
	e.quote_n = 19;
	lab_send(l, e);
	assert_int_equal(l->p.drop, DROP_MALFORMED);
}

/* ---- our own errors */

static void assert_reply(const struct lab *l, uint32_t from, uint32_t to,
			 uint8_t type, uint8_t code, uint16_t mtu)
{
	const uint8_t *icmp = l->p.data + l->p.l4;
	uint16_t quoted = l->sent_n < 548 ? l->sent_n : 548;

	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(out_src(l), from);
	assert_int_equal(out_dst(l), to);
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_int_equal(at16(icmp + 6), mtu);
	assert_int_equal(l->p.l3_len, 28 + quoted);
	assert_int_equal(l->p.len, 14 + 28 + quoted);
	assert_memory_equal(out_quote(l), l->sent, quoted);
	assert_true(addr_is_zero(&l->p.device));
	assert_int_equal(l->p.session, 0);
	assert_int_equal(l->p.data[12], 8); /* still IPv4 */
	assert_int_equal(l->p.data[13], 0);
}

/* nat.md 23 */
static void test_ttl_exceeded_toward_the_lan(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 33434),
			  .ttl = 1, .payload = 600 };

	lab_send(l, s);
	assert_reply(l, GATEWAY, HOST_A, 11, 0, 0);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_int_equal(addr_to_v4(&l->p.next_hop), net32(HOST_A));
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_drops(l, DROP_TTL_EXCEEDED), 1);
	s.ttl = 2;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(lab_ip(l)[IPV4_TTL], 1);
}

/* nat.md 23 */
static void test_ttl_exceeded_toward_the_wan(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_WAN, STRANGER, 4000, WAN, 5000),
			  .ttl = 1 };

	lab_send(l, s);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING); /* closed is silent */
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_send(l, s);
	assert_reply(l, WAN, STRANGER, 11, 0, 0);
	assert_int_equal(l->p.out_side, SIDE_WAN);
	assert_int_equal(addr_to_v4(&l->p.next_hop), net32(WAN_NEXT));
}

/* nat.md 12 */
static void test_rfc4787_req13_frag_needed(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53), .df = true,
			  .payload = 1472 };

	l->conf.wan.mtu = 1400;
	lab_send(l, s);
	assert_reply(l, GATEWAY, HOST_A, 3, 4, 1400);
	assert_int_equal(lab_drops(l, DROP_TOO_BIG), 1);
	/* And from the WAN to a LAN that is narrower. */
	s.payload = 1000;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	l->conf.lans[0].mtu = 1000;
	s = (struct spec){ TUPLE(SIDE_WAN, REMOTE, 53, WAN, 5000), .df = true,
			   .payload = 1200 };
	lab_send(l, s);
	assert_reply(l, WAN, REMOTE, 3, 4, 1000);
}

static void test_no_error_about_errors_and_broadcasts(void **state)
{
	struct lab *l = *state;
	struct quoted q;
	struct spec s;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	q = quote_last(l);
	s = error_about(&q, SIDE_WAN, ROUTER, WAN, 3, 3);
	s.ttl = 1;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TTL_EXCEEDED);
	/* A frame to everybody is answered by nobody. */
	s = (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			   .ttl = 1 };
	lab_frame(l, &s);
	memset(l->p.data, 0xff, 6);
	assert_int_equal(lab_process(l), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TTL_EXCEEDED);
}

/* The worker learns late that nobody is there: headers are put back. */
static void test_error_about_a_packet_already_translated(void **state)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP,
					  IPPROTO_ICMP, IPPROTO_GRE };
	struct lab *l = *state;
	struct icmp_limit limit = { 0 };

	for (unsigned i = 0; i < sizeof(protos); i++) {
		struct spec s = { TUPLE(SIDE_LAN, HOST_B, 5000, REMOTE, 53),
				  .proto = protos[i], .flags = TCP_SYN,
				  .type = PING, .payload = 40 };

		lab_send(l, s);
		s.src = HOST_A;
		if (s.proto == IPPROTO_GRE)
			s.dst = STRANGER;
		assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
		assert_true(icmp_error_build(&l->p, &l->conf, &limit, l->now,
					     ICMP_UNREACHABLE, ICMP_HOST, 0));
		assert_reply(l, GATEWAY, HOST_A, 3, 1, 0);
		lab_intact(&l->p);
		/* Once is enough. */
		assert_false(icmp_error_build(&l->p, &l->conf, &limit, l->now,
					      ICMP_UNREACHABLE, ICMP_HOST, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_rfc5508_req1_query_mapping),
		lab_test(test_rfc5508_req2_query_60_s),
		lab_test(test_identifier_zero),
		lab_test(test_pings_to_the_wan_address_are_the_gateways),
		lab_test(test_rfc5508_req4_inbound_errors),
		lab_test(test_rfc5508_errors_through_options),
		lab_test(test_rfc5508_req5_outbound_errors),
		lab_test(test_rfc5508_req7_hairpinned_error),
		lab_test(test_rfc5508_req3_bad_checksum_dropped),
		lab_test(test_rfc4787_req12_errors_end_and_refresh_nothing),
		lab_test(test_errors_to_somebody_else_are_dropped),
		lab_test(test_errors_about_nothing_are_dropped),
		lab_test(test_ttl_exceeded_toward_the_lan),
		lab_test(test_ttl_exceeded_toward_the_wan),
		lab_test(test_rfc4787_req13_frag_needed),
		lab_test(test_no_error_about_errors_and_broadcasts),
		lab_test(test_error_about_a_packet_already_translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
