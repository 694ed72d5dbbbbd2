/* test_lane.c - who stays on the express lane, and who leaves it, when the
 * world around a promoted flow changes. The engine's side on the gate's own
 * maps; the clock stands still but for what a test moves it. */
#include "lane_desk.h"

static void look_again(struct desk *d)
{
	express_changed(d->x);
	desk_turn(d);
}

/* Turns until nobody leaves any more; no turn takes more off than it may. */
static unsigned leave_paced(struct desk *d)
{
	unsigned turns = 0, before;

	express_changed(d->x);
	do {
		before = d->x->live_n;
		desk_turn(d);
		assert_in_range(before - d->x->live_n, 0, EXPRESS_DEMOTIONS);
		turns++;
	} while (d->x->live_n != before);
	return turns - 1;
}

static bool is_carried(struct desk *d, unsigned k, bool in)
{
	struct packet p = arriving(d, k, in), same = p;

	assert_int_equal(desk_run(d, XDP, in, &p), 0);
	return memcmp(p.b, same.b, p.len);
}

/* ---- neighbours */

static void test_a_next_hop_that_is_another_card_is_followed(void **state)
{
	struct desk *d = *state;
	struct packet p, want;

	desk_promote(d, 3);
	desk_know(d, d->h->wan, v4_of(WAN_NEXT), &other_mac);
	look_again(d);
	assert_int_equal(d->x->live_n, 3);
	p = arriving(d, 0, false);
	want = leaving(d, 0, false);
	memcpy(want.b, other_mac.b, 6);
	assert_int_equal(desk_run(d, XDP, false, &p), 0);
	assert_memory_equal(p.b, want.b, want.len);
}

static void test_a_host_that_is_another_card_leaves_alone(void **state)
{
	struct desk *d = *state;
	struct mac host = host_mac(1);

	desk_promote(d, 2 * HOSTS);
	desk_know(d, d->h->lan, host_addr(1), &other_mac);
	look_again(d);
	for (unsigned k = 0; k < 2 * HOSTS; k++) {
		struct mac mine = k % HOSTS == 1 ? other_mac : host_mac(k);

		assert_memory_equal(row_of(d, k, WAY_IN)->to, mine.b, 6);
		assert_memory_equal(row_of(d, k, WAY_OUT)->to, next_mac.b, 6);
	}
	desk_know(d, d->h->lan, host_addr(1), &host);
}

static void test_a_next_hop_that_is_gone_takes_all_off_in_paces(void **state)
{
	struct desk *d = *state;
	struct addr next = addr_v4(v4_of(WAN_NEXT));

	desk_promote(d, FLOWS);
	assert_int_equal(d->x->live_n, FLOWS);
	neigh_forget(d->egress.neigh, d->h->wan, &next);
	assert_int_equal(leave_paced(d), FLOWS / EXPRESS_DEMOTIONS);
	assert_int_equal(d->x->live_n, 0);
	for (unsigned k = 0; k < FLOWS; k++) {
		assert_false(is_carried(d, k, false));
		assert_false(is_carried(d, k, true));
	}
}

static void test_a_host_that_is_gone_takes_only_its_own_off(void **state)
{
	struct desk *d = *state;
	struct addr host = addr_v4(host_addr(2));

	desk_promote(d, 4 * HOSTS);
	neigh_forget(d->egress.neigh, d->h->lan, &host);
	look_again(d);
	for (unsigned k = 0; k < 4 * HOSTS; k++)
		assert_int_equal(!pair_of(d, k), k % HOSTS == 2);
}

/* ---- routes */

static void test_another_gateway_is_another_next_hop(void **state)
{
	struct desk *d = *state;

	desk_promote(d, 5);
	d->conf.wan.gateway = v4_of(WAN_OTHER);
	d->conf.generation++;
	desk_turn(d);
	assert_int_equal(d->x->live_n, 0); /* nobody knows it yet */
	desk_know(d, d->h->wan, v4_of(WAN_OTHER), &other_mac);
	desk_promote(d, 5);
	assert_int_equal(d->x->live_n, 5);
	assert_memory_equal(row_of(d, 0, WAY_OUT)->to, other_mac.b, 6);
	d->conf.wan.gateway = v4_of(WAN_NEXT);
	d->conf.generation++;
	desk_turn(d); /* known: they stay */
	assert_int_equal(d->x->live_n, 5);
	assert_memory_equal(row_of(d, 0, WAY_OUT)->to, next_mac.b, 6);
}

static void test_a_narrower_way_out_is_followed(void **state)
{
	struct desk *d = *state;

	desk_promote(d, 2);
	assert_true(is_carried(d, 1, false));
	d->conf.wan.mtu = 40;
	d->conf.generation++;
	desk_turn(d);
	assert_int_equal(d->x->live_n, 2);
	assert_false(is_carried(d, 1, false));
	assert_true(is_carried(d, 1, true));
}

static void test_another_address_outside_takes_all_off(void **state)
{
	struct desk *d = *state;

	desk_promote(d, 5);
	d->conf.wan.addr = v4_of(WAN_2ND);
	d->conf.generation++;
	nat_wan_changed(d->nat, &d->conf, d->now);
	desk_turn(d);
	assert_int_equal(d->x->live_n, 0);
	assert_false(is_carried(d, 0, false));
}

