/* test_detectors.c - each detector by itself, under a made-up clock: what fires
 * it, and what must not. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/analysis/country.h"
#include "../../ctl/analysis/dns_own.h"
#include "../../ctl/analysis/dns_silent.h"
#include "../../ctl/analysis/hours.h"
#include "../../ctl/analysis/line.h"
#include "../../ctl/analysis/newcomer.h"
#include "../../ctl/analysis/upload.h"

#define MINUTE_MS 60000ull
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)
#define NOW	  1700000000000ull
#define MB	  1000000ull
#define LOST	  UINT32_MAX

static const struct mac piano = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };

static struct mac made_up(unsigned n)
{
	return (struct mac){ { 2, 0, 1, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

/* ---- a new device */

/* Of one that was heard just now. */
static enum newcomer judge_at(uint64_t first_ms, uint64_t now_ms)
{
	return newcomer_judge(NOW, first_ms, now_ms, now_ms);
}

static void who_comes_later_and_stays_is_new(void **state)
{
	uint64_t later = NOW + 2 * HOUR_MS;

	(void)state;
	assert_int_equal(judge_at(NOW, NOW + DAY_MS), NEWCOMER_OF_HOME);
	assert_int_equal(judge_at(NOW + HOUR_MS - 1, NOW + DAY_MS),
			 NEWCOMER_OF_HOME);
	assert_int_equal(judge_at(later, later), NEWCOMER_WAIT);
	assert_int_equal(judge_at(later, later + 9999), NEWCOMER_WAIT);
	assert_int_equal(judge_at(later, later + 10000), NEWCOMER_TELL);
	assert_int_equal(judge_at(later, later + HOUR_MS - 1), NEWCOMER_TELL);
	assert_int_equal(judge_at(later, later + HOUR_MS), NEWCOMER_STAYED);
	/* It was here for long, and is gone. */
	assert_int_equal(newcomer_judge(NOW, later, later + HOUR_MS,
					later + 2 * HOUR_MS),
			 NEWCOMER_WAIT);
}

/* ---- a new country */

static void a_country_is_new_after_a_week_and_once(void **state)
{
	struct habit h = { .since_ms = NOW };
	uint64_t later = NOW + 8 * DAY_MS;

	(void)state;
	assert_false(country_is_new(&h, "DE", NOW + DAY_MS));
	assert_false(country_is_new(&h, "US", NOW + 6 * DAY_MS));
	assert_false(country_is_new(&h, "DE", later));
	assert_true(country_is_new(&h, "ZZ", later));
	assert_false(country_is_new(&h, "ZZ", later));
	assert_true(country_is_new(&h, "AA", later));
	assert_false(country_is_new(&h, "", later));
	assert_false(country_is_new(&h, "de", later));
	assert_false(country_is_new(&h, "DEU", later));
}

/* ---- a new hour */

static struct habit_time at(uint32_t day, uint8_t hour)
{
	return (struct habit_time){ NOW + day * DAY_MS + hour * HOUR_MS,
				    20000 + day, hour };
}

/* Every evening for so many days. */
static struct habit evenings(uint32_t days)
{
	struct habit h = { .since_ms = NOW };
	uint32_t day;

	for (day = 0; day < days; day++)
		assert_false(hours_is_new(&h, HOURS_BYTES, at(day, 20)));
	return h;
}

static void the_middle_of_the_night_is_unusual(void **state)
{
	struct habit h = evenings(15);

	(void)state;
	assert_false(hours_is_new(&h, HOURS_BYTES - 1, at(15, 3)));
	assert_true(hours_is_new(&h, 1, at(15, 3))); /* a bit at a time */
	assert_false(hours_is_new(&h, HOURS_BYTES, at(15, 3)));
	assert_false(hours_is_new(&h, HOURS_BYTES, at(16, 3)));
}

static void what_is_no_unusual_hour(void **state)
{
	struct habit h = evenings(13); /* too few days to know */

	(void)state;
	assert_false(hours_is_new(&h, HOURS_BYTES, at(13, 3)));
	h = evenings(20);
	assert_false(hours_is_new(&h, HOURS_BYTES, at(20, 21))); /* beside */
	assert_false(hours_is_new(&h, HOURS_BYTES, at(20, 19)));
	assert_false(hours_is_new(&h, HOURS_BYTES - 1, at(20, 4)));
	h = evenings(20);
	/* Back from a long holiday: nothing is known any more. */
	assert_false(hours_is_new(&h, HOURS_BYTES, at(60, 3)));
	h = evenings(20);
	/* A clock that went back. */
	assert_false(hours_is_new(&h, HOURS_BYTES, at(2, 20)));
}

/* ---- an upload */

