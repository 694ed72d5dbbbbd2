/* test_nat_tcp.c - RFC 5382 and RFC 7857, under a fake clock. */
#include "nat_lab.h"

#define SYN    TCP_SYN
#define SYNACK (TCP_SYN | TCP_ACK)
#define ACK    TCP_ACK
#define FIN    (TCP_FIN | TCP_ACK)
#define RST    TCP_RST

static enum verdict out(struct lab *l, uint8_t flags)
{
	return lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, flags);
}

static enum verdict in(struct lab *l, uint8_t flags)
{
	return lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, flags);
}

static enum verdict data(struct lab *l, enum side side)
{
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 80),
			  .proto = IPPROTO_TCP, .flags = ACK, .payload = 100 };

	if (side == SIDE_WAN)
		s = (struct spec){ TUPLE(SIDE_WAN, REMOTE, 80, WAN, 5000),
				   .proto = IPPROTO_TCP, .flags = ACK,
				   .payload = 100 };
	return lab_send(l, s);
}

static void establish(struct lab *l)
{
	assert_int_equal(out(l, SYN), VERDICT_FORWARD);
	assert_int_equal(in(l, SYNACK), VERDICT_FORWARD);
	assert_int_equal(out(l, ACK), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "established");
}

/* The state lasts for 'ms' from now and no longer. */
static void lasts(struct lab *l, uint64_t ms)
{
	lab_wait(l, ms - 1);
	assert_int_equal(lab_sessions(l), 1);
	lab_wait(l, 2 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_mappings(l), 0);
}

struct step {
	enum nat_dir dir;
	uint8_t flags;
	bool data;
	enum tcp_state then;
	bool refreshes;
};

static const struct step ways[][9] = {
	{ /* three-way, both close */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, ACK, 0, TCP_SYN_SENT, false },
	  { DIR_IN, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_OUT, ACK, 0, TCP_ESTABLISHED, true },
	  { DIR_OUT, FIN, 0, TCP_CLOSING, true },
	  { DIR_IN, ACK, 1, TCP_CLOSING, true },
	  { DIR_IN, FIN, 0, TCP_TIME_WAIT, true },
	  { DIR_OUT, ACK, 0, TCP_TIME_WAIT, false } },
	{ /* simultaneous open: RFC 5382 REQ-2 */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, SYN, 0, TCP_SYN_RECEIVED, true },
	  { DIR_OUT, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_IN, SYNACK, 0, TCP_SYN_RECEIVED, false },
	  { DIR_IN, ACK, 1, TCP_ESTABLISHED, true } },
	{ /* from outside; its repetition keeps nothing alive */
	  { DIR_IN, SYN, 0, TCP_SYN_RECEIVED, false },
	  { DIR_IN, SYN, 0, TCP_SYN_RECEIVED, false },
	  { DIR_IN, ACK, 0, TCP_SYN_RECEIVED, false },
	  { DIR_OUT, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_IN, ACK, 0, TCP_ESTABLISHED, true },
	  { DIR_IN, SYN, 0, TCP_ESTABLISHED, false } },
	{ /* RST, and data after it: RFC 7857 2.2 */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_OUT, ACK, 0, TCP_ESTABLISHED, true },
	  { DIR_IN, RST, 0, TCP_RESET, false },
	  { DIR_IN, ACK, 0, TCP_RESET, false },
	  { DIR_IN, ACK, 1, TCP_ESTABLISHED, true },
	  { DIR_OUT, RST, 0, TCP_RESET, false },
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true } },
	{ /* refused; no data makes a connection of it */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, RST, 0, TCP_RESET, false },
	  { DIR_IN, ACK, 1, TCP_RESET, false } },
	{ /* so early that only the outside's SYN was missed */
	  { DIR_OUT, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_IN, ACK, 0, TCP_ESTABLISHED, true } },
	{ /* the middle of one */
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_IN, ACK, 0, TCP_ESTABLISHED, true } },
	{ /* a RST and a SYN, both forged, in the midst of one */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_OUT, ACK, 0, TCP_ESTABLISHED, true },
	  { DIR_IN, RST, 0, TCP_RESET, false },
	  { DIR_IN, SYN, 0, TCP_RESET, false },
	  { DIR_IN, ACK, 0, TCP_RESET, false },
	  { DIR_OUT, ACK, 1, TCP_ESTABLISHED, true } },
	{ /* a forged RST before the answer */
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, RST, 0, TCP_RESET, false },
	  { DIR_IN, SYNACK, 0, TCP_RESET, false },
	  { DIR_OUT, ACK, 0, TCP_RESET, false },
	  { DIR_OUT, ACK, 1, TCP_ESTABLISHED, true } },
	{ /* the inside agrees that it begins anew */
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_IN, SYN, 0, TCP_PICKED_UP, false },
	  { DIR_OUT, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_IN, ACK, 0, TCP_ESTABLISHED, true },
	  { DIR_OUT, RST, 0, TCP_RESET, false },
	  { DIR_IN, SYN, 0, TCP_RESET, false },
	  { DIR_OUT, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_IN, ACK, 0, TCP_ESTABLISHED, true } },
	{ /* the outside does not: it may be forged */
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_IN, SYN, 0, TCP_PICKED_UP, false },
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_IN, ACK, 1, TCP_ESTABLISHED, true } },
	{ /* closed from one side, and the inside begins anew */
	  { DIR_OUT, ACK, 1, TCP_PICKED_UP, true },
	  { DIR_IN, FIN, 0, TCP_CLOSING, true },
	  { DIR_IN, SYN, 0, TCP_CLOSING, false },
	  { DIR_OUT, SYNACK, 0, TCP_CLOSING, false },
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true },
	  { DIR_IN, SYNACK, 0, TCP_SYN_RECEIVED, true },
	  { DIR_OUT, ACK, 0, TCP_ESTABLISHED, true } },
	{ /* the ports are used anew in TIME_WAIT */
	  { DIR_OUT, FIN, 0, TCP_CLOSING, true },
	  { DIR_IN, FIN, 0, TCP_TIME_WAIT, true },
	  { DIR_OUT, SYN, 0, TCP_SYN_SENT, true } },
};

