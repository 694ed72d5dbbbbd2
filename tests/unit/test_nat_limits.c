/* test_nat_limits.c - what happens when something runs out: ports, tables, a
 * host's share, time for expiry. */
#include "nat_lab.h"

static struct lab *big_lab(void)
{
	struct lab *l = lab_with((struct engine_limits){ 65536, 262144, 1024 });

	l->unchecked = true;
	return l;
}

/* ---- ports */

/* nat.md 30 */
static void test_reserved_ports_are_never_given(void **state)
{
	struct lab *l = *state;

	for (unsigned i = 0; i < 1024; i++)
		l->conf.reserved[1][i] = ~0ULL;
	l->conf.reserved[1][6000 / 64] &= ~(1ULL << 6000 % 64);
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_FORWARD);
	assert_int_equal(out_sport(l), 6000);
	assert_int_equal(lab_out(l, HOST_A, 5001, REMOTE, 53), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(lab_drops(l, DROP_NO_PORT), 1);
	/* The other protocols are not concerned. */
	lab_tcp(l, SIDE_LAN, HOST_A, 5001, REMOTE, 80, TCP_SYN);
	assert_int_equal(out_sport(l), 5001);
	/* Nowhere to move to: the mapping ends. Given back, all is well. */
	l->conf.reserved[1][6000 / 64] = ~0ULL;
	l->conf.generation++;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(lab_mappings(l), 1);
	memset(l->conf.reserved, 0, sizeof(l->conf.reserved));
	l->conf.generation++;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(out_sport(l), 5000);
}

/* A port at rest that the machine takes is nobody's any more. */
static void test_resting_port_is_reserved(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	l->conf.reserved[1][5000 / 64] = 1ULL << 5000 % 64;
	l->conf.generation++;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_not_equal(out_sport(l), 5000);
	lab_wait(l, 3 * MINUTE);
}

/* The machine opens a socket where a mapping is: the mapping moves. */
/* nat.md 30 */
static void test_conflict_moves_the_mapping(void **state)
{
	struct nat_counters counters;
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	l->conf.reserved[0][5000 / 64] |= 1ULL << 5000 % 64;
	l->conf.reserved[1][5000 / 64] |= 1ULL << 5000 % 64;
	l->conf.generation++;
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_DROP);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_int_not_equal(out_sport(l), 5000);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	assert_int_not_equal(out_sport(l), 5000);
	nat_counters(l->n, &counters);
	assert_int_equal(counters.moved, 2);
	assert_int_equal(lab_mappings(l), 2);
}

/* nat.md 27 */
static void test_port_rests_120_s_for_its_host(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	assert_int_equal(lab_mappings(l), 0);
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_int_not_equal(out_sport(l), 5000);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(out_sport(l), 5000);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	lab_wait(l, 2 * MINUTE);
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_int_equal(out_sport(l), 5000);
}

/* nat.md 27 */
static void test_resting_port_yields_when_none_is_left(void **state)
{
	struct nat_counters counters;
	struct lab *l = *state;

	memset(l->conf.reserved[1], 0xff, sizeof(l->conf.reserved[1]));
	l->conf.reserved[1][5000 / 64] &= ~(1ULL << 5000 % 64);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	lab_out(l, HOST_B, 7000, REMOTE, 53);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(out_sport(l), 5000);
	nat_counters(l->n, &counters);
	assert_int_equal(counters.hold_yielded, 1);
}

/* ---- tables */

static void assert_prohibited(struct lab *l, enum gate_drop why)
{
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(l->p.data[l->p.l4], ICMP_UNREACHABLE);
	assert_int_equal(l->p.data[l->p.l4 + 1], ICMP_PROHIBITED);
	assert_int_equal(lab_drops(l, why), 1);
}

/* nat.md 22 */
static void test_rfc5508_req8_full_tables_say_so(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 4, 6, 64 });

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	lab_out(l, HOST_A, 5004, REMOTE, 53);
	assert_prohibited(l, DROP_TABLE_FULL);
	/* What is there goes on. */
	assert_int_equal(lab_in(l, REMOTE, 53, 5003), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	lab_free(l);
}

