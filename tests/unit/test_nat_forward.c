/* test_nat_forward.c - static mappings, and settings that change while flows
 * are open: nat.md 29. */
#include "nat_lab.h"

#define SERVER HOST_B

static void forward(struct lab *l, uint8_t proto, uint16_t port, uint32_t to,
		    uint16_t to_port)
{
	l->conf.forwards[l->conf.forwards_n++] =
		(struct conf_forward){ proto, port, net32(to), to_port };
	l->conf.generation++;
}

static void take_back(struct lab *l)
{
	l->conf.forwards_n = 0;
	l->conf.generation++;
}

static enum verdict knock(struct lab *l, uint16_t from, uint16_t port)
{
	return lab_tcp(l, SIDE_WAN, STRANGER, from, WAN, port, TCP_SYN);
}

/* nat.md 29 */
static void test_a_forward_is_reached_from_outside(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	forward(l, IPPROTO_UDP, 5060, SERVER, 5060);
	assert_int_equal(knock(l, 1000, 8443), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
	assert_int_equal(out_dport(l), 443);
	assert_int_equal(lab_tcp(l, SIDE_LAN, SERVER, 443, STRANGER, 1000,
				 TCP_SYN | TCP_ACK),
			 VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 8443);
	assert_int_equal(lab_in(l, STRANGER, 7, 5060), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
	/* The other protocol is not concerned. */
	assert_int_equal(lab_in(l, STRANGER, 7, 8443), VERDICT_DROP);
}

/* nat.md 29 */
static void test_a_forward_never_expires(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	forward(l, IPPROTO_UDP, 5060, SERVER, 5060);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(knock(l, 1000, 8443), VERDICT_FORWARD);
		assert_int_equal(lab_in(l, STRANGER, 7, 5060), VERDICT_FORWARD);
		lab_wait(l, 24u * 60 * MINUTE);
		assert_int_equal(lab_sessions(l), 0);
		assert_int_equal(lab_mappings(l), 2);
	}
}

/* nat.md 29 */
static void test_a_forward_is_never_stolen(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 4, 6, 64 });

	(void)state;
	l->conf.host_sessions = 3;
	forward(l, IPPROTO_UDP, 5000, SERVER, 5060);
	assert_int_equal(lab_in(l, STRANGER, 7, 5000), VERDICT_FORWARD);
	/* Not by one who wants that port, nor by a full table. */
	for (uint16_t i = 0; i < 20; i++) {
		lab_out(l, HOST_A, (uint16_t)(5000 + i % 4), REMOTE, 53 + i);
		assert_int_not_equal(out_sport(l), 5000);
		lab_out(l, SERVER, 9000, REMOTE, 53);
	}
	assert_int_equal(lab_in(l, STRANGER, 8, 5000), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
	lab_free(l);
}

/* nat.md 29 */
static void test_a_forward_is_hairpinned(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	assert_int_equal(lab_tcp(l, SIDE_LAN, HOST_A, 5000, WAN, 8443, TCP_SYN),
			 VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 5000);
	assert_int_equal(out_dst(l), SERVER);
	assert_int_equal(out_dport(l), 443);
	assert_int_equal(
		lab_tcp(l, SIDE_LAN, SERVER, 443, WAN, 5000, TCP_SYN | TCP_ACK),
		VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(out_sport(l), 8443);
	assert_int_equal(out_dst(l), HOST_A);
}

/* Others' flows go on; who has the port moves. */
static void test_a_forward_comes_amid_flows(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 8443, REMOTE, 53);
	lab_tcp(l, SIDE_LAN, HOST_A, 8443, REMOTE, 80, TCP_SYN);
	lab_out(l, HOST_A, 6000, REMOTE, 53);
	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	assert_int_equal(lab_in(l, REMOTE, 53, 8443), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_in(l, REMOTE, 53, 6000), VERDICT_FORWARD);
	assert_int_equal(knock(l, 1000, 8443), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
	lab_tcp(l, SIDE_LAN, HOST_A, 8443, REMOTE, 80, TCP_SYN);
	assert_int_not_equal(out_sport(l), 8443);
}

/* The inside end has the port by itself: nothing of it is disturbed. */
static void test_a_forward_of_what_is_so_already(void **state)
{
	struct lab *l = *state;

	lab_tcp(l, SIDE_LAN, SERVER, 443, REMOTE, 80, TCP_SYN);
	forward(l, IPPROTO_TCP, 443, SERVER, 443);
	assert_int_equal(
		lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 443, TCP_SYN | TCP_ACK),
		VERDICT_FORWARD);
	lab_wait(l, 3 * 60 * MINUTE);
	assert_int_equal(lab_mappings(l), 1);
}

static void test_a_forward_that_is_taken_back(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	knock(l, 1000, 8443);
	lab_tcp(l, SIDE_LAN, SERVER, 443, STRANGER, 1000, TCP_SYN | TCP_ACK);
	lab_tcp(l, SIDE_WAN, STRANGER, 1000, WAN, 8443, TCP_ACK);
	take_back(l);
	assert_int_equal(
		lab_tcp(l, SIDE_WAN, STRANGER, 1000, WAN, 8443, TCP_ACK),
		VERDICT_FORWARD);
	lab_wait(l, 60 * MINUTE);
	assert_int_equal(
		lab_tcp(l, SIDE_LAN, SERVER, 443, STRANGER, 1000, TCP_ACK),
		VERDICT_FORWARD);
	lab_wait(l, 3 * 60 * MINUTE);
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(knock(l, 1001, 8443), VERDICT_HELD);
}

