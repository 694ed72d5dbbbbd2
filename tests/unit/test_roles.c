/* test_roles.c - every rule and every refusal of design section 8, on made-up
 * machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/roles.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#define ALL(a) (a), sizeof(a) / sizeof((a)[0])

enum { LO = 1, ETH0, ETH1, ETH2, WLAN0, VETH0, BR0, ETH3, ETH4, PPP0, ETH5 };

static struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

/* A home server: two free ports, the others each with a catch. */
static unsigned machine(struct link_if ifs[16])
{
	const struct link_if model[] = {
		{ .ifindex = LO, .name = "lo", .loopback = true, .mtu = 65536 },
		{ .ifindex = ETH0, .name = "eth0", .addrs_n = 1 },
		{ .ifindex = ETH1, .name = "eth1", .addrs_n = 1 },
		{ .ifindex = ETH2, .name = "eth2" },
		{ .ifindex = WLAN0, .name = "wlan0", .wireless = true },
		{ .ifindex = VETH0, .name = "veth0", .kind = "veth" },
		{ .ifindex = BR0, .name = "br0", .kind = "bridge" },
		{ .ifindex = ETH3, .name = "eth3", .master = BR0 },
		{ .ifindex = ETH4, .name = "eth4", .addrs_n = 1 },
		{ .ifindex = PPP0, .name = "ppp0", .kind = "ppp" },
		{ .ifindex = ETH5, .name = "eth5", .xdp_prog = 12 },
	};
	unsigned i, n = sizeof(model) / sizeof(model[0]);

	for (i = 0; i < n; i++) {
		ifs[i] = model[i];
		ifs[i].physical = !model[i].kind[0] && !model[i].loopback;
		ifs[i].ethernet = !model[i].loopback && i != PPP0 - 1;
		if (!model[i].mtu)
			ifs[i].mtu = 1500;
	}
	ifs[ETH0 - 1].addrs[0] = net("198.51.100.7/24");
	ifs[ETH1 - 1].addrs[0] = net("fe80::1/64");
	ifs[ETH4 - 1].addrs[0] = net("192.0.2.1/30");
	return n;
}

static struct link_route default_by(uint32_t ifindex, uint32_t metric)
{
	return (struct link_route){ .dst = net("0.0.0.0/0"),
				    .ifindex = ifindex,
				    .metric = metric,
				    .table = RT_TABLE_MAIN };
}

static int pick(const struct roles_wish *wish, uint32_t default_ifindex,
		struct roles *out, struct error *err)
{
	struct link_route route = default_by(default_ifindex, 0);
	struct link_if ifs[16];
	unsigned n = machine(ifs);

	return roles_pick(wish, ifs, n, &route, default_ifindex ? 1 : 0, out,
			  err);
}

static void finds_wan_by_default_route_and_free_wired_ports(void **state)
{
	struct roles_wish wish = { 0 };
	struct roles roles;
	struct error err;

	(void)state;
	assert_int_equal(pick(&wish, ETH0, &roles, &err), 0);
	assert_int_equal(roles.wan, ETH0);
	assert_int_equal(roles.lan_n, 2);
	assert_int_equal(roles.lan[0], ETH1);
	assert_int_equal(roles.lan[1], ETH2);
}

static void takes_what_is_named(void **state)
{
	struct roles_wish wish = { .wan = "veth0",
				   .lan = { "eth4", "wlan0" },
				   .lan_n = 2 };
	struct roles roles;
	struct error err;

	(void)state;
	assert_int_equal(pick(&wish, ETH0, &roles, &err), 0);
	assert_int_equal(roles.wan, VETH0);
	assert_int_equal(roles.lan_n, 2);
	assert_int_equal(roles.lan[0], ETH4);
	assert_int_equal(roles.lan[1], WLAN0);
}

static void awaits_the_wan_when_the_lan_is_named(void **state)
{
	struct roles_wish wish = { .lan = { "eth1" }, .lan_n = 1 };
	struct roles roles;
	struct error err;

	(void)state;
	assert_int_equal(pick(&wish, 0, &roles, &err), 0);
	assert_int_equal(roles.wan, 0);
	assert_int_equal(roles.lan[0], ETH1);
}

