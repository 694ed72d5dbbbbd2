/* test_gate_lan.c - whose is an IPv4 packet that a LAN host sent? */
#include "house.h"

#define HOST	.src = LAN_HOST
#define OUTSIDE HOST, .dst = REMOTE

/* clang-format off */

static void test_packets_for_the_world_are_the_engines(void **state)
{
	static const struct row rows[] = {
		{ "UDP", { OUTSIDE, .proto = IPPROTO_UDP, .sport = 5, .dport = 53 }, ENGINE },
		{ "TCP", { OUTSIDE, .proto = IPPROTO_TCP, .sport = 5, .dport = 443, .syn = true }, ENGINE },
		{ "ping", { OUTSIDE, .proto = IPPROTO_ICMP, .type = 8 }, ENGINE },
		{ "ICMP error", { OUTSIDE, .proto = IPPROTO_ICMP, .type = 3 }, ENGINE },
		{ "GRE", { OUTSIDE, .proto = IPPROTO_GRE }, ENGINE },
		{ "fragment", { OUTSIDE, .frag = 0x0010, .proto = IPPROTO_UDP }, ENGINE },
		{ "options", { OUTSIDE, .options = 40, .proto = IPPROTO_UDP }, ENGINE },
		{ "priority tag", { OUTSIDE, .tags_n = 1, .tags = { 5 << 13 }, .proto = IPPROTO_UDP }, ENGINE },
		{ "WAN neighbour", { HOST, .dst = "203.0.113.77", .proto = IPPROTO_UDP }, ENGINE },
		{ "network behind the WAN", { HOST, .dst = "10.99.7.1", .proto = IPPROTO_UDP }, ENGINE },
		{ "first of the network", { .src = "10.77.0.2", .dst = REMOTE, .proto = IPPROTO_UDP }, ENGINE },
		{ "last of the network", { .src = "10.77.0.254", .dst = REMOTE, .proto = IPPROTO_UDP }, ENGINE },
	};

	TABLE(*state, false, rows);
}

static void test_the_kernel_keeps_its_own(void **state)
{
	static const struct row rows[] = {
		{ "gateway's DNS by TCP", { HOST, .dst = LAN_GW, .proto = IPPROTO_TCP, .dport = 53 }, PASS },
		{ "gateway's DNS, cut", { HOST, .dst = LAN_GW, .frag = 0x2000, .proto = IPPROTO_UDP, .dport = 53 }, PASS },
		{ "another's DNS", { HOST, .dst = "10.77.0.21", .proto = IPPROTO_UDP, .dport = 53 }, PASS },
		{ "fragment to the gateway", { HOST, .dst = LAN_GW, .frag = 0x2000, .proto = IPPROTO_UDP }, PASS },
		{ "claimed number, LAN address", { HOST, .dst = LAN_GW, .proto = IPPROTO_UDP, .dport = CLAIMED }, PASS },
		{ "our other WAN address", { HOST, .dst = WAN_2ND, .proto = IPPROTO_TCP, .dport = CLAIMED }, PASS },
		{ "LAN host", { HOST, .dst = "10.77.0.21", .proto = IPPROTO_UDP }, PASS },
		{ "LAN broadcast", { HOST, .dst = "10.77.0.255", .proto = IPPROTO_UDP }, PASS },
		{ "another network", { HOST, .dst = "10.99.1.1", .proto = IPPROTO_UDP }, PASS },
		{ "multicast", { HOST, .dst = "239.1.2.3", .proto = IPPROTO_UDP }, PASS },
		{ "broadcast", { HOST, .dst = "255.255.255.255", .proto = IPPROTO_UDP }, PASS },
		{ "first DHCP request", { .src = "0.0.0.0", .dst = "255.255.255.255", .to = TO_ALL, .proto = IPPROTO_UDP, .sport = 68, .dport = 67 }, PASS },
		{ "frame for another", { OUTSIDE, .to = TO_ANOTHER, .proto = IPPROTO_UDP }, PASS },
		{ "tags for another", { OUTSIDE, .to = TO_ANOTHER, .tags_n = 3, .proto = IPPROTO_UDP }, PASS },
		{ "broadcast frame", { OUTSIDE, .to = TO_ALL, .proto = IPPROTO_UDP }, PASS },
	};

	TABLE(*state, false, rows);
}

/* By XDP the engine answers them, where it listens; else they are the kernel's,
 * unlike what is the engine's alone. */
static void test_questions_are_answered_by_either(void **state)
{
	static const struct spec asks = { HOST, .dst = LAN_GW, .options = 4, .proto = IPPROTO_UDP, .sport = 5, .dport = 53 };
	static const struct spec stranger = { .src = "10.77.1.5", .dst = LAN_GW, .proto = IPPROTO_UDP, .sport = 5, .dport = 53 };
	struct frame f = frame_of(&asks, lan_mac.b);
	struct house *h = *state;
	uint32_t row = LAN_SLOT * GATE_QUEUES_MAX;

	assert_int_equal(house_asks_spec(h, false, &stranger), DROP_SPOOFED);
	assert_int_equal(house_run_tc(h, false, &f, 0), PASS);
	assert_int_equal(house_run_xdp(h, false, &f), ENGINE);
	assert_int_equal(bpf_map_delete_elem(gate_xsks_fd(h->gate), &row), 0);
	assert_int_equal(house_run_xdp(h, false, &f), PASS);
	close(h->engine);
	house_engine(h);
	assert_int_equal(house_run_xdp(h, false, &f), ENGINE);
}

