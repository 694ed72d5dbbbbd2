/* test_capture_blocks.c - what the file of a device's packets says of those
 * that are in it, and of those that are not. */
#include "capture_blocks_kit.h"

const char *engine_drop_reason(unsigned reason)
{
	return reason == 3 ? "no_way" : NULL;
}

/* ---- how many */

static void with_nothing_missing_nothing_is_said(void **state)
{
	struct desk *d = *state;

	packet(d, 1, false, 2);
	packet(d, 1, true, 1);
	write_file(d);
	counts_are(d, 2, 0, 2, 0, 2);
	assert_string_equal(file_says(d, 0), "");
	assert_string_equal(end_says(d, 0), "");
	assert_string_equal(packet_says(d, 0, 0), "");
	assert_non_null(strstr(option(block(d, INTERFACE, 0), COMMENT, 0),
			       "one burst"));
	assert_string_equal(option(block(d, INTERFACE, 0), FILTER, 0) + 1,
			    "ether host 02:00:00:00:00:05");
}

static void what_is_missing_is_counted(void **state)
{
	struct desk *d = *state;

	packet(d, 1, false, 2);
	packet(d, 1, true, 1);
	d->r.counts.kept_packets = 12;
	d->r.counts.kept_bytes += 1000;
	d->r.counts.overwritten = 10;
	d->r.counts.missed_packets = 30;
	d->r.counts.missed_bytes = 3000;
	write_file(d);
	/* What was kept, less what was overwritten, is here. */
	counts_are(d, 42, 30, 12, 10, 2);
	assert_string_equal(
		end_says(d, 0),
		"Of the device's packets since 2023-11-14 22:11:40.000 UTC 30 "
		"(3000 IP bytes) are not kept, as the express lane carried "
		"them.");
	assert_string_equal(end_says(d, 1),
			    "10 packets (1000 bytes) are no longer kept, as "
			    "newer ones took their place.");
	assert_string_equal(end_says(d, 2), "");
	assert_non_null(strstr(file_says(d, 0), "30 (3000 IP bytes)"));
}

static void what_was_not_asked_for_is_counted(void **state)
{
	struct desk *d = *state;

	packet(d, 1, false, 20 * NS);
	packet(d, 1, true, 1);
	d->b.wish.from_ns = NOW - 10 * NS;
	d->r.counts.kept_packets++;
	write_file(d);
	counts_are(d, 3, 0, 3, 1, 1);
	assert_string_equal(end_says(d, 1),
			    "1 packets that are kept were not asked for.");
}

/* Nobody knows whether those that are gone would have been. */
static void a_filter_accepts_what_it_saw(void **state)
{
	struct desk *d = *state;

	packet(d, 1, false, 2);
	packet(d, 1, true, 1);
	d->b.wish.by_addr = true;
	d->b.wish.remote = addr_v4(htonl(0xcb007108));
	d->r.counts.kept_packets = 12;
	write_file(d);
	counts_are(d, 12, 0, 0, 10, 0);
	assert_string_equal(option(block(d, INTERFACE, 0), FILTER, 0) + 1,
			    "ether host 02:00:00:00:00:05 and host "
			    "203.0.113.8");
}

static void a_name_is_a_filter_if_it_can_be(void **state)
{
	struct desk *d = *state;
	const uint8_t *i;

	strcpy(d->b.wish.name, "cdn-1.example.net");
	write_file(d);
	i = block(d, INTERFACE, 0);
	assert_string_equal(option(i, FILTER, 0) + 1,
			    "ether host 02:00:00:00:00:05 and host "
			    "cdn-1.example.net");
	assert_string_equal(option(i, DESCRIPTION, 0),
			    "Radio, as seen from the gateway's LAN side, with "
			    "cdn-1.example.net");
	d->b.len = 0;
	strcpy(d->b.wish.name, "a) or (b");
	write_file(d);
	i = block(d, INTERFACE, 0);
	assert_string_equal(option(i, FILTER, 0) + 1,
			    "ether host 02:00:00:00:00:05");
	assert_string_equal(option(i, DESCRIPTION, 0),
			    "Radio, as seen from the gateway's LAN side, with "
			    "a) or (b");
}

