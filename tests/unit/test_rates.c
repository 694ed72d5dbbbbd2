/* test_rates.c - bits per second, under a fake clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../ctl/api/rates.h"

static void rates_are_of_the_last_two_seconds(void **state)
{
	struct engine_totals t = { 0 };
	struct device_row d[2] = { { .mac = { { 2, 0, 0, 0, 0, 1 } } },
				   { .mac = { { 2, 0, 0, 0, 0, 2 } } } };
	struct device_row swapped[2];
	struct rates *r = rates_new();

	(void)state;
	assert_int_equal(rates_total(r).rx_bps, 0);
	rates_sample(r, 0, &t, d, 2);
	assert_int_equal(rates_total(r).rx_bps, 0);
	t.rx_bytes = 1000;
	d[1].tx_bytes = 500;
	rates_sample(r, 1000, &t, d, 2);
	assert_int_equal(rates_total(r).rx_bps, 8000);
	assert_int_equal(rates_device(r, &d[1].mac).tx_bps, 4000);
	assert_int_equal(rates_device(r, &d[0].mac).tx_bps, 0);

	swapped[0] = d[1]; /* rows may come in another order */
	swapped[1] = d[0];
	swapped[0].tx_bytes = 1500;
	t.rx_bytes = 4000;
	rates_sample(r, 2000, &t, swapped, 2);
	assert_int_equal(rates_total(r).rx_bps, 16000);
	assert_int_equal(rates_device(r, &d[1].mac).tx_bps, 6000);
	rates_sample(r, 3000, &t, swapped, 2);
	rates_sample(r, 4000, &t, swapped, 2);
	assert_int_equal(rates_total(r).rx_bps, 0);
	assert_int_equal(rates_device(r, &d[1].mac).tx_bps, 0);

	swapped[0].tx_bytes = 0; /* counted anew */
	rates_sample(r, 5000, &t, swapped, 1);
	assert_int_equal(rates_device(r, &d[1].mac).tx_bps, 0);
	rates_sample(r, 5000, &t, swapped, 1); /* no time went by */
	assert_int_equal(rates_device(r, &d[1].mac).tx_bps, 0);
	assert_int_equal(rates_device(r, &d[0].mac).tx_bps, 0);
	rates_free(r);
}

static void the_last_minute_is_remembered(void **state)
{
	struct engine_totals t = { 0 };
	struct device_row d = { .mac = { { 2, 0, 0, 0, 0, 1 } } };
	struct mac stranger = { { 2, 0, 0, 0, 0, 9 } };
	struct rates *r = rates_new();
	struct rates_recent recent;
	uint64_t now = 1000;
	unsigned i;

	(void)state;
	rates_step(r, now, &t);
	assert_int_equal(rates_total_recent(r).n, 0);
	for (i = 1; i <= 300; i++) {
		now += RATES_STEP_MS;
		t.rx_bytes += i;
		assert_int_equal(rates_step(r, now, &t).rx_bps, i * 32);
	}
	recent = rates_total_recent(r);
	assert_int_equal(recent.n, RATES_STEPS);
	assert_int_equal(recent.rates[0].rx_bps, 61 * 32);
	assert_int_equal(recent.rates[RATES_STEPS - 1].rx_bps, 300 * 32);

	t.tx_bytes += 1000; /* one that comes late stands for four */
	rates_step(r, now + 1001, &t);
	recent = rates_total_recent(r);
	assert_int_equal(recent.rates[RATES_STEPS - 5].rx_bps, 300 * 32);
	for (i = 1; i <= 4; i++)
		assert_int_equal(recent.rates[RATES_STEPS - i].tx_bps,
				 1000 * 8000 / 1001);

	for (i = 0; i < 70; i++) {
		d.rx_bytes += 125 * i;
		rates_sample(r, 1000 * i, &t, &d, 1);
	}
	recent = rates_device_recent(r, &d.mac);
	assert_int_equal(recent.n, RATES_DEVICE_N);
	assert_int_equal(recent.rates[RATES_DEVICE_N - 1].rx_bps,
			 rates_device(r, &d.mac).rx_bps);
	assert_int_equal(recent.rates[0].rx_bps, 9500);
	assert_int_equal(rates_device_recent(r, &stranger).n, 0);
	rates_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_of_the_last_two_seconds),
		cmocka_unit_test(the_last_minute_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
