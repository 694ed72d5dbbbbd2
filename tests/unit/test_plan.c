/* test_plan.c - what the kernel and the owner say becomes what gate and engine
 * are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "ctl/gateway/plan.h"

#define WAN  2
#define LAN  3
#define VPN  4
#define MAIN 254

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static struct link_if port(uint32_t ifindex, const char *addr)
{
	struct link_if i = { .ifindex = ifindex,
			     .mtu = 1500,
			     .up = true,
			     .running = true,
			     .ethernet = true,
			     .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };

	if (addr)
		i.addrs[i.addrs_n++] = prefix(addr);
	return i;
}

static struct link_route route(const char *dst, const char *via,
			       uint32_t ifindex, uint32_t metric)
{
	struct link_route r = { .dst = prefix(dst),
				.ifindex = ifindex,
				.metric = metric,
				.table = MAIN };

	if (via)
		assert_true(addr_parse(via, &r.via));
	return r;
}

/* A house with a WAN, a LAN and a VPN. */
struct house {
	struct link_if ifs[3];
	struct link_route routes[5];
	struct roles roles;
	struct settings settings;
	struct sockdiag_ports sockets;
	struct plan_input in;
};

static void build(struct house *h)
{
	*h = (struct house){
		.ifs = { port(WAN, "198.51.100.2/24"),
			 port(LAN, "10.77.0.1/24"),
			 port(VPN, "172.16.0.1/30") },
		.routes = { route("0.0.0.0/0", "198.51.100.9", WAN, 200),
			    route("0.0.0.0/0", "198.51.100.1", WAN, 100),
			    route("198.51.100.0/24", NULL, WAN, 0),
			    route("10.77.0.0/24", NULL, LAN, 0),
			    route("172.16.0.0/12", NULL, VPN, 0) },
		.roles = { .wan = WAN, .lan = { LAN }, .lan_n = 1 },
		.settings = { .nat_udp_s = 300, .nat_host_sessions = 77 },
	};
	h->in = (struct plan_input){ .ifs = h->ifs,
				     .ifs_n = 3,
				     .routes = h->routes,
				     .routes_n = 5,
				     .roles = &h->roles,
				     .lan_ifindex = LAN,
				     .lan_net = prefix("10.77.0.1/24"),
				     .settings = &h->settings,
				     .sockets = &h->sockets };
}

static void assert_v4(__be32 v4, const char *text)
{
	char buf[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &v4, buf, sizeof(buf));
	assert_string_equal(buf, text);
}

static void test_engine_learns_wan_and_lan(void **state)
{
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	plan_engine(&h.in, &conf);
	assert_true(conf.wan.up);
	assert_v4(conf.wan.addr, "198.51.100.2");
	assert_v4(conf.wan.net, "198.51.100.0");
	assert_v4(conf.wan.gateway, "198.51.100.1");
	assert_int_equal(conf.lans_n, 1);
	assert_v4(conf.lans[0].addr, "10.77.0.1");
	assert_int_equal(conf.timers.udp, 300000);
	assert_int_equal(conf.host_sessions, 77);
}

static void test_of_several_lan_addresses_ours_counts(void **state)
{
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	h.ifs[1].addrs[0] = prefix("192.168.1.1/24");
	h.ifs[1].addrs[1] = prefix("10.77.0.1/24");
	h.ifs[1].addrs_n = 2;
	plan_engine(&h.in, &conf);
	assert_v4(conf.lans[0].addr, "10.77.0.1");
	h.ifs[1].addrs_n = 1;
	plan_engine(&h.in, &conf);
	assert_int_equal(conf.lans_n, 0);
}

static void test_wan_without_address_or_carrier_is_not_up(void **state)
{
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	h.ifs[0].running = false;
	plan_engine(&h.in, &conf);
	assert_false(conf.wan.up);
	build(&h);
	h.ifs[0].addrs_n = 0;
	plan_engine(&h.in, &conf);
	assert_false(conf.wan.up);
	assert_int_equal(conf.wan.addr, 0);
	h.roles.wan = 0;
	plan_engine(&h.in, &conf);
	assert_int_equal(conf.wan.ifindex, 0);
}