/* nat.md 26 */
static void test_a_hosts_share_costs_its_own_oldest(void **state)
{
	struct nat_counters counters;
	struct lab *l = *state;

	l->conf.host_sessions = 10;
	lab_out(l, HOST_B, 4000, REMOTE, 53);
	for (uint16_t i = 0; i < 15; i++) {
		lab_wait(l, 2 * SECOND);
		assert_int_equal(lab_out(l, HOST_A, 5000 + i, REMOTE, 53),
				 VERDICT_FORWARD);
		/* The first one stays in use. */
		lab_out(l, HOST_A, 5000, REMOTE, 53);
	}
	assert_int_equal(lab_sessions(l), 11);
	assert_int_equal(lab_mappings(l), 11);
	nat_counters(l->n, &counters);
	assert_int_equal(counters.evicted, 5);
	assert_int_equal(lab_in(l, REMOTE, 53, 4000), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5001), VERDICT_DROP);
}

/* The last session goes, its mapping or its host stays: they are in use. */
/* nat.md 26 */
static void test_share_of_one(void **state)
{
	struct lab *l = *state;
	struct spec gre = { .side = SIDE_LAN,
			    .src = HOST_A,
			    .dst = REMOTE,
			    .proto = IPPROTO_GRE,
			    .payload = 8 };

	l->conf.host_sessions = 1;
	for (uint16_t i = 0; i < 20; i++) {
		assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 100 + i),
				 VERDICT_FORWARD);
		assert_int_equal(l->p.flags & PKT_REPLY, 0);
		assert_int_equal(lab_sessions(l), 1);
		assert_int_equal(lab_mappings(l), 1);
	}
	for (uint16_t i = 0; i < 20; i++) {
		gre.dst = REMOTE + i;
		assert_int_equal(lab_send(l, gre), VERDICT_FORWARD);
		assert_int_equal(l->p.flags & PKT_REPLY, 0);
		assert_int_equal(lab_sessions(l), 1);
	}
	assert_int_equal(lab_mappings(l), 0);
}

/* Both ends of a hairpin may push each other out: no crash, no leak. */
static void test_hairpin_at_the_end_of_the_share(void **state)
{
	struct lab *l = *state;

	for (uint32_t share = 1; share < 5; share++) {
		l->conf.host_sessions = share;
		for (uint16_t i = 0; i < 20; i++) {
			lab_out(l, HOST_A, 5000, REMOTE, 53);
			lab_out(l, HOST_A, 6000 + i, WAN, 5000);
			lab_out(l, HOST_B, 7000 + i, WAN, 5000);
			lab_out(l, HOST_A, 5000, WAN, 7000 + i);
		}
	}
}

/* Whoever has most gives, the longest idle one; no host is shut out. */
/* nat.md 26 */
static void test_full_table_costs_the_largest_host(void **state)
{
	struct nat_counters counters;
	struct lab *l = lab_with((struct engine_limits){ 64, 24, 64 });

	(void)state;
	lab_out(l, HOST_B, 4000, REMOTE, 53);
	for (uint16_t i = 0; i < 23; i++) {
		lab_wait(l, SECOND);
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	}
	lab_out(l, HOST_A, 5000, REMOTE, 53); /* in use again */
	for (uint16_t i = 0; i < 8; i++) {
		assert_int_equal(lab_out(l, HOST_B, 4001 + i, REMOTE, 53),
				 VERDICT_FORWARD);
		assert_int_equal(l->p.flags & PKT_REPLY, 0);
	}
	assert_int_equal(lab_sessions(l), 24);
	assert_int_equal(lab_mappings(l), 24);
	assert_int_equal(lab_in(l, REMOTE, 53, 4000), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5001), VERDICT_DROP);
	assert_int_equal(lab_in(l, REMOTE, 53, 5008), VERDICT_DROP);
	assert_int_equal(lab_in(l, REMOTE, 53, 5009), VERDICT_FORWARD);
	/* The largest itself wants more: at its own cost. */
	assert_int_equal(lab_out(l, HOST_A, 8000, REMOTE, 53), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 4000), VERDICT_FORWARD);
	nat_counters(l->n, &counters);
	assert_int_equal(counters.evicted, 9);
	lab_free(l);
}

/* Once the largest, it has little now: who has most is found all the same. */
static void test_largest_host_is_found_after_another_shrank(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 64, 24, 64 });

	(void)state;
	for (uint16_t i = 0; i < 12; i++)
		lab_tcp(l, SIDE_LAN, HOST_A, 5000 + i, REMOTE, 80, TCP_SYN);
	for (uint16_t i = 0; i < 8; i++)
		lab_out(l, HOST_B, 6000 + i, REMOTE, 53);
	lab_wait(l, 242 * SECOND);
	assert_int_equal(lab_sessions(l), 8);
	for (uint16_t i = 0; i < 16; i++)
		lab_out(l, HOST_B + 1 + i % 4, 7000 + i, REMOTE, 53);
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_int_equal(lab_in(l, REMOTE, 53, 6000), VERDICT_DROP);
	for (uint16_t i = 0; i < 16; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 7000 + i),
				 VERDICT_FORWARD);
	lab_free(l);
}

