/* test_gate_frames.c - Ethernet, tags, and headers that are short or lie. */
#include "house.h"

/* Would pass on the WAN when whole, so that a pass shows what was missed. */
static const struct spec open_udp = {
	.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = OPEN
};
static const struct spec open_tcp = {
	.src = REMOTE, .dst = WAN, .proto = IPPROTO_TCP, .dport = OPEN
};
static const struct spec options_udp = { .src = REMOTE,
					 .dst = WAN,
					 .options = 40,
					 .proto = IPPROTO_UDP,
					 .dport = OPEN };
static const struct spec ping = {
	.src = REMOTE, .dst = WAN, .proto = IPPROTO_ICMP, .type = 8
};
static const struct spec own_ping = {
	.src = WAN, .dst = REMOTE, .proto = IPPROTO_ICMP, .type = 8
};
static const struct spec error_icmp = { .src = REMOTE,
					.dst = WAN,
					.proto = IPPROTO_ICMP,
					.type = 3,
					.quote = &own_ping,
					.quote_len = 28 };
static const struct spec open_udp_v6 = { .src = "2001:db8:ffff::9",
					 .dst = WAN_V6,
					 .ext_n = 2,
					 .ext = { 0, 60 },
					 .proto = IPPROTO_UDP,
					 .dport = OPEN };

/* And where what the gate must read of it ends, from the IP header on. */
static const struct {
	const struct spec *spec;
	unsigned needs;
} whole[] = {
	{ &open_udp, 20 + 8 },	      { &open_tcp, 20 + 20 },
	{ &options_udp, 60 + 8 },     { &ping, 20 + 8 },
	{ &error_icmp, 20 + 8 + 28 }, { &open_udp_v6, 40 + 16 + 8 },
};

#define WHOLE_N (sizeof(whole) / sizeof(*whole))

static void test_whole_frames_pass(void **state)
{
	for (unsigned i = 0; i < WHOLE_N; i++)
		assert_int_equal(house_asks_spec(*state, true, whole[i].spec),
				 PASS);
}

/* The wire ends early: the header's length is a lie. */
static void test_cut_at_every_byte_is_malformed(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < WHOLE_N; i++) {
		struct frame f = frame_of(whole[i].spec, wan_mac.b);

		for (f.len--; f.len >= f.l3; f.len--)
			assert_int_equal(house_asks(h, true, &f),
					 DROP_MALFORMED);
	}
}

/* The header says so, too; the bytes behind are padding. */
static void test_short_at_every_byte_is_malformed(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < WHOLE_N; i++) {
		struct frame f = frame_of(whole[i].spec, wan_mac.b);
		unsigned base = spec_is_v6(whole[i].spec) ? 40 : 0;
		unsigned n;

		for (n = base; n < whole[i].needs; n++) {
			frame_claim(&f, n);
			assert_int_equal(house_asks(h, true, &f),
					 DROP_MALFORMED);
		}
		frame_claim(&f, n);
		assert_int_equal(house_asks(h, true, &f), PASS);
	}
}

static void test_padding_is_passed_over(void **state)
{
	struct frame f = frame_of(&open_tcp, wan_mac.b);

	f.len += 6;
	assert_int_equal(house_asks(*state, true, &f), PASS);
}

static void test_wrong_version_or_header_length(void **state)
{
	struct house *h = *state;
	struct frame f = frame_of(&open_udp, wan_mac.b);

	for (unsigned first = 0; first < 256; first++) {
		f.b[f.l3] = (uint8_t)first;
		if (first == 0x45)
			continue;
		if (first >> 4 == 4 && (first & 15) > 5 && (first & 15) <= 8)
			continue; /* options, as far as the packet goes */
		assert_int_equal(house_asks(h, true, &f), DROP_MALFORMED);
	}
}

static void test_wrong_version_from_the_lan(void **state)
{
	struct spec s = { .src = LAN_HOST,
			  .dst = REMOTE,
			  .proto = IPPROTO_UDP };
	struct frame f = frame_of(&s, lan_mac.b);

	f.b[f.l3] = 0x65;
	assert_int_equal(house_asks(*state, false, &f), DROP_MALFORMED);
	f.b[f.l3] = 0x44;
	assert_int_equal(house_asks(*state, false, &f), DROP_MALFORMED);
	f.b[f.l3] = 0x45;
	f.len = f.l3 + 20;
	assert_int_equal(house_asks(*state, false, &f), DROP_MALFORMED);
}

/* clang-format off */

