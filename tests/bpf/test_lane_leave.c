/* test_lane_leave.c - a flow leaves the lane where tc stands behind XDP: what
 * XDP has passed on is still between the two, and tc is to carry it. The
 * engine's side on the gate's own maps; the clock stands still but for what a
 * test moves it. */
#include "lane_desk.h"

static void promote_by_tc(struct desk *d, unsigned n)
{
	d->conf.express.mode = EXPRESS_TC;
	d->conf.generation++;
	desk_promote(d, n);
	assert_int_equal(d->x->live_n, n);
}

static unsigned xdp_says(struct desk *d, unsigned k, bool in)
{
	struct packet p = arriving(d, k, in);
	struct frame f = { .len = p.len };

	memcpy(f.b, p.b, p.len);
	return house_asks_face(d->h, XDP, in, &f);
}

static bool tc_carries(struct desk *d, unsigned k, bool in)
{
	struct packet p = arriving(d, k, in), same = p;
	struct packet want = leaving(d, k, in);

	assert_int_equal(desk_run(d, TC, in, &p), 0);
	if (!memcmp(p.b, same.b, same.len))
		return false;
	assert_memory_equal(p.b, want.b, want.len);
	return true;
}

static struct flow_row flow_row(struct desk *d, unsigned k)
{
	static struct flow_row rows[2 * FLOWS];
	uint32_t cursor = 0;
	unsigned n = 0, i = 0;

	nat_flows(d->nat, &cursor, rows, 2 * FLOWS, UINT32_MAX, &n, d->now);
	while (i < n && ntohs(rows[i].inside.port) != 20000 + k)
		i++;
	assert_in_range(i, 0, n - 1);
	return rows[i];
}

/* The race: XDP looked before the flow's end, tc looks after it. */
static void test_what_xdp_passed_tc_carries_after_the_end(void **state)
{
	struct desk *d = *state;

	promote_by_tc(d, 1);
	for (unsigned in = 0; in < 2; in++)
		assert_int_equal(xdp_says(d, 0, in), PASS);
	express_end(d->x, pair_of(d, 0));
	assert_int_equal(xdp_says(d, 0, false), ENGINE);
	assert_int_equal(xdp_says(d, 0, true), DROP_WAN_CLOSED); /* no claims */
	for (unsigned in = 0; in < 2; in++)
		assert_true(tc_carries(d, 0, in));
	d->now += EXPRESS_LEAVE_MS - 1;
	desk_turn(d);
	assert_true(tc_carries(d, 0, false));
	assert_int_equal(flow_row(d, 0).tx_packets, 1); /* which opened it */
	d->now += 1;
	desk_turn(d);
	for (unsigned in = 0; in < 2; in++)
		assert_false(tc_carries(d, 0, in));
	assert_int_equal(flow_row(d, 0).tx_packets, 1 + 2);
	assert_int_equal(flow_row(d, 0).rx_packets, 1);
}

static void test_only_then_its_slot_rests(void **state)
{
	struct desk *d = *state;
	uint32_t pair;

	promote_by_tc(d, 1);
	pair = pair_of(d, 0);
	express_end(d->x, pair);
	d->now += EXPRESS_LEAVE_MS;
	desk_turn(d);
	d->now += EXPRESS_REST_MS - 1;
	desk_turn(d);
	desk_want(d, 1);
	desk_turn(d);
	assert_int_not_equal(pair_of(d, 1), pair);
	d->now += 1;
	desk_turn(d);
	desk_want(d, 2);
	desk_turn(d);
	assert_int_equal(pair_of(d, 2), pair);
}

static void test_who_comes_back_meanwhile_stays(void **state)
{
	struct desk *d = *state;
	uint32_t pair;

	promote_by_tc(d, 1);
	pair = pair_of(d, 0);
	express_end(d->x, pair);
	desk_promote(d, 1);
	assert_int_not_equal(pair_of(d, 0), pair);
	desk_rest(d);
	assert_int_equal(xdp_says(d, 0, false), PASS);
	assert_true(tc_carries(d, 0, false));
}

static void test_where_tc_is_alone_it_ends_at_once(void **state)
{
	struct desk *d = *state;

	for (unsigned port = 0; port < 2; port++)
		express_set_abilities(d->x, port, ENGINE_TC_IN | ENGINE_TC_OUT);
	promote_by_tc(d, 1);
	assert_true(tc_carries(d, 0, false));
	express_end(d->x, pair_of(d, 0));
	for (unsigned in = 0; in < 2; in++)
		assert_false(tc_carries(d, 0, in));
}

static unsigned how_many_leave(const struct desk *d)
{
	unsigned n = 0;

	for (uint32_t i = d->x->leaving.first; i; i = d->x->pairs[i].next)
		n++;
	return n;
}

static void test_keys_go_in_paces(void **state)
{
	struct desk *d = *state;

	promote_by_tc(d, FLOWS);
	while (d->x->live_n)
		express_end(d->x, d->x->live[0]);
	assert_int_equal(how_many_leave(d), FLOWS);
	d->now += EXPRESS_LEAVE_MS;
	desk_turn(d);
	assert_int_equal(how_many_leave(d), FLOWS - EXPRESS_DEMOTIONS);
}

static void test_who_was_leaving_in_a_crash_is_gone(void **state)
{
	struct desk *d = *state;

	promote_by_tc(d, 2);
	express_end(d->x, pair_of(d, 0));
	express_free(d->x);
	desk_lane(d);
	assert_int_equal(d->x->live_n, 1);
	assert_false(tc_carries(d, 0, false));
	assert_true(tc_carries(d, 1, false));
	assert_int_equal(xdp_says(d, 1, false), PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(test_what_xdp_passed_tc_carries_after_the_end),
		desk_test(test_only_then_its_slot_rests),
		desk_test(test_who_comes_back_meanwhile_stays),
		desk_test(test_where_tc_is_alone_it_ends_at_once),
		desk_test(test_keys_go_in_paces),
		desk_test(test_who_was_leaving_in_a_crash_is_gone),
	};

	return cmocka_run_group_tests(tests, desk_house, house_close);
}
