/* test_gate_wan.c - whose is an IPv4 packet that came by the WAN? */
#include "house.h"

#include <fcntl.h>

/* Ports of our own sockets, opened by sockets_open(). */
#define CONNECTED 41000 /* TCP, to REMOTE:443 */
#define LISTENING 80	/* TCP */
#define ASKING	  40000 /* UDP, in our own block */
#define STRAY	  40001 /* UDP, outside of it */
#define EMPTY	  40002 /* no socket, in our own block */

#define WHOEVER .src = REMOTE, .dst = WAN

static int socket_at(int type, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = v4_of(WAN),
		.sin_port = htons(port),
	};
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int sockets_open(void **state)
{
	struct sockaddr_in remote = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = v4_of(REMOTE),
		.sin_port = htons(443),
	};
	struct house *h;
	int fd;

	house_open(state);
	h = *state;
	shell("ip neigh add 203.0.113.1 lladdr 02:aa:00:00:00:02 dev gatew");
	fd = socket_at(SOCK_STREAM, CONNECTED);
	(void)connect(fd, (struct sockaddr *)&remote, sizeof(remote));
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(listen(socket_at(SOCK_STREAM, LISTENING), 1), 0);
	socket_at(SOCK_DGRAM, ASKING);
	socket_at(SOCK_DGRAM, STRAY);
	bit_set(gate_local_own(h->gate), GATE_BITS_UDP, ASKING);
	bit_set(gate_local_own(h->gate), GATE_BITS_UDP, EMPTY);
	return 0;
}

/* clang-format off */