/* To another port, and to another host: who comes anew meets the new one. */
static void test_a_forward_changes(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	forward(l, IPPROTO_TCP, 8080, SERVER, 80);
	knock(l, 1000, 8443);
	knock(l, 1000, 8080);
	take_back(l);
	forward(l, IPPROTO_TCP, 8443, HOST_A, 443);
	forward(l, IPPROTO_TCP, 8080, SERVER, 80);
	assert_int_equal(knock(l, 1001, 8443), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(
		lab_tcp(l, SIDE_WAN, STRANGER, 1000, WAN, 8080, TCP_ACK),
		VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
}

/* A server behind two ports; a remote that uses one of its own for both can
 * have one of them. */
static void test_two_forwards_to_one_end(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 80, SERVER, 80);
	forward(l, IPPROTO_TCP, 8080, SERVER, 80);
	assert_int_equal(knock(l, 1000, 80), VERDICT_FORWARD);
	assert_int_equal(knock(l, 1001, 8080), VERDICT_FORWARD);
	assert_int_equal(out_dport(l), 80);
	lab_tcp(l, SIDE_LAN, SERVER, 80, STRANGER, 1001, TCP_SYN | TCP_ACK);
	assert_int_equal(out_sport(l), 8080);
	lab_tcp(l, SIDE_LAN, SERVER, 80, STRANGER, 1000, TCP_SYN | TCP_ACK);
	assert_int_equal(out_sport(l), 80);
	assert_int_equal(knock(l, 1000, 8080), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_BAD_STATE);
}

/* A burst is looked at before its first packet is decided: what was seen then
 * may be another's when the packet's turn comes. */
static void test_a_port_changes_hands_amid_a_burst(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_frame(l, &(struct spec){ TUPLE(SIDE_WAN, STRANGER, 9, WAN, 5000),
				     .payload = 10 });
	assert_true(parse(&l->p));
	l->p.verdict = VERDICT_FORWARD;
	nat_prefetch(l->n, &l->p, 1);
	forward(l, IPPROTO_UDP, 5000, SERVER, 7000);
	assert_int_equal(nat_process(l->n, &l->conf, &l->p, l->now),
			 VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
	assert_true(nat_check(l->n));
	assert_int_equal(lab_out(l, SERVER, 7000, STRANGER, 9),
			 VERDICT_FORWARD);
	assert_int_equal(lab_sessions(l), 1);
}

static void test_rows_say_which_are_fixed(void **state)
{
	struct mapping_row rows[4];
	struct lab *l = *state;
	uint32_t cursor = 0;
	unsigned n;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	nat_mappings(l->n, &cursor, rows, 4, 100, &n, l->now);
	assert_int_equal(n, 2);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rows[i].fixed,
				 ntohs(rows[i].outside.port) == 8443);
}

/* nat.md 31 */
static void test_a_forward_outlasts_the_wan_address(void **state)
{
	struct lab *l = *state;

	forward(l, IPPROTO_TCP, 8443, SERVER, 443);
	knock(l, 1000, 8443);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	l->conf.generation++;
	assert_int_equal(lab_tcp(l, SIDE_WAN, STRANGER, 1000,
				 IP(203, 0, 113, 200), 8443, TCP_SYN),
			 VERDICT_FORWARD);
	assert_int_equal(out_dst(l), SERVER);
}

/* ---- settings that change: no flow ends */

static void test_timers_change_amid_flows(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	l->conf.timers.udp = 600 * SECOND;
	l->conf.generation++;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 599 * SECOND);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	l->conf.timers.udp = 120 * SECOND;
	l->conf.generation++;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 119 * SECOND);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	lab_wait(l, 3 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

static void test_limits_change_amid_flows(void **state)
{
	struct lab *l = *state;

	for (uint16_t i = 0; i < 100; i++)
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	l->conf.sessions_max = 50;
	l->conf.mappings_max = 60;
	l->conf.generation++;
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 5000 + i),
				 VERDICT_FORWARD);
	/* What is new has to find room in what is allowed. */
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(lab_drops(l, DROP_TABLE_FULL), 1);
	l->conf.mappings_max = 0;
	l->conf.generation++;
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(lab_sessions(l), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_a_forward_is_reached_from_outside),
		lab_test(test_a_forward_never_expires),
		lab_test(test_a_forward_is_never_stolen),
		lab_test(test_a_forward_is_hairpinned),
		lab_test(test_a_forward_comes_amid_flows),
		lab_test(test_a_forward_of_what_is_so_already),
		lab_test(test_a_forward_that_is_taken_back),
		lab_test(test_a_forward_changes),
		lab_test(test_two_forwards_to_one_end),
		lab_test(test_a_port_changes_hands_amid_a_burst),
		lab_test(test_rows_say_which_are_fixed),
		lab_test(test_a_forward_outlasts_the_wan_address),
		lab_test(test_timers_change_amid_flows),
		lab_test(test_limits_change_amid_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
