/* test_guard.c - rules as nft reads them, sysctls, NIC features and the BPF
 * filesystem; and that all of it goes again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/ethtool.h"
#include "ctl/link/guard.h"
#include "netns.h"

#include <errno.h>

#define JOURNAL "/run/journal"
/* What the engine has let go passes. */
#define MARKS                                                                  \
	"\t\tmeta mark 0xb0000000/4 accept\n"                                  \
	"\t\tmeta mark 0xc0000000/4 meta mark set 0xb0000000 accept\n"         \
	"\t\tmeta mark 0xd0000000/4 meta mark set 0xb0000000 accept\n"
#define NONE_YET "counter packets 0 bytes 0 drop\n"

static struct journal *j;
static struct error err;

static struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

/* A house whose packets XDP carries. */
static struct guard_house house(const char *name, const char *wan,
				const char *lan, const struct prefix *nets,
				unsigned nets_n)
{
	return (struct guard_house){ .instance = name,
				     .wan = wan,
				     .lan = lan,
				     .nets = nets,
				     .nets_n = nets_n };
}

static int rules_set(const char *name, const char *wan, const char *lan,
		     const struct prefix *nets, unsigned nets_n)
{
	struct guard_house h = house(name, wan, lan, nets, nets_n);

	return guard_rules_set(j, &h, &err);
}

static void rules_read_as_meant(void **state)
{
	struct prefix lans[] = { net("10.77.0.1/24"), net("fd77::/64") };

	(void)state;
	assert_int_equal(rules_set("home", "eth0", "br0", lans, 2), 0);
	assert_true(sh_prints(
		"nft list ruleset",
		"table inet home {\n"
		"\tchain forward {\n"
		"\t\ttype filter hook forward priority filter - 10; "
		"policy accept;\n" MARKS
		"\t\tiifname \"br0\" oifname \"eth0\" " NONE_YET
		"\t\tiifname \"eth0\" oifname \"br0\" " NONE_YET
		"\t\toifname \"eth0\" ip saddr 10.77.0.0/24 " NONE_YET
		"\t\tiifname \"eth0\" ip daddr 10.77.0.0/24 " NONE_YET
		"\t\toifname \"eth0\" ip6 saddr fd77::/64 " NONE_YET
		"\t\tiifname \"eth0\" ip6 daddr fd77::/64 " NONE_YET "\t}\n"
		"\n"
		"\tchain output {\n"
		"\t\ttype filter hook output priority filter - 10; "
		"policy accept;\n"
		"\t\tmeta mark 0xe0000000/4 accept\n"
		"\t\toifname \"eth0\" icmp type "
		"destination-unreachable icmp code port-unreachable " NONE_YET
		"\t\toifname \"eth0\" icmpv6 type "
		"destination-unreachable icmpv6 code "
		"port-unreachable " NONE_YET
		"\t\toifname \"eth0\" ip saddr 10.77.0.0/24 " NONE_YET
		"\t\toifname \"eth0\" ip6 saddr fd77::/64 " NONE_YET "\t}\n}"));
}

/* Marks as nft prints them are prefixes. */
static void rules_queue_what_is_marked(void **state)
{
	struct prefix lan = net("10.77.0.1/24");
	struct guard_house h = house("home", "eth0", "br0", &lan, 1);

	(void)state;
	h.queued = 1u << 0 | 1u << 3;
	h.wan_marked = true;
	h.closed_n = 1;
	h.closed[0] = (struct guard_closed){ .ifname = "br0", .v6 = true };
	assert_int_equal(guard_rules_set(j, &h, &err), 0);
	assert_true(sh_prints(
		"nft list chain inet home to_engine",
		"type filter hook prerouting priority raw - 10; policy "
		"accept;\n"
		"\t\tiifname \"eth0\" meta mark 0x90000000/4 meta mark set "
		"meta mark & 0x0fffffff accept\n"
		"\t\tiifname \"eth0\" meta mark 0x00000000/4 " NONE_YET
		"\t\tmeta mark 0xa0000000 notrack queue "));
	/* "num 20483" by iptables' word, "to 20483" by nf_tables' own. */
	assert_true(sh_prints("nft list chain inet home to_engine |"
			      " sed -n 's/num/to/;s/.*mark //p'",
			      "0xa0000003 notrack queue to 20483\n"));
	assert_true(sh_prints("nft list chain inet home forward",
			      "iifname \"br0\" meta nfproto ipv6 " NONE_YET));
	assert_true(sh_prints(
		"nft list chain inet home output",
		"oifname \"eth0\" icmp type time-exceeded " NONE_YET));
	assert_true(guard_rules_stand("home"));
	sh("nft flush chain inet home to_engine");
	assert_false(guard_rules_stand("home"));
	assert_int_equal(guard_rules_set(j, &h, &err), 0);
	assert_true(guard_rules_stand("home"));
	sh("nft flush ruleset");
	assert_false(guard_rules_stand("home"));
}