static bool bit(const uint64_t *words, unsigned port)
{
	return words[port / 64] >> port % 64 & 1;
}

/* nat.md 30 */
static void test_nat_is_kept_off_our_own_ports(void **state)
{
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	h.sockets.held[0][22 / 64] |= 1ULL << 22;
	h.settings.wan_open[0] =
		(struct settings_open){ .proto = IPPROTO_UDP, .port = 7777 };
	h.settings.wan_open_n = 1;
	h.in.ssh_port = 2222;
	plan_engine(&h.in, &conf);
	assert_true(bit(conf.reserved[0], 22));
	assert_false(bit(conf.reserved[1], 22));
	assert_true(bit(conf.reserved[1], 7777));
	assert_false(bit(conf.reserved[0], 7777));
	assert_true(bit(conf.reserved[0], 2222));
	assert_true(bit(conf.reserved[0], PLAN_OWN_PORT_FIRST));
	assert_true(bit(conf.reserved[1], PLAN_OWN_PORT_LAST));
	assert_false(bit(conf.reserved[1], PLAN_OWN_PORT_LAST + 1));
	assert_true(bit(conf.reserved[1], 67));
	assert_true(bit(conf.reserved[1], 68));
}

/* nat.md 29 */
static void test_forwards_timers_and_limits_reach_the_engine(void **state)
{
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	h.sockets.held[0][443 / 64] |= 1ULL << 443 % 64;
	h.settings.nat_forwards[0] = (struct settings_forward){
		IPPROTO_TCP, 443, { prefix("10.77.0.5/32").addr, htons(8443) }
	};
	h.settings.nat_forwards_n = 1;
	h.settings.nat_sessions = 5000;
	h.settings.nat_mappings = 6000;
	h.settings.nat_tcp_rst_s = 7;
	h.settings.nat_syn_hold_s = 8;
	h.settings.nat_hold_down_s = 9;
	plan_engine(&h.in, &conf);
	assert_int_equal(conf.forwards_n, 1);
	assert_int_equal(conf.forwards[0].proto, IPPROTO_TCP);
	assert_int_equal(conf.forwards[0].port, 443);
	assert_int_equal(conf.forwards[0].to, inet_addr("10.77.0.5"));
	assert_int_equal(conf.forwards[0].to_port, 8443);
	/* A socket of this machine's has to stand back, in TCP alone. */
	assert_false(bit(conf.reserved[0], 443));
	assert_int_equal(conf.sessions_max, 5000);
	assert_int_equal(conf.mappings_max, 6000);
	assert_int_equal(conf.timers.tcp_rst, 7000);
	assert_int_equal(conf.timers.syn_hold, 8000);
	assert_int_equal(conf.timers.hold_down, 9000);
}

static void test_bitmaps_hold_what_is_open_and_what_is_ours(void **state)
{
	static uint64_t open[PLAN_BITS_WORDS], own[PLAN_BITS_WORDS];
	struct house h;

	(void)state;
	build(&h);
	h.settings.wan_open[0] =
		(struct settings_open){ .proto = IPPROTO_TCP, .port = 443 };
	h.settings.wan_open[1] =
		(struct settings_open){ .proto = IPPROTO_UDP, .port = 7777 };
	h.settings.wan_open_n = 2;
	h.sockets.connected_udp[123 / 64] |= 1ULL << 123 % 64;
	plan_bits(&h.in, open, own);
	assert_true(bit(open, 443));
	assert_false(bit(open, 7777));
	assert_true(bit(open + 1024, 7777));
	assert_true(bit(own + 1024, 123));
	assert_true(bit(own + 1024, PLAN_OWN_PORT_FIRST));
	assert_false(bit(own, PLAN_OWN_PORT_FIRST));
}

