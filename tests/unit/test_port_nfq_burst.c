/* test_port_nfq_burst.c - packets that wait in one queue together, some of them
 * with their headers alone here: no verdict is another's, and no byte. */
#include "nfq_rig.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

static const char lan_v6[] =
	"sysctl -qw net.ipv6.conf.lc.disable_ipv6=0;"
	"ip -6 addr add 2001:db8:a::2/64 dev lc nodad;"
	"ip -6 neigh replace 2001:db8:a::1 lladdr 02:00:00:00:00:01 dev lc;"
	"ip -6 route add default via 2001:db8:a::1";

static struct addr v6_of(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static void number_by_v6(struct nfq_rig *r)
{
	struct conf_lan *lan = &r->conf.lans[0];
	struct conf_wan *wan = &r->conf.wan;

	sh("sysctl -qw net.ipv6.conf.gl.disable_ipv6=0 "
	   "net.ipv6.conf.gw.disable_ipv6=0;"
	   "ip -6 addr add 2001:db8:a::1/64 dev gl nodad;"
	   "ip -6 addr add 2001:db8:f::2/64 dev gw nodad;"
	   "ip -6 neigh replace 2001:db8:a::2 lladdr 02:00:00:00:00:11 dev gl");
	in_far(r, FAR_LAN, lan_v6);
	prefix_parse("2001:db8:a::/64", &lan->nets6.nets[0]);
	prefix_parse("2001:db8:f::/64", &wan->nets6.nets[0]);
	lan->nets6.n = 1;
	wan->nets6.n = 1;
	lan->addr6 = v6_of("2001:db8:a::1");
	wan->addr6 = v6_of("2001:db8:f::2");
	wan->gateway6 = v6_of("2001:db8:f::1");
}

static int setup(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = nfq_rig_build();
	nfq_rig_by_mark(*state);
	number_by_v6(*state);
	nfq_rig_start(*state);
	return 0;
}

static int teardown(void **state)
{
	nfq_rig_free(*state);
	return 0;
}

/* One that may go by its headers, two that must be seen whole, one more of the
 * first one's flow: all four go once, and that flow's in their order. */
static void verdicts_in_between_are_no_others(void **state)
{
	struct nfq_rig *r = *state;
	int flow = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int bare = far_socket(r, FAR_LAN, SOCK_DGRAM, 4001);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53), one = 1;
	uint8_t big[1200] = { 0 }, got[1500];
	size_t last = sizeof(big), n;
	uint64_t before;
	uint16_t port;

	setsockopt(bare, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one));
	exchange(r, flow, wan);
	send_to(bare, REMOTE, 53, "ask", 3);
	recv_from(r, wan, got, sizeof(got), NULL, NULL);
	before = totals_when(r, 3).tx_packets;
	engine_stop(r->engine);
	send_to(flow, REMOTE, 53, big, sizeof(big));
	send_to(bare, REMOTE, 53, big, 1001);
	send_to(bare, REMOTE, 53, big, 1002);
	send_to(flow, REMOTE, 53, big, 100);
	engine_start(r->engine);
	for (int i = 0; i < 4; i++) {
		n = recv_from(r, wan, got, sizeof(got), NULL, &port);
		if (port != 4000)
			continue;
		assert_int_equal(n, last);
		last = 100;
	}
	assert_int_equal(totals_when(r, before + 4).tx_packets, before + 4);
	close(flow);
	close(bare);
	close(wan);
}

/* What an error about 'fd' quoted. */
static size_t quoted(struct nfq_rig *r, int fd, uint8_t *got, size_t size)
{
	uint8_t control[512];
	struct iovec into = { got, size };
	struct msghdr m = { .msg_iov = &into,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = -1;

	for (int i = 0; i < 100 && n < 0; i++) {
		readable(r, fd, 50);
		m.msg_controllen = sizeof(control);
		n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	}
	assert_true(n > 0);
	return (size_t)n;
}

static int socket_v6(struct nfq_rig *r)
{
	int fd;

	enter_far(r, FAR_LAN);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	setns(r->home, CLONE_NEWNET);
	assert_true(fd >= 0);
	return fd;
}

/* An error quotes as much as the least MTU holds, but no more than is here. */
static void errors_quote_nobody_else(void **state)
{
	struct nfq_rig *r = *state;
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(99) };
	int asks = socket_v6(r), other = socket_v6(r), one = 1;
	static uint8_t mine[1300], secret[1300], got[2000];
	size_t n;

	inet_pton(AF_INET6, "2001:db8:99::9", &to.sin6_addr);
	memset(mine, 'a', sizeof(mine));
	memset(secret, 'S', sizeof(secret));
	setsockopt(asks, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	setsockopt(asks, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &one, sizeof(one));
	engine_stop(r->engine);
	sendto(asks, mine, sizeof(mine), 0, (void *)&to, sizeof(to));
	sendto(other, secret, sizeof(secret), 0, (void *)&to, sizeof(to));
	engine_start(r->engine);
	n = quoted(r, asks, got, sizeof(got));
	assert_true(n > 256);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got[i], 'a');
	close(asks);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			verdicts_in_between_are_no_others, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_quote_nobody_else, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
