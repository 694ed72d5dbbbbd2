/* test_nat_notice.c - what the first packets of a session tell: round-trip
 * times of TCP handshakes, and which of them may hold a hello. */
#include "nat_lab.h"

#define PORT 5000

static void tcp(struct lab *l, enum side side, uint32_t after_us, uint8_t flags)
{
	bool in = side == SIDE_WAN;

	l->us += after_us;
	assert_int_equal(lab_tcp(l, side, in ? REMOTE : HOST_A, in ? 443 : PORT,
				 in ? WAN : REMOTE, in ? PORT : 443, flags),
			 VERDICT_FORWARD);
}

static uint32_t timed(const struct lab *l)
{
	return l->p.flags & PKT_TIMED ? l->p.rtt_us : 0;
}

static void both_sides_of_a_handshake_are_timed(void **state)
{
	struct lab *l = *state;

	tcp(l, SIDE_LAN, 0, TCP_SYN);
	assert_int_equal(timed(l), 0);
	tcp(l, SIDE_WAN, 20000, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 20000);
	assert_true(l->p.to_lan);
	tcp(l, SIDE_LAN, 3000, TCP_ACK);
	assert_int_equal(timed(l), 3000);
	assert_false(l->p.to_lan);
	tcp(l, SIDE_LAN, 10, TCP_ACK);
	assert_int_equal(timed(l), 0);
	tcp(l, SIDE_WAN, 10, TCP_ACK);
	assert_int_equal(timed(l), 0);
}

static void the_clock_may_come_round(void **state)
{
	struct lab *l = *state;

	l->us = UINT32_MAX - 100;
	tcp(l, SIDE_LAN, 0, TCP_SYN);
	tcp(l, SIDE_WAN, 700, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 700);
}

static void who_connects_from_outside_is_timed_the_other_way(void **state)
{
	struct lab *l = *state;

	tcp(l, SIDE_LAN, 0, TCP_SYN); /* a mapping to come in by */
	l->us = 5;
	assert_int_equal(lab_tcp(l, SIDE_WAN, STRANGER, 7, WAN, PORT, TCP_SYN),
			 VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_OPENED);
	l->us += 4000;
	lab_tcp(l, SIDE_LAN, HOST_A, PORT, STRANGER, 7, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 4000);
	assert_false(l->p.to_lan);
	l->us += 30000;
	lab_tcp(l, SIDE_WAN, STRANGER, 7, WAN, PORT, TCP_ACK);
	assert_int_equal(timed(l), 30000);
	assert_true(l->p.to_lan);
}

/* Karn: nobody knows which of the two was answered. */
static void what_was_sent_twice_times_nothing(void **state)
{
	struct lab *l = *state;

	tcp(l, SIDE_LAN, 0, TCP_SYN);
	tcp(l, SIDE_LAN, 1000000, TCP_SYN);
	tcp(l, SIDE_WAN, 20000, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 0);
	tcp(l, SIDE_LAN, 3000, TCP_ACK);
	assert_int_equal(timed(l), 0);
}

static void nor_does_an_answer_that_came_twice(void **state)
{
	struct lab *l = *state;

	tcp(l, SIDE_LAN, 0, TCP_SYN);
	tcp(l, SIDE_WAN, 20000, TCP_SYN | TCP_ACK);
	tcp(l, SIDE_WAN, 1000000, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 0);
	tcp(l, SIDE_LAN, 3000, TCP_ACK);
	assert_int_equal(timed(l), 0);
}

static void a_refusal_times_nothing(void **state)
{
	struct lab *l = *state;

	tcp(l, SIDE_LAN, 0, TCP_SYN);
	tcp(l, SIDE_WAN, 20000, TCP_RST | TCP_ACK);
	assert_int_equal(timed(l), 0);
	tcp(l, SIDE_WAN, 20000, TCP_SYN | TCP_ACK);
	assert_int_equal(timed(l), 0);
}

/* ---- hellos */

static const uint8_t record[] = { 0x16, 3, 1, 0, 20, 1, 0, 0, 16 };
static const uint8_t long_record[] = { 0x16, 3, 1, 6, 0, 1, 0, 5, 252 };
static const uint8_t quic1[] = { 0xc3, 0, 0, 0, 1, 8 };
static const uint8_t quic2[] = { 0xd3, 0x6b, 0x33, 0x43, 0xcf, 8 };
static const uint8_t quic1_handshake[] = { 0xe3, 0, 0, 0, 1, 8 };
static const uint8_t http[] = { 'G', 'E', 'T', ' ', '/', ' ' };

static bool is_hello(struct lab *l, uint8_t proto, const uint8_t *begin,
		     uint16_t begin_n, uint16_t rest)
{
	assert_int_equal(
		lab_send(l,
			 (struct spec){
				 TUPLE(SIDE_LAN, HOST_A, PORT, REMOTE, 443),
				 .proto = proto,
				 .flags = proto == IPPROTO_TCP ? TCP_ACK : 0,
				 .quote = begin, .quote_n = begin_n,
				 .payload = rest }),
		VERDICT_FORWARD);
	return l->p.flags & PKT_HELLO;
}
#define HELLO(l, proto, begin, rest)                                           \
	is_hello(l, proto, begin, sizeof(begin), rest)

static void udp(struct lab *l, enum side side, uint32_t after_us)
{
	l->us += after_us;
	assert_int_equal(side == SIDE_WAN
				 ? lab_in(l, REMOTE, 53, PORT)
				 : lab_out(l, HOST_A, PORT, REMOTE, 53),
			 VERDICT_FORWARD);
}