/* ---- other hosts go on */

static bool opens(struct lab *l, uint32_t host, uint16_t port)
{
	return lab_out(l, host, port, REMOTE, 53) == VERDICT_FORWARD &&
	       !(l->p.flags & PKT_REPLY);
}

/* Ports step 1, 3, 5 …: as an attacker would. */
static void flood(struct lab *l, uint32_t host, unsigned from, unsigned count,
		  unsigned step)
{
	for (unsigned i = 0; i < count; i++)
		lab_out(l, host, (uint16_t)(from + i * step), REMOTE, 53);
}

/* nat.md 22 */
static void test_odd_ports_used_up_leave_the_even_ones(void **state)
{
	struct lab *l = big_lab();

	(void)state;
	flood(l, IP(10, 77, 0, 10), 1025, 16384, 2);
	flood(l, IP(10, 77, 0, 11), 33793, 15873, 2);
	assert_true(opens(l, HOST_B, 40001));
	assert_true(out_sport(l) >= 1024);
	assert_int_equal(lab_in(l, STRANGER, 7, out_sport(l)), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(lab_drops(l, DROP_NO_PORT), 0);
	assert_true(nat_check(l->n));
	lab_free(l);
}

/* Those that have most give, the one that was idle; no port of the owner's. */
/* nat.md 22 */
static void test_ports_used_up_cost_who_has_most(void **state)
{
	struct nat_counters counters;
	struct lab *l = big_lab();

	(void)state;
	l->conf.forwards_n = 1;
	l->conf.forwards[0] = (struct conf_forward){
		.proto = IPPROTO_UDP,
		.port = 1100,
		.to = net32(IP(10, 77, 0, 10)),
		.to_port = 1100,
	};
	for (uint32_t i = 0; i < 4; i++)
		flood(l, IP(10, 77, 0, 10) + i, 1100, 16384, 1);
	for (uint16_t i = 0; i < 200; i++)
		assert_true(opens(l, HOST_B, 40001 + i));
	assert_int_equal(lab_in(l, STRANGER, 7, 1100), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), IP(10, 77, 0, 10));
	/* Who has most of all takes from nobody. */
	nat_counters(l->n, &counters);
	assert_in_range(counters.evicted, 200, 2000);
	assert_int_equal(lab_in(l, REMOTE, 53, 1100), VERDICT_FORWARD);
	assert_true(nat_check(l->n));
	lab_free(l);
}

/* An equal one has no right to another's, or they would rob each other. */
/* nat.md 26 */
static void test_mappings_used_up_are_shared_evenly(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 8, 64, 64 });

	(void)state;
	for (uint16_t i = 0; i < 8; i++) {
		assert_true(opens(l, HOST_A, 5000 + i));
		lab_wait(l, 2 * SECOND);
	}
	lab_out(l, HOST_A, 5000, REMOTE, 53); /* in use again */
	for (uint16_t i = 0; i < 4; i++)
		assert_true(opens(l, HOST_B, 6000 + i));
	assert_false(opens(l, HOST_B, 6004));
	assert_int_equal(lab_drops(l, DROP_TABLE_FULL), 1);
	assert_false(opens(l, HOST_A, 7000));
	for (uint16_t i = 1; i < 5; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 5000 + i), VERDICT_DROP);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 6000), VERDICT_FORWARD);
	lab_free(l);
}

/* Sources without end, one session each, in a LAN that is wide enough. */
/* nat.md 26 */
static void test_hosts_without_end_lock_nobody_out(void **state)
{
	struct lab *l = big_lab();

	(void)state;
	l->conf.lans[0].net = net32(IP(10, 77, 0, 0));
	l->conf.lans[0].mask = net32(IP(255, 255, 224, 0));
	l->conf.forwards_n = 1;
	l->conf.forwards[0] = (struct conf_forward){
		.proto = IPPROTO_TCP,
		.port = 80,
		.to = net32(HOST_A),
		.to_port = 80,
	};
	for (uint16_t i = 0; i < 20; i++)
		assert_true(opens(l, HOST_B, 40000 + i));
	for (uint32_t i = 0; i < 6000; i++)
		assert_true(opens(l, IP(10, 77, 4, 0) + i, 5000));
	/* Who has more than one of those stays whole; so do forwards. */
	for (uint16_t i = 0; i < 20; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 40000 + i),
				 VERDICT_FORWARD);
	assert_true(opens(l, IP(10, 77, 0, 200), 5000));
	lab_tcp(l, SIDE_WAN, STRANGER, 7, WAN, 80, TCP_SYN);
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_true(nat_check(l->n));
	lab_free(l);
}

