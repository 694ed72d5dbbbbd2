/* test_capture.c - what the flight recorder keeps of a packet. */
#include "tests/unit/capture_kit.h"

#include <stdio.h>

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

static void promote(struct lab *l, uint32_t pair, uint32_t n)
{
	const struct nat_offer flow = { .proto = IPPROTO_UDP,
					.inside = { .port = (__be16)pair } };
	struct mac mac = host(n);

	capture_promoted(l->c, pair, &mac, &flow);
}

static void carry(struct lab *l, uint32_t pair, uint32_t n)
{
	struct mac mac = host(n);

	capture_carried(l->c, pair, &mac, true, 1, 100);
}

static void demote(struct lab *l, uint32_t pair, uint32_t n)
{
	struct mac mac = host(n);

	capture_demoted(l->c, pair, &mac);
}

/* The pairs that are told of to who asks about a host, as "7 4". */
static void lane_is(struct lab *l, uint32_t n, const char *wanted)
{
	char told[256] = "";

	l->read = (struct capture_read){ .mac = host(n) };
	capture_copy(l->c, &l->read);
	for (unsigned i = 0; i < l->read.lane_n; i++)
		snprintf(told + strlen(told), sizeof(told) - strlen(told),
			 "%s%u", i ? " " : "", l->read.lane[i].inside.port);
	assert_string_equal(told, wanted);
}

static void who_asks_is_told_what_is_on_the_lane(void **state)
{
	struct lab *l = *state;

	out(l, 1, 100, 1);
	out(l, 2, 100, 1);
	for (uint32_t pair = 3; pair < 8; pair++)
		promote(l, pair, 1 + pair % 2);
	/* Nothing was carried that could be missed. */
	lane_is(l, 2, "");
	for (uint32_t pair = 3; pair < 8; pair++)
		carry(l, pair, 1 + pair % 2);
	lane_is(l, 1, "6 4");
	lane_is(l, 2, "7 5 3");
	assert_int_equal(l->read.lane[2].since_ns, l->wall_ns);
	assert_int_equal(l->read.lane[2].packets[1], 1);
	assert_int_equal(l->read.lane[2].bytes[1], 100);
	demote(l, 5, 2);
	lane_is(l, 2, "7 3");
	/* What its rows still carried makes it no flow of the lane's. */
	carry(l, 5, 2);
	lane_is(l, 2, "7 3");
	demote(l, 7, 2);
	lane_is(l, 2, "3");
	promote(l, 5, 2);
	carry(l, 5, 2);
	lane_is(l, 2, "5 3");
	demote(l, 3, 2);
	demote(l, 5, 2);
	lane_is(l, 2, "");
	assert_false(l->read.lane_more);
}

static void of_many_flows_the_latest_are_told(void **state)
{
	struct lab *l = *state;

	out(l, 1, 100, 1);
	for (uint32_t pair = 1; pair <= CAPTURE_LANE + 1; pair++) {
		promote(l, pair, 1);
		carry(l, pair, 1);
	}
	l->read = (struct capture_read){ .mac = host(1) };
	capture_copy(l->c, &l->read);
	assert_int_equal(l->read.lane_n, CAPTURE_LANE);
	assert_int_equal(l->read.lane[0].inside.port, CAPTURE_LANE + 1);
	assert_int_equal(l->read.lane[CAPTURE_LANE - 1].inside.port, 2);
	assert_true(l->read.lane_more);
}

/* Made-up addresses push a slight host out, whose flows stay where they are. */
static void push_out(struct lab *l, uint32_t n)
{
	for (uint32_t i = 0; i < 100; i++)
		out(l, 1000 + i, 1000, i);
	assert_int_equal(count(l, n), 0);
	assert_false(l->read.known);
}

static void a_host_that_comes_again_finds_its_flows(void **state)
{
	struct lab *l = *state;

	out(l, 1, 100, 1);
	for (uint32_t pair = 3; pair < 8; pair++) {
		promote(l, pair, 1);
		carry(l, pair, 1);
	}
	lane_is(l, 1, "7 6 5 4 3");
	push_out(l, 1);
	demote(l, 5, 1);
	carry(l, 4, 1);
	out(l, 1, 100, 2);
	lane_is(l, 1, "");
	carry(l, 3, 1);
	carry(l, 6, 1);
	lane_is(l, 1, "6 3");
	push_out(l, 1);
	demote(l, 6, 1);
	out(l, 1, 100, 3);
	for (uint32_t pair = 3; pair < 8; pair++)
		carry(l, pair, 1);
	lane_is(l, 1, "7 4 3");
	demote(l, 4, 1);
	demote(l, 3, 1);
	demote(l, 7, 1);
	lane_is(l, 1, "");
}

