/* test_nat_routed.c - packets that the kernel routes on after the NAT:
 * their TTL and their length are its work, errors about them are ours. */
#include "nat_lab.h"

static struct spec out(uint16_t payload)
{
	return (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			      .payload = payload };
}

static int setup(void **state)
{
	struct lab *l = lab_new();

	l->routed = true;
	*state = l;
	return 0;
}

static void test_ttl_is_the_kernels(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab_send(l, out(10)), VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(lab_ip(l)[IPV4_TTL], 64);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_ip(l)[IPV4_TTL], 64);
}

/* nat.md 23 */
static void test_the_last_hop_is_answered_by_us(void **state)
{
	struct lab *l = *state;
	struct spec s = out(10);

	s.ttl = 1;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_false(l->p.routed);
	assert_int_equal(out_src(l), GATEWAY);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_ip(l)[20], ICMP_TIME_EXCEEDED);
	assert_memory_equal(lab_ip(l) + 28, l->sent, 28);
}

/* nat.md 12 */
static void test_too_big_is_answered_or_the_kernels_to_cut(void **state)
{
	struct lab *l = *state;
	struct spec s = out(3000);

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(l->p.l3_len, 3028);
	assert_false(lab_released(l));
	s.df = true;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(at16(lab_ip(l) + 26), 1500);
}

static void test_segments_together_have_no_mtu(void **state)
{
	struct lab *l = *state;
	struct spec s = out(6000);

	s.df = true;
	s.proto = IPPROTO_TCP;
	s.flags = TCP_ACK;
	l->gso = true;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(l->p.l3_len, 6040);
	assert_int_equal(out_src(l), WAN);
}

/* The field holds the sum of the pseudo-header: what was right for the old
 * addresses is right for the new ones, and ports have no part in it. */
static void test_unfinished_checksums_stay_so(void **state)
{
	struct lab *l = *state;
	struct spec s = out(10);
	struct wr w;
	uint8_t pseudo[12] = { 0 };

	lab_out(l, HOST_B, 5000, REMOTE, 53); /* another port is needed */
	lab_frame(l, &s);
	memcpy(pseudo, l->sent + IPV4_SRC, 8);
	pseudo[9] = IPPROTO_UDP;
	w = wr_init(pseudo + 10, 2);
	wr_be16(&w, 18);
	rewrite_store16(l->p.data + 14 + 20 + UDP_CSUM,
			(uint16_t)~csum_of(pseudo, sizeof(pseudo)));
	l->p.csum_open = true;
	assert_int_equal(lab_process(l), VERDICT_FORWARD);
	assert_int_not_equal(out_sport(l), 5000);
	memcpy(pseudo, lab_ip(l) + IPV4_SRC, 8);
	assert_int_equal(rewrite_load16(lab_ip(l) + 20 + UDP_CSUM),
			 (uint16_t)~csum_of(pseudo, sizeof(pseudo)));
}

/* nat.md 18 */
static void test_mss_is_clamped(void **state)
{
	struct lab *l = *state;

	l->conf.wan.mtu = 1400;
	lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 80),
				   .proto = IPPROTO_TCP, .flags = TCP_SYN,
				   .mss = 1460 });
	assert_int_equal(at16(lab_ip(l) + 42), 1360);
}

/* What waited leaves by ourselves: then TTL and length are our work. */
/* nat.md 13 */
static void test_a_copy_that_waited_is_ours_to_route(void **state)
{
	struct lab *l = *state;
	struct spec s = out(2000);

	l->conf.wan.mtu = 1400;
	s.off = 16;
	s.id = 7;
	s.payload = 1464;
	assert_int_equal(lab_send(l, s), VERDICT_HELD);
	s.off = 0;
	s.payload = 8;
	s.whole = 1480;
	s.more = true;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_true(l->p.routed);
	assert_true(lab_released(l));
	assert_false(l->p.routed);
	assert_int_equal(lab_ip(l)[IPV4_TTL], 63);
	assert_in_range(l->p.l3_len, 21, 1400);
	assert_true(lab_released(l));
	assert_in_range(l->p.l3_len, 21, 1400);
	assert_false(lab_released(l));
}

#define routed_test(f) cmocka_unit_test_setup_teardown(f, setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		routed_test(test_ttl_is_the_kernels),
		routed_test(test_the_last_hop_is_answered_by_us),
		routed_test(test_too_big_is_answered_or_the_kernels_to_cut),
		routed_test(test_segments_together_have_no_mtu),
		routed_test(test_unfinished_checksums_stay_so),
		routed_test(test_mss_is_clamped),
		routed_test(test_a_copy_that_waited_is_ours_to_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
