/* test_link_neigh.c - neighbours are asked for and kept, forwarding entries
 * follow, and what was set for good is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/link.h"
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>

struct fixture {
	uv_loop_t loop;
	struct link *l;
	struct link_neigh last;
	unsigned heard, listed;
	struct fdb_news {
		uint32_t port;
		struct mac mac;
		bool gone;
	} fdb;
	unsigned fdb_heard;
};

static void on_change(void *arg, unsigned changes)
{
	(void)arg;
	(void)changes;
}

static void on_neigh(void *arg, const struct link_neigh *n)
{
	struct fixture *f = arg;

	f->last = *n;
	f->heard++;
}

static void on_fdb(void *arg, uint32_t port, const struct mac *mac, bool gone)
{
	struct fixture *f = arg;

	/* The far ends of the cables speak up, too. */
	if (mac->b[5] != 0x77 || mac->b[4])
		return;
	f->fdb = (struct fdb_news){ port, *mac, gone };
	f->fdb_heard++;
}

static void start(struct fixture *f)
{
	struct link_events events = { .arg = f,
				      .on_change = on_change,
				      .on_neigh = on_neigh,
				      .on_fdb = on_fdb };
	struct error err;

	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	assert_int_equal(link_open(&f->l, &f->loop, &events, &err), 0);
}

static void stop(struct fixture *f)
{
	link_close(f->l);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* Runs the loop until on_neigh was called, for 5 s at most. */
static bool neigh_heard(struct fixture *f)
{
	unsigned tries;

	f->heard = 0;
	for (tries = 0; tries < 5000 && !f->heard; tries++) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return f->heard;
}

static struct addr v4(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

/* v0 here has 192.0.2.1, its other end elsewhere has 192.0.2.2. */
static pid_t cable(struct fixture *f, uint32_t *v0)
{
	pid_t peer = netns_peer();
	char command[512];

	snprintf(command, sizeof(command),
		 "ip link add v0 type veth peer name v1 address "
		 "02:00:00:00:00:22 netns %d && ip addr add 192.0.2.1/24 dev "
		 "v0 && ip link set v0 up && nsenter -t %d -n sh -c "
		 "'ip addr add 192.0.2.2/24 dev v1; ip link set v1 up'",
		 peer, peer);
	sh(command);
	start(f);
	*v0 = link_by_name(f->l, "v0")->ifindex;
	return peer;
}

static void a_neighbour_is_resolved_when_asked_for(void **state)
{
	struct addr addr = v4("192.0.2.2");
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	assert_int_equal(link_neigh_resolve(f.l, v0, &addr), 0);
	assert_true(neigh_heard(&f));
	assert_true(f.last.valid && !f.last.failed);
	assert_int_equal(f.last.ifindex, v0);
	assert_true(addr_eq(&f.last.addr, &addr));
	assert_int_equal(f.last.mac.b[5], 0x22);
	stop(&f);
	netns_peer_end(peer);
}

static void what_the_kernel_knows_is_told_at_once(void **state)
{
	struct addr addr = v4("192.0.2.2");
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:22 nud reachable dev "
	   "v0");
	f.heard = 0;
	assert_int_equal(link_neigh_resolve(f.l, v0, &addr), 0);
	assert_int_equal(f.heard, 1);
	assert_true(f.last.valid);
	stop(&f);
	netns_peer_end(peer);
}

static void nobody_there_ends_in_failed(void **state)
{
	struct addr addr = v4("192.0.2.99");
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	assert_int_equal(link_neigh_resolve(f.l, v0, &addr), 0);
	assert_true(neigh_heard(&f));
	assert_true(f.last.failed && !f.last.valid);
	/* A second question starts over. */
	assert_int_equal(link_neigh_resolve(f.l, v0, &addr), 0);
	assert_true(neigh_heard(&f));
	assert_true(f.last.failed);
	stop(&f);
	netns_peer_end(peer);
}

static void use_probes_a_stale_neighbour(void **state)
{
	struct addr addr = v4("192.0.2.2");
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	sh("echo 1 > /proc/sys/net/ipv4/neigh/v0/delay_first_probe_time;"
	   "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:22 nud stale dev v0");
	assert_int_equal(link_neigh_use(f.l, v0, &addr), 0);
	assert_true(sh_prints("ip neigh show dev v0", "DELAY"));
	sleep(2);
	assert_true(sh_prints("ip neigh show dev v0", "REACHABLE"));
	stop(&f);
	netns_peer_end(peer);
}

static void a_permanent_neighbour_stays_permanent(void **state)
{
	struct addr addr = v4("192.0.2.2");
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:33 nud permanent dev "
	   "v0");
	assert_int_equal(link_neigh_use(f.l, v0, &addr), 0);
	assert_int_equal(link_neigh_resolve(f.l, v0, &addr), 0);
	assert_int_equal(f.last.mac.b[5], 0x33);
	assert_true(sh_prints("ip neigh show dev v0", "PERMANENT"));
	stop(&f);
	netns_peer_end(peer);
}