static void an_upload_far_above_habit_is_sudden(void **state)
{
	struct habit h = { 0 };
	uint64_t now = NOW;
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++, now += MINUTE_MS) /* 30 MB in ten minutes */
		assert_int_equal(upload_is_sudden(&h, 3 * MB, now), 0);
	assert_int_equal(upload_is_sudden(&h, 150 * MB, now), 0);
	assert_true(upload_is_sudden(&h, 50 * MB, now) >= 200 * MB);
	assert_int_equal(upload_is_sudden(&h, 500 * MB, now), 0); /* told */
}

static void an_upload_within_habit_is_not(void **state)
{
	struct habit h = { 0 };
	uint64_t now = NOW, day;
	unsigned i;

	(void)state;
	/* A backup each night; the first one is news. */
	for (day = 0; day < 5; day++) {
		now = NOW + day * DAY_MS;
		for (i = 0; i < 120; i++, now += MINUTE_MS)
			if (upload_is_sudden(&h, 100 * MB, now))
				assert_int_equal(day, 0);
	}
	/* Little by little is no surge, however much it comes to. */
	memset(&h, 0, sizeof(h));
	for (i = 0; i < 10000; i++, now += MINUTE_MS)
		assert_int_equal(upload_is_sudden(&h, 19 * MB, now), 0);
}

static void a_peak_fades(void **state)
{
	struct habit h = { 0 };
	uint64_t peak;

	(void)state;
	upload_is_sudden(&h, 1000 * MB, NOW);
	upload_is_sudden(&h, 1, NOW + HOUR_MS);
	peak = h.upload_peak;
	assert_int_equal(peak, 1000 * MB);
	upload_is_sudden(&h, 1, NOW + DAY_MS);
	assert_true(h.upload_peak < peak && h.upload_peak > peak / 2);
}

/* ---- DNS */

static struct endpoint far(unsigned host, unsigned port)
{
	return (struct endpoint){ addr_v4(htonl(0xc6336400 + host)),
				  htons((uint16_t)port) };
}

static void nobody_answers_names(void **state)
{
	struct dns_silent s = { 0 };
	uint64_t t = NOW;
	unsigned i, told = 0;

	(void)state;
	assert_false(dns_silent_step(&s, false, 7, t));
	for (i = 0; i < 60; i++)
		told += dns_silent_step(&s, true, 7 + i, t += 1000);
	assert_int_equal(told, 1);
	assert_false(dns_silent_step(&s, false, 70, t += 1000));
	for (i = 0; i < 60; i++) /* again */
		told += dns_silent_step(&s, true, 70 + i, t += 1000);
	assert_int_equal(told, 2);
}

static void a_silence_that_nobody_hears_is_none(void **state)
{
	struct dns_silent s = { 0 };
	uint64_t t = NOW;
	unsigned i;

	(void)state;
	for (i = 0; i < 60; i++) /* nobody asked for anything */
		assert_false(dns_silent_step(&s, true, 2, t += 1000));
	s = (struct dns_silent){ 0 };
	for (i = 0; i < 600; i++) /* a broken name; resolvers speak */
		assert_false(dns_silent_step(&s, false, i, t += 1000));
	for (i = 0; i < 9; i++) /* a hiccup */
		assert_false(dns_silent_step(&s, true, 700 + i, t += 1000));
	assert_false(dns_silent_step(&s, false, 710, t += 1000));
}

/* A question each 'every_ms', of which every 'nth' is answered; how often it
 * was told. */
static unsigned ask_own(struct dns_own *d, unsigned n, unsigned every_ms,
			unsigned nth)
{
	struct addr to = far(53, 53).addr;
	unsigned i, told = 0;
	uint64_t t = NOW;

	for (i = 1; i <= n; i++) {
		dns_own_asked(d, &piano, &to, t);
		if (nth && i % nth == 0)
			dns_own_answered(d, &piano, &to, t + 20);
		for (uint64_t end = t + every_ms; t < end; t += 1000)
			told += dns_own_look(d) != NULL;
	}
	return told;
}

static void a_resolver_of_its_own_is_silent(void **state)
{
	static struct dns_own d;
	struct addr to = far(53, 53).addr;
	unsigned i;

	(void)state;
	assert_int_equal(ask_own(&d, 20, 4000, 0), 1);
	dns_own_answered(&d, &piano, &to, NOW + 100000); /* and again */
	assert_int_equal(ask_own(&d, 80, 1000, 0), 1);	 /* and never rests */
	memset(&d, 0, sizeof(d));
	for (i = 0; i < 200; i++) { /* who asks others does not hide it */
		struct mac mac = made_up(i);

		if (i % 10 == 0)
			dns_own_asked(&d, &piano, &to, NOW + i * 200);
		dns_own_asked(&d, &mac, &to, NOW + i * 200);
	}
	assert_non_null(dns_own_look(&d));
}