static void keeps_its_own_ports_on_a_second_pick(void **state)
{
	struct roles_wish wish = { .own_lan = BR0 };
	struct link_route route = default_by(ETH0, 0);
	struct link_if ifs[16];
	unsigned n = machine(ifs);
	struct roles roles;
	struct error err;

	(void)state;
	ifs[ETH3 - 1].xdp_prog = 40;
	assert_int_equal(roles_pick(&wish, ifs, n, &route, 1, &roles, &err), 0);
	assert_int_equal(roles.lan_n, 3);
	assert_int_equal(roles.lan[2], ETH3);
}

static const struct refusal {
	struct roles_wish wish;
	uint32_t default_ifindex;
	const char *sentence;
} refusals[] = {
	{ { .wan = "eth9" },
	  ETH0,
	  "--wan eth9: no such interface; there are eth0, eth1, eth2, wlan0, "
	  "veth0, br0, eth3, eth4, ppp0, eth5" },
	{ { .lan = { "eth8" }, .lan_n = 1 },
	  ETH0,
	  "--lan eth8: no such interface; there are eth0, eth1, eth2, wlan0, "
	  "veth0, br0, eth3, eth4, ppp0, eth5" },
	{ { .wan = "eth0", .lan = { "eth1", "eth0" }, .lan_n = 2 },
	  0,
	  "--wan and --lan both name eth0" },
	{ { .lan = { "eth0" }, .lan_n = 1 },
	  ETH0,
	  "--lan names eth0, which has the default route: name the WAN with "
	  "--wan" },
	{ { .lan = { "eth1", "eth2", "eth1" }, .lan_n = 3 },
	  ETH0,
	  "--lan names eth1 twice" },
	{ { .wan = "lo" }, 0, "lo is the loopback: name an Ethernet port" },
	{ { 0 }, PPP0, "ppp0 is not an Ethernet port: name one that is" },
	{ { .lan = { "eth1", "ppp0" }, .lan_n = 2 },
	  ETH0,
	  "ppp0 has no Ethernet and joins no bridge: name it alone with "
	  "--lan" },
	{ { .wan = "br0" },
	  0,
	  "br0 is a bridge: free a port of it and name that one" },
	{ { .lan = { "eth3" }, .lan_n = 1 },
	  ETH0,
	  "eth3 belongs to br0: take it out first (ip link set dev eth3 "
	  "nomaster) or name another port" },
	{ { 0 },
	  0,
	  "no default route tells which of eth1, eth2 is the WAN: name it with "
	  "--wan" },
};

static void refuses_with_one_sentence(void **state)
{
	const struct refusal *r = refusals;
	struct roles roles;
	struct error err;

	(void)state;
	for (; r < refusals + sizeof(refusals) / sizeof(refusals[0]); r++) {
		assert_int_equal(
			pick(&r->wish, r->default_ifindex, &roles, &err),
			-EINVAL);
		assert_string_equal(err.text, r->sentence);
	}
}

static void says_why_no_second_port_was_found(void **state)
{
	struct roles_wish wish = { .wan = "eth0" };
	struct link_if ifs[16];
	struct roles roles;
	struct error err;

	(void)state;
	machine(ifs);
	assert_int_equal(roles_pick(&wish, ifs, 2, NULL, 0, &roles, &err),
			 -EINVAL);
	assert_string_equal(err.text, "no second network port found: name one "
				      "with --lan");
	ifs[ETH1 - 1] = ifs[WLAN0 - 1];
	ifs[ETH2 - 1] = ifs[ETH4 - 1];
	assert_int_equal(roles_pick(&wish, ifs, 4, NULL, 0, &roles, &err),
			 -EINVAL);
	assert_string_equal(err.text, "no second network port found (wlan0 is "
				      "wireless, eth4 has an address): name "
				      "one with --lan");
}

static void refuses_jumbo_frames_on_either_side(void **state)
{
	struct roles_wish wish = { .wan = "eth0",
				   .lan = { "eth1" },
				   .lan_n = 1 };
	struct link_if ifs[16];
	unsigned n = machine(ifs);
	struct roles roles;
	struct error err;

	(void)state;
	ifs[ETH1 - 1].mtu = 9000;
	assert_int_equal(roles_pick(&wish, ifs, n, NULL, 0, &roles, &err),
			 -EINVAL);
	assert_string_equal(err.text,
			    "eth1 has an MTU of 9000, more than the 1500 an "
			    "XDP buffer takes: run ip link set dev eth1 mtu "
			    "1500");
	ifs[ETH1 - 1].mtu = 1280;
	assert_int_equal(roles_pick(&wish, ifs, n, NULL, 0, &roles, &err), 0);
}

