/* test_link_pair.c - a veth pair of our own says nothing by itself, finishes
 * what goes into it, is taken over by the next run, and goes without a trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/link.h"
#include "ctl/link/link_pair.h"
#include "netns.h"

#include <errno.h>

#define JOURNAL "/run/journal"

struct fixture {
	uv_loop_t loop;
	struct link *l;
	struct journal *j;
	struct error err;
};

static void on_change(void *arg, unsigned changes)
{
	(void)arg;
	(void)changes;
}

static void on_neigh(void *arg, const struct link_neigh *n)
{
	(void)arg;
	(void)n;
}

static void start(struct fixture *f, bool expect_left)
{
	struct link_events events = { .arg = f,
				      .on_change = on_change,
				      .on_neigh = on_neigh };
	bool left;

	memset(f, 0, sizeof(*f));
	uv_loop_init(&f->loop);
	assert_int_equal(link_open(&f->l, &f->loop, &events, &f->err), 0);
	assert_int_equal(journal_open(&f->j, JOURNAL, &left, &f->err), 0);
	assert_int_equal(left, expect_left);
}

static void stop(struct fixture *f)
{
	journal_close(f->j);
	link_close(f->l);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static struct link_pair named(void)
{
	return (struct link_pair){ .near_name = "near0", .far_name = "far0" };
}

static void make(struct fixture *f, struct link_pair *pair)
{
	if (link_pair_add(f->l, f->j, pair, &f->err))
		fail_msg("%s", f->err.text);
	assert_int_not_equal(pair->near, 0);
	assert_int_not_equal(pair->far, 0);
	assert_int_not_equal(pair->near, pair->far);
}

static void it_is_silent_and_whole(void **state)
{
	struct link_pair pair = named();
	struct fixture f;

	(void)state;
	start(&f, false);
	make(&f, &pair);
	assert_true(sh_prints("ip -d link show near0", "NOARP,UP"));
	assert_true(sh_prints("ip -d link show far0", "NOARP,UP"));
	assert_true(sh_prints("ip -d link show near0", "mtu 1500"));
	assert_true(sh_prints("ip -d link show far0", "mtu 1500"));
	assert_true(sh_prints("ip -d link show far0", "addrgenmode none"));
	assert_true(sh_prints("ip addr show dev near0 | grep -c inet", "0"));
	assert_true(sh_prints("ip addr show dev far0 | grep -c inet", "0"));
	assert_true(sh_prints("ethtool -k near0 | grep tx-checksum-ip-generic",
			      "off"));
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
}

static void undo_and_deletion_leave_no_trace(void **state)
{
	struct link_pair pair = named();
	char *before = sh_output(NETNS_PICTURE);
	struct fixture f;

	(void)state;
	start(&f, false);
	make(&f, &pair);
	assert_int_equal(journal_undo(f.j), 0);
	assert_true(netns_same(before));
	before = sh_output(NETNS_PICTURE);
	make(&f, &pair);
	assert_int_equal(link_pair_del(f.l, pair.near), 0);
	assert_true(netns_same(before));
	/* Both entries are of pairs that are no more. */
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
}

static void the_next_run_takes_it_over(void **state)
{
	struct link_pair pair = named(), again = named();
	struct fixture f;

	(void)state;
	start(&f, false);
	make(&f, &pair);
	stop(&f);
	start(&f, true);
	make(&f, &again);
	assert_int_equal(again.near, pair.near);
	assert_int_equal(again.far, pair.far);
	assert_int_equal(journal_sweep(f.j), 0);
	assert_true(sh_prints("ip link show near0", "UP"));
	assert_int_equal(journal_undo(f.j), 0);
	stop(&f);
}

/* Killed before it was ready, or changed by somebody meanwhile. */
static void what_is_taken_over_is_made_ready(void **state)
{
	struct link_pair pair = named(), again = named();
	struct fixture f;

	(void)state;
	start(&f, false);
	make(&f, &pair);
	assert_int_equal(link_pair_up(f.l, &pair), 0);
	stop(&f);
	sh("ip link set near0 down && ip link set far0 down &&"
	   "ethtool -K near0 tx on");
	start(&f, true);
	make(&f, &again);
	assert_true(sh_prints("ip link show near0", "NOARP,UP"));
	assert_true(sh_prints("ip link show far0", "NOARP,UP"));
	assert_true(sh_prints("ethtool -k near0 | grep tx-checksum-ip-generic",
			      "off"));
	sh("ip link set far0 down");
	assert_int_equal(link_pair_up(f.l, &again), 1);
	assert_true(sh_prints("ip link show far0", "NOARP,UP"));
	assert_int_equal(journal_undo(f.j), 0);
	assert_int_equal(link_pair_up(f.l, &again), -ENODEV);
	stop(&f);
}

static void somebody_elses_stays(void **state)
{
	struct link_pair pair = named();
	struct fixture f;

	(void)state;
	sh("ip link add near0 type veth peer name far0");
	start(&f, false);
	assert_int_equal(link_pair_add(f.l, f.j, &pair, &f.err), -EEXIST);
	assert_string_equal(f.err.text,
			    "the pair of devices near0 and far0 cannot be "
			    "made: there is an interface of that name "
			    "already: rename or delete it");
	assert_int_equal(pair.near, 0);
	assert_int_equal(journal_undo(f.j), 0);
	assert_true(sh_prints("ip link show near0", "near0"));
	stop(&f);
}

#define TEST(f) cmocka_unit_test_setup(f, netns_enter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_silent_and_whole),
		TEST(undo_and_deletion_leave_no_trace),
		TEST(the_next_run_takes_it_over),
		TEST(what_is_taken_over_is_made_ready),
		TEST(somebody_elses_stays),
	};

	return cmocka_run_group_tests_name("link_pair", tests, NULL, NULL);
}
