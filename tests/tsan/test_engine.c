/* test_engine.c - the five places where the threads meet, all at once, while
 * packets cross; under ThreadSanitizer. */
#include "tests/unit/engine_rig.h"

#define ROUNDS 300

static int setup(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = rig_make(1, 1, "gl");
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void on_rows(void *arg, const struct engine_rows *rows)
{
	unsigned *calls = arg;

	for (unsigned i = 0; rows->flows && i < rows->n; i++)
		assert_int_equal(rows->flows[i].proto, IPPROTO_UDP);
	++*calls;
}

static void read_counters(struct rig *r)
{
	struct device_row devices[4];
	struct drop_row drops[DROP_REASONS];
	struct engine_totals t;

	engine_totals(r->engine, &t);
	assert_true(t.sessions <= t.sessions_max);
	assert_true(engine_devices(r->engine, devices, 4) <= 1);
	assert_int_equal(engine_drops(r->engine, drops, DROP_REASONS),
			 DROP_REASONS);
}

static void tell_of_strangers(struct rig *r, unsigned round)
{
	const struct engine_command c = { .kind = CMD_NEIGH,
					  .ifindex = r->conf.lans[0].ifindex,
					  .addr = addr_v4(htonl(LAN_GW + 9)),
					  .mac = mac_wc };

	if (round % 10 == 0)
		assert_true(engine_command(r->engine, &c));
}

static void traffic_and_control_share_nothing_unordered(void **state)
{
	struct rig *r = *state;
	struct udp u = outbound;
	unsigned asked = 0, calls = 0, got = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		u.sport = (uint16_t)(2000 + i % 100);
		udp_send(r->lc, &u);
		r->conf.host_sessions++;
		assert_false(engine_publish(r->engine, &r->conf));
		tell_of_strangers(r, i);
		if (!engine_dump(r->engine,
				 i % 2 ? ENGINE_FLOWS : ENGINE_MAPPINGS,
				 on_rows, &calls))
			asked++;
		read_counters(r);
		rig_events(r);
		while (udp_recv(r, r->wc, &(struct udp){ 0 }, 0))
			got++;
	}
	while (udp_recv(r, r->wc, &u, 300))
		got++;
	assert_true(got > ROUNDS / 2);
	rig_stop(r);
	rig_events(r);
	assert_int_equal(calls, asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			traffic_and_control_share_nothing_unordered, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