static void a_resolver_that_answers_is_not(void **state)
{
	static struct dns_own d;

	(void)state;
	assert_int_equal(ask_own(&d, 200, 1000, 1), 0);
	memset(&d, 0, sizeof(d));
	assert_int_equal(ask_own(&d, 200, 4000, 3), 0); /* two of three lost */
	memset(&d, 0, sizeof(d));
	assert_int_equal(ask_own(&d, 3, 4000, 0), 0); /* gave up at once */
	memset(&d, 0, sizeof(d));
	assert_int_equal(ask_own(&d, 8, 1000, 0), 0); /* a hiccup */
}

/* ---- the line */

/* So many pings, all but every 'nth' answered; how often it was news. */
static unsigned run(struct line *l, unsigned pings, uint32_t us, unsigned nth,
		    enum line_news wanted)
{
	unsigned i, n = 0;

	for (i = 1; i <= pings; i++) {
		enum line_news news =
			line_step(l, nth && i % nth == 0 ? LOST : us);

		n += news == wanted;
		assert_true(news == LINE_NOTHING || news == wanted);
	}
	return n;
}

static void a_line_that_loses_is_news_once(void **state)
{
	struct line l = { 0 };

	(void)state;
	assert_true(line_loss(&l) < 0);
	assert_int_equal(run(&l, 600, 5000, 0, LINE_LOSES), 0);
	assert_true(line_loss(&l) == 0);
	assert_int_equal(run(&l, 300, 5000, 4, LINE_LOSES), 1);
	assert_true(line_loss(&l) == 0.25);
	assert_int_equal(run(&l, 300, 5000, 0, LINE_LOSES), 0);
	assert_int_equal(run(&l, 60, 5000, 1, LINE_LOSES), 1); /* cut */
	assert_true(line_loss(&l) == 1);
}

static void a_little_loss_is_no_news(void **state)
{
	struct line l = { 0 };

	(void)state;
	assert_int_equal(run(&l, 3600, 5000, 10, LINE_LOSES), 0);
}

static void a_gateway_that_never_speaks_loses_nothing(void **state)
{
	struct line l = { 0 };

	(void)state;
	assert_int_equal(run(&l, 3600, 5000, 1, LINE_LOSES), 0);
	assert_true(line_loss(&l) < 0);
	assert_int_equal(line_latency_us(&l), 0);
}

static void a_slow_line_is_news_once(void **state)
{
	struct line l = { 0 };

	(void)state;
	assert_int_equal(run(&l, 1800, 8000, 0, LINE_SLOW), 0);
	assert_int_equal(line_latency_us(&l), 8000);
	assert_int_equal(run(&l, 1800, 90000, 0, LINE_SLOW), 1);
	assert_int_equal(run(&l, 1800, 8000, 0, LINE_SLOW), 0);
	assert_int_equal(run(&l, 1800, 90000, 0, LINE_SLOW), 1);
}

static void some_slowness_is_no_news(void **state)
{
	struct line l = { 0 };
	unsigned i;

	(void)state;
	assert_int_equal(run(&l, 1800, 8000, 0, LINE_SLOW), 0);
	/* Thrice as slow, yet quick; much slower, yet not thrice. */
	assert_int_equal(run(&l, 600, 40000, 0, LINE_SLOW), 0);
	l = (struct line){ 0 };
	run(&l, 1800, 60000, 0, LINE_SLOW);
	assert_int_equal(run(&l, 600, 120000, 0, LINE_SLOW), 0);
	/* A spike now and then. */
	l = (struct line){ 0 };
	for (i = 0; i < 3600; i++)
		assert_int_equal(line_step(&l, i % 3 ? 8000 : 500000),
				 LINE_NOTHING);
	/* Slow from the first minute: nobody knows better. */
	l = (struct line){ 0 };
	assert_int_equal(run(&l, 3600, 700000, 0, LINE_SLOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_later_and_stays_is_new),
		cmocka_unit_test(a_country_is_new_after_a_week_and_once),
		cmocka_unit_test(the_middle_of_the_night_is_unusual),
		cmocka_unit_test(what_is_no_unusual_hour),
		cmocka_unit_test(an_upload_far_above_habit_is_sudden),
		cmocka_unit_test(an_upload_within_habit_is_not),
		cmocka_unit_test(a_peak_fades),
		cmocka_unit_test(nobody_answers_names),
		cmocka_unit_test(a_silence_that_nobody_hears_is_none),
		cmocka_unit_test(a_resolver_of_its_own_is_silent),
		cmocka_unit_test(a_resolver_that_answers_is_not),
		cmocka_unit_test(a_line_that_loses_is_news_once),
		cmocka_unit_test(a_little_loss_is_no_news),
		cmocka_unit_test(a_gateway_that_never_speaks_loses_nothing),
		cmocka_unit_test(a_slow_line_is_news_once),
		cmocka_unit_test(some_slowness_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
