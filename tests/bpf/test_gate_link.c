/* test_gate_link.c - what stands before the IP header: members of a bridge,
 * ports without Ethernet, marks. */
#include "house.h"

#define OUTSIDE .src = LAN_HOST, .dst = REMOTE, .proto = IPPROTO_UDP

static const struct spec to_world = { OUTSIDE };
static const struct spec spoofed = {
	.src = "192.0.2.66", .dst = WAN, .proto = IPPROTO_TCP, .dport = CLOSED
};
static const struct spec hairpin = { .src = LAN_HOST,
				     .dst = WAN,
				     .proto = IPPROTO_TCP,
				     .dport = CLAIMED,
				     .ack = true };

/* A bridge hands to its own stack what is sent to a member's address, whichever
 * member it came by. */
static void test_members_addresses_are_asked_about(void **state)
{
	static const struct gate_member_mac members[] = {
		{ { { 2, 0, 0, 0, 0, 0x21 } }, 21 },
		{ { { 2, 0, 0, 0, 0, 0x22 } }, 22 },
	};
	static const struct mac stranger = { { 2, 0, 0, 0, 0, 0x23 } };
	struct house *h = *state;
	struct frame f;

	assert_int_equal(gate_macs_set(h->gate, members, 2), 0);
	for (unsigned i = 0; i < 2; i++) {
		f = frame_of(&to_world, members[i].mac.b);
		assert_int_equal(house_asks(h, false, &f), ENGINE);
		f = frame_of(&spoofed, members[i].mac.b);
		assert_int_equal(house_asks(h, false, &f), DROP_SPOOFED);
		f = frame_of(&hairpin, members[i].mac.b);
		assert_int_equal(house_asks(h, false, &f), ENGINE);
	}
	f = frame_of(&spoofed, stranger.b);
	assert_int_equal(house_asks(h, false, &f), PASS);
}

static void test_members_are_replaced(void **state)
{
	static const struct gate_member_mac old = { { { 2, 0, 0, 0, 0, 0x31 } },
						    31 };
	static const struct gate_member_mac now = { { { 2, 0, 0, 0, 0, 0x32 } },
						    32 };
	struct gate_member_mac many[GATE_MACS_MAX + 1] = { 0 };
	struct house *h = *state;
	struct frame to_old = frame_of(&spoofed, old.mac.b);
	struct frame to_now = frame_of(&spoofed, now.mac.b);

	assert_int_equal(gate_macs_set(h->gate, &old, 1), 0);
	assert_int_equal(house_asks(h, false, &to_old), DROP_SPOOFED);
	assert_int_equal(gate_macs_set(h->gate, &now, 1), 0);
	assert_int_equal(house_asks(h, false, &to_old), PASS);
	assert_int_equal(house_asks(h, false, &to_now), DROP_SPOOFED);
	assert_int_equal(gate_macs_set(h->gate, NULL, 0), 0);
	assert_int_equal(house_asks(h, false, &to_now), PASS);
	assert_int_equal(gate_macs_set(h->gate, many, GATE_MACS_MAX + 1),
			 -E2BIG);
}

/* Two full sets that share nothing. */
static void test_full_sets_of_members_are_exchanged(void **state)
{
	struct gate_member_mac many[GATE_MACS_MAX];
	struct house *h = *state;
	struct frame f;

	for (uint8_t half = 0; half < 2; half++) {
		for (uint8_t i = 0; i < GATE_MACS_MAX; i++)
			many[i] = (struct gate_member_mac){
				{ { 2, 0, 0, 0, half, i } }, i
			};
		assert_int_equal(gate_macs_set(h->gate, many, GATE_MACS_MAX),
				 0);
		f = frame_of(&spoofed, many[5].mac.b);
		assert_int_equal(house_asks(h, false, &f), DROP_SPOOFED);
	}
	assert_int_equal(gate_macs_set(h->gate, NULL, 0), 0);
}

