/* test_bytes.c - cursors stop at the end, stay bad, and never touch more. */
#include "ctl/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t wire[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void reading_follows_network_order(void **state)
{
	struct rd r = rd_init(wire, sizeof(wire)), part;

	(void)state;
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_be16(&r), 0x0203);
	assert_int_equal(rd_be32(&r), 0x04050607);
	part = rd_sub(&r, 1);
	assert_int_equal(rd_u8(&part), 8);
	assert_int_equal(rd_left(&part), 0);
	assert_int_equal(rd_left(&r), 1);
	assert_false(r.bad || part.bad);
}

static void reading_past_the_end_yields_zero_and_stays_bad(void **state)
{
	struct rd r = rd_init(wire, 3);
	uint8_t copy[4] = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(rd_be32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_left(&r), 0);
	rd_bytes(&r, copy, sizeof(copy));
	assert_int_equal(copy[0] | copy[3], 0);
	assert_true(rd_sub(&r, 0).bad);
	r = rd_init(wire, 3);
	assert_null(rd_take(&r, SIZE_MAX));
	assert_true(r.bad);
}

static void an_empty_cursor_reads_nothing(void **state)
{
	struct rd r = rd_init(NULL, 0);

	(void)state;
	assert_int_equal(rd_left(&r), 0);
	rd_skip(&r, 0);
	assert_false(r.bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_true(r.bad);
}

static void writing_follows_network_order(void **state)
{
	static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7, 0, 0 };
	uint8_t buf[sizeof(expected)];
	struct wr w = wr_init(buf, sizeof(buf));

	(void)state;
	wr_u8(&w, 1);
	wr_be16(&w, 0xffff);
	wr_be32(&w, 0x04050607);
	wr_zero(&w, 2);
	wr_patch_be16(&w, 1, 0x0203);
	assert_false(w.bad);
	assert_int_equal(wr_len(&w), sizeof(expected));
	assert_int_equal(wr_left(&w), 0);
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void writing_past_the_end_is_dropped_and_stays_bad(void **state)
{
	uint8_t buf[4] = { 9, 9, 9, 9 };
	struct wr w = wr_init(buf, 3);

	(void)state;
	wr_be16(&w, 0);
	wr_be16(&w, 0);
	assert_true(w.bad);
	wr_u8(&w, 0);
	assert_int_equal(wr_len(&w), 2);
	assert_int_equal(buf[2], 9);
	assert_int_equal(buf[3], 9);
	w = wr_init(buf, 4);
	wr_u8(&w, 0);
	wr_patch_be16(&w, 0, 7);
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_follows_network_order),
		cmocka_unit_test(
			reading_past_the_end_yields_zero_and_stays_bad),
		cmocka_unit_test(an_empty_cursor_reads_nothing),
		cmocka_unit_test(writing_follows_network_order),
		cmocka_unit_test(writing_past_the_end_is_dropped_and_stays_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