/* So that analysis can tell who is not answered. */
static void the_first_answer_by_udp_is_told_once(void **state)
{
	struct lab *l = *state;

	udp(l, SIDE_LAN, 0);
	assert_int_equal(timed(l), 0);
	udp(l, SIDE_LAN, 100);
	udp(l, SIDE_WAN, 900);
	assert_int_equal(timed(l), 1000);
	assert_true(l->p.to_lan);
	udp(l, SIDE_LAN, 100);
	udp(l, SIDE_WAN, 900);
	assert_int_equal(timed(l), 0);
}

static void who_talks_on_is_not_watched(void **state)
{
	struct lab *l = *state;
	unsigned i;

	for (i = 0; i < 4; i++)
		udp(l, SIDE_LAN, 100);
	udp(l, SIDE_WAN, 900);
	assert_int_equal(timed(l), 0);
}

static void connect_tcp(struct lab *l)
{
	tcp(l, SIDE_LAN, 0, TCP_SYN);
	tcp(l, SIDE_WAN, 9, TCP_SYN | TCP_ACK);
	tcp(l, SIDE_LAN, 9, TCP_ACK);
	assert_false(l->p.flags & PKT_HELLO);
}

static void a_record_in_one_segment_is_all(void **state)
{
	connect_tcp(*state);
	assert_true(HELLO(*state, IPPROTO_TCP, record, 16));
	assert_false(HELLO(*state, IPPROTO_TCP, record, 16));
}

static void a_longer_one_is_three_segments_at_most(void **state)
{
	struct lab *l = *state;

	connect_tcp(l);
	assert_true(HELLO(l, IPPROTO_TCP, long_record, 400));
	tcp(l, SIDE_WAN, 9, TCP_ACK); /* an answer is none */
	assert_false(l->p.flags & PKT_HELLO);
	tcp(l, SIDE_LAN, 9, TCP_ACK); /* nor is what says nothing */
	assert_false(l->p.flags & PKT_HELLO);
	assert_true(HELLO(l, IPPROTO_TCP, http, 400));
	assert_true(HELLO(l, IPPROTO_TCP, http, 400));
	assert_false(HELLO(l, IPPROTO_TCP, http, 400));
}

static void another_protocol_is_left_alone(void **state)
{
	connect_tcp(*state);
	assert_false(HELLO(*state, IPPROTO_TCP, http, 400));
	assert_false(HELLO(*state, IPPROTO_TCP, record, 16));
}

static void quic_begins_with_initial_packets(void **state)
{
	struct lab *l = *state;

	assert_true(HELLO(l, IPPROTO_UDP, quic1, 1200));
	assert_true(HELLO(l, IPPROTO_UDP, quic1, 1200));
	assert_false(HELLO(l, IPPROTO_UDP, quic1_handshake, 1200));
	assert_false(HELLO(l, IPPROTO_UDP, quic1, 1200));
	lab_wait(l, 400 * SECOND);
	assert_true(HELLO(l, IPPROTO_UDP, quic2, 1200));
	lab_wait(l, 400 * SECOND);
	assert_false(HELLO(l, IPPROTO_UDP, http, 1200));
	lab_wait(l, 400 * SECOND);
	assert_false(HELLO(l, IPPROTO_UDP, quic1, 0) &&
		     HELLO(l, IPPROTO_UDP, http, 0));
}

/* What the headers alone of are here is asked for whole. */
static void a_hello_is_wanted_whole(void **state)
{
	const struct spec tls = { TUPLE(SIDE_LAN, HOST_A, PORT, REMOTE, 443),
				  .proto = IPPROTO_TCP,
				  .flags = TCP_ACK,
				  .quote = long_record,
				  .quote_n = sizeof(long_record),
				  .payload = 400 };
	struct spec other = tls;
	struct lab *l = *state;

	connect_tcp(l);
	other.quote = http;
	other.quote_n = sizeof(http);
	lab_frame(l, &other);
	assert_true(parse(&l->p));
	assert_false(nat_wants_whole(l->n, &l->p));
	lab_frame(l, &tls);
	assert_true(parse(&l->p));
	assert_true(nat_wants_whole(l->n, &l->p));
	assert_int_equal(lab_process(l), VERDICT_FORWARD);
	/* What follows goes on with it. */
	lab_frame(l, &other);
	assert_true(parse(&l->p));
	assert_true(nat_wants_whole(l->n, &l->p));
	for (unsigned i = 0; i < 2; i++)
		lab_send(l, other);
	lab_frame(l, &other);
	assert_true(parse(&l->p));
	assert_false(nat_wants_whole(l->n, &l->p));
}

static void a_new_quic_flow_is_wanted_whole(void **state)
{
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, PORT, REMOTE, 443),
			  .quote = quic1, .quote_n = sizeof(quic1),
			  .payload = 1200 };
	struct lab *l = *state;

	lab_frame(l, &s);
	assert_true(parse(&l->p));
	assert_true(nat_wants_whole(l->n, &l->p));
	s.quote = http;
	lab_frame(l, &s);
	assert_true(parse(&l->p));
	assert_false(nat_wants_whole(l->n, &l->p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(both_sides_of_a_handshake_are_timed),
		lab_test(the_clock_may_come_round),
		lab_test(who_connects_from_outside_is_timed_the_other_way),
		lab_test(what_was_sent_twice_times_nothing),
		lab_test(nor_does_an_answer_that_came_twice),
		lab_test(a_refusal_times_nothing),
		lab_test(the_first_answer_by_udp_is_told_once),
		lab_test(who_talks_on_is_not_watched),
		lab_test(a_record_in_one_segment_is_all),
		lab_test(a_longer_one_is_three_segments_at_most),
		lab_test(another_protocol_is_left_alone),
		lab_test(quic_begins_with_initial_packets),
		lab_test(a_hello_is_wanted_whole),
		lab_test(a_new_quic_flow_is_wanted_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