static void test_tags(void **state)
{
#define CLOSED_UDP .src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLOSED
	static const struct row rows[] = {
		{ "priority", { CLOSED_UDP, .tags_n = 1, .tags = { 7 << 13 } }, DROP_WAN_CLOSED },
		{ "two", { CLOSED_UDP, .tags_n = 2, .tags = { 0, 7 << 13 } }, DROP_WAN_CLOSED },
		{ "802.1ad", { CLOSED_UDP, .tags_n = 2, .service_tags = true }, DROP_WAN_CLOSED },
		{ "802.1ad, a provider's VLAN", { CLOSED_UDP, .tags_n = 1, .tags = { 100 }, .service_tags = true }, PASS },
		{ "three hide something", { CLOSED_UDP, .tags_n = 3 }, DROP_MALFORMED },
		{ "four", { CLOSED_UDP, .tags_n = 4 }, DROP_MALFORMED },
		{ "a VLAN's are the kernel's", { CLOSED_UDP, .tags_n = 1, .tags = { 1 } }, PASS },
		{ "highest VLAN", { CLOSED_UDP, .tags_n = 1, .tags = { 4095 } }, PASS },
		{ "VLAN in priority", { CLOSED_UDP, .tags_n = 2, .tags = { 0, 9 } }, PASS },
	};

	TABLE(*state, true, rows);
}

static void test_receivers(void **state)
{
	static const struct row rows[] = {
		{ "another's frame", { CLOSED_UDP, .to = TO_ANOTHER }, PASS },
		{ "broadcast frame", { CLOSED_UDP, .to = TO_ALL }, DROP_WAN_CLOSED },
		{ "ours", { CLOSED_UDP }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

/* clang-format on */

static void test_cut_tag_is_malformed(void **state)
{
	struct spec s = { CLOSED_UDP, .tags_n = 2 };
	struct frame f = frame_of(&s, wan_mac.b);

	for (f.len = f.l3 - 1; f.len >= 14; f.len--)
		assert_int_equal(house_asks(*state, true, &f), DROP_MALFORMED);
}

static void test_what_is_not_ip_passes(void **state)
{
	static const uint16_t types[] = { 0x0806, 0x8863, 0x8864, 0x88cc,
					  0x0026, 0x0001, 0x0000 };
	struct spec s = { CLOSED_UDP };
	struct frame f = frame_of(&s, wan_mac.b);

	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		f.b[12] = (uint8_t)(types[i] >> 8);
		f.b[13] = (uint8_t)types[i];
		assert_int_equal(house_asks(*state, true, &f), PASS);
		memcpy(f.b, lan_mac.b, 6);
		assert_int_equal(house_asks(*state, false, &f), PASS);
		memcpy(f.b, wan_mac.b, 6);
	}
}

/* Counters tell IP bytes, padding and Ethernet not among them. */
static void test_dropped_bytes_are_ip_bytes(void **state)
{
	struct house *h = *state;
	struct drop_row before[DROP_REASONS], after[DROP_REASONS];
	struct spec s = { CLOSED_UDP };
	struct frame f = frame_of(&s, wan_mac.b);

	f.len += 20;
	gate_drops(h->gate, before, DROP_REASONS);
	assert_int_equal(house_asks(h, true, &f), DROP_WAN_CLOSED);
	gate_drops(h->gate, after, DROP_REASONS);
	assert_int_equal(after[DROP_WAN_CLOSED].bytes -
				 before[DROP_WAN_CLOSED].bytes,
			 FACES * (20 + 20));
}

/* Random bytes behind an honest Ethernet header: whatever they say, on the WAN
 * the kernel gets an IPv4 packet only when it reads as one of those it may. */
static void test_random_headers_do_not_slip_through(void **state)
{
	struct house *h = *state;
	struct spec s = { CLOSED_UDP };
	unsigned got;

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct frame f = frame_of(&s, wan_mac.b);

		for (unsigned n = 0; n < 3; n++)
			f.b[f.l3 + rand() % 20] = (uint8_t)rand();
		got = house_asks(h, true, &f);
		if (got != PASS)
			continue;
		/* Ping replies and requests, or IGMP: by protocol alone. */
		assert_true(f.b[f.l3 + 9] == IPPROTO_ICMP ||
			    f.b[f.l3 + 9] == IPPROTO_IGMP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_frames_pass),
		cmocka_unit_test(test_cut_at_every_byte_is_malformed),
		cmocka_unit_test(test_short_at_every_byte_is_malformed),
		cmocka_unit_test(test_padding_is_passed_over),
		cmocka_unit_test(test_wrong_version_or_header_length),
		cmocka_unit_test(test_wrong_version_from_the_lan),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_receivers),
		cmocka_unit_test(test_cut_tag_is_malformed),
		cmocka_unit_test(test_what_is_not_ip_passes),
		cmocka_unit_test(test_dropped_bytes_are_ip_bytes),
		cmocka_unit_test(test_random_headers_do_not_slip_through),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