static void a_neighbour_that_goes_is_told(void **state)
{
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:22 nud stale dev v0");
	assert_true(neigh_heard(&f));
	assert_true(f.last.valid);
	sh("ip neigh del 192.0.2.2 dev v0");
	while (neigh_heard(&f) && f.last.valid)
		;
	assert_false(f.last.valid);
	stop(&f);
	netns_peer_end(peer);
}

static void on_listed(void *arg, const struct link_neigh *n)
{
	struct fixture *f = arg;

	f->listed |= 1 << n->mac.b[5] % 8;
}

static void lists_resolved_neighbours_of_one_port(void **state)
{
	struct fixture f;
	uint32_t v0;
	pid_t peer = cable(&f, &v0);

	(void)state;
	sh("ip link add br0 type bridge && ip link set br0 up &&"
	   "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:22 dev v0 &&"
	   "ip neigh add 192.0.2.3 nud failed dev v0 &&"
	   "ip neigh add fe80::9 lladdr 02:00:00:00:00:24 dev v0 &&"
	   "ip neigh add 192.0.2.4 lladdr 02:00:00:00:00:25 dev br0");
	link_neighs(f.l, v0, on_listed, &f);
	assert_int_equal(f.listed, 1 << 0x22 % 8 | 1 << 0x24 % 8);
	stop(&f);
	netns_peer_end(peer);
}

/* ---- the bridge */

static void bridge(struct fixture *f, uint32_t *v0, uint32_t *w0)
{
	sh("ip link add br0 address 02:00:00:00:00:50 type bridge &&"
	   "ip link add v0 type veth peer name v1 &&"
	   "ip link add w0 type veth peer name w1 &&"
	   "ip link set v0 master br0 && ip link set w0 master br0 &&"
	   "for i in br0 v0 v1 w0 w1; do ip link set $i up; done");
	start(f);
	*v0 = link_by_name(f->l, "v0")->ifindex;
	*w0 = link_by_name(f->l, "w0")->ifindex;
}

static void a_host_that_roams_is_followed(void **state)
{
	struct mac mac = { { 2, 0, 0, 0, 0, 0x77 } };
	struct fixture f;
	uint32_t v0, w0, br0;

	(void)state;
	bridge(&f, &v0, &w0);
	br0 = link_by_name(f.l, "br0")->ifindex;
	assert_int_equal(link_fdb_port(f.l, br0, &mac), 0);
	assert_int_equal(link_fdb_use(f.l, v0, &mac), 0);
	assert_int_equal(link_fdb_port(f.l, br0, &mac), v0);
	assert_true(sh_prints("bridge fdb show br br0",
			      "02:00:00:00:00:77 dev v0 master br0"));
	assert_int_equal(link_fdb_use(f.l, w0, &mac), 0);
	assert_int_equal(link_fdb_port(f.l, br0, &mac), w0);
	assert_true(sh_prints("bridge fdb show br br0",
			      "02:00:00:00:00:77 dev w0 master br0"));
	/* Neither permanent nor static: it ages when it is no more used. */
	assert_true(sh_prints("bridge -s fdb show br br0 | grep -c "
			      "'00:77.*\\(static\\|permanent\\)'",
			      "0"));
	stop(&f);
}

/* What the loop brings in 200 ms. */
static unsigned fdb_news(struct fixture *f)
{
	f->fdb_heard = 0;
	for (unsigned tries = 0; tries < 200; tries++) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return f->fdb_heard;
}