/* nat.md 16 */
static void test_transitions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct tcp_track t = tcp_open(ways[i][0].dir, ways[i][0].flags);

		for (const struct step *s = ways[i];
		     s < ways[i] + 9 && s->flags; s++) {
			assert_int_equal(
				tcp_step(&t, s->dir, s->flags, s->data),
				s->refreshes);
			assert_string_equal(tcp_state_name(t.state),
					    tcp_state_name(s->then));
		}
	}
}

/* nat.md 14 */
static void test_rfc5382_req1_endpoint_independent_mapping(void **state)
{
	struct lab *l = *state;
	uint16_t outside;

	lab_tcp(l, SIDE_LAN, HOST_B, 5000, REMOTE, 80, SYN);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, SYN);
	outside = out_sport(l);
	assert_int_not_equal(outside, 5000);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, STRANGER, 443, SYN);
	assert_int_equal(out_sport(l), outside);
}

/* nat.md 14 */
static void test_rfc5382_req3_endpoint_independent_filtering(void **state)
{
	struct lab *l = *state;

	out(l, SYN);
	assert_int_equal(lab_tcp(l, SIDE_WAN, STRANGER, 9, WAN, 5000, SYN),
			 VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(out_dport(l), 5000);
	/* By SYN alone. */
	assert_int_equal(lab_tcp(l, SIDE_WAN, STRANGER, 10, WAN, 5000, ACK),
			 VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_BAD_STATE);
	assert_int_equal(lab_sessions(l), 2);
}

/* nat.md 14 */
static void test_rfc5382_req2_simultaneous_open(void **state)
{
	struct lab *l = *state;

	out(l, SYN);
	assert_int_equal(in(l, SYN), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "syn_received");
	out(l, SYNACK);
	in(l, SYNACK);
	out(l, ACK);
	assert_string_equal(lab_flow(l).state, "established");
}

/* nat.md 15 */
static void test_rfc5382_req4_unsolicited_syn_held_six_seconds(void **state)
{
	struct lab *l = *state;

	assert_int_equal(in(l, SYN), VERDICT_HELD);
	lab_wait(l, 5999);
	assert_int_equal(lab_drops(l, DROP_SYN_HELD), 0);
	assert_false(lab_released(l));
	lab_wait(l, 1);
	assert_int_equal(lab_drops(l, DROP_SYN_HELD), 1);
	assert_false(lab_released(l));
	assert_int_equal(lab_sessions(l), 0);
}

/* nat.md 15 */
static void test_rfc5382_req4_held_syn_is_used(void **state)
{
	struct nat_counters counters;
	struct lab *l = *state;

	assert_int_equal(in(l, SYN), VERDICT_HELD);
	assert_int_equal(in(l, SYN), VERDICT_DROP); /* one is enough */
	lab_wait(l, 3 * SECOND);
	assert_int_equal(out(l, SYN), VERDICT_FORWARD);
	assert_true(lab_released(l));
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_int_equal(l->p.out_side, SIDE_LAN);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(out_dport(l), 5000);
	assert_false(lab_released(l));
	assert_string_equal(lab_flow(l).state, "syn_received");
	nat_counters(l->n, &counters);
	assert_int_equal(counters.syn_used, 1);
}

/* A flood of them goes round in its own room. */
/* nat.md 15 */
static void test_held_syns_are_bounded(void **state)
{
	struct lab *l = *state;

	for (uint16_t i = 0; i < 1000; i++)
		assert_int_equal(
			lab_tcp(l, SIDE_WAN, STRANGER, 1000 + i, WAN, 80, SYN),
			VERDICT_HELD);
	assert_int_equal(lab_drops(l, DROP_SYN_HELD), 1000 - 256);
	lab_wait(l, 6 * SECOND);
	assert_int_equal(lab_drops(l, DROP_SYN_HELD), 256);
}

/* nat.md 15 */
static void test_syn_to_the_machines_own_port_is_local(void **state)
{
	static uint64_t open[GATE_BITS_WORDS], own[GATE_BITS_WORDS];
	struct lab *l = *state;

	nat_bind_local(l->n, open, own);
	open[gate_bits_word(GATE_BITS_TCP, 5000)] |= gate_bits_mask(5000);
	assert_int_equal(in(l, SYN), VERDICT_LOCAL);
	nat_bind_local(l->n, NULL, NULL);
	assert_int_equal(in(l, SYN), VERDICT_HELD);
}

/* nat.md 16 */
static void test_rfc5382_req5_established_7440_s(void **state)
{
	struct lab *l = *state;

	establish(l);
	lasts(l, 7440 * SECOND);
}

/* nat.md 16 */
static void test_rfc5382_req5_either_side_keeps_it(void **state)
{
	struct lab *l = *state;

	establish(l);
	lab_wait(l, 7000 * SECOND);
	in(l, ACK);
	lasts(l, 7440 * SECOND);
}

/* nat.md 16 */
static void test_rfc5382_req5_transitory_240_s(void **state)
{
	struct lab *l = *state;

	out(l, SYN);
	assert_string_equal(lab_flow(l).state, "syn_sent");
	lasts(l, 240 * SECOND);
	establish(l);
	out(l, FIN);
	assert_string_equal(lab_flow(l).state, "closing");
	lasts(l, 240 * SECOND);
}

/* Established and forgotten: what shortens must also be found in time. */
/* nat.md 16 */
static void test_rfc7857_rst_240_s(void **state)
{
	struct lab *l = *state;

	establish(l);
	lab_wait(l, 400 * SECOND);
	assert_int_equal(in(l, RST), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "reset");
	lasts(l, 240 * SECOND);
}

/* RFC 5961: neither segment was the other end's. */
/* nat.md 17 */
static void test_forged_rst_and_syn_do_not_end_a_connection(void **state)
{
	struct lab *l = *state;

	establish(l);
	in(l, RST);
	in(l, SYN);
	data(l, SIDE_LAN);
	data(l, SIDE_WAN);
	assert_string_equal(lab_flow(l).state, "established");
	lasts(l, 7440 * SECOND);
}

/* nat.md 16 */
static void test_rfc7857_data_after_rst_brings_it_back(void **state)
{
	struct lab *l = *state;

	establish(l);
	in(l, RST);
	lab_wait(l, 200 * SECOND);
	in(l, RST); /* another does not prolong */
	assert_int_equal(data(l, SIDE_WAN), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "established");
	lasts(l, 7440 * SECOND);
}

/* nat.md 16 */
static void test_rfc7857_time_wait_240_s(void **state)
{
	struct lab *l = *state;

	establish(l);
	out(l, FIN);
	in(l, FIN);
	assert_string_equal(lab_flow(l).state, "time_wait");
	lab_wait(l, 100 * SECOND);
	out(l, ACK);
	lasts(l, 140 * SECOND);
}

/* nat.md 17 */
static void test_outbound_rst_does_not_refresh(void **state)
{
	struct lab *l = *state;

	establish(l);
	out(l, RST);
	lab_wait(l, 200 * SECOND);
	out(l, RST);
	lasts(l, 40 * SECOND);
}

static void test_rst_opens_nothing(void **state)
{
	struct lab *l = *state;

	assert_int_equal(out(l, RST), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_BAD_STATE);
	assert_int_equal(in(l, RST), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
	assert_int_equal(lab_mappings(l), 0);
}

/* Connections outlive the tables: the inside's next segment is enough. */
static void test_outbound_segment_is_picked_up(void **state)
{
	struct lab *l = *state;

	assert_int_equal(data(l, SIDE_LAN), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "picked_up");
	assert_int_equal(data(l, SIDE_WAN), VERDICT_FORWARD);
	assert_string_equal(lab_flow(l).state, "established");
	lasts(l, 7440 * SECOND);
}

/* nat.md 14 */
static void test_rfc5382_req8_hairpin(void **state)
{
	struct lab *l = *state;

	out(l, SYN);
	assert_int_equal(lab_tcp(l, SIDE_LAN, HOST_B, 6000, WAN, 5000, SYN),
			 VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 6000);
	assert_int_equal(out_dst(l), HOST_A);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, WAN, 6000, SYNACK);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(out_sport(l), 5000);
	lab_tcp(l, SIDE_LAN, HOST_B, 6000, WAN, 5000, ACK);
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_int_equal(lab_sessions(l), 3);
}

static uint16_t clamped(struct lab *l, uint16_t mss, bool odd, enum side side)
{
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 80),
			  .proto = IPPROTO_TCP, .flags = SYN, .mss = mss,
			  .odd_mss = odd };

	if (side == SIDE_WAN) {
		s = (struct spec){ TUPLE(SIDE_WAN, REMOTE, 80, WAN, 5000),
				   .proto = IPPROTO_TCP, .flags = SYNACK,
				   .mss = mss, .odd_mss = odd };
	}
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	return at16(l->p.data + l->p.l4 + (odd ? 23 : 22));
}

