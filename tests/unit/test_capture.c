/* test_capture.c - what the flight recorder keeps of a packet. */
#include "tests/unit/capture_kit.h"

/* ---- one packet */

static void a_sent_packet_is_kept_as_it_was_sent(void **state)
{
	struct lab *l = *state;
	struct capture_mark m = out(l, 1, 100, 7);
	uint8_t sent[2048];
	struct captured *r;

	memcpy(sent, l->frame, sizeof(sent));
	memset(l->frame, 0xee, sizeof(l->frame)); /* what the NAT makes of it */
	l->p.label = 42;
	capture_settle(l->c, m, &l->p);
	r = only(l, 1);
	assert_int_equal(r->kind, CAPTURED_PACKET);
	assert_int_equal(r->len, ETHER + 128);
	assert_int_equal(r->kept, ETHER + 128);
	assert_memory_equal(captured_data(r), sent, r->kept);
	assert_int_equal(r->flags, 0);
	assert_int_equal(r->label, 42);
	assert_int_equal(r->at_ns, l->wall_ns);
}

static void padding_of_the_link_is_not_the_packets(void **state)
{
	struct lab *l = *state;
	struct mac from = host(1);

	build(l, &from, 4, 1);
	l->p.len = 60;
	capture_out(l->c, &l->conf, &l->p);
	assert_int_equal(only(l, 1)->len, ETHER + 32);
}

static void a_frame_that_is_no_packet_is_kept_whole(void **state)
{
	struct lab *l = *state;
	struct mac from = host(1);

	build(l, &from, 4, 1);
	l->p.len = 60;
	l->p.l3_len = 0;
	capture_out(l->c, &l->conf, &l->p);
	assert_int_equal(only(l, 1)->len, 60);
}

static void a_received_packet_says_so(void **state)
{
	struct lab *l = *state;

	in(l, 1, 50, 9);
	assert_int_equal(only(l, 1)->flags, CAPTURED_RX);
}

static void a_dropped_one_says_why(void **state)
{
	struct lab *l = *state;
	struct capture_mark m = out(l, 1, 100, 7);
	struct captured *r;

	l->p.verdict = VERDICT_DROP;
	l->p.drop = DROP_NO_WAN;
	capture_settle(l->c, m, &l->p);
	r = only(l, 1);
	assert_int_equal(r->flags, CAPTURED_DROPPED);
	assert_int_equal(r->drop, DROP_NO_WAN);
}

static void what_the_kernel_routes_is_shown_as_it_will_be(void **state)
{
	struct lab *l = *state;
	struct mac to = host(1);
	struct captured *r;
	uint8_t *frame;

	build(l, &(struct mac){ { 0 } }, 50, 9);
	l->p.side = SIDE_WAN;
	l->p.out_side = SIDE_LAN;
	l->p.routed = true;
	capture_in(l->c, &l->conf, &l->p, &to);
	r = only(l, 1);
	frame = captured_data(r);
	assert_memory_equal(frame, to.b, 6);
	assert_memory_equal(frame + 6, gateway.b, 6);
	assert_int_equal(frame[ETHER + IPV4_TTL], 63);
	assert_int_equal(csum_of(frame + ETHER, 20), 0);
}

static void of_a_packet_of_headers_the_rest_is_missing(void **state)
{
	struct lab *l = *state;
	struct mac from = host(1);
	struct captured *r;

	build(l, &from, 1400, 9);
	l->p.routed = true;
	l->p.partial = true;
	memset(l->frame, 0, 6);
	capture_out(l->c, &l->conf, &l->p);
	r = only(l, 1);
	assert_int_equal(r->len, ETHER + 1428);
	assert_int_equal(r->kept, ETHER + PKT_PARTIAL);
	assert_memory_equal(captured_data(r), gateway.b, 6);
}

static void an_open_checksum_is_finished_for_who_reads(void **state)
{
	struct lab *l = *state;
	struct mac from = host(1);
	struct rewrite_tuple ends = { htonl(0x0a4d0002), htonl(0xcb007107), 0,
				      0 };
	uint8_t *udp = l->frame + ETHER + 20;
	struct captured *r;
	uint32_t pseudo;

	build(l, &from, 100, 9);
	pseudo = csum_partial(&ends, 8) + htons(IPPROTO_UDP) + htons(108);
	rewrite_store16(udp + UDP_CSUM, csum_fold(pseudo));
	l->p.csum_open = true;
	capture_out(l->c, &l->conf, &l->p);
	r = only(l, 1);
	pseudo += csum_partial(captured_data(r) + ETHER + 20, 108);
	assert_int_equal(csum_fold(pseudo), 0xffff);
}