/* With nothing to queue, too. */
static void what_comes_in_unmarked_is_dropped(void **state)
{
	struct prefix lan = net("10.77.0.1/24");
	struct guard_house h = house("home", "eth0", "br0", &lan, 1);

	(void)state;
	h.wan_marked = true;
	assert_int_equal(guard_rules_set(j, &h, &err), 0);
	assert_true(sh_prints(
		"nft list chain inet home to_engine",
		"iifname \"eth0\" meta mark 0x00000000/4 " NONE_YET "\t}\n}"));
	assert_true(guard_rules_stand("home"));
}

/* A rule beside somebody's, first, once, and gone again with the journal. */
static void a_rule_of_ours_comes_first_in_others_chains(void **state)
{
	char *before;

	(void)state;
	sh("nft add table ip other &&"
	   "nft add chain ip other crossing '{ type filter hook forward "
	   "priority 0;"
	   " policy drop; }' && nft add rule ip other crossing counter accept "
	   "&&"
	   "nft add chain ip other idle '{ type filter hook forward priority 5;"
	   " policy accept; }'");
	before = sh_output(NETNS_PICTURE);
	guard_foreign_pass(j, "home");
	guard_foreign_pass(j, "home");
	assert_true(sh_prints("nft list chain ip other crossing",
			      "policy drop;\n\t\tmeta mark 0xb0000000/4 "
			      "counter packets 0 bytes 0 accept comment "
			      "\"portcullis home\"\n\t\tcounter packets"));
	assert_true(sh_prints("nft list ruleset | grep -c portcullis", "1"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(netns_same(before));
}

/* What the kernel did not route before is known as such from then on. */
static void forwarding_is_per_device_and_goes_back(void **state)
{
	struct guard_closed c;
	char *before;

	(void)state;
	sh("ip link add lan0 type veth peer name wan0");
	before = sh_output(NETNS_PICTURE);
	c = guard_forward_closed(j, "lan0");
	assert_true(c.v4 && c.v6);
	assert_int_equal(guard_forward(j, "lan0", "lan0", &err), 0);
	assert_true(
		sh_prints("cat /proc/sys/net/ipv4/conf/lan0/forwarding", "1"));
	assert_true(
		sh_prints("cat /proc/sys/net/ipv4/conf/wan0/forwarding", "0"));
	c = guard_forward_closed(j, "lan0");
	assert_true(c.v4 && c.v6);
	assert_int_equal(journal_undo(j), 0);
	assert_true(netns_same(before));
}

static void rules_of_many_networks_fit_in_one_batch(void **state)
{
	char name[64] = { 0 };
	struct prefix lans[16];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	for (unsigned i = 0; i < 16; i++) {
		lans[i] = net("fd77::/64");
		lans[i].addr.b[7] = (uint8_t)i;
	}
	assert_int_equal(rules_set(name, "eth0", "br0", lans, 16), 0);
	assert_true(sh_prints("nft list ruleset | grep -c drop", "52"));
}

static void rules_are_replaced_whole_and_others_stay(void **state)
{
	struct prefix first = net("10.77.0.1/24"), second = net("10.78.0.1/20");

	(void)state;
	sh("nft add table inet other");
	assert_int_equal(rules_set("home", "eth0", "br0", &first, 1), 0);
	assert_int_equal(rules_set("home", "eth1", "br0", &second, 1), 0);
	assert_true(sh_prints("nft list ruleset | grep -c drop", "7"));
	assert_true(sh_prints("nft list ruleset",
			      "oifname \"eth1\" ip saddr 10.78.0.0/20"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("nft list tables | wc -l", "1"));
	assert_true(sh_prints("nft list tables", "table inet other"));
}

/* A kernel that forwards, between a LAN host and somebody outside. */
static void street(pid_t inside, pid_t outside)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "ip link add lan type veth peer name eth0 netns %d &&"
		 "ip link add wan type veth peer name eth0 netns %d &&"
		 "ip addr add 10.77.0.1/24 dev lan && ip link set lan up &&"
		 "ip addr add 192.0.2.1/24 dev wan && ip link set wan up &&"
		 "nsenter -t %d -n sh -c 'ip link set eth0 up;"
		 "ip addr add 10.77.0.2/24 dev eth0;"
		 "ip addr add 203.0.113.9/32 dev eth0;"
		 "ip route add default via 10.77.0.1' &&"
		 "nsenter -t %d -n sh -c 'ip link set eth0 up;"
		 "ip addr add 192.0.2.2/24 dev eth0;"
		 "ip route add 10.77.0.0/24 via 192.0.2.1' &&"
		 "for i in all lan wan default; do"
		 " echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done;"
		 "echo 1 > /proc/sys/net/ipv4/ip_forward",
		 inside, outside, inside, outside);
	sh(command);
}

/* What the table is for: nothing leaves untranslated, whatever its source. */
static void rules_stop_what_the_kernel_would_forward(void **state)
{
	struct prefix lan = net("10.77.0.1/24");
	pid_t inside = netns_peer(), outside = netns_peer();
	char command[512];

	(void)state;
	street(inside, outside);
	assert_int_equal(rules_set("home", "wan", "lan", &lan, 1), 0);
	snprintf(command, sizeof(command),
		 "nsenter -t %d -n sh -c 'ping -c 1 -W 1 192.0.2.2 ||"
		 "ping -c 1 -W 1 -I 203.0.113.9 192.0.2.2 ||"
		 "ping -c 1 -W 1 192.0.2.1 && echo gateway answers'",
		 inside);
	assert_true(sh_prints(command, "gateway answers"));
	assert_true(sh_prints("nft list ruleset",
			      "iifname \"lan\" oifname \"wan\" counter "
			      "packets 2 bytes 168 drop"));
	netns_peer_end(inside);
	netns_peer_end(outside);
}

/* Neither in the LAN's name nor to say that nobody listens. */
static void rules_keep_the_machine_silent_outside(void **state)
{
	struct prefix lan = net("10.77.0.1/24");
	pid_t inside = netns_peer(), outside = netns_peer();
	char command[512];

	(void)state;
	street(inside, outside);
	assert_int_equal(rules_set("home", "wan", "lan", &lan, 1), 0);
	snprintf(command, sizeof(command),
		 "nsenter -t %d -n bash -c '"
		 "exec 3<>/dev/udp/192.0.2.1/50000; echo >&3; sleep 0.3;"
		 "echo >&3 && echo not told;"
		 "ping -c 1 -W 1 10.77.0.1 || ping -c 1 -W 1 192.0.2.1 &&"
		 "echo gateway answers'",
		 outside);
	assert_true(sh_prints(command, "not told"));
	assert_true(sh_prints(command, "gateway answers"));
	assert_true(sh_prints("nft list ruleset",
			      "icmp code port-unreachable counter packets 4"));
	assert_true(sh_prints("nft list chain inet home output",
			      "ip saddr 10.77.0.0/24 counter packets 2 "
			      "bytes 168 drop"));
	netns_peer_end(inside);
	netns_peer_end(outside);
}

static void sysctls_go_back(void **state)
{
	char *before = sh_output(NETNS_PICTURE);

	(void)state;
	assert_int_equal(guard_sysctl_set(j, "net/ipv4/ip_local_port_range",
					  "49152 57343", &err),
			 0);
	assert_int_equal(guard_sysctl_set(j, "net/ipv4/ip_local_port_range",
					  "49152 57343", &err),
			 0);
	assert_int_equal(
		guard_sysctl_set(j, "net/ipv4/conf/lo/rp_filter", "2", &err),
		0);
	assert_true(sh_prints("cat /proc/sys/net/ipv4/ip_local_port_range",
			      "49152\t57343"));
	assert_true(sh_prints("wc -l < " JOURNAL, "3"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(netns_same(before));
}

static void sysctls_that_cannot_be_set_say_so(void **state)
{
	(void)state;
	assert_int_equal(guard_sysctl_set(j, "net/ipv4/no_such", "1", &err),
			 -ENOENT);
	assert_string_equal(err.text,
			    "/proc/sys/net/ipv4/no_such cannot be set to "
			    "\"1\": No such file or directory");
	assert_int_equal(guard_sysctl_set(j, "../../etc/passwd", "1", &err),
			 -EINVAL);
}

static uint32_t veth_pair(void)
{
	sh("ip link add v0 index 7 type veth peer name v1");
	return 7;
}

static void virtual_ports_are_left_as_they_are(void **state)
{
	uint32_t v0 = veth_pair();
	char *before = sh_output(NETNS_PICTURE);

	(void)state;
	assert_int_equal(guard_nic_prepare(j, v0, "v0", &err), 0);
	assert_true(sh_prints("wc -l < " JOURNAL, "1"));
	assert_true(netns_same(before));
	assert_int_equal(guard_nic_prepare(j, 99, "v9", &err), -ENODEV);
}

static void features_switch_off_and_back(void **state)
{
	struct ethtool_feature f[] = { { .name = "rx-vlan-hw-parse" },
				       { .name = "rx-gro-hw" },
				       { .name = "no-such-thing" } };
	uint32_t v0 = veth_pair();
	char *before = sh_output(NETNS_PICTURE);
	struct ethtool et;

	(void)state;
	assert_int_equal(ethtool_open(&et), 0);
	assert_int_equal(ethtool_features_get(&et, v0, f, 3), 0);
	assert_true(f[0].active && f[0].changeable);
	assert_false(f[1].active || f[1].changeable);
	assert_false(f[2].active || f[2].changeable);
	assert_int_equal(journal_add(j, "ethtool v0 %u %s", v0, f[0].name), 0);
	assert_int_equal(ethtool_feature_set(&et, v0, f[0].name, false), 0);
	assert_true(sh_prints("ethtool -k v0", "rx-vlan-offload: off\n"));
	assert_int_equal(ethtool_features_get(&et, v0, f, 1), 0);
	assert_false(f[0].active);
	assert_int_equal(journal_undo(j), 0);
	assert_true(netns_same(before));
	ethtool_close(&et);
}

static void bpffs_is_mounted_once_and_goes_when_empty(void **state)
{
	(void)state;
	assert_int_equal(guard_bpffs_mount(j, "/sys/fs/bpf", &err), 0);
	assert_int_equal(guard_bpffs_mount(j, "/sys/fs/bpf", &err), 0);
	assert_true(sh_prints("stat -f -c %T /sys/fs/bpf", "bpf_fs"));
	assert_true(sh_prints("wc -l < " JOURNAL, "2"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("stat -f -c %T /sys/fs/bpf", "sysfs"));
}

static void bpffs_stays_where_it_is_not_ours_to_take(void **state)
{
	(void)state;
	assert_int_equal(guard_bpffs_mount(j, "/sys/fs/bpf", &err), 0);
	sh("mkdir /sys/fs/bpf/theirs");
	assert_int_equal(journal_undo(j), 0);
	sh("rmdir /sys/fs/bpf/theirs");
	/* As a later start would do it, from another mount namespace. */
	journal_add(j, "mount 1:2 /sys/fs/bpf");
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("stat -f -c %T /sys/fs/bpf", "bpf_fs"));
	assert_int_equal(guard_bpffs_mount(j, "/no/such", &err), -ENOENT);
	assert_string_equal(err.text,
			    "a BPF filesystem cannot be mounted at /no/such: "
			    "No such file or directory");
}

static int setup(void **state)
{
	bool left;

	if (netns_enter(state))
		return -1;
	return journal_open(&j, JOURNAL, &left, &err);
}

static int teardown(void **state)
{
	(void)state;
	journal_close(j);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_read_as_meant),
		TEST(rules_queue_what_is_marked),
		TEST(what_comes_in_unmarked_is_dropped),
		TEST(a_rule_of_ours_comes_first_in_others_chains),
		TEST(forwarding_is_per_device_and_goes_back),
		TEST(rules_of_many_networks_fit_in_one_batch),
		TEST(rules_are_replaced_whole_and_others_stay),
		TEST(rules_stop_what_the_kernel_would_forward),
		TEST(rules_keep_the_machine_silent_outside),
		TEST(sysctls_go_back),
		TEST(sysctls_that_cannot_be_set_say_so),
		TEST(virtual_ports_are_left_as_they_are),
		TEST(features_switch_off_and_back),
		TEST(bpffs_is_mounted_once_and_goes_when_empty),
		TEST(bpffs_stays_where_it_is_not_ours_to_take),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