/* A broadcast is nobody's address, whatever the table says. */
static void test_a_group_is_no_member(void **state)
{
	static const struct gate_member_mac all = {
		{ { 255, 255, 255, 255, 255, 255 } }, 1
	};
	struct house *h = *state;
	struct frame f = frame_of(&to_world, all.mac.b);

	assert_int_equal(gate_macs_set(h->gate, &all, 1), 0);
	assert_int_equal(house_asks(h, false, &f), PASS);
	assert_int_equal(gate_macs_set(h->gate, NULL, 0), 0);
}

/* The kernel takes what is for its own addresses also from a frame that is for
 * everybody, and would answer whoever it says it is from (BCP 38). */
static void test_nobody_speaks_to_the_machine_by_broadcast(void **state)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t group6[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const struct spec closed[] = {
		{ .src = REMOTE, .dst = WAN, .proto = IPPROTO_ICMP, .type = 8 },
		{ .src = REMOTE, .dst = LAN_GW, .proto = IPPROTO_UDP },
		{ .src = LAN_HOST, .dst = LAN_GW, .proto = IPPROTO_UDP },
		{ .src = "2001:db8:ffff::9",
		  .dst = WAN_V6,
		  .proto = IPPROTO_UDP },
	};
	static const struct spec open[] = {
		{ .src = "0.0.0.0",
		  .dst = "255.255.255.255",
		  .proto = IPPROTO_UDP,
		  .sport = 68,
		  .dport = 67 },
		{ .src = LAN_HOST, .dst = "10.77.0.255", .proto = IPPROTO_UDP },
		{ .src = LAN_HOST, .dst = "224.0.0.251", .proto = IPPROTO_UDP },
		{ .src = "fe80::9", .dst = "ff02::fb", .proto = IPPROTO_UDP },
	};
	struct frame f;

	for (unsigned i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		f = frame_of(&closed[i], i % 2 ? all : group6);
		assert_int_equal(house_asks(*state, false, &f), DROP_MARTIAN);
	}
	for (unsigned i = 0; i < sizeof(open) / sizeof(*open); i++) {
		f = frame_of(&open[i], all);
		assert_int_equal(house_asks(*state, false, &f), PASS);
	}
}

static void without_ethernet(struct house *h, bool l3)
{
	struct gate_port_info lan = { .ifindex = h->lan,
				      .slot = LAN_SLOT,
				      .mac = lan_mac,
				      .addr = v4_of(LAN_GW),
				      .net = v4_of("10.77.0.0"),
				      .mask = v4_of("255.255.255.0"),
				      .wan_addr = v4_of(WAN),
				      .l3 = l3 };
	struct gate_port_info wan = { .ifindex = h->wan,
				      .slot = WAN_SLOT,
				      .wan = true,
				      .mac = wan_mac,
				      .addr = v4_of(WAN),
				      .net = v4_of("203.0.113.0"),
				      .mask = v4_of("255.255.255.0"),
				      .wan_addr = v4_of(WAN),
				      .l3 = l3 };

	assert_int_equal(gate_port_set(h->gate, &lan), 0);
	assert_int_equal(gate_port_set(h->gate, &wan), 0);
}

static unsigned asks_ip(struct house *h, bool wan, const struct spec *s)
{
	struct frame f = frame_of(s, lan_mac.b);

	f.len -= f.l3;
	memmove(f.b, f.b + f.l3, f.len);
	return house_asks(h, wan, &f);
}