static void what_the_bridge_learns_is_told(void **state)
{
	struct mac mac = { { 2, 0, 0, 0, 0, 0x77 } };
	struct fixture f;
	uint32_t v0, w0;

	(void)state;
	bridge(&f, &v0, &w0);
	fdb_news(&f);
	assert_int_equal(link_fdb_use(f.l, v0, &mac), 0);
	assert_int_equal(fdb_news(&f), 1);
	assert_true(f.fdb.port == v0 && !f.fdb.gone);
	assert_true(mac_eq(&f.fdb.mac, &mac));
	assert_int_equal(link_fdb_use(f.l, v0, &mac), 0); /* no news */
	assert_int_equal(fdb_news(&f), 0);
	assert_int_equal(link_fdb_use(f.l, w0, &mac), 0);
	assert_true(fdb_news(&f));
	assert_true(f.fdb.port == w0 && !f.fdb.gone);
	sh("ip link set w1 down"); /* takes the carrier and what was there */
	assert_true(fdb_news(&f) || fdb_news(&f));
	assert_true(f.fdb.port == w0 && f.fdb.gone);
	assert_true(mac_eq(&f.fdb.mac, &mac));
	stop(&f);
}

static void own_addresses_and_filters_are_no_news(void **state)
{
	struct fixture f;
	uint32_t v0, w0;

	(void)state;
	bridge(&f, &v0, &w0);
	fdb_news(&f);
	sh("ip link set br0 address 02:00:00:00:00:77 &&"
	   "bridge fdb add 02:00:00:00:00:77 dev v0 self permanent &&"
	   "bridge fdb replace 02:00:00:00:00:77 dev w0 master permanent");
	assert_int_equal(fdb_news(&f), 0);
	stop(&f);
}

#define FIXED_ENTRIES "bridge fdb show br br0 | grep '00:50\\|00:78'"

static void own_and_fixed_entries_are_not_taken_over(void **state)
{
	struct mac own = { { 2, 0, 0, 0, 0, 0x50 } };
	struct mac fixed = { { 2, 0, 0, 0, 0, 0x78 } };
	struct fixture f;
	uint32_t v0, w0;
	char *before, *after;

	(void)state;
	bridge(&f, &v0, &w0);
	sh("bridge fdb add 02:00:00:00:00:78 dev w0 master static");
	before = sh_output(FIXED_ENTRIES);
	assert_int_equal(link_fdb_use(f.l, v0, &own), 0);
	assert_int_equal(link_fdb_use(f.l, v0, &fixed), 0);
	after = sh_output(FIXED_ENTRIES);
	assert_string_equal(before, after);
	free(before);
	free(after);
	stop(&f);
}

static void addresses_no_host_sends_from_are_refused(void **state)
{
	struct mac zero = { 0 }, group = { { 1, 0, 0x5e, 0, 0, 1 } };
	struct mac mac = { { 2, 0, 0, 0, 0, 0x79 } };
	struct fixture f;
	uint32_t v0, w0;

	(void)state;
	bridge(&f, &v0, &w0);
	assert_int_equal(link_fdb_use(f.l, v0, &zero), -EINVAL);
	assert_int_equal(link_fdb_use(f.l, v0, &group), -EINVAL);
	assert_int_equal(link_fdb_use(f.l, 99, &mac), -ENODEV);
	stop(&f);
}

#define TEST(f) cmocka_unit_test_setup(f, netns_enter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_neighbour_is_resolved_when_asked_for),
		TEST(what_the_kernel_knows_is_told_at_once),
		TEST(nobody_there_ends_in_failed),
		TEST(use_probes_a_stale_neighbour),
		TEST(a_permanent_neighbour_stays_permanent),
		TEST(a_neighbour_that_goes_is_told),
		TEST(lists_resolved_neighbours_of_one_port),
		TEST(a_host_that_roams_is_followed),
		TEST(what_the_bridge_learns_is_told),
		TEST(own_addresses_and_filters_are_no_news),
		TEST(own_and_fixed_entries_are_not_taken_over),
		TEST(addresses_no_host_sends_from_are_refused),
	};

	return cmocka_run_group_tests_name("link_neigh", tests, NULL, NULL);
}
