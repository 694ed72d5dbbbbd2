/* test_link.c - the mirror tells the truth and follows; every change is undone
 * without a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/base/log.h"
#include "ctl/link/guard.h"
#include "ctl/link/link.h"
#include "netns.h"

#include <errno.h>

/* A link, its journal and what it called back. */
struct fixture {
	uv_loop_t loop;
	struct link *l;
	struct journal *j;
	struct error err;
	unsigned changes;
	unsigned neighs;
};

static void on_change(void *arg, unsigned changes)
{
	struct fixture *f = arg;

	f->changes |= changes;
}

static void on_neigh(void *arg, const struct link_neigh *n)
{
	struct fixture *f = arg;

	(void)n;
	f->neighs++;
}

#define JOURNAL "/run/journal"

static void start(struct fixture *f)
{
	struct link_events events = { .arg = f,
				      .on_change = on_change,
				      .on_neigh = on_neigh };
	bool left;

	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	assert_int_equal(link_open(&f->l, &f->loop, &events, &f->err), 0);
	assert_int_equal(journal_open(&f->j, JOURNAL, &left, &f->err), 0);
	assert_false(left);
}

static void stop(struct fixture *f)
{
	journal_close(f->j);
	link_close(f->l);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* Lets the loop hear what 'command' did; returns the changes it told. */
static unsigned heard(struct fixture *f, const char *command)
{
	unsigned tries;

	f->changes = 0;
	sh(command);
	for (tries = 0; tries < 2000 && !f->changes; tries++) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return f->changes;
}

static uint32_t index_of(struct fixture *f, const char *name)
{
	const struct link_if *lif;

	link_refresh(f->l);
	lif = link_by_name(f->l, name);
	assert_non_null(lif);
	return lif->ifindex;
}

static struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static void veth_pair(void)
{
	sh("ip link add v0 address 02:00:00:00:00:10 numrxqueues 3 type veth "
	   "peer name v1 address 02:00:00:00:00:11");
}

/* ---- the mirror */

static void dumps_links_as_they_are(void **state)
{
	const struct link_if *v0, *v1, *lo, *all;
	struct prefix own = net("192.0.2.1/24");
	struct fixture f;

	(void)state;
	veth_pair();
	sh("ip link add br0 type bridge && ip link set v1 master br0 &&"
	   "ip link set v0 mtu 1400 up && ip link set v1 up &&"
	   "ip addr add 192.0.2.1/24 dev v0");
	start(&f);
	assert_int_equal(link_ifs(f.l, &all), 4);
	lo = link_by_name(f.l, "lo");
	assert_true(lo->loopback && !lo->up && !lo->ethernet && !lo->physical);
	v0 = link_by_name(f.l, "v0");
	v1 = link_by_name(f.l, "v1");
	assert_string_equal(v0->kind, "veth");
	assert_true(v0->up && v0->running && v0->ethernet);
	assert_false(v0->physical || v0->wireless || v0->loopback);
	assert_int_equal(v0->mtu, 1400);
	assert_int_equal(v0->mac.b[5], 0x10);
	assert_int_equal(v0->rx_queues, 3);
	assert_int_equal(v0->xdp_prog, 0);
	assert_memory_equal(&v0->addrs[0].addr, &own.addr, sizeof(own.addr));
	assert_int_equal(v0->addrs[0].len, own.len);
	assert_int_equal(v1->master, link_by_name(f.l, "br0")->ifindex);
	assert_ptr_equal(link_by_index(f.l, v1->ifindex), v1);
	assert_null(link_by_name(f.l, "v2"));
	stop(&f);
}

static void knows_routes_of_every_sort(void **state)
{
	const struct link_route *r, *dflt, *all;
	struct prefix via = net("192.0.2.9/32");
	unsigned n, hops = 0, refused = 0;
	struct fixture f;

	(void)state;
	veth_pair();
	sh("ip link set v0 up && ip link set v1 up &&"
	   "ip addr add 192.0.2.1/24 dev v0 && ip addr add 2001:db8::1/64 "
	   "dev v0 && ip route add default via 192.0.2.9 metric 50 &&"
	   "ip route add 198.51.100.0/24 nexthop via 192.0.2.7 nexthop via "
	   "192.0.2.8 && ip route add 203.0.113.0/24 via 192.0.2.7 table 77 &&"
	   "ip route add blackhole 203.0.113.0/25 &&"
	   "ip route add unreachable 10.0.0.0/8 &&"
	   "ip route add prohibit default metric 10 &&"
	   "ip -6 route add unreachable 2001:db8:1::/48");
	start(&f);
	dflt = link_default_route(f.l, 0);
	assert_non_null(dflt);
	assert_true(addr_eq(&dflt->via, &via.addr));
	assert_int_equal(dflt->metric, 50);
	assert_ptr_equal(link_default_route(f.l, dflt->ifindex), dflt);
	assert_null(link_default_route(f.l, dflt->ifindex + 1));
	n = link_routes(f.l, &all);
	for (r = all; r < all + n; r++) {
		if (r->dst.addr.b[12] == 198) {
			assert_int_equal(r->via.b[15], 7 + hops);
			hops++;
		}
		if (r->dst.addr.b[12] == 203)
			assert_int_equal(!r->ifindex, r->table == 254);
		refused += !r->ifindex;
	}
	assert_int_equal(hops, 2);
	assert_int_equal(refused, 4);
	stop(&f);
}

static void follows_what_changes_and_tells_it_once(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	assert_int_equal(heard(&f, "ip link add br0 type bridge"),
			 LINK_CHANGED_IFS | LINK_CHANGED_ADDRS);
	assert_non_null(link_by_name(f.l, "br0"));
	assert_true(heard(&f, "ip addr add 192.0.2.1/24 dev br0") &
		    LINK_CHANGED_ADDRS);
	assert_true(heard(&f, "ip link set br0 up") & LINK_CHANGED_IFS);
	assert_int_equal(heard(&f, "ip route add default via 192.0.2.2"),
			 LINK_CHANGED_ROUTES);
	assert_non_null(link_default_route(f.l, 0));
	/* The kernel sends no message for a route that goes with its link. */
	assert_true(heard(&f, "ip link set br0 down") & LINK_CHANGED_ROUTES);
	assert_null(link_default_route(f.l, 0));
	assert_true(heard(&f, "ip link del br0") & LINK_CHANGED_IFS);
	assert_null(link_by_name(f.l, "br0"));
	stop(&f);
}

static void survives_more_news_than_its_socket_holds(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	log_set_level(LOG_LEVEL_WARN);
	sh("ip link add br0 type bridge && ip link set br0 up &&"
	   "for i in $(seq 9000); do echo "
	   "addr add 10.1.$((i / 250)).$((i % 250 + 1))/32 dev br0; done |"
	   "ip -batch -");
	f.changes = 0;
	while (!f.changes)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(link_by_name(f.l, "br0")->addrs_n, LINK_ADDRS_MAX);
	sh("ip link del br0");
	while (link_by_name(f.l, "br0"))
		uv_run(&f.loop, UV_RUN_ONCE);
	log_set_level(LOG_LEVEL_INFO);
	stop(&f);
}

/* ---- changes */

/* A LAN of two bridged ports, as the gateway makes it. */
static void bridge_two_ports(struct fixture *f)
{
	struct prefix lan = net("10.77.0.1/24"), six = net("fd77::1/64");
	uint32_t br, v0 = index_of(f, "v0"), w0 = index_of(f, "w0");
	struct mac mac = link_by_name(f->l, "v0")->mac;

	assert_int_equal(
		link_bridge_add(f->l, f->j, "lanbr", &mac, &br, &f->err), 0);
	assert_int_equal(link_set_master(f->l, f->j, v0, br, &f->err), 0);
	assert_int_equal(link_set_master(f->l, f->j, w0, br, &f->err), 0);
	assert_int_equal(link_set_up(f->l, f->j, v0, &f->err), 0);
	assert_int_equal(link_set_up(f->l, f->j, w0, &f->err), 0);
	assert_int_equal(link_set_up(f->l, f->j, br, &f->err), 0);
	assert_int_equal(link_addr_add(f->l, f->j, br, &lan, &f->err), 0);
	assert_int_equal(link_addr_add(f->l, f->j, br, &six, &f->err), 0);
}

/* All that a start changes on the machine. */
static void gateway_up(struct fixture *f)
{
	struct prefix lan = net("10.77.0.1/24");
	const struct guard_house house = { .instance = "home",
					   .wan = "w0",
					   .lan = "br0",
					   .nets = &lan,
					   .nets_n = 1 };
	uint32_t tun;
	int fd;

	assert_int_equal(guard_bpffs_mount(f->j, "/sys/fs/bpf", &f->err), 0);
	bridge_two_ports(f);
	assert_int_equal(
		guard_nic_prepare(f->j, index_of(f, "v0"), "v0", &f->err), 0);
	assert_int_equal(guard_rules_set(f->j, &house, &f->err), 0);
	assert_int_equal(guard_sysctl_set(f->j, "net/ipv4/ip_local_port_range",
					  "49152 57343", &f->err),
			 0);
	assert_int_equal(link_tun_open(f->l, "way-back", &fd, &tun, &f->err),
			 0);
	assert_int_equal(guard_sysctl_set(f->j,
					  "net/ipv4/conf/way-back/rp_filter",
					  "2", &f->err),
			 0);
}

/* One port that was never up, one that is and has an address. */
static char *machine_before(void)
{
	veth_pair();
	sh("ip link add w0 type veth peer name w1 && ip link set w0 up &&"
	   "ip link set w1 up && ip addr add 192.0.2.1/24 dev w0 && sleep 2");
	return sh_output(NETNS_PICTURE);
}

static void undo_leaves_no_trace(void **state)
{
	char *before = machine_before();
	struct fixture f;

	(void)state;
	start(&f);
	bridge_two_ports(&f);
	assert_true(sh_prints("ip addr show lanbr up",
			      "inet 10.77.0.1/24 brd 10.77.0.255 scope global "
			      "lanbr"));
	assert_true(
		sh_prints("ip -d link show lanbr", "bridge forward_delay 0"));
	assert_true(sh_prints("ip link show master lanbr", "w0@w1"));
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
	sleep(1);
	assert_true(netns_same(before));
}

static void the_next_start_undoes_what_a_killed_one_left(void **state)
{
	char *before = machine_before();
	struct fixture f;
	struct journal *j;
	pid_t pid = fork();
	int status;
	bool left;

	(void)state;
	if (!pid) {
		start(&f);
		gateway_up(&f);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(sh_prints("nft list tables; ip link", "inet home"));
	assert_int_equal(journal_open(&j, JOURNAL, &left, &f.err), 0);
	assert_true(left);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	sleep(1);
	assert_true(netns_same(before));
}

static void bridge_keeps_its_mac_when_members_come_and_go(void **state)
{
	struct fixture f;

	(void)state;
	veth_pair();
	sh("ip link add w0 address 02:00:00:00:00:01 type veth peer name w1");
	start(&f);
	bridge_two_ports(&f);
	sh("ip link set v0 nomaster");
	assert_true(sh_prints("ip link show lanbr", "02:00:00:00:00:10"));
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
}

static void what_is_so_already_is_neither_done_nor_undone(void **state)
{
	struct prefix p = net("192.0.2.1/24");
	struct prefix absent = net("192.0.2.2/24");
	struct fixture f;
	uint32_t v0;

	(void)state;
	veth_pair();
	sh("ip link set v0 up && ip addr add 192.0.2.1/24 dev v0");
	start(&f);
	v0 = index_of(&f, "v0");
	assert_int_equal(link_set_up(f.l, f.j, v0, &f.err), 0);
	assert_int_equal(link_addr_add(f.l, f.j, v0, &p, &f.err), 0);
	assert_int_equal(link_addr_del(f.l, f.j, v0, &absent), 0);
	assert_int_equal(link_set_master(f.l, f.j, v0, 0, &f.err), 0);
	assert_true(sh_prints("wc -l < " JOURNAL, "1"));
	assert_int_equal(journal_undo(f.j), 0);
	assert_true(sh_prints("ip addr show v0 up", "192.0.2.1/24"));
	stop(&f);
}

static void a_moved_address_goes_back(void **state)
{
	struct prefix old = net("10.77.0.1/24"), moved = net("10.78.0.1/24");
	struct fixture f;
	char *before;
	uint32_t v0;

	(void)state;
	veth_pair();
	sh("ip link set v0 up && ip link set v1 up &&"
	   "ip addr add 10.77.0.1/24 brd + dev v0 && sleep 2");
	before = sh_output(NETNS_PICTURE);
	start(&f);
	v0 = index_of(&f, "v0");
	assert_int_equal(link_addr_add(f.l, f.j, v0, &moved, &f.err), 0);
	assert_int_equal(link_addr_del(f.l, f.j, v0, &old), 0);
	assert_true(sh_prints("ip addr show v0", "10.78.0.1/24"));
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
	assert_true(netns_same(before));
}

static void a_port_goes_back_to_its_old_bridge(void **state)
{
	struct fixture f;
	uint32_t v0, br;

	(void)state;
	veth_pair();
	sh("ip link add old type bridge && ip link set v0 master old");
	start(&f);
	v0 = index_of(&f, "v0");
	assert_int_equal(link_bridge_add(f.l, f.j, "lanbr",
					 &link_by_index(f.l, v0)->mac, &br,
					 &f.err),
			 0);
	assert_int_equal(link_set_master(f.l, f.j, v0, br, &f.err), 0);
	assert_true(sh_prints("ip link show v0", "master lanbr"));
	assert_int_equal(journal_undo(f.j), 0);
	assert_true(sh_prints("ip link show v0", "master old"));
	stop(&f);
}

static void refusals_are_sentences(void **state)
{
	struct prefix p = net("10.77.0.1/24");
	struct mac mac = { { 2, 0, 0, 0, 0, 9 } };
	struct fixture f;
	uint32_t index;

	(void)state;
	veth_pair();
	start(&f);
	assert_int_equal(link_bridge_add(f.l, f.j, "v0", &mac, &index, &f.err),
			 -EEXIST);
	assert_string_equal(f.err.text,
			    "the bridge cannot be made: there is an interface "
			    "v0 already: rename or delete it");
	assert_int_equal(link_bridge_add(f.l, f.j, "sixteen-letters!", &mac,
					 &index, &f.err),
			 -EINVAL);
	assert_int_equal(link_addr_add(f.l, f.j, 999, &p, &f.err), -ENODEV);
	assert_int_equal(link_set_up(f.l, f.j, 999, &f.err), -ENODEV);
	assert_true(sh_prints("wc -l < " JOURNAL, "1"));
	stop(&f);
}

static void a_tun_device_goes_with_its_descriptor(void **state)
{
	struct fixture f;
	uint32_t index;
	int fd;

	(void)state;
	start(&f);
	assert_int_equal(link_tun_open(f.l, "way-back", &fd, &index, &f.err),
			 0);
	assert_int_equal(index_of(&f, "way-back"), index);
	assert_true(link_by_index(f.l, index)->up);
	assert_false(link_by_index(f.l, index)->ethernet);
	close(fd);
	assert_true(heard(&f, "true") & LINK_CHANGED_IFS);
	assert_null(link_by_index(f.l, index));
	stop(&f);
}

#define TEST(f) cmocka_unit_test_setup(f, netns_enter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dumps_links_as_they_are),
		TEST(knows_routes_of_every_sort),
		TEST(follows_what_changes_and_tells_it_once),
		TEST(survives_more_news_than_its_socket_holds),
		TEST(undo_leaves_no_trace),
		TEST(the_next_start_undoes_what_a_killed_one_left),
		TEST(bridge_keeps_its_mac_when_members_come_and_go),
		TEST(what_is_so_already_is_neither_done_nor_undone),
		TEST(a_moved_address_goes_back),
		TEST(a_port_goes_back_to_its_old_bridge),
		TEST(refusals_are_sentences),
		TEST(a_tun_device_goes_with_its_descriptor),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