static void test_claimed_ports_are_the_engines(void **state)
{
	static const struct row rows[] = {
		{ "UDP", { WHOEVER, .proto = IPPROTO_UDP, .sport = 1, .dport = CLAIMED }, ENGINE },
		{ "TCP", { WHOEVER, .proto = IPPROTO_TCP, .sport = 1, .dport = CLAIMED, .ack = true }, ENGINE },
		{ "TCP SYN", { WHOEVER, .proto = IPPROTO_TCP, .sport = 1, .dport = CLAIMED, .syn = true }, ENGINE },
		{ "echo reply", { WHOEVER, .proto = IPPROTO_ICMP, .type = 0, .id = CLAIMED }, ENGINE },
		{ "echo request", { WHOEVER, .proto = IPPROTO_ICMP, .type = 8, .id = CLAIMED }, PASS },
		{ "with options", { WHOEVER, .options = 40, .proto = IPPROTO_UDP, .dport = CLAIMED }, ENGINE },
		{ "from DHCP's port", { WHOEVER, .proto = IPPROTO_UDP, .sport = 67, .dport = CLAIMED }, ENGINE },
		{ "a neighbour's", { .src = "203.0.113.77", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, ENGINE },
		{ "not at our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_WAN_CLOSED },
		{ "nor its echo replies", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_ICMP, .type = 0, .id = CLAIMED }, PASS },
		{ "nor in a broadcast", { .src = REMOTE, .dst = "203.0.113.255", .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_kernel_gets_what_a_socket_awaits(void **state)
{
	static const struct row rows[] = {
		{ "our connection", { WHOEVER, .proto = IPPROTO_TCP, .sport = 443, .dport = CONNECTED, .syn = true, .ack = true }, PASS },
		{ "its simultaneous open", { WHOEVER, .proto = IPPROTO_TCP, .sport = 443, .dport = CONNECTED, .syn = true }, PASS },
		{ "another's port", { WHOEVER, .proto = IPPROTO_TCP, .sport = 444, .dport = CONNECTED, .ack = true }, DROP_WAN_CLOSED },
		{ "another host", { .src = "198.51.100.8", .dst = WAN, .proto = IPPROTO_TCP, .sport = 443, .dport = CONNECTED, .ack = true }, DROP_WAN_CLOSED },
		{ "UDP we asked with", { WHOEVER, .proto = IPPROTO_UDP, .sport = 53, .dport = ASKING }, PASS },
		{ "UDP outside our block", { WHOEVER, .proto = IPPROTO_UDP, .sport = 53, .dport = STRAY }, DROP_WAN_CLOSED },
		{ "UDP, no socket", { WHOEVER, .proto = IPPROTO_UDP, .sport = 53, .dport = EMPTY }, DROP_WAN_CLOSED },
		{ "UDP at our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_UDP, .sport = 53, .dport = ASKING }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_closed_ports_are_silent(void **state)
{
	static const struct row rows[] = {
		{ "SYN is held by the engine", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true }, ENGINE },
		{ "SYN to a listener too", { WHOEVER, .proto = IPPROTO_TCP, .dport = LISTENING, .syn = true }, ENGINE },
		{ "SYN to our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true }, DROP_WAN_CLOSED },
		{ "ACK", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED, .ack = true }, DROP_WAN_CLOSED },
		{ "ACK to a listener", { WHOEVER, .proto = IPPROTO_TCP, .dport = LISTENING, .ack = true }, DROP_WAN_CLOSED },
		{ "SYN and ACK", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED, .syn = true, .ack = true }, DROP_WAN_CLOSED },
		{ "no flag", { WHOEVER, .proto = IPPROTO_TCP, .dport = CLOSED }, DROP_WAN_CLOSED },
		{ "UDP", { WHOEVER, .proto = IPPROTO_UDP, .dport = CLOSED }, DROP_WAN_CLOSED },
		{ "ports 0", { WHOEVER, .proto = IPPROTO_UDP }, DROP_WAN_CLOSED },
		{ "ports 65535", { WHOEVER, .proto = IPPROTO_UDP, .sport = 65535, .dport = 65535 }, DROP_WAN_CLOSED },
		{ "timestamp request", { WHOEVER, .proto = IPPROTO_ICMP, .type = 13 }, DROP_WAN_CLOSED },
		{ "redirect", { WHOEVER, .proto = IPPROTO_ICMP, .type = 5 }, DROP_WAN_CLOSED },
		{ "source quench", { WHOEVER, .proto = IPPROTO_ICMP, .type = 4 }, DROP_WAN_CLOSED },
		{ "ping is answered", { WHOEVER, .proto = IPPROTO_ICMP, .type = 8, .id = 1 }, PASS },
		{ "our own ping's reply", { WHOEVER, .proto = IPPROTO_ICMP, .type = 0, .id = 1 }, PASS },
	};

	TABLE(*state, true, rows);
}

static void test_open_ports_pass(void **state)
{
	static const struct row rows[] = {
		{ "TCP SYN", { WHOEVER, .proto = IPPROTO_TCP, .dport = OPEN, .syn = true }, PASS },
		{ "TCP ACK", { WHOEVER, .proto = IPPROTO_TCP, .dport = OPEN, .ack = true }, PASS },
		{ "UDP", { WHOEVER, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "UDP at our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "UDP broadcast", { .src = REMOTE, .dst = "255.255.255.255", .to = TO_ALL, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "TCP broadcast", { .src = REMOTE, .dst = "203.0.113.255", .to = TO_ALL, .proto = IPPROTO_TCP, .dport = OPEN, .syn = true }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_a_dhcp_client_gets_its_renewal(void **state)
{
	static const struct row rows[] = {
		{ "renewal", { .src = "203.0.113.1", .dst = WAN, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, PASS },
	};
	int client = socket_at(SOCK_DGRAM, 68);

	TABLE(*state, true, rows);
	close(client);
}

static void test_dhcp_client_and_groups(void **state)
{
	static const struct row rows[] = {
		{ "renewal that nobody asked for", { .src = "203.0.113.1", .dst = WAN, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, DROP_WAN_CLOSED },
		{ "offer, broadcast", { .src = "203.0.113.1", .dst = "255.255.255.255", .to = TO_ALL, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, PASS },
		{ "offer of an address not yet ours", { .src = "203.0.113.1", .dst = "203.0.113.50", .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, PASS },
		{ "other port", { .src = "203.0.113.1", .dst = WAN, .proto = IPPROTO_UDP, .sport = 66, .dport = 68 }, DROP_WAN_CLOSED },
		{ "a neighbour's discover", { .src = "0.0.0.0", .dst = "255.255.255.255", .to = TO_ALL, .proto = IPPROTO_UDP, .sport = 68, .dport = 67 }, DROP_WAN_CLOSED },
		{ "IGMP query", { .src = "203.0.113.1", .dst = "224.0.0.1", .to = TO_ALL, .options = 4, .proto = IPPROTO_IGMP }, PASS },
		{ "IGMP from a switch", { .src = "0.0.0.0", .dst = "224.0.0.1", .to = TO_ALL, .proto = IPPROTO_IGMP }, PASS },
		{ "IGMP to us", { .src = "203.0.113.1", .dst = WAN, .proto = IPPROTO_IGMP }, PASS },
		{ "mDNS", { .src = "203.0.113.9", .dst = "224.0.0.251", .to = TO_ALL, .proto = IPPROTO_UDP, .sport = 5353, .dport = 5353 }, DROP_WAN_CLOSED },
		{ "ping to all", { .src = "203.0.113.9", .dst = "203.0.113.255", .to = TO_ALL, .proto = IPPROTO_ICMP, .type = 8 }, DROP_WAN_CLOSED },
		{ "fragment to all", { .src = "203.0.113.9", .dst = "255.255.255.255", .to = TO_ALL, .frag = 0x2000, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_fragments_are_the_engines(void **state)
{
	static const struct row rows[] = {
		{ "first", { WHOEVER, .frag = 0x2000, .proto = IPPROTO_UDP, .dport = CLOSED }, ENGINE },
		{ "middle", { WHOEVER, .frag = 0x2010, .proto = IPPROTO_UDP }, ENGINE },
		{ "last", { WHOEVER, .frag = 0x0010, .proto = IPPROTO_ICMP }, ENGINE },
		{ "to an open port", { WHOEVER, .frag = 0x2000, .proto = IPPROTO_UDP, .dport = OPEN }, ENGINE },
		{ "don't fragment is none", { WHOEVER, .frag = 0x4000, .proto = IPPROTO_UDP, .dport = OPEN }, PASS },
		{ "to the LAN", { .src = REMOTE, .dst = LAN_HOST, .frag = 0x0010, .proto = IPPROTO_UDP }, DROP_WAN_TO_LAN },
	};

	TABLE(*state, true, rows);
}

static void test_other_protocols_are_the_engines(void **state)
{
	static const struct row rows[] = {
		{ "GRE", { WHOEVER, .proto = IPPROTO_GRE }, ENGINE },
		{ "ESP", { WHOEVER, .proto = IPPROTO_ESP }, ENGINE },
		{ "SCTP", { WHOEVER, .proto = IPPROTO_SCTP }, ENGINE },
		{ "unknown", { WHOEVER, .proto = 253 }, ENGINE },
		{ "ICMPv6 in IPv4", { WHOEVER, .proto = IPPROTO_ICMPV6, .type = 128 }, ENGINE },
		{ "at our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_GRE }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

static void test_lan_is_not_addressed_from_outside(void **state)
{
	static const struct row rows[] = {
		{ "a LAN host", { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_WAN_TO_LAN },
		{ "its broadcast", { .src = REMOTE, .dst = "10.77.0.255", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_TO_LAN },
		{ "the gateway's LAN address", { .src = REMOTE, .dst = LAN_GW, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_TO_LAN },
		{ "as a DHCP server", { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, DROP_WAN_TO_LAN },
		{ "with a LAN source", { .src = LAN_HOST, .dst = LAN_HOST, .proto = IPPROTO_UDP }, DROP_WAN_TO_LAN },
		{ "ping", { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_ICMP, .type = 8 }, DROP_WAN_TO_LAN },
		{ "by broadcast frame", { .src = REMOTE, .dst = LAN_HOST, .to = TO_ALL, .proto = IPPROTO_UDP }, DROP_WAN_TO_LAN },
		{ "another network of ours", { .src = REMOTE, .dst = "10.99.1.1", .proto = IPPROTO_UDP }, DROP_WAN_CLOSED },
		{ "as a DHCP server too", { .src = REMOTE, .dst = "10.99.1.1", .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, DROP_WAN_CLOSED },
		{ "the world", { .src = REMOTE, .dst = "192.0.2.1", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_WAN_CLOSED },
		{ "loopback", { .src = REMOTE, .dst = "127.0.0.1", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
	};

	TABLE(*state, true, rows);
}

static void test_sources_that_cannot_be(void **state)
{
	static const struct row rows[] = {
		{ "LAN host", { .src = LAN_HOST, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_MARTIAN },
		{ "gateway on the LAN", { .src = LAN_GW, .dst = WAN, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "our own (land)", { .src = WAN, .dst = WAN, .proto = IPPROTO_TCP, .dport = OPEN, .syn = true }, DROP_MARTIAN },
		{ "loopback", { .src = "127.0.0.1", .dst = WAN, .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "loopback, to all", { .src = "127.0.0.1", .dst = "255.255.255.255", .proto = IPPROTO_UDP, .dport = OPEN }, DROP_MARTIAN },
		{ "nobody", { .src = "0.0.0.0", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_MARTIAN },
		{ "this network", { .src = "0.1.2.3", .dst = "224.0.0.1", .proto = IPPROTO_IGMP }, DROP_MARTIAN },
		{ "multicast", { .src = "224.0.0.1", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_MARTIAN },
		{ "broadcast", { .src = "255.255.255.255", .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED }, DROP_MARTIAN },
		{ "the WAN's broadcast", { .src = "203.0.113.255", .dst = WAN, .proto = IPPROTO_ICMP, .type = 8 }, DROP_MARTIAN },
		{ "fragment", { .src = LAN_HOST, .dst = WAN, .frag = 0x2000, .proto = IPPROTO_UDP }, DROP_MARTIAN },
	};

	TABLE(*state, true, rows);
}

static const struct spec ours_udp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_UDP, .sport = ASKING, .dport = 53 };
static const struct spec stray_udp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_UDP, .sport = EMPTY, .dport = 53 };
static const struct spec ours_tcp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_TCP, .sport = CONNECTED, .dport = 443, .syn = true };
static const struct spec stray_tcp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_TCP, .sport = LISTENING, .dport = 443 };
static const struct spec ours_ping = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_ICMP, .type = 8, .id = 1 };
static const struct spec our_reply = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_ICMP, .type = 0, .id = 1 };
static const struct spec lan_udp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_UDP, .sport = CLAIMED, .dport = 53 };
static const struct spec lan_tcp = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_TCP, .sport = CLAIMED, .dport = 443 };
static const struct spec lan_ping = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_ICMP, .type = 8, .id = CLAIMED };
static const struct spec lan_options = { .src = WAN, .dst = REMOTE, .options = 40, .proto = IPPROTO_UDP, .sport = CLAIMED, .dport = 53 };
static const struct spec lan_first = { .src = WAN, .dst = REMOTE, .frag = 0x2000, .proto = IPPROTO_UDP, .sport = CLAIMED };
static const struct spec lan_fragment = { .src = WAN, .dst = REMOTE, .frag = 0x0010, .proto = IPPROTO_UDP, .sport = CLAIMED };
static const struct spec lan_gre = { .src = WAN, .dst = REMOTE, .proto = IPPROTO_GRE };
static const struct spec not_ours = { .src = "203.0.113.9", .dst = REMOTE, .proto = IPPROTO_UDP, .sport = CLAIMED };
static const struct spec from_other = { .src = WAN_2ND, .dst = REMOTE, .proto = IPPROTO_UDP, .sport = CLAIMED };

static void test_icmp_errors_follow_what_they_quote(void **state)
{
	static const struct row rows[] = {
		{ "of a LAN host's UDP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_udp }, ENGINE },
		{ "of its TCP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_tcp }, ENGINE },
		{ "of its ping, by a router", { .src = "192.0.2.1", .dst = WAN, .proto = IPPROTO_ICMP, .type = 11, .quote = &lan_ping }, ENGINE },
		{ "parameter problem", { WHOEVER, .proto = IPPROTO_ICMP, .type = 12, .quote = &lan_udp }, ENGINE },
		{ "8 bytes of TCP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_tcp, .quote_len = 28 }, ENGINE },
		{ "7 bytes", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_tcp, .quote_len = 27 }, DROP_MALFORMED },
		{ "no bytes", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_tcp, .quote_len = 20 }, DROP_MALFORMED },
		{ "19 bytes of IP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_tcp, .quote_len = 19 }, DROP_MALFORMED },
		{ "options in the quote", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_options }, ENGINE },
		{ "and cut in them", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_options, .quote_len = 59 }, DROP_MALFORMED },
		{ "options in both", { WHOEVER, .options = 40, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_options }, ENGINE },
		{ "of a first fragment", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_first }, ENGINE },
		{ "of a later fragment", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_fragment }, DROP_WAN_CLOSED },
		{ "of GRE", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &lan_gre }, ENGINE },
		{ "of what we never sent", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &not_ours }, DROP_WAN_CLOSED },
		{ "of our other address", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &from_other }, DROP_WAN_CLOSED },
		{ "of our UDP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &ours_udp }, PASS },
		{ "no socket of ours", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &stray_udp }, DROP_WAN_CLOSED },
		{ "of our TCP", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &ours_tcp }, PASS },
		{ "no connection of ours", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &stray_tcp }, DROP_WAN_CLOSED },
		{ "of our ping", { WHOEVER, .proto = IPPROTO_ICMP, .type = 11, .quote = &ours_ping }, PASS },
		{ "of our ping's answer", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3, .quote = &our_reply }, DROP_WAN_CLOSED },
		{ "nothing quoted", { WHOEVER, .proto = IPPROTO_ICMP, .type = 3 }, DROP_MALFORMED },
		{ "to our other address", { .src = REMOTE, .dst = WAN_2ND, .proto = IPPROTO_ICMP, .type = 3, .quote = &from_other }, DROP_WAN_CLOSED },
	};

	TABLE(*state, true, rows);
}

/* clang-format on */

/* clang-format off */

static void test_rfc4787_req7_a_first_lease_may_be_of_our_own_network(void **state)
{
	static const struct row rows[] = {
		{ "offer, broadcast", { .src = LAN_HOST, .dst = "255.255.255.255", .to = TO_ALL, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, PASS },
		{ "offer", { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = 67, .dport = 68 }, PASS },
		{ "anything else", { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP, .sport = 67, .dport = 69 }, DROP_WAN_TO_LAN },
	};
	struct house *h = *state;
	struct gate_port_info wan = { .ifindex = h->wan, .wan = true, .mac = wan_mac };

	assert_int_equal(gate_port_set(h->gate, &wan), 0);
	TABLE(*state, true, rows);
}

/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claimed_ports_are_the_engines),
		cmocka_unit_test(test_kernel_gets_what_a_socket_awaits),
		cmocka_unit_test(test_closed_ports_are_silent),
		cmocka_unit_test(test_open_ports_pass),
		cmocka_unit_test(test_a_dhcp_client_gets_its_renewal),
		cmocka_unit_test(test_dhcp_client_and_groups),
		cmocka_unit_test(test_fragments_are_the_engines),
		cmocka_unit_test(test_other_protocols_are_the_engines),
		cmocka_unit_test(test_lan_is_not_addressed_from_outside),
		cmocka_unit_test(test_sources_that_cannot_be),
		cmocka_unit_test(test_icmp_errors_follow_what_they_quote),
		/* Last: it takes the WAN's address away. */
		cmocka_unit_test(
			test_rfc4787_req7_a_first_lease_may_be_of_our_own_network),
	};

	return cmocka_run_group_tests(tests, sockets_open, house_close);
}