enum { HOSTS = 4, PAIRS = 12 };

/* Of each pair, whose flow is told of; 0: nobody's. */
static void lanes_are(struct lab *l, const uint32_t of[PAIRS + 1])
{
	for (uint32_t n = 1; n <= HOSTS; n++) {
		unsigned wanted = 0;

		l->read = (struct capture_read){ .mac = host(n) };
		capture_copy(l->c, &l->read);
		for (uint32_t pair = 1; pair <= PAIRS; pair++)
			wanted += of[pair] == n;
		assert_int_equal(l->read.lane_n, wanted);
		for (unsigned i = 0; i < l->read.lane_n; i++)
			assert_int_equal(of[l->read.lane[i].inside.port], n);
	}
}

/* In whatever order flows come and go and hosts are forgotten, and whichever
 * places they get. */
static void lists_hold_in_any_order(void **state)
{
	uint32_t of[PAIRS + 1] = { 0 };
	bool on[PAIRS + 1] = { 0 };
	struct lab *l = *state;

	srand(1);
	for (unsigned round = 0; round < 3000; round++) {
		uint32_t pair = 1 + (uint32_t)rand() % PAIRS;
		uint32_t n = 1 + pair % HOSTS;
		bool known = count(l, n);

		if (rand() % 40 == 0) {
			/* As slight ones may not have many. */
			for (uint32_t i = 0; i < 4; i++)
				out(l, 1000 + (uint32_t)rand() % 64, 1000, i);
		} else if (!known && rand() % 2) {
			out(l, n, 100, 0);
		} else if (!on[pair]) {
			promote(l, pair, n);
			carry(l, pair, n);
			on[pair] = true;
			of[pair] = known ? n : 0;
		} else if (rand() % 2) {
			demote(l, pair, n);
			on[pair] = false;
			of[pair] = 0;
		} else {
			carry(l, pair, n);
			of[pair] = known ? n : 0;
		}
		for (uint32_t i = 1; i <= PAIRS; i++)
			if (!count(l, 1 + i % HOSTS))
				of[i] = 0;
		lanes_are(l, of);
	}
}

/* At a restart flows are on the lane before there is a time, or a budget. */
static void what_was_on_the_lane_before_has_a_time(void **state)
{
	const struct hash_key key = { { 1, 2 } };
	struct lab *l = *state;

	capture_free(l->c);
	l->c = capture_new(&key);
	promote(l, 3, 1);
	l->conf.generation++;
	turn(l);
	out(l, 1, 100, 1);
	carry(l, 3, 1);
	lane_is(l, 1, "3");
	assert_int_equal(l->read.lane[0].since_ns, l->wall_ns);
}

/* What is told after the end is of the time after it. */
static void what_comes_after_a_gap_is_another(void **state)
{
	struct lab *l = *state;
	struct captured_gap gap;
	struct captured *r;
	uint32_t at = 0;

	out(l, 1, 100, 1);
	promote(l, 3, 1);
	carry(l, 3, 1);
	turn(l);
	demote(l, 3, 1);
	carry(l, 3, 1);
	turn(l);
	demote(l, 3, 1);
	l->read = (struct capture_read){ .mac = host(1) };
	capture_copy(l->c, &l->read);
	for (unsigned i = 0; i < 4; i++)
		r = captured_next(l->read.data, l->read.len, &at);
	memcpy(&gap, captured_data(r), sizeof(gap));
	assert_int_equal(r->kind, CAPTURED_GAP);
	assert_int_equal(gap.packets[1], 1);
	assert_int_equal(gap.since_ns, l->wall_ns - 1000000);
	assert_int_equal(at, l->read.len);
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
		lab_test(who_asks_is_told_what_is_on_the_lane),
		lab_test(of_many_flows_the_latest_are_told),
		lab_test(a_host_that_comes_again_finds_its_flows),
		lab_test(lists_hold_in_any_order),
		lab_test(what_was_on_the_lane_before_has_a_time),
		lab_test(what_comes_after_a_gap_is_another),
		lab_test(pinned_hosts_are_seen_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