static void test_spoofed_sources_stay_inside(void **state)
{
	static const struct row rows[] = {
		{ "another network", { .src = "192.168.1.5", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "neighbouring network", { .src = "10.77.1.5", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "the destination's", { .src = REMOTE, .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "WAN address", { .src = WAN, .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "gateway", { .src = LAN_GW, .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "network's own", { .src = "10.77.0.0", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "broadcast", { .src = "10.77.0.255", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "nobody", { .src = "0.0.0.0", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "loopback", { .src = "127.0.0.1", .dst = REMOTE, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "fragment", { .src = "192.168.1.5", .dst = REMOTE, .frag = 0x0010, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "hairpin", { .src = "192.168.1.5", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_SPOOFED },
		{ "hairpin fragment", { .src = "192.168.1.5", .dst = WAN, .frag = 0x0010, .proto = IPPROTO_UDP }, DROP_SPOOFED },
	};

	TABLE(*state, false, rows);
}

static void test_impossible_destinations(void **state)
{
	static const struct row rows[] = {
		{ "loopback", { HOST, .dst = "127.0.0.1", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "its last", { HOST, .dst = "127.255.255.255", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "nobody", { HOST, .dst = "0.0.0.0", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "hidden by tags", { OUTSIDE, .tags_n = 3, .proto = IPPROTO_UDP }, DROP_MALFORMED },
	};

	TABLE(*state, false, rows);
}

static const struct spec claimed_udp = { .src = WAN, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = CLAIMED, .dport = 9 };
static const struct spec kernel_udp = { .src = WAN, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = CLOSED, .dport = 9 };
static const struct spec others_udp = { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = CLAIMED, .dport = 9 };

static void test_the_wan_address_from_inside(void **state)
{
	static const struct row rows[] = {
		{ "hairpin UDP", { HOST, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, ENGINE },
		{ "hairpin TCP", { HOST, .dst = WAN, .proto = IPPROTO_TCP, .dport = CLAIMED, .syn = true }, ENGINE },
		{ "hairpin echo reply", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 0, .id = CLAIMED }, ENGINE },
		{ "any fragment", { HOST, .dst = WAN, .frag = 0x0010, .proto = IPPROTO_UDP }, ENGINE },
		{ "error about a hairpin", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 3, .quote = &claimed_udp }, ENGINE },
		{ "error about the kernel's", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 3, .quote = &kernel_udp }, PASS },
		{ "error about another's", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 3, .quote = &others_udp }, PASS },
		{ "error cut short", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 3, .quote = &claimed_udp, .quote_len = 24 }, DROP_MALFORMED },
		{ "unclaimed UDP", { HOST, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLOSED }, PASS },
		{ "unclaimed TCP", { HOST, .dst = WAN, .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true }, PASS },
		{ "ping", { HOST, .dst = WAN, .proto = IPPROTO_ICMP, .type = 8, .id = CLAIMED }, PASS },
		{ "GRE", { HOST, .dst = WAN, .proto = IPPROTO_GRE }, PASS },
		{ "unclaimed, from elsewhere", { .src = "192.168.1.5", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLOSED }, DROP_SPOOFED },
		{ "ping, from elsewhere", { .src = "198.51.100.9", .dst = WAN, .proto = IPPROTO_ICMP, .type = 8 }, DROP_SPOOFED },
	};

	TABLE(*state, false, rows);
}

/* clang-format on */

static void test_no_lan_address_yet_lets_nobody_out(void **state)
{
	struct house *h = *state;
	struct gate_port_info lan = { .ifindex = h->lan, .mac = lan_mac };
	struct spec s = { OUTSIDE, .proto = IPPROTO_UDP };

	assert_int_equal(gate_port_set(h->gate, &lan), 0);
	assert_int_equal(house_asks_spec(h, false, &s), DROP_SPOOFED);
	house_ports(h);
	assert_int_equal(house_asks_spec(h, false, &s), ENGINE);
}

static void test_no_wan_address_makes_no_hairpin(void **state)
{
	struct house *h = *state;
	struct gate_port_info lan = {
		.ifindex = h->lan,
		.mac = lan_mac,
		.addr = v4_of(LAN_GW),
		.net = v4_of("10.77.0.0"),
		.mask = v4_of("255.255.255.0"),
	};
	struct spec s = { HOST, .dst = "0.0.0.0", .proto = IPPROTO_UDP,
			  .dport = CLAIMED };

	assert_int_equal(gate_port_set(h->gate, &lan), 0);
	assert_int_equal(house_asks_spec(h, false, &s), DROP_MARTIAN);
	house_ports(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_for_the_world_are_the_engines),
		cmocka_unit_test(test_the_kernel_keeps_its_own),
		cmocka_unit_test(test_questions_are_answered_by_either),
		cmocka_unit_test(test_spoofed_sources_stay_inside),
		cmocka_unit_test(test_impossible_destinations),
		cmocka_unit_test(test_the_wan_address_from_inside),
		cmocka_unit_test(test_no_lan_address_yet_lets_nobody_out),
		cmocka_unit_test(test_no_wan_address_makes_no_hairpin),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