/* nat.md 18 */
static void test_mss_is_clamped_both_ways(void **state)
{
	struct lab *l = *state;

	assert_int_equal(clamped(l, 1460, false, SIDE_LAN), 1460);
	l->conf.wan.mtu = 1492;
	for (unsigned odd = 0; odd < 2; odd++) {
		assert_int_equal(clamped(l, 1460, odd, SIDE_LAN), 1452);
		assert_int_equal(clamped(l, 1452, odd, SIDE_LAN), 1452);
		assert_int_equal(clamped(l, 536, odd, SIDE_LAN), 536);
		assert_int_equal(clamped(l, 65535, odd, SIDE_WAN), 1452);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
		lab_test(test_rfc5382_req1_endpoint_independent_mapping),
		lab_test(test_rfc5382_req3_endpoint_independent_filtering),
		lab_test(test_rfc5382_req2_simultaneous_open),
		lab_test(test_rfc5382_req4_unsolicited_syn_held_six_seconds),
		lab_test(test_rfc5382_req4_held_syn_is_used),
		lab_test(test_held_syns_are_bounded),
		lab_test(test_syn_to_the_machines_own_port_is_local),
		lab_test(test_rfc5382_req5_established_7440_s),
		lab_test(test_rfc5382_req5_either_side_keeps_it),
		lab_test(test_rfc5382_req5_transitory_240_s),
		lab_test(test_rfc7857_rst_240_s),
		lab_test(test_forged_rst_and_syn_do_not_end_a_connection),
		lab_test(test_rfc7857_data_after_rst_brings_it_back),
		lab_test(test_rfc7857_time_wait_240_s),
		lab_test(test_outbound_rst_does_not_refresh),
		lab_test(test_rst_opens_nothing),
		lab_test(test_outbound_segment_is_picked_up),
		lab_test(test_rfc5382_req8_hairpin),
		lab_test(test_mss_is_clamped_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
