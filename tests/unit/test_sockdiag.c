/* test_sockdiag.c - every socket of the namespace is seen, and who holds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/sockdiag.h"
#include "netns.h"

#include <netinet/in.h>
#include <sys/socket.h>

static int bound(int family, int type, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int fd = socket(family, type, 0);
	bool v4 = family == AF_INET;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, v4 ? (void *)&four : (void *)&six,
			      v4 ? sizeof(four) : sizeof(six)),
			 0);
	return fd;
}

static bool has(const uint64_t *bits, uint16_t port)
{
	return bits[port / 64] >> port % 64 & 1;
}

static void sees_sockets_of_both_families_and_protocols(void **state)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = htons(9) };
	int tcp4 = bound(AF_INET, SOCK_STREAM, 4001);
	int tcp6 = bound(AF_INET6, SOCK_STREAM, 4002);
	int udp4 = bound(AF_INET, SOCK_DGRAM, 4003);
	int udp6 = bound(AF_INET6, SOCK_DGRAM, 4004);
	static struct sockdiag_ports ports;

	(void)state;
	peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sh("ip link set lo up");
	listen(tcp4, 1);
	listen(tcp6, 1);
	assert_int_equal(connect(udp4, (void *)&peer, sizeof(peer)), 0);
	assert_int_equal(sockdiag_ports(&ports), 0);
	assert_true(has(ports.held[0], 4001) && has(ports.held[0], 4002));
	assert_true(has(ports.held[1], 4003) && has(ports.held[1], 4004));
	assert_false(has(ports.held[1], 4001) || has(ports.held[0], 4003));
	assert_true(has(ports.connected_udp, 4003));
	assert_false(has(ports.connected_udp, 4004));
	assert_false(has(ports.held[0], 0) || has(ports.held[1], 0));
	close(tcp4);
	close(tcp6);
	close(udp4);
	close(udp6);
	assert_int_equal(sockdiag_ports(&ports), 0);
	assert_false(has(ports.held[1], 4003));
}

static void names_the_holder(void **state)
{
	char expected[64], text[64], tiny[8];
	int fd = bound(AF_INET6, SOCK_DGRAM, 53);

	(void)state;
	snprintf(expected, sizeof(expected), "test_sockdiag (pid %d)",
		 getpid());
	sockdiag_holder(IPPROTO_UDP, 53, text, sizeof(text));
	assert_string_equal(text, expected);
	sockdiag_holder(IPPROTO_UDP, 53, tiny, sizeof(tiny));
	assert_string_equal(tiny, "test_so");
	sockdiag_holder(IPPROTO_TCP, 53, text, sizeof(text));
	assert_string_equal(text, "another process");
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup(f, netns_enter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sees_sockets_of_both_families_and_protocols),
		TEST(names_the_holder),
	};

	return cmocka_run_group_tests_name("sockdiag", tests, NULL, NULL);
}