/* ---- many */

/* Half of the 64,512 high ports and more; the rest of the house goes on. */
static void test_sixty_thousand_mappings(void **state)
{
	struct lab *l = big_lab();
	unsigned made = 0;

	(void)state;
	l->conf.host_sessions = 100000;
	for (uint32_t i = 0; i < 60000; i++)
		made += lab_out(l, IP(10, 77, 0, 10) + i / 10000,
				(uint16_t)(1024 + i % 10000), REMOTE,
				53) == VERDICT_FORWARD;
	assert_int_equal(made, 60000);
	assert_int_equal(lab_mappings(l), 60000);
	assert_true(nat_check(l->n));
	assert_int_equal(lab_in(l, STRANGER, 7, 1024 + 17), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), IP(10, 77, 0, 10));
	lab_wait(l, 8 * MINUTE);
	assert_int_equal(lab_mappings(l), 0);
	lab_free(l);
}

static void test_expiry_never_exceeds_its_budget(void **state)
{
	struct lab *l = big_lab();
	uint32_t before, calls = 0;

	(void)state;
	l->conf.host_sessions = 100000;
	/* All due in the same second. */
	for (uint32_t i = 0; i < 20000; i++)
		lab_out(l, IP(10, 77, 0, 10) + i / 10000,
			(uint16_t)(1024 + i % 10000), REMOTE, 53);
	l->now += 5 * MINUTE + SECOND;
	while (lab_sessions(l)) {
		before = lab_sessions(l);
		nat_expire(l->n, &l->conf, l->now, 64);
		assert_in_range(before - lab_sessions(l), 0, 64);
		assert_true(++calls < 20000);
	}
	lab_wait(l, 3 * MINUTE);
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(nat_expire(l->n, &l->conf, l->now, 64), UINT64_MAX);
	lab_free(l);
}

/* A NAT that nobody called for a long time. */
static void test_clock_leaps(void **state)
{
	static const uint64_t leaps[] = { 1,
					  999,
					  SECOND,
					  MINUTE,
					  1024 * SECOND,
					  1025 * SECOND,
					  86400 * (uint64_t)SECOND };
	struct lab *l = *state;

	for (unsigned i = 0; i < sizeof(leaps) / sizeof(leaps[0]); i++) {
		lab_out(l, HOST_A, 5000, REMOTE, 53);
		lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_ACK);
		lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 5000, TCP_ACK);
		l->now += leaps[i];
		lab_wait(l, 0);
		assert_int_equal(lab_sessions(l), leaps[i] < 5 * MINUTE ? 2
						  : leaps[i] < 7440 * SECOND
							  ? 1
							  : 0);
	}
}

static void test_idle_nat_wants_no_calls(void **state)
{
	struct lab *l = *state;

	assert_int_equal(nat_expire(l->n, &l->conf, l->now, 64), UINT64_MAX);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	nat_expire(l->n, &l->conf, l->now + SECOND, 64);
	assert_in_range(nat_expire(l->n, &l->conf, l->now + SECOND, 64),
			298 * SECOND, 300 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_reserved_ports_are_never_given),
		lab_test(test_resting_port_is_reserved),
		lab_test(test_conflict_moves_the_mapping),
		lab_test(test_port_rests_120_s_for_its_host),
		lab_test(test_resting_port_yields_when_none_is_left),
		cmocka_unit_test(test_rfc5508_req8_full_tables_say_so),
		lab_test(test_a_hosts_share_costs_its_own_oldest),
		lab_test(test_share_of_one),
		lab_test(test_hairpin_at_the_end_of_the_share),
		cmocka_unit_test(test_full_table_costs_the_largest_host),
		cmocka_unit_test(
			test_largest_host_is_found_after_another_shrank),
		cmocka_unit_test(test_odd_ports_used_up_leave_the_even_ones),
		cmocka_unit_test(test_ports_used_up_cost_who_has_most),
		cmocka_unit_test(test_mappings_used_up_are_shared_evenly),
		cmocka_unit_test(test_hosts_without_end_lock_nobody_out),
		cmocka_unit_test(test_sixty_thousand_mappings),
		cmocka_unit_test(test_expiry_never_exceeds_its_budget),
		lab_test(test_clock_leaps),
		lab_test(test_idle_nat_wants_no_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
