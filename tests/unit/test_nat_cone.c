/* test_nat_cone.c - what the NAT finds out about itself: that it is a full cone
 * where it is, and that it is not where something is in the way; and that
 * nothing is left of the question. */
#include "nat_lab.h"

#include "ctl/engine/nat/nat_core.h"

static struct cone_row ask(struct lab *l, uint8_t proto)
{
	struct cone_row row;

	nat_cone(l->n, &l->conf, proto, &row, l->now);
	assert_true(nat_check(l->n));
	return row;
}

static void assert_full(const struct cone_row *row)
{
	assert_true(row->works);
	assert_int_equal(row->mapping, CONE_INDEPENDENT);
	assert_int_equal(row->filtering, CONE_INDEPENDENT);
	assert_true(row->hairpin);
}

static void test_it_is_a_full_cone(void **state)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP };
	struct lab *l = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct cone_row row = ask(l, protos[i]);

		assert_full(&row);
		assert_true(row.port_kept);
		assert_int_equal(row.proto, protos[i]);
	}
}

/* Whoever speaks goes on speaking, by the same port. */
static void test_nothing_is_left_of_it(void **state)
{
	struct lab *l = *state;
	uint32_t mappings, sessions;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	for (unsigned i = 0; i < 100; i++) {
		struct cone_row row = ask(l, i & 1 ? IPPROTO_TCP : IPPROTO_UDP);

		assert_full(&row);
		lab_wait(l, 10);
	}
	nat_totals(l->n, &mappings, &sessions);
	assert_int_equal(mappings, 1);
	assert_int_equal(sessions, 1);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
}

/* The host whose address it borrows has mappings of its own, which stay. */
static void test_a_host_at_the_last_address_keeps_its_own(void **state)
{
	struct lab *l = *state;

	for (uint32_t port = 49152; port < 49152 + 500; port++)
		assert_int_equal(lab_out(l, IP(10, 77, 0, 254), (uint16_t)port,
					 REMOTE, 53),
				 VERDICT_FORWARD);
	for (unsigned i = 0; i < 20; i++) {
		struct cone_row row = ask(l, IPPROTO_UDP);

		assert_full(&row);
		lab_wait(l, 7);
	}
	for (uint32_t port = 49152; port < 49152 + 500; port++)
		assert_int_equal(lab_in(l, REMOTE, 53, (uint16_t)port),
				 VERDICT_FORWARD);
}

/* Nor does it lose a connection for it when it has as many as it may. */
static void test_a_host_with_all_it_may_have_loses_nothing(void **state)
{
	const uint16_t own = 20;
	struct lab *l = *state;
	uint32_t mappings, sessions;

	l->conf.host_sessions = own;
	for (uint32_t host = 253; host <= 254; host++)
		for (uint16_t i = 0; i < own; i++)
			lab_out(l, IP(10, 77, 0, host), 5000 + i, REMOTE, 53);
	for (unsigned i = 0; i < 2; i++) {
		struct cone_row row = ask(l, i ? IPPROTO_TCP : IPPROTO_UDP);

		assert_full(&row);
	}
	nat_totals(l->n, &mappings, &sessions);
	assert_int_equal(mappings, 2 * own);
	assert_int_equal(sessions, 2 * own);
}

static void test_no_host_goes_for_it(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 8192, 8192, 64 });
	uint32_t mappings, sessions;
	struct cone_row row;

	(void)state;
	l->conf.lans[0].mask = htonl(~0xffffu);
	l->conf.lans[0].net = htonl(IP(10, 77, 0, 0));
	for (uint32_t i = 0; i < NAT_HOSTS_MAX; i++)
		lab_out(l, IP(10, 77, 1, 0) + i, 5000, REMOTE, 53);
	nat_totals(l->n, &mappings, &sessions);
	assert_int_equal(sessions, NAT_HOSTS_MAX);
	row = ask(l, IPPROTO_UDP);
	assert_false(row.works);
	assert_int_equal(row.drop, DROP_TABLE_FULL);
	nat_totals(l->n, &mappings, &sessions);
	assert_int_equal(sessions, NAT_HOSTS_MAX);
	lab_free(l);
}

/* The share of one host is so small that no stranger fits in: what is told is
 * what would happen, not what was meant. */
static void test_who_gets_in_is_tried(void **state)
{
	struct lab *l = *state;
	struct cone_row row;

	l->conf.host_sessions = 1;
	row = ask(l, IPPROTO_UDP);
	assert_true(row.works);
	assert_int_equal(row.filtering, CONE_ADDRESS_AND_PORT);
	assert_false(row.hairpin);
}

static void test_without_internet_it_cannot_be_told(void **state)
{
	struct lab *l = *state;
	struct cone_row row;

	l->conf.wan.up = false;
	row = ask(l, IPPROTO_UDP);
	assert_false(row.works);
	assert_int_equal(row.drop, DROP_NO_WAN);
	l->conf.wan.up = true;
	l->conf.lans_n = 0;
	row = ask(l, IPPROTO_UDP);
	assert_false(row.works);
}

/* Nobody loses a port or a connection to curiosity. */
static void test_a_full_table_is_left_alone(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 16, 16, 16 });
	struct cone_row row;

	(void)state;
	for (uint16_t i = 0; i < 12; i++)
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
	row = ask(l, IPPROTO_UDP);
	assert_false(row.works);
	assert_int_equal(row.drop, DROP_TABLE_FULL);
	for (uint16_t i = 0; i < 12; i++)
		assert_int_equal(lab_in(l, REMOTE, 53, 5000 + i),
				 VERDICT_FORWARD);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_it_is_a_full_cone),
		lab_test(test_nothing_is_left_of_it),
		lab_test(test_a_host_at_the_last_address_keeps_its_own),
		lab_test(test_a_host_with_all_it_may_have_loses_nothing),
		cmocka_unit_test(test_no_host_goes_for_it),
		lab_test(test_who_gets_in_is_tried),
		lab_test(test_without_internet_it_cannot_be_told),
		cmocka_unit_test(test_a_full_table_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
