/* test_dhcp_frame.c - UDP in IPv4 frames: sums that hold, lengths that do not
 * lie. */
#include <errno.h>

#include "dhcp_kit.h"
#include "../../ctl/proto/udp_frame.h"

static const struct udp_frame sent = { .src_port = 67, .dst_port = 68 };

/* A region with its right checksum in it sums up to all ones. */
static uint16_t sum(uint32_t s, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static size_t frame(uint8_t *buf, size_t size, const char *payload)
{
	struct udp_frame f = sent;
	struct wr w = wr_init(buf, size);

	f.src = ip("10.77.0.1");
	f.dst = ip("255.255.255.255");
	udp_frame_write(&w, &f, payload, strlen(payload));
	assert_false(w.bad);
	return wr_len(&w);
}

static void sums_hold_for_even_and_odd_payloads(void **state)
{
	static const char *const payloads[] = { "", "a", "ab", "abc",
						"\xff\xff\xff" };
	uint8_t buf[64];
	unsigned i;
	size_t len;

	(void)state;
	for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		len = frame(buf, sizeof(buf), payloads[i]);
		assert_int_equal(len, UDP_FRAME_HEAD + strlen(payloads[i]));
		assert_int_equal(sum(0, buf, 20), 0xffff);
		/* Pseudo header: addresses, protocol, UDP length. */
		assert_int_equal(sum(sum(17 + (uint32_t)len - 20, buf + 12, 8),
				     buf + 20, len - 20),
				 0xffff);
	}
}

static void what_is_written_is_read(void **state)
{
	uint8_t buf[64];
	size_t len = frame(buf, sizeof(buf), "offer");
	struct udp_frame f;
	struct rd payload;

	(void)state;
	/* Ethernet pads short frames: bytes after the datagram do not count. */
	assert_int_equal(udp_frame_parse(&f, &payload, buf, sizeof(buf)), 0);
	assert_int_equal(f.src, ip("10.77.0.1"));
	assert_int_equal(f.src_port, 67);
	assert_int_equal(f.dst_port, 68);
	assert_int_equal(rd_left(&payload), 5);
	assert_memory_equal(payload.p, "offer", 5);
	for (; len--;)
		assert_int_equal(udp_frame_parse(&f, &payload, buf, len),
				 -EBADMSG);
}

static void frames_that_lie_are_refused(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} table[] = {
		{ 0, 0x65 }, /* IPv6 */
		{ 0, 0x44 }, /* header shorter than a header */
		{ 0, 0x4f }, /* header longer than the datagram */
		{ 3, 19 },   /* total length within the header */
		{ 2, 1 },    /* total length past the frame */
		{ 6, 0x20 }, /* a first fragment */
		{ 7, 1 },    /* a later one */
		{ 9, 6 },    /* TCP */
		{ 25, 7 },   /* UDP length within its header */
		{ 25, 200 }, /* UDP length past the datagram */
	};
	uint8_t buf[64];
	struct udp_frame f;
	struct rd payload;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len = frame(buf, sizeof(buf), "offer");

		buf[table[i].at] = table[i].value;
		assert_int_equal(udp_frame_parse(&f, &payload, buf, len),
				 -EBADMSG);
	}
}

static void no_room_is_said(void **state)
{
	uint8_t buf[UDP_FRAME_HEAD];
	struct wr w = wr_init(buf, sizeof(buf));

	(void)state;
	udp_frame_write(&w, &sent, "x", 1);
	assert_true(w.bad);
	w = wr_init(buf, sizeof(buf));
	udp_frame_write(&w, &sent, buf, 65536);
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_hold_for_even_and_odd_payloads),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(frames_that_lie_are_refused),
		cmocka_unit_test(no_room_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
