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

static struct journal *j;
static struct error err;

static struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static void rules_read_as_meant(void **state)
{
	struct prefix lans[] = { net("10.77.0.1/24"), net("fd77::/64") };

	(void)state;
	assert_int_equal(guard_rules_set(j, "home", "eth0", lans, 2, &err), 0);
	assert_true(
		sh_prints("nft list ruleset",
			  "table inet home {\n"
			  "\tchain forward {\n"
			  "\t\ttype filter hook forward priority filter - 10; "
			  "policy accept;\n"
			  "\t\toifname \"eth0\" ip saddr 10.77.0.0/24 "
			  "counter packets 0 bytes 0 drop\n"
			  "\t\tiifname \"eth0\" ip daddr 10.77.0.0/24 "
			  "counter packets 0 bytes 0 drop\n"
			  "\t\toifname \"eth0\" ip6 saddr fd77::/64 "
			  "counter packets 0 bytes 0 drop\n"
			  "\t\tiifname \"eth0\" ip6 daddr fd77::/64 "
			  "counter packets 0 bytes 0 drop\n"
			  "\t}\n}"));
}

static void rules_are_replaced_whole_and_others_stay(void **state)
{
	struct prefix first = net("10.77.0.1/24"), second = net("10.78.0.1/20");

	(void)state;
	sh("nft add table inet other");
	assert_int_equal(guard_rules_set(j, "home", "eth0", &first, 1, &err),
			 0);
	assert_int_equal(guard_rules_set(j, "home", "eth1", &second, 1, &err),
			 0);
	assert_true(sh_prints("nft list ruleset | grep -c drop", "2"));
	assert_true(sh_prints("nft list ruleset",
			      "oifname \"eth1\" ip saddr 10.78.0.0/20"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("nft list tables | wc -l", "1"));
	assert_true(sh_prints("nft list tables", "table inet other"));
}

/* What the table is for: a LAN source does not leave untranslated. */
static void rules_stop_what_the_kernel_would_forward(void **state)
{
	struct prefix lan = net("10.77.0.1/24");
	pid_t inside = netns_peer(), outside = netns_peer();
	char command[512];

	(void)state;
	snprintf(command, sizeof(command),
		 "ip link add lan type veth peer name eth0 netns %d &&"
		 "ip link add wan type veth peer name eth0 netns %d &&"
		 "ip addr add 10.77.0.1/24 dev lan && ip link set lan up &&"
		 "ip addr add 192.0.2.1/24 dev wan && ip link set wan up &&"
		 "nsenter -t %d -n sh -c 'ip link set eth0 up;"
		 "ip addr add 10.77.0.2/24 dev eth0;"
		 "ip route add default via 10.77.0.1' &&"
		 "nsenter -t %d -n sh -c 'ip link set eth0 up;"
		 "ip addr add 192.0.2.2/24 dev eth0' &&"
		 "echo 1 > /proc/sys/net/ipv4/ip_forward",
		 inside, outside, inside, outside);
	sh(command);
	assert_int_equal(guard_rules_set(j, "home", "wan", &lan, 1, &err), 0);
	snprintf(command, sizeof(command),
		 "nsenter -t %d -n sh -c 'ping -c 1 -W 1 192.0.2.2 ||"
		 "ping -c 1 -W 1 192.0.2.1 && echo gateway answers'",
		 inside);
	assert_true(sh_prints(command, "gateway answers"));
	assert_true(sh_prints("nft list ruleset",
			      "oifname \"wan\" ip saddr 10.77.0.0/24 counter "
			      "packets 1 bytes 84 drop"));
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
		TEST(rules_are_replaced_whole_and_others_stay),
		TEST(rules_stop_what_the_kernel_would_forward),
		TEST(sysctls_go_back),
		TEST(sysctls_that_cannot_be_set_say_so),
		TEST(virtual_ports_are_left_as_they_are),
		TEST(features_switch_off_and_back),
		TEST(bpffs_is_mounted_once_and_goes_when_empty),
		TEST(bpffs_stays_where_it_is_not_ours_to_take),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