static void frames_that_are_cut_are_counted(void **state)
{
	struct desk *d = *state;

	packet(d, 1, false, 3);
	packet(d, 1, false, 2)->len = 9000;
	packet(d, 1, false, 1)->flags = CAPTURED_GSO;
	write_file(d);
	assert_int_equal(get32(block(d, PACKET, 1) + 20), ETHER + 28 + PAYLOAD);
	assert_int_equal(get32(block(d, PACKET, 1) + 24), 9000);
	assert_int_equal(get32(block(d, INTERFACE, 0) + 12), CAPTURED_LEN_MAX);
	assert_non_null(strstr(end_says(d, 0), "1 frames are cut: "));
	assert_non_null(strstr(end_says(d, 1), "1 frames may be longer"));
}

/* ---- flows on the lane */

static void a_gap_is_told_with_its_own_flow(void **state)
{
	struct desk *d = *state;

	packet(d, 1, true, 9 * NS);
	packet(d, 2, true, 9 * NS);
	packet(d, 1, true, 9 * NS);
	packet(d, 2, true, 9 * NS);
	note(d, CAPTURED_PROMOTED, 1, 0, 8 * NS);
	packet(d, 2, false, 7 * NS);
	note(d, CAPTURED_GAP, 1, 5, 6 * NS);
	packet(d, 2, false, 5 * NS);
	note(d, CAPTURED_GAP, 1, 2, 4 * NS);
	packet(d, 1, false, 3 * NS);
	packet(d, 1, false, 2 * NS)->flags |= CAPTURED_DROPPED;
	write_file(d);
	for (unsigned n = 0; n < 8; n++)
		if (n != 2 && n < 6)
			assert_string_equal(packet_says(d, n, 0), "");
	assert_string_equal(packet_says(d, 2, 0),
			    "Its flow is on the express lane from here on; "
			    "what that carries is not kept.");
	assert_string_equal(
		packet_says(d, 6, 0),
		"Its flow was on the express lane for 46.000 s until "
		"2023-11-14 "
		"22:13:16.000 UTC; not kept: 7 packets to the device (700 IP "
		"bytes), 0 from it (0 IP bytes).");
	assert_string_equal(packet_says(d, 6, 1), "");
	assert_string_equal(packet_says(d, 7, 0),
			    "The gateway dropped it: unknown.");
	assert_string_equal(end_says(d, 0), "");
}

static void a_gap_without_a_packet_is_told_at_the_end(void **state)
{
	struct desk *d = *state;

	packet(d, 2, true, 9 * NS);
	note(d, CAPTURED_GAP, 1, 5, 6 * NS);
	packet(d, 2, false, 5 * NS);
	write_file(d);
	assert_string_equal(packet_says(d, 1, 0), "");
	assert_string_equal(
		end_says(d, 0),
		"UDP 10.77.0.5:1 - 203.0.113.7:443 was on the express lane for "
		"44.000 s until 2023-11-14 22:13:14.000 UTC; not kept: 5 "
		"packets "
		"to the device (500 IP bytes), 0 from it (0 IP bytes).");
}

/* From the radio, or its answer: a packet that is UDP's but for this. */
static struct captured *ping(struct desk *d, uint8_t type, uint16_t id, bool rx)
{
	struct captured *rec = packet(d, 0, rx, 5 * NS);
	struct wr w = wr_init(captured_data(rec) + ETHER + 20, 8);

	captured_data(rec)[ETHER + 9] = 1;
	wr_u8(&w, type);
	wr_zero(&w, 3);
	wr_be16(&w, id);
	return rec;
}

static void note_echoes(struct desk *d, uint16_t id)
{
	struct captured *rec =
		append(d, CAPTURED_GAP, sizeof(struct captured_gap), 6 * NS);
	struct captured_gap g = flow(id, 5);

	g.proto = 1;
	g.remote.port = 0;
	memcpy(captured_data(rec), &g, sizeof(g));
}

static void echoes_are_a_flow_by_their_identifier(void **state)
{
	struct desk *d = *state;

	note_echoes(d, 77);
	note_echoes(d, 78);
	ping(d, 8, 76, false);
	ping(d, 3, 77, true);
	ping(d, 0, 77, true);
	write_file(d);
	assert_string_equal(packet_says(d, 0, 0), "");
	assert_string_equal(packet_says(d, 1, 0), "");
	assert_non_null(strstr(packet_says(d, 2, 0), "not kept: 5 packets"));
	assert_string_equal(
		end_says(d, 0),
		"ICMP 10.77.0.5 - 203.0.113.7, identifier 78, was on the "
		"express lane for 44.000 s until 2023-11-14 22:13:14.000 UTC; "
		"not kept: 5 packets to the device (500 IP bytes), 0 from it "
		"(0 IP bytes).");
	assert_string_equal(end_says(d, 1), "");
}

