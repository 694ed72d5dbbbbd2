/* test_evidence.c - what is kept of the line and of scans: bounded, right after
 * the clock was set, and back from the file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/analysis/evidence.h"

#define MINUTE_MS 60000ull
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)
#define NOW	  1700000040000ull /* a whole minute */
#define MINUTE	  (NOW / MINUTE_MS)
#define LOST	  UINT32_MAX

static const struct mac piano = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };

static struct mac made_up(unsigned n)
{
	return (struct mac){ { 2, 0, 1, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

/* ---- the line */

static void is_minute(const struct evidence *e, uint64_t number, unsigned asked,
		      unsigned lost, unsigned us)
{
	const struct line_minute *m = evidence_minute(e, number);

	assert_non_null(m);
	assert_int_equal(m->asked, asked);
	assert_int_equal(m->lost, lost);
	assert_int_equal(m->us, us);
}

static void a_minute_is_its_middle_and_what_was_lost(void **state)
{
	struct evidence *e = evidence_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 60; i++)
		evidence_ping(e, i % 5 ? 1000 * i : LOST, NOW + i * 1000);
	is_minute(e, MINUTE, 60, 12, 31000);
	for (; i < 120; i++)
		evidence_ping(e, LOST, NOW + i * 1000);
	is_minute(e, MINUTE + 1, 60, 60, 0);
	/* One that is not over is what there is of it. */
	evidence_ping(e, 7000, NOW + 120000);
	is_minute(e, MINUTE + 2, 1, 0, 7000);
	/* What nobody asked in is not known. */
	assert_null(evidence_minute(e, MINUTE - 1));
	assert_null(evidence_minute(e, MINUTE + 3));
	assert_null(evidence_minute(e, 0));
	/* More answers than a minute has room for. */
	for (i = 0; i < 1000; i++)
		evidence_ping(e, 500, NOW + 180000);
	is_minute(e, MINUTE + 3, 1000, 0, 500);
	evidence_free(e);
}

static void a_day_is_kept(void **state)
{
	struct evidence *e = evidence_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 1500; i++)
		evidence_ping(e, 1000 + i, NOW + i * MINUTE_MS);
	for (i = 0; i < 60; i++)
		assert_null(evidence_minute(e, MINUTE + i));
	for (; i < 1500; i++)
		is_minute(e, MINUTE + i, 1, 0, 1000 + i);
	evidence_free(e);
}

static void the_clock_may_be_set(void **state)
{
	struct evidence *e = evidence_new();

	(void)state;
	evidence_ping(e, 1000, NOW);
	evidence_ping(e, 2000, NOW + 400 * DAY_MS + MINUTE_MS);
	evidence_ping(e, 3000, NOW); /* and back: it goes on */
	evidence_ping(e, 3000, NOW + MINUTE_MS);
	is_minute(e, MINUTE, 2, 0, 3000);
	is_minute(e, MINUTE + 1, 1, 0, 3000);
	assert_null(evidence_minute(e, MINUTE + 400 * 1440 + 1));
	evidence_free(e);
}

/* ---- scans */

/* 'n' addresses from x.x.x.'first' on, within a minute. */
static void scan(struct evidence *e, struct mac mac, unsigned first, unsigned n,
		 uint64_t now_ms)
{
	struct scan_lan_asker seen = { .mac = mac, .began_ms = now_ms };

	seen.low = seen.high = 0x0a4d0000 + first;
	for (seen.n = 1; seen.n <= n; seen.n++, seen.high++)
		if (seen.n >= SCAN_LAN_TARGETS)
			evidence_scan(e, &seen, now_ms + seen.n * 10);
}

static unsigned scans_of(const struct evidence *e, struct mac mac)
{
	const struct lan_scan *s;
	unsigned i, n = 0;

	for (i = 0; i < EVIDENCE_SCANS; i++) {
		s = evidence_scan_at(e, i);
		n += s && mac_eq(&s->mac, &mac);
	}
	return n;
}

static void a_scan_is_when_and_how_many(void **state)
{
	struct evidence *e = evidence_new();
	const struct lan_scan *s;

	(void)state;
	scan(e, piano, 100, 47, NOW - DAY_MS);
	assert_int_equal(scans_of(e, piano), 0);
	scan(e, piano, 1, 254, NOW);
	s = evidence_scan_at(e, 0);
	assert_int_equal(s->from_ms, NOW);
	assert_int_equal(s->to_ms, NOW + 2540);
	assert_int_equal(s->times, 1);
	assert_int_equal(s->most, 254);
	assert_int_equal(s->low, 0x0a4d0001);
	assert_int_equal(s->high, 0x0a4d00fe);
	/* Again and again is one; after a rest it is another. */
	scan(e, piano, 200, 50, NOW + 59 * MINUTE_MS);
	assert_int_equal(s->times, 2);
	assert_int_equal(s->most, 254);
	assert_int_equal(s->to_ms, NOW + 59 * MINUTE_MS + 500);
	assert_int_equal(scans_of(e, piano), 1);
	scan(e, piano, 1, 50, NOW + 3 * HOUR_MS);
	assert_int_equal(scans_of(e, piano), 2);
	evidence_free(e);
}

static void scans_are_bounded_and_fair(void **state)
{
	struct evidence *e = evidence_new();
	unsigned i;

	(void)state;
	scan(e, piano, 1, 60, NOW);
	for (i = 0; i < 1000; i++)
		scan(e, made_up(1), 1, 60, NOW + i * 2 * HOUR_MS);
	assert_int_equal(scans_of(e, made_up(1)), EVIDENCE_SCANS_EACH);
	for (i = 0; i < 1000; i++)
		scan(e, made_up(i), 1, 60, NOW + 9999 * HOUR_MS);
	assert_int_equal(scans_of(e, piano), 1);
	evidence_free(e);
}

/* ---- the file */

static void what_is_written_is_read_again(void **state)
{
	struct evidence *e = evidence_new(), *again = evidence_new(), *cut;
	size_t len, len2, i;
	uint8_t *data, *data2;

	(void)state;
	assert_false(evidence_changed(e));
	for (i = 0; i < 10; i++)
		evidence_ping(e, 5000, NOW + i * MINUTE_MS);
	evidence_ping(e, LOST, NOW + 9 * MINUTE_MS);
	assert_true(evidence_changed(e));
	assert_false(evidence_changed(e));
	scan(e, piano, 1, 254, NOW);
	assert_true(evidence_changed(e));
	data = evidence_write(e, &len);
	assert_int_equal(evidence_read(again, data, len), 0);
	is_minute(again, MINUTE + 9, 2, 1, 5000);
	assert_int_equal(evidence_scan_at(again, 0)->most, 254);
	data2 = evidence_write(again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(data, data2, len);
	/* The minute that it ended in goes on. */
	evidence_ping(again, 4000, NOW + 9 * MINUTE_MS + 40000);
	is_minute(again, MINUTE + 9, 3, 1, 4000);
	for (i = 0; i < len; i++) {
		cut = evidence_new();
		assert_int_equal(evidence_read(cut, data, i), -EBADMSG);
		evidence_free(cut);
	}
	free(data);
	free(data2);
	evidence_free(e);
	evidence_free(again);
}

static void a_full_file_fits(void **state)
{
	struct evidence *e = evidence_new(), *again = evidence_new();
	size_t len;
	void *data;
	unsigned i;

	(void)state;
	for (i = 0; i < EVIDENCE_MINUTES; i++)
		evidence_ping(e, 70000, NOW + i * MINUTE_MS);
	for (i = 0; i < EVIDENCE_SCANS; i++)
		scan(e, made_up(i), 1, 254, NOW);
	data = evidence_write(e, &len);
	assert_true(len <= EVIDENCE_FILE_MAX / 2);
	assert_int_equal(evidence_read(again, data, len), 0);
	assert_non_null(evidence_scan_at(again, EVIDENCE_SCANS - 1));
	free(data);
	evidence_free(e);
	evidence_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_is_its_middle_and_what_was_lost),
		cmocka_unit_test(a_day_is_kept),
		cmocka_unit_test(the_clock_may_be_set),
		cmocka_unit_test(a_scan_is_when_and_how_many),
		cmocka_unit_test(scans_are_bounded_and_fair),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_full_file_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