/* ---- policy */

static void test_off_takes_all_off_in_paces(void **state)
{
	struct desk *d = *state;

	desk_promote(d, FLOWS);
	d->conf.express.mode = EXPRESS_OFF;
	d->conf.generation++;
	assert_int_equal(leave_paced(d), FLOWS / EXPRESS_DEMOTIONS);
	assert_int_equal(d->x->live_n, 0);
}

static void test_a_pin_takes_its_device_off(void **state)
{
	struct desk *d = *state;

	desk_promote(d, 4 * HOSTS);
	d->conf.pins[d->conf.pins_n++] = host_mac(3);
	d->conf.generation++;
	desk_turn(d);
	for (unsigned k = 0; k < 4 * HOSTS; k++)
		assert_int_equal(!pair_of(d, k), k % HOSTS == 3);
	desk_promote(d, 4 * HOSTS); /* heavy as it may be */
	assert_int_equal(d->x->live_n, 3 * HOSTS);
}

static void test_the_other_face_takes_over_in_place(void **state)
{
	struct desk *d = *state;
	uint32_t pair;

	desk_promote(d, 1);
	pair = pair_of(d, 0);
	assert_true(is_carried(d, 0, false));
	d->conf.express.mode = EXPRESS_TC;
	d->conf.generation++;
	desk_turn(d);
	assert_int_equal(pair_of(d, 0), pair);
	assert_false(is_carried(d, 0, false)); /* XDP passes it on */
	assert_int_equal(row_of(d, 0, WAY_OUT)->face, EXPRESS_FACE_TC);
}

/* ---- time */

static void test_who_is_idle_goes_back(void **state)
{
	struct desk *d = *state;
	uint64_t end = d->now + EXPRESS_IDLE_MS;

	desk_promote(d, 2);
	while (d->now < end - EXPRESS_ROUND_MS) {
		d->now += EXPRESS_ROUND_MS;
		desk_turn(d);
		assert_int_equal(d->x->live_n, 2);
	}
	d->x->pairs[pair_of(d, 1)].active_ms = d->now; /* a packet was seen */
	d->now += 2 * EXPRESS_ROUND_MS;
	desk_turn(d);
	assert_int_equal(d->x->live_n, 1);
	assert_true(pair_of(d, 1));
}

/* A turn has one time, and packets pass after it began. */
static void test_who_was_seen_just_now_is_not_idle(void **state)
{
	struct desk *d = *state;
	struct express_stats *s;

	desk_promote(d, 1);
	s = &d->x->stats[express_slot(pair_of(d, 0), WAY_OUT)];
	s->packets++;
	s->bytes += 100;
	s->seen_ns = (d->now + EXPRESS_ROUND_MS + 5) * 1000000;
	d->now += EXPRESS_ROUND_MS;
	desk_turn(d);
	assert_int_equal(s->charged_packets, 1);
	assert_int_equal(d->x->live_n, 1);
}

static void test_a_slot_rests_before_another_has_it(void **state)
{
	struct desk *d = *state;
	uint32_t pair;

	desk_promote(d, 1);
	pair = pair_of(d, 0);
	express_end(d->x, pair);
	d->now += EXPRESS_REST_MS - 1;
	desk_want(d, 1);
	desk_turn(d);
	assert_int_not_equal(pair_of(d, 1), pair);
	/* It is what it was, for whoever may still be reading. */
	assert_int_equal(d->x->flows[express_slot(pair, WAY_OUT)].key.sport,
			 20000);
	d->now += 1;
	desk_want(d, 2);
	desk_turn(d); /* wants before rests */
	desk_want(d, 3);
	desk_turn(d);
	assert_int_equal(pair_of(d, 3), pair);
}

static void test_without_a_slot_the_engine_goes_on(void **state)
{
	struct desk *d = *state;

	d->x->used = GATE_EXPRESS_PAIRS - 2;
	desk_promote(d, 4);
	assert_int_equal(d->x->live_n, 2);
	assert_false(pair_of(d, 2));
	assert_false(is_carried(d, 2, false));
	express_end(d->x, pair_of(d, 0));
	d->now += EXPRESS_REST_MS;
	desk_turn(d);
	desk_promote(d, 4);
	assert_int_equal(d->x->live_n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(test_a_next_hop_that_is_another_card_is_followed),
		desk_test(test_a_host_that_is_another_card_leaves_alone),
		desk_test(test_a_next_hop_that_is_gone_takes_all_off_in_paces),
		desk_test(test_a_host_that_is_gone_takes_only_its_own_off),
		desk_test(test_another_gateway_is_another_next_hop),
		desk_test(test_a_narrower_way_out_is_followed),
		desk_test(test_another_address_outside_takes_all_off),
		desk_test(test_off_takes_all_off_in_paces),
		desk_test(test_a_pin_takes_its_device_off),
		desk_test(test_the_other_face_takes_over_in_place),
		desk_test(test_who_is_idle_goes_back),
		desk_test(test_who_was_seen_just_now_is_not_idle),
		desk_test(test_a_slot_rests_before_another_has_it),
		desk_test(test_without_a_slot_the_engine_goes_on),
	};

	return cmocka_run_group_tests(tests, desk_house, house_close);
}