static void gaps_that_are_too_many_are_added_up(void **state)
{
	struct desk *d = *state;

	for (uint16_t port = 1; port <= CAPTURE_GAPS + 3; port++)
		note(d, CAPTURED_GAP, port, port, 6 * NS);
	packet(d, CAPTURE_GAPS + 3, true, 5 * NS);
	packet(d, 1, true, 5 * NS);
	write_file(d);
	assert_non_null(strstr(packet_says(d, 0, 0), "not kept"));
	assert_string_equal(packet_says(d, 1, 0), "");
	assert_non_null(strstr(end_says(d, CAPTURE_GAPS - 1),
			       "3 more times a flow was on the express lane; "
			       "not kept: 6 packets to the device"));
	assert_string_equal(end_says(d, CAPTURE_GAPS), "");
}

/* Also of one that took the lane before the span that is asked for, or so long
 * ago that nothing of it is kept. */
static void what_is_on_the_lane_now_is_told_at_once(void **state)
{
	struct desk *d = *state;

	note(d, CAPTURED_PROMOTED, 1, 0, 50 * NS);
	note(d, CAPTURED_GAP, 3, 9, 30 * NS);
	packet(d, 2, true, 1 * NS);
	d->b.wish.from_ns = NOW - 10 * NS;
	d->r.lane[d->r.lane_n++] = flow(1, 7);
	d->r.lane_more = true;
	write_file(d);
	assert_string_equal(
		file_says(d, 0),
		"UDP 10.77.0.5:1 - 203.0.113.7:443 is on the express lane "
		"since 2023-11-14 22:12:30.000 UTC; not kept until now: 7 "
		"packets to the device (700 IP bytes), 0 from it (0 IP "
		"bytes).");
	assert_string_equal(
		file_says(d, 1),
		"More of the device's flows are on the express lane.");
	assert_string_equal(packet_says(d, 0, 0), "");
	assert_string_equal(end_says(d, 0), "");
}

static void others_flows_are_not_told_of(void **state)
{
	struct desk *d = *state;

	note(d, CAPTURED_GAP, 1, 5, 6 * NS);
	d->r.lane[d->r.lane_n++] = flow(1, 7);
	d->b.wish.by_addr = true;
	d->b.wish.remote = addr_v4(htonl(0xcb007108));
	write_file(d);
	assert_string_equal(file_says(d, 0), "");
	assert_string_equal(end_says(d, 0), "");
}

/* A header with options, a later fragment, one that is not whole: whose ports
 * are not where they seem is of no flow. */
static void ports_are_read_where_they_are(void **state)
{
	struct desk *d = *state;
	struct captured *rec;

	for (unsigned n = 0; n < 3; n++)
		note(d, CAPTURED_GAP, 0, 5, 6 * NS);
	captured_data(packet(d, 0, false, 5))[ETHER] = 0x46;
	captured_data(packet(d, 0, false, 5))[ETHER + 7] = 1;
	rec = packet(d, 0, false, 5);
	rec->size = captured_size(rec->kept = ETHER + 22);
	d->r.len = (uint32_t)((uint8_t *)rec - d->r.data) + rec->size;
	packet(d, 0, false, 5);
	write_file(d);
	for (unsigned n = 0; n < 3; n++)
		assert_string_equal(packet_says(d, n, 0), "");
	assert_non_null(strstr(packet_says(d, 3, 0), "not kept"));
}

#define desk_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(with_nothing_missing_nothing_is_said),
		desk_test(what_is_missing_is_counted),
		desk_test(what_was_not_asked_for_is_counted),
		desk_test(a_filter_accepts_what_it_saw),
		desk_test(a_name_is_a_filter_if_it_can_be),
		desk_test(frames_that_are_cut_are_counted),
		desk_test(a_gap_is_told_with_its_own_flow),
		desk_test(a_gap_without_a_packet_is_told_at_the_end),
		desk_test(echoes_are_a_flow_by_their_identifier),
		desk_test(gaps_that_are_too_many_are_added_up),
		desk_test(what_is_on_the_lane_now_is_told_at_once),
		desk_test(others_flows_are_not_told_of),
		desk_test(ports_are_read_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