static void test_ports_without_ethernet(void **state)
{
	static const struct spec closed_udp = {
		.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLOSED
	};
	static const struct spec open_udp = {
		.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = OPEN
	};
	static const struct spec open_v6 = { .src = "2001:db8:ffff::9",
					     .dst = WAN_V6,
					     .proto = IPPROTO_UDP,
					     .dport = OPEN };
	static const struct spec to_gateway = { .src = LAN_HOST,
						.dst = LAN_GW,
						.proto = IPPROTO_UDP };
	struct house *h = *state;
	struct frame odd = frame_of(&to_world, lan_mac.b);

	without_ethernet(h, true);
	assert_int_equal(asks_ip(h, false, &to_world), ENGINE);
	assert_int_equal(asks_ip(h, false, &to_gateway), PASS);
	assert_int_equal(asks_ip(h, false, &spoofed), DROP_SPOOFED);
	assert_int_equal(asks_ip(h, true, &closed_udp), DROP_WAN_CLOSED);
	assert_int_equal(asks_ip(h, true, &open_udp), PASS);
	assert_int_equal(asks_ip(h, true, &open_v6), PASS);
	/* Neither version: no business of ours. */
	odd.b[0] = 0x77;
	assert_int_equal(house_asks(h, false, &odd), PASS);
	without_ethernet(h, false);
	assert_int_equal(house_asks_spec(h, false, &to_world), ENGINE);
}

struct mark {
	uint32_t in, out;
};

static void marks_are(struct house *h, bool wan, const struct frame *f,
		      const struct mark *marks, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct __sk_buff in = { .mark = marks[i].in,
					.ifindex = wan ? h->wan : h->lan };
		struct __sk_buff out = { 0 };
		LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &in,
			    .ctx_size_in = sizeof(in), .ctx_out = &out,
			    .ctx_size_out = sizeof(out), .repeat = 1);

		assert_int_equal(house_run(h, TC, wan, f, &opts),
				 TC_ACT_UNSPEC);
		assert_int_equal(out.mark, marks[i].out);
	}
}

/* Marks of others go through untouched; forged ones of ours do not. */
static void test_marks(void **state)
{
	static const struct spec to_gateway = { .src = LAN_HOST,
						.dst = LAN_GW,
						.proto = IPPROTO_UDP };
	static const struct mark marks[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 0x0fffffff, 0x0fffffff },
		{ 0x80000000, 0x80000000 },
		{ 0xf0000001, 0xf0000001 },
		{ GATE_MARK_PASS, 0 },
		{ GATE_MARK_ENGINE | 3, 0 },
		{ GATE_MARK_DONE, 0 },
		{ GATE_MARK_OUT | 4000, 0 },
		{ GATE_MARK_IN | 4000, 0 },
		{ GATE_MARK_OWN, 0 },
	};
	struct frame f = frame_of(&to_gateway, lan_mac.b);

	marks_are(*state, false, &f, marks, sizeof(marks) / sizeof(*marks));
}

/* On the WAN the kernel's packets are told from those that nobody asked
 * about. */
static void test_marks_of_what_was_asked_about(void **state)
{
	static const struct spec open_udp = {
		.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = OPEN
	};
	static const struct spec others = { .src = REMOTE,
					    .dst = WAN,
					    .to = TO_ANOTHER,
					    .proto = IPPROTO_UDP,
					    .dport = OPEN };
	static const struct mark asked[] = {
		{ 0, GATE_MARK_PASS },
		{ 5, GATE_MARK_PASS | 5 },
		{ 0x80000005, 0x80000005 },
		{ GATE_MARK_DONE, GATE_MARK_PASS },
	};
	static const struct mark passed_by[] = { { 0, 0 }, { 5, 5 } };
	struct frame f = frame_of(&open_udp, wan_mac.b);

	marks_are(*state, true, &f, asked, sizeof(asked) / sizeof(*asked));
	f = frame_of(&others, wan_mac.b);
	marks_are(*state, true, &f, passed_by, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_addresses_are_asked_about),
		cmocka_unit_test(test_members_are_replaced),
		cmocka_unit_test(test_full_sets_of_members_are_exchanged),
		cmocka_unit_test(test_a_group_is_no_member),
		cmocka_unit_test(
			test_nobody_speaks_to_the_machine_by_broadcast),
		cmocka_unit_test(test_ports_without_ethernet),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_marks_of_what_was_asked_about),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