static void a_long_list_of_interfaces_is_cut_short(void **state)
{
	struct roles_wish wish = { .wan = "nope" };
	static struct link_if ifs[200];
	struct roles roles;
	struct error err;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++)
		snprintf(ifs[i].name, sizeof(ifs[i].name), "veth%u", i);
	assert_int_equal(roles_pick(&wish, ALL(ifs), NULL, 0, &roles, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "veth0, veth1"));
	assert_string_equal(err.text + strlen(err.text) - strlen(", …"), ", …");
}

static void default_route_is_that_of_lowest_metric_in_main(void **state)
{
	struct link_route routes[] = {
		default_by(ETH0, 600), default_by(ETH1, 100),
		default_by(ETH2, 0),   default_by(ETH3, 0),
		default_by(0, 0),
	};

	(void)state;
	routes[2].table = RT_TABLE_LOCAL;
	routes[3].dst = net("::/0");
	assert_ptr_equal(roles_default_route(ALL(routes), 0), &routes[1]);
	assert_ptr_equal(roles_default_route(ALL(routes), ETH0), &routes[0]);
	assert_null(roles_default_route(ALL(routes), ETH2));
}

static void assert_picks(const struct link_if *ifs, unsigned ifs_n,
			 const struct link_route *routes, unsigned routes_n,
			 uint32_t own, const char *expected)
{
	char text[PREFIX_STRLEN];
	struct error err;
	struct prefix p;

	assert_int_equal(
		roles_pick_net(ifs, ifs_n, routes, routes_n, own, &p, &err), 0);
	assert_string_equal(prefix_format(&p, text), expected);
}

static void lan_network_is_the_first_that_overlaps_nothing(void **state)
{
	struct link_route routes[] = {
		default_by(ETH0, 0),
		{ .dst = net("::/0"), .ifindex = ETH0 },
		{ .dst = net("10.78.0.128/25"), .ifindex = ETH0 },
	};
	struct link_if ifs[16];
	unsigned n = machine(ifs);

	(void)state;
	assert_picks(ifs, n, routes, 3, 0, "10.77.0.1/24");
	ifs[ETH0 - 1].addrs[0] = net("10.77.0.9/30");
	assert_picks(ifs, n, routes, 3, 0, "10.79.0.1/24");
	assert_picks(ifs, n, routes, 3, ETH0, "10.77.0.1/24");
	/* What an owner refuses to leak may well be served here. */
	routes[2] = (struct link_route){ .dst = net("10.0.0.0/8") };
	assert_picks(ifs, n, routes, 3, ETH0, "10.77.0.1/24");
	routes[2] = (struct link_route){ .dst = net("10.78.0.128/25"),
					 .ifindex = ETH0 };
	ifs[ETH0 - 1].addrs[0] = net("10.3.2.1/8");
	assert_picks(ifs, n, routes, 3, 0, "192.168.77.1/24");
	routes[2].dst = net("192.168.0.0/16");
	{
		struct error err;
		struct prefix p;

		assert_int_equal(roles_pick_net(ifs, n, routes, 3, 0, &p, &err),
				 -EADDRNOTAVAIL);
		assert_non_null(strstr(err.text, "--lan-net"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			finds_wan_by_default_route_and_free_wired_ports),
		cmocka_unit_test(takes_what_is_named),
		cmocka_unit_test(awaits_the_wan_when_the_lan_is_named),
		cmocka_unit_test(keeps_its_own_ports_on_a_second_pick),
		cmocka_unit_test(refuses_with_one_sentence),
		cmocka_unit_test(says_why_no_second_port_was_found),
		cmocka_unit_test(refuses_jumbo_frames_on_either_side),
		cmocka_unit_test(a_long_list_of_interfaces_is_cut_short),
		cmocka_unit_test(
			default_route_is_that_of_lowest_metric_in_main),
		cmocka_unit_test(
			lan_network_is_the_first_that_overlaps_nothing),
	};

	return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
