/* test_gate_ipv6.c - whose is an IPv6 packet? No address is shared, so the
 * question is where it goes. */
#include "house.h"

#define REMOTE_V6 "2001:db8:ffff::9"
#define LINK_V6	  "fe80::1"
#define LAN_V6	  "2001:db8:1::20"

#define CONNECTED 41000 /* TCP, to REMOTE_V6:443 */
#define ASKING	  40000 /* UDP, in our own block */

#define WHOEVER .src = REMOTE_V6, .dst = WAN_V6

static int socket_at(int type, uint16_t port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET6, WAN_V6, &at.sin6_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int sockets_open(void **state)
{
	struct sockaddr_in6 remote = { .sin6_family = AF_INET6,
				       .sin6_port = htons(443) };
	struct house *h;
	int fd;

	house_open(state);
	h = *state;
	shell("ip neigh add 2001:db8:f::1 lladdr 02:aa:00:00:00:02 dev gatew");
	fd = socket_at(SOCK_STREAM, CONNECTED);
	inet_pton(AF_INET6, REMOTE_V6, &remote.sin6_addr);
	(void)connect(fd, (struct sockaddr *)&remote, sizeof(remote));
	assert_int_equal(errno, EINPROGRESS);
	socket_at(SOCK_DGRAM, ASKING);
	socket_at(SOCK_DGRAM, 546);
	bit_set(gate_local_own(h->gate), GATE_BITS_UDP, ASKING);
	return 0;
}

/* clang-format off */

static void test_lan_side(void **state)
{
	static const struct row rows[] = {
		{ "gateway", { .src = LAN_V6, .dst = "2001:db8:1::1", .proto = IPPROTO_UDP, .dport = 53 }, PASS },
		{ "link-local", { .src = "fe80::20", .dst = LINK_V6, .proto = IPPROTO_ICMPV6, .type = 136 }, PASS },
		{ "multicast", { .src = "fe80::20", .dst = "ff02::1", .proto = IPPROTO_ICMPV6, .type = 133 }, PASS },
		{ "LAN host", { .src = LAN_V6, .dst = "2001:db8:1::21", .proto = IPPROTO_UDP }, PASS },
		{ "another network", { .src = LAN_V6, .dst = "fd99::1", .proto = IPPROTO_UDP }, PASS },
		{ "link-local to the gateway", { .src = "fe80::20", .dst = "2001:db8:1::1", .proto = IPPROTO_ICMPV6, .type = 128 }, PASS },
		{ "world", { .src = LAN_V6, .dst = REMOTE_V6, .proto = IPPROTO_UDP }, ENGINE },
		{ "fragment to the world", { .src = LAN_V6, .dst = REMOTE_V6, .ext_n = 1, .ext = { 44 }, .frag = 8, .proto = IPPROTO_UDP }, ENGINE },
		{ "WAN neighbour", { .src = LAN_V6, .dst = "2001:db8:f::9", .proto = IPPROTO_UDP }, ENGINE },
		{ "IPv4 in disguise", { .src = LAN_V6, .dst = "::ffff:10.77.0.1", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "loopback", { .src = LAN_V6, .dst = "::1", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "frame for another", { .src = LAN_V6, .dst = REMOTE_V6, .to = TO_ANOTHER, .proto = IPPROTO_UDP }, PASS },
	};

	TABLE(*state, false, rows);
}

static void test_spoofed_sources_stay_inside(void **state)
{
	static const struct row rows[] = {
		{ "another network", { .src = "2001:db8:2::20", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "ours, behind another port", { .src = "fd99::1", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "gateway", { .src = "2001:db8:1::1", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "WAN address", { .src = WAN_V6, .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "link-local", { .src = "fe80::20", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "nobody", { .src = "::", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "multicast", { .src = "ff02::1", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "loopback", { .src = "::1", .dst = REMOTE_V6, .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "to the gateway", { .src = REMOTE_V6, .dst = "2001:db8:1::1", .proto = IPPROTO_TCP, .dport = 80, .syn = true }, DROP_SPOOFED },
		{ "to a LAN host", { .src = REMOTE_V6, .dst = "2001:db8:1::21", .proto = IPPROTO_UDP }, DROP_SPOOFED },
		{ "to another network", { .src = REMOTE_V6, .dst = "fd99::1", .proto = IPPROTO_UDP }, DROP_SPOOFED },
	};

	TABLE(*state, false, rows);
}

static void test_wan_control_messages_pass(void **state)
{
	static const struct row rows[] = {
		{ "advertisement", { .src = LINK_V6, .dst = "ff02::1", .to = TO_ALL, .proto = IPPROTO_ICMPV6, .type = 134 }, PASS },
		{ "solicitation", { .src = LINK_V6, .dst = "ff02::1:ff00:2", .to = TO_ALL, .proto = IPPROTO_ICMPV6, .type = 135 }, PASS },
		{ "duplicate address", { .src = "::", .dst = "ff02::1:ff00:2", .to = TO_ALL, .proto = IPPROTO_ICMPV6, .type = 135 }, PASS },
		{ "and the answer", { .src = WAN_V6, .dst = "ff02::1", .to = TO_ALL, .proto = IPPROTO_ICMPV6, .type = 136 }, PASS },
		{ "redirect", { .src = LINK_V6, .dst = WAN_V6, .proto = IPPROTO_ICMPV6, .type = 137 }, PASS },
		{ "MLD query", { .src = LINK_V6, .dst = "ff02::1", .to = TO_ALL, .ext_n = 1, .ext = { 0 }, .proto = IPPROTO_ICMPV6, .type = 130 }, PASS },
		{ "MLDv2 report", { .src = LINK_V6, .dst = "ff02::16", .to = TO_ALL, .ext_n = 1, .ext = { 0 }, .proto = IPPROTO_ICMPV6, .type = 143 }, PASS },
		{ "ping", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 128 }, PASS },
		{ "its reply", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 129 }, PASS },
		{ "too big", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 2 }, PASS },
		{ "type 0", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 0 }, DROP_WAN_CLOSED },
		{ "unknown error", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 5 }, DROP_WAN_CLOSED },
		{ "renumbering", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 138 }, DROP_WAN_CLOSED },
		{ "node information", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 139 }, DROP_WAN_CLOSED },
		{ "ICMPv4 in IPv6", { WHOEVER, .proto = IPPROTO_ICMP, .type = 8 }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_wan_ports(void **state)
{
	static const struct row rows[] = {
		{ "open TCP", { WHOEVER, .proto = IPPROTO_TCP, .dport = OPEN, .syn = true }, PASS },
		{ "open UDP", { WHOEVER, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "our connection", { WHOEVER, .proto = IPPROTO_TCP, .sport = 443, .dport = CONNECTED, .ack = true }, PASS },
		{ "another's port", { WHOEVER, .proto = IPPROTO_TCP, .sport = 444, .dport = CONNECTED, .ack = true }, DROP_WAN_CLOSED },
		{ "UDP we asked with", { WHOEVER, .proto = IPPROTO_UDP, .sport = 53, .dport = ASKING }, PASS },
		{ "DHCPv6, awaited", { .src = LINK_V6, .dst = WAN_V6, .proto = IPPROTO_UDP, .sport = 547, .dport = 546 }, PASS },
		{ "DHCPv6, not awaited", { .src = LINK_V6, .dst = "fe80::2", .proto = IPPROTO_UDP, .sport = 547, .dport = 546 }, DROP_WAN_CLOSED },
		{ "DHCPv6 from another port", { .src = LINK_V6, .dst = "fe80::2", .proto = IPPROTO_UDP, .sport = 546, .dport = 546 }, DROP_WAN_CLOSED },
		{ "DHCPv4's ports", { WHOEVER, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, DROP_WAN_CLOSED },
		{ "claimed means IPv4", { WHOEVER, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_WAN_CLOSED },
		{ "SYN", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true }, DROP_WAN_CLOSED },
		{ "ACK", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED, .ack = true }, DROP_WAN_CLOSED },
		{ "UDP", { WHOEVER, .proto = IPPROTO_UDP, .dport = CLOSED }, DROP_WAN_CLOSED },
		{ "ESP", { WHOEVER, .proto = IPPROTO_ESP }, DROP_WAN_CLOSED },
		{ "nothing", { WHOEVER, .proto = IPPROTO_NONE }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_wan_extension_headers(void **state)
{
	static const struct row rows[] = {
		{ "options", { WHOEVER, .ext_n = 2, .ext = { 0, 60 }, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "four", { WHOEVER, .ext_n = 4, .ext = { 0, 60, 60, 60 }, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "five", { WHOEVER, .ext_n = 5, .ext = { 0, 60, 60, 60, 60 }, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
		{ "routing", { WHOEVER, .ext_n = 1, .ext = { 43 }, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
		{ "first fragment", { WHOEVER, .ext_n = 1, .ext = { 44 }, .frag = 1, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
		{ "last fragment", { WHOEVER, .ext_n = 1, .ext = { 44 }, .frag = 8, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
		{ "uncut fragment", { WHOEVER, .ext_n = 1, .ext = { 44 }, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "uncut, closed", { WHOEVER, .ext_n = 1, .ext = { 44 }, .proto = IPPROTO_UDP, .dport = CLOSED }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_lan_prefixes_are_the_engines(void **state)
{
	static const struct row rows[] = {
		{ "LAN host", { .src = REMOTE_V6, .dst = LAN_V6, .proto = IPPROTO_UDP, .dport = OPEN }, ENGINE },
		{ "ping", { .src = REMOTE_V6, .dst = LAN_V6, .proto = IPPROTO_ICMPV6, .type = 128 }, ENGINE },
		{ "fragment", { .src = REMOTE_V6, .dst = LAN_V6, .ext_n = 1, .ext = { 44 }, .frag = 8, .proto = IPPROTO_UDP }, ENGINE },
		{ "WAN neighbour", { .src = "2001:db8:f::9", .dst = LAN_V6, .proto = IPPROTO_TCP, .syn = true }, ENGINE },
		{ "link-local source", { .src = LINK_V6, .dst = LAN_V6, .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "no source", { .src = "::", .dst = LAN_V6, .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "our own source", { .src = WAN_V6, .dst = LAN_V6, .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "LAN source", { .src = LAN_V6, .dst = "2001:db8:1::21", .proto = IPPROTO_UDP }, DROP_MARTIAN },
		{ "gateway's LAN address is its own", { .src = REMOTE_V6, .dst = "2001:db8:1::1", .proto = IPPROTO_ICMPV6, .type = 128 }, PASS },
		{ "and closed", { .src = REMOTE_V6, .dst = "2001:db8:1::1", .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_wan_reaches_no_other_network(void **state)
{
	static const struct row rows[] = {
		{ "another network", { .src = REMOTE_V6, .dst = "fd99::1", .proto = IPPROTO_UDP }, DROP_WAN_CLOSED },
		{ "world", { .src = REMOTE_V6, .dst = "2001:db8:eeee::1", .proto = IPPROTO_UDP }, DROP_WAN_CLOSED },
		{ "LAN source", { .src = LAN_V6, .dst = WAN_V6, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "loopback source", { .src = "::1", .dst = WAN_V6, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "multicast source", { .src = "ff02::1", .dst = WAN_V6, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "IPv4 in disguise, from", { .src = "::ffff:1.2.3.4", .dst = WAN_V6, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "IPv4 in disguise, to", { .src = REMOTE_V6, .dst = "::ffff:203.0.113.2", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "loopback", { .src = REMOTE_V6, .dst = "::1", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
	};

	TABLE(*state, true, rows);
}

/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lan_side),
		cmocka_unit_test(test_spoofed_sources_stay_inside),
		cmocka_unit_test(test_wan_control_messages_pass),
		cmocka_unit_test(test_wan_ports),
		cmocka_unit_test(test_wan_extension_headers),
		cmocka_unit_test(test_lan_prefixes_are_the_engines),
		cmocka_unit_test(test_wan_reaches_no_other_network),
	};

	return cmocka_run_group_tests(tests, sockets_open, house_close);
}