static void test_a_server_in_our_block_stays_closed(void **state)
{
	static uint64_t open[PLAN_BITS_WORDS], own[PLAN_BITS_WORDS];
	static uint64_t servers[1024];
	struct house h;

	(void)state;
	build(&h);
	servers[30001 / 64] |= 1ULL << 30001 % 64;
	servers[30002 / 64] |= 1ULL << 30002 % 64;
	h.sockets.connected_udp[30002 / 64] |= 1ULL << 30002 % 64;
	h.in.servers_udp = servers;
	plan_bits(&h.in, open, own);
	assert_false(bit(own + 1024, 30001));
	assert_true(bit(own + 1024, 30002));
	assert_true(bit(own + 1024, 30003));
}

static enum gate_kind kind_of(const struct gate_prefix *nets, unsigned n,
			      const char *text)
{
	struct prefix p = prefix(text);

	for (unsigned i = 0; i < n; i++)
		if (nets[i].prefix.len == p.len &&
		    addr_eq(&nets[i].prefix.addr, &p.addr))
			return nets[i].kind;
	return 0;
}

static void test_every_prefix_has_one_that_answers_for_it(void **state)
{
	struct gate_prefix nets[16];
	struct house h;
	unsigned n;

	(void)state;
	build(&h);
	n = plan_nets(&h.in, nets, 16);
	assert_int_equal(kind_of(nets, n, "10.77.0.1/32"), GATE_KIND_OWN);
	assert_int_equal(kind_of(nets, n, "198.51.100.2/32"), GATE_KIND_OWN);
	assert_int_equal(kind_of(nets, n, "10.77.0.0/24"), GATE_KIND_LAN);
	assert_int_equal(kind_of(nets, n, "198.51.100.0/24"), GATE_KIND_WAN);
	assert_int_equal(kind_of(nets, n, "172.16.0.0/12"), GATE_KIND_ROUTED);
	assert_int_equal(kind_of(nets, n, "0.0.0.0/0"), 0);
	assert_int_equal(n, 6);
	assert_int_equal(plan_nets(&h.in, nets, 2), 2);
	h.routes[4].ifindex = 0; /* a blackhole, and no WAN */
	h.roles.wan = 0;
	n = plan_nets(&h.in, nets, 16);
	assert_int_equal(kind_of(nets, n, "172.16.0.0/12"), GATE_KIND_ROUTED);
}

/* nat.md 6 */
static void test_overlap_of_wan_and_lan_is_seen(void **state)
{
	struct prefix inside = prefix("198.51.100.129/25");
	struct prefix outside = prefix("10.77.0.1/24");
	struct house h;

	(void)state;
	build(&h);
	assert_true(plan_overlap(&h.in, &inside));
	assert_false(plan_overlap(&h.in, &outside));
}

static void test_port_info_differs_by_role(void **state)
{
	const struct engine_port lan = { .ifindex = LAN, .slot = 1 };
	const struct engine_port wan = { .ifindex = WAN, .wan = true };
	struct gate_port_info info;
	struct engine_conf conf;
	struct house h;

	(void)state;
	build(&h);
	plan_engine(&h.in, &conf);
	plan_port(&conf, &lan, &info);
	assert_v4(info.addr, "10.77.0.1");
	assert_v4(info.wan_addr, "198.51.100.2");
	assert_int_equal(info.mac.b[5], LAN);
	assert_int_equal(info.slot, 1);
	assert_false(info.l3);
	plan_port(&conf, &wan, &info);
	assert_v4(info.addr, "198.51.100.2");
	assert_true(info.wan);
}

static void test_a_tun_has_no_ethernet(void **state)
{
	const struct engine_port tun = { .ifindex = LAN, .ip_only = true };
	struct gate_port_info info;
	struct engine_conf conf = { 0 };

	(void)state;
	plan_port(&conf, &tun, &info);
	assert_true(info.l3);
}

static void test_members_of_the_bridge_are_told(void **state)
{
	struct gate_member_mac macs[4];
	struct house h;

	(void)state;
	build(&h);
	assert_int_equal(plan_macs(&h.in, macs, 4), 1);
	assert_int_equal(macs[0].ifindex, LAN);
	h.ifs[2].master = LAN;
	assert_int_equal(plan_macs(&h.in, macs, 4), 2);
	assert_int_equal(macs[1].mac.b[5], VPN);
	assert_int_equal(plan_macs(&h.in, macs, 1), 1);
	h.in.lan_ifindex = 0;
	assert_int_equal(plan_macs(&h.in, macs, 4), 0);
}