static void nobodys_packets_are_not_kept(void **state)
{
	struct lab *l = *state;
	static const struct mac zero, group = { { 1, 0, 0x5e, 0, 0, 1 } };

	build(l, &gateway, 50, 9);
	l->p.out_side = SIDE_LAN;
	capture_in(l->c, &l->conf, &l->p, &zero);
	capture_in(l->c, &l->conf, &l->p, &group);
	assert_int_equal(used(l), 0);
}

static void without_a_budget_nothing_is_kept(void **state)
{
	struct lab *l = *state;

	budget(l, 0);
	assert_null(out(l, 1, 100, 1).record);
	assert_int_equal(count(l, 1), 0);
	assert_false(l->read.known);
}

/* ---- gaps */

static void a_flow_on_the_lane_leaves_a_note(void **state)
{
	struct lab *l = *state;
	const struct nat_offer flow = { .proto = IPPROTO_TCP,
					.inside = { .port = htons(4000) } };
	struct mac mac = host(1);
	struct captured_gap gap;
	struct captured *r;
	uint32_t at = 0;

	out(l, 1, 100, 1);
	capture_promoted(l->c, 3, &mac, &flow);
	capture_carried(l->c, 3, &mac, true, 10, 15000);
	capture_carried(l->c, 3, &mac, false, 5, 200);
	capture_carried(l->c, 3, &mac, true, 1, 1500);
	turn(l);
	capture_demoted(l->c, 3, &mac);
	capture_demoted(l->c, 3, &mac); /* nothing was left */

	l->read = (struct capture_read){ .mac = mac };
	capture_copy(l->c, &l->read);
	captured_next(l->read.data, l->read.len, &at);
	r = captured_next(l->read.data, l->read.len, &at);
	assert_int_equal(r->kind, CAPTURED_PROMOTED);
	r = captured_next(l->read.data, l->read.len, &at);
	assert_int_equal(r->kind, CAPTURED_GAP);
	memcpy(&gap, captured_data(r), sizeof(gap));
	assert_int_equal(gap.packets[1], 11);
	assert_int_equal(gap.bytes[1], 16500);
	assert_int_equal(gap.packets[0], 5);
	assert_int_equal(gap.since_ns, l->wall_ns - 1000000);
	assert_int_equal(at, l->read.len);
	assert_int_equal(l->read.counts.missed_packets, 16);
	assert_int_equal(l->read.counts.missed_bytes, 16700);
}

static void pinned_hosts_are_seen_whole(void **state)
{
	struct lab *l = *state;
	struct mac mac = host(1);

	out(l, 1, 100, 1);
	assert_false(capture_wants_whole(&l->conf, &l->p, false));
	assert_false(capture_is_pinned(&l->conf, &mac));
	l->conf.pins[l->conf.pins_n++] = mac;
	assert_true(capture_is_pinned(&l->conf, &mac));
	assert_true(capture_wants_whole(&l->conf, &l->p, false));
	out(l, 2, 100, 1);
	assert_false(capture_wants_whole(&l->conf, &l->p, false));
	assert_true(capture_wants_whole(&l->conf, &l->p, true));
	l->p.side = SIDE_WAN;
	assert_true(capture_wants_whole(&l->conf, &l->p, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(a_sent_packet_is_kept_as_it_was_sent),
		lab_test(padding_of_the_link_is_not_the_packets),
		lab_test(a_frame_that_is_no_packet_is_kept_whole),
		lab_test(a_received_packet_says_so),
		lab_test(a_dropped_one_says_why),
		lab_test(what_the_kernel_routes_is_shown_as_it_will_be),
		lab_test(of_a_packet_of_headers_the_rest_is_missing),
		lab_test(an_open_checksum_is_finished_for_who_reads),
		lab_test(nobodys_packets_are_not_kept),
		lab_test(without_a_budget_nothing_is_kept),
		lab_test(a_flow_on_the_lane_leaves_a_note),
		lab_test(pinned_hosts_are_seen_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
