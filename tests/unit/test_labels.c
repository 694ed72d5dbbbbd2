/* test_labels.c - DNS answers by host and address: bounded in time and room. */
#include "ctl/engine/tap/labels.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct mac phone = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac laptop = { { 2, 0, 0, 0, 0, 2 } };
static const struct mac nobody;
static const uint64_t start = 5000000;

static struct addr at(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static int setup(void **state)
{
	static const struct hash_key key = { { 5, 6 } };

	*state = labels_new(&key);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	labels_free(*state);
	return 0;
}

static void a_host_finds_what_it_was_told_alone(void **state)
{
	struct addr a = at("10.77.0.2"), b = at("10.77.0.3");
	struct addr web = at("198.51.100.7"), other = at("198.51.100.8");

	labels_learn(*state, &phone, &a, &web, 7, 60, start);
	assert_int_equal(labels_find(*state, &phone, &a, &web, start), 7);
	assert_int_equal(labels_find(*state, &phone, &a, &other, start), 0);
	assert_int_equal(labels_find(*state, &laptop, &b, &web, start), 0);
	labels_learn(*state, &laptop, &b, &web, 8, 60, start);
	assert_int_equal(labels_find(*state, &phone, &a, &web, start), 7);
	assert_int_equal(labels_find(*state, &laptop, &b, &web, start), 8);
	labels_learn(*state, &phone, &a, &web, 9, 60, start);
	assert_int_equal(labels_find(*state, &phone, &a, &web, start), 9);
}

static void who_asks_by_ipv4_connects_by_ipv6(void **state)
{
	struct addr v4 = at("10.77.0.2"), v6 = at("fd00::2");
	struct addr web = at("2001:db8::7");

	labels_learn(*state, &phone, &v4, &web, 7, 60, start);
	assert_int_equal(labels_find(*state, &phone, &v6, &web, start), 7);
	assert_int_equal(labels_find(*state, &nobody, &v6, &web, start), 0);
}

static void without_a_mac_the_address_does(void **state)
{
	struct addr a = at("10.77.0.2"), web = at("198.51.100.7");

	labels_learn(*state, &nobody, &a, &web, 7, 60, start);
	assert_int_equal(labels_find(*state, &nobody, &a, &web, start), 7);
	assert_int_equal(labels_find(*state, &phone, &a, &web, start), 7);
}

static void answers_end(void **state)
{
	struct addr a = at("10.77.0.2"), web = at("198.51.100.7");
	uint64_t hour = 1000ull * LABELS_LEAST_S;

	labels_learn(*state, &phone, &a, &web, 7, 60, start);
	assert_int_equal(
		labels_find(*state, &phone, &a, &web, start + hour - 1000), 7);
	assert_int_equal(labels_find(*state, &phone, &a, &web, start + hour),
			 0);
	labels_learn(*state, &phone, &a, &web, 7, UINT32_MAX, start);
	assert_int_equal(labels_find(*state, &phone, &a, &web,
				     start + 1000ull * LABELS_MOST_S),
			 0);
}

/* However many come, the newest is there, and most of a table's worth. */
static void a_flood_pushes_out_the_oldest(void **state)
{
	struct addr a = at("10.77.0.2");
	unsigned found = 0;

	for (uint32_t i = 1; i <= 4 * LABELS_MAX; i++) {
		struct addr web = addr_v4(htonl(0x0b000000 + i));

		labels_learn(*state, &phone, &a, &web, i, 60,
			     start + i / 64 * 1000);
		assert_int_equal(labels_find(*state, &phone, &a, &web,
					     start + i / 64 * 1000),
				 i);
	}
	for (uint32_t i = 4 * LABELS_MAX; i > 3 * LABELS_MAX; i--) {
		struct addr web = addr_v4(htonl(0x0b000000 + i));

		found += labels_find(*state, &phone, &a, &web,
				     start + i / 64 * 1000) == i;
	}
	assert_true(found > LABELS_MAX / 2);
}

/* Whoever asks without end, and is told for long, takes its own room. */
static void a_flood_leaves_others_theirs(void **state)
{
	struct addr a = at("10.77.0.2"), b = at("10.77.0.3");
	unsigned found = 0;

	for (uint32_t i = 1; i <= 2 * LABELS_MAX; i++) {
		struct addr web = addr_v4(htonl(0x0b000000 + i));

		/* Among what the flood has filled already, and before that. */
		if (i % (LABELS_MAX / 50) == 0)
			labels_learn(*state, &phone, &a, &web, i, 60, start);
		labels_learn(*state, &laptop, &b, &web, 7, UINT32_MAX, start);
	}
	for (uint32_t i = LABELS_MAX / 50; i <= 2 * LABELS_MAX;
	     i += LABELS_MAX / 50) {
		struct addr web = addr_v4(htonl(0x0b000000 + i));

		found += labels_find(*state, &phone, &a, &web, start) == i;
	}
	assert_int_equal(found, 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_host_finds_what_it_was_told_alone),
		T(who_asks_by_ipv4_connects_by_ipv6),
		T(without_a_mac_the_address_does),
		T(answers_end),
		T(a_flood_pushes_out_the_oldest),
		T(a_flood_leaves_others_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
