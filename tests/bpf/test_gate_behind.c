/* test_gate_behind.c - the classifier at clsact on a port that XDP carries,
 * where it is asked second. */
#include "house.h"

#include "ctl/link/journal.h"

static char journal_path[96];
static struct journal *journal;

static void journal_begin(const struct house *h)
{
	struct error err = { "" };
	bool left;

	snprintf(journal_path, sizeof(journal_path), "%s.journal", h->bpffs);
	if (journal_open(&journal, journal_path, &left, &err))
		fail_msg("%s", err.text);
	assert_false(left);
}

static void journal_end(void)
{
	assert_int_equal(journal_undo(journal), 0);
	journal_close(journal);
	unlink(journal_path);
}

static void lan_is(struct house *h, bool xdp)
{
	const struct gate_port_info lan = {
		.ifindex = h->lan,
		.slot = LAN_SLOT,
		.mac = lan_mac,
		.addr = v4_of(LAN_GW),
		.net = v4_of("10.77.0.0"),
		.mask = v4_of("255.255.255.0"),
		.wan_addr = v4_of(WAN),
		.xdp = xdp,
	};

	assert_int_equal(gate_port_set(h->gate, &lan), 0);
}

static void behind_xdp(struct house *h)
{
	struct error err = { "" };

	lan_is(h, true);
	if (gate_attach(h->gate, h->lan, "gatel", false, &err) ||
	    gate_attach_behind(h->gate, journal, h->lan, "gatel", false, &err))
		fail_msg("%s", err.text);
}

static void test_behind_xdp_both_stand(void **state)
{
	struct house *h = *state;

	journal_begin(h);
	behind_xdp(h);
	assert_true(gate_attached(h->gate, h->lan));
	assert_true(gate_has_tc(h->gate, h->lan));
	shell("tc filter show dev gatel ingress | grep -q lan_tc");
	shell("ip link show gatel | grep -q prog/xdp");
	shell("tc filter del dev gatel ingress");
	assert_false(gate_attached(h->gate, h->lan));
	behind_xdp(h);
	assert_true(gate_attached(h->gate, h->lan));
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	shell("! tc filter show dev gatel ingress | grep -q bpf");
	shell("! ip link show gatel | grep -q prog/xdp");
	lan_is(h, false);
	journal_end();
}

/* The queue that it would be marked for is not there: the kernel would route
 * it. */
static void test_behind_xdp_nothing_is_the_engines(void **state)
{
	const struct spec onward = { .src = LAN_HOST,
				     .dst = REMOTE,
				     .proto = IPPROTO_UDP,
				     .sport = 1000,
				     .dport = 2000 };
	struct spec own = onward;
	struct house *h = *state;
	struct frame f = frame_of(&onward, lan_mac.b), g;

	own.dst = LAN_GW;
	g = frame_of(&own, lan_mac.b);
	journal_begin(h);
	assert_int_equal(house_asks_face(h, TC, false, &f), ENGINE);
	behind_xdp(h);
	assert_int_equal(house_asks_face(h, TC, false, &f), DROP_ENGINE_AWAY);
	assert_int_equal(house_asks_face(h, TC, false, &g), PASS);
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	lan_is(h, false);
	journal_end();
}

/* XDP would take the LAN's frames before they come to the hook. */
static int tc_open(void **state)
{
	struct house *h;

	house_open(state);
	h = *state;
	return gate_detach(h->gate, h->lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_xdp_both_stand),
		cmocka_unit_test(test_behind_xdp_nothing_is_the_engines),
	};

	return cmocka_run_group_tests(tests, tc_open, house_close);
}