static void test_ipv6_is_of_the_link(void **state)
{
	struct link_route routes[] = {
		route("::/0", "fe80::2", WAN, 200),
		route("::/0", "fe80::1", WAN, 100),
		route("::/0", "fe80::3", VPN, 1),
		route("2001:db8:f::/64", NULL, WAN, 256),
		route("fe80::/64", NULL, WAN, 256),
		route("fe80::/64", NULL, LAN, 256),
		route("2001:db8:1::/64", NULL, LAN, 256),
		route("fd00::/64", NULL, LAN, 256),
		route("fd00:2::/64", "fe80::9", LAN, 256),
		route("fd00:3::/64", NULL, VPN, 256),
		route("10.77.0.0/24", NULL, LAN, 0),
	};
	struct prefix first = prefix("2001:db8:1::/64");
	struct engine_conf conf;
	struct addr best;
	struct house h;

	(void)state;
	build(&h);
	h.in.routes = routes;
	h.in.routes_n = sizeof(routes) / sizeof(*routes);
	h.ifs[0].addrs[h.ifs[0].addrs_n++] = prefix("fe80::7/64");
	h.ifs[1].addrs[h.ifs[1].addrs_n++] = prefix("fe80::8/64");
	h.ifs[1].addrs[h.ifs[1].addrs_n++] = prefix("2001:db8:1::1/64");
	plan_engine(&h.in, &conf);
	/* A link-local address says nothing to who is far. */
	assert_true(addr_is_zero(&conf.wan.addr6));
	assert_true(addr_parse("2001:db8:1::1", &best));
	assert_true(addr_eq(&conf.lans[0].addr6, &best));
	assert_true(addr_parse("fe80::1", &best));
	assert_true(addr_eq(&conf.wan.gateway6, &best));
	assert_int_equal(conf.wan.nets6.n, 1);
	assert_int_equal(conf.lans[0].nets6.n, 2);
	assert_true(addr_eq(&conf.lans[0].nets6.nets[0].addr, &first.addr));
	assert_int_equal(conf.lans[0].nets6.nets[0].len, 64);
}

/* Every link has one: a neighbour on the WAN is no impostor from the LAN. */
static void test_link_local_networks_are_nobodys(void **state)
{
	struct link_route routes[] = { route("fe80::/64", NULL, LAN, 256) };
	struct gate_prefix nets[16];
	struct house h;
	unsigned n;

	(void)state;
	build(&h);
	h.in.routes = routes;
	h.in.routes_n = 1;
	n = plan_nets(&h.in, nets, 16);
	for (unsigned i = 0; i < n; i++)
		assert_true(addr_is_v4(&nets[i].prefix.addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine_learns_wan_and_lan),
		cmocka_unit_test(test_of_several_lan_addresses_ours_counts),
		cmocka_unit_test(test_wan_without_address_or_carrier_is_not_up),
		cmocka_unit_test(test_nat_is_kept_off_our_own_ports),
		cmocka_unit_test(
			test_forwards_timers_and_limits_reach_the_engine),
		cmocka_unit_test(
			test_bitmaps_hold_what_is_open_and_what_is_ours),
		cmocka_unit_test(test_a_server_in_our_block_stays_closed),
		cmocka_unit_test(test_every_prefix_has_one_that_answers_for_it),
		cmocka_unit_test(test_overlap_of_wan_and_lan_is_seen),
		cmocka_unit_test(test_port_info_differs_by_role),
		cmocka_unit_test(test_a_tun_has_no_ethernet),
		cmocka_unit_test(test_ipv6_is_of_the_link),
		cmocka_unit_test(test_link_local_networks_are_nobodys),
		cmocka_unit_test(test_members_of_the_bridge_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
