/* test_rtt.c - medians of the last minutes, by device, remote and house. */
#include "ctl/remotes/rtt.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct mac phone = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac laptop = { { 2, 0, 0, 0, 0, 2 } };
static const uint64_t start = 1000000000;

static struct addr remote(uint32_t n)
{
	return addr_v4(htonl(0xc6336400 + n));
}

static int setup(void **state)
{
	*state = rtts_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	rtts_free(*state);
	return 0;
}

static void note(struct rtts *r, const struct mac *mac, uint32_t to,
		 enum rtt_side side, uint32_t us, uint64_t now_ms)
{
	struct addr a = remote(to);

	rtts_note(r, mac, &a, side, us, now_ms);
}

static uint32_t of_remote(struct rtts *r, uint32_t n, uint64_t now_ms)
{
	struct addr a = remote(n);

	return rtts_remote(r, &a, now_ms);
}

static void sides_and_devices_are_apart(void **state)
{
	struct rtts *r = *state;

	assert_int_equal(rtts_house(r, RTT_WAN, start), 0);
	assert_int_equal(rtts_device(r, &phone, RTT_LAN, start), 0);
	note(r, &phone, 1, RTT_WAN, 20000, start);
	note(r, &phone, 1, RTT_LAN, 3000, start);
	note(r, &laptop, 2, RTT_LAN, 200, start);
	assert_int_equal(rtts_device(r, &phone, RTT_WAN, start), 20000);
	assert_int_equal(rtts_device(r, &phone, RTT_LAN, start), 3000);
	assert_int_equal(rtts_device(r, &laptop, RTT_LAN, start), 200);
	assert_int_equal(rtts_device(r, &laptop, RTT_WAN, start), 0);
	assert_int_equal(of_remote(r, 1, start), 20000);
	assert_int_equal(of_remote(r, 2, start), 0);
	assert_int_equal(rtts_house(r, RTT_WAN, start), 20000);
}

static void one_slow_answer_moves_nothing(void **state)
{
	struct rtts *r = *state;

	for (uint32_t i = 0; i < 9; i++)
		note(r, &phone, 1, RTT_WAN, i == 4 ? 3000000 : 10000 + i,
		     start + i);
	assert_in_range(of_remote(r, 1, start), 10000, 10008);
	assert_in_range(rtts_device(r, &phone, RTT_WAN, start), 10000, 10008);
	assert_in_range(rtts_house(r, RTT_WAN, start), 10000, 10008);
}

static void the_latest_count(void **state)
{
	struct rtts *r = *state;

	for (uint32_t i = 0; i < 100; i++)
		note(r, &phone, 1, RTT_WAN, 10000, start);
	for (uint32_t i = 0; i < 15; i++)
		note(r, &phone, 1, RTT_WAN, 50000, start + 1000);
	assert_int_equal(of_remote(r, 1, start), 50000);
	note(r, &phone, 1, RTT_WAN, 60000, start + RTT_AGE_MS);
	assert_int_equal(of_remote(r, 1, start + RTT_AGE_MS + 2000), 60000);
	assert_int_equal(of_remote(r, 1, start + 2 * RTT_AGE_MS), 0);
	assert_int_equal(rtts_house(r, RTT_WAN, start + 2 * RTT_AGE_MS), 0);
}

static void a_flood_of_remotes_pushes_out_the_oldest(void **state)
{
	struct rtts *r = *state;
	unsigned found = 0;

	for (uint32_t i = 0; i < 100000; i++)
		note(r, &phone, i, RTT_WAN, i + 1, start + i / 100 * 1000);
	for (uint32_t i = 99000; i < 100000; i++)
		found += of_remote(r, i, start + 999000) == i + 1;
	assert_true(found > 900);
	assert_int_equal(rtts_device(r, &laptop, RTT_WAN, start), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sides_and_devices_are_apart),
		T(one_slow_answer_moves_nothing),
		T(the_latest_count),
		T(a_flood_of_remotes_pushes_out_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
