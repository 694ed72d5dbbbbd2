/* test_capture_rings.c - for whom the flight recorder keeps how much, and for
 * how long. */
#include "tests/unit/capture_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- rings */

static void a_ring_keeps_the_latest_five_megabytes(void **state)
{
	struct lab *l = *state;
	uint32_t first, last, n;

	settle(l, 1);
	for (uint32_t i = 1; i <= 10000; i++) {
		turn(l);
		out(l, 1, 1000, i);
	}
	n = walk(l, 1, &first, &last);
	assert_int_equal(last, 10000);
	assert_int_equal(n, last - first + 1);
	assert_int_equal(used(l), CAPTURE_RING_CHUNKS * CAPTURED_CHUNK);
	assert_in_range(n, 4800, 5100);
	assert_int_equal(l->read.counts.kept_packets, 10020);
	assert_int_equal(l->read.counts.overwritten, 10020 - n);
}

static void what_comes_after_the_question_is_not_answered(void **state)
{
	struct lab *l = *state;
	uint32_t at = 0;

	out(l, 1, 100, 1);
	l->read = (struct capture_read){ .mac = host(1) };
	capture_copy(l->c, &l->read);
	assert_true(l->read.last);
	out(l, 1, 100, 2);
	capture_copy(l->c, &l->read);
	assert_int_equal(l->read.len, 0);
	assert_true(l->read.last);
	/* Nor when it is read once more. */
	l->read.serial = l->read.had = 0;
	capture_copy(l->c, &l->read);
	assert_int_equal(
		number_of(captured_next(l->read.data, l->read.len, &at)), 1);
	assert_int_equal(at, l->read.len);
	assert_int_equal(l->read.counts.kept_packets, 1);
	assert_int_equal(count(l, 1), 2);
}

static uint32_t packets_in(struct capture_read *r, uint32_t *last)
{
	struct captured *rec;
	uint32_t at = 0, n = 0;

	while ((rec = captured_next(r->data, r->len, &at))) {
		*last = number_of(rec);
		n++;
	}
	return n;
}

/* Newer ones overtake who reads: some of what was due is gone. */
static void who_reads_slowly_comes_to_an_end(void **state)
{
	struct lab *l = *state;
	uint32_t n = 0, last = 0, next = 1;

	settle(l, 1);
	for (; next <= 3000; next++)
		out(l, 1, 1000, next);
	l->read = (struct capture_read){ .mac = host(1) };
	do {
		capture_copy(l->c, &l->read);
		n += packets_in(&l->read, &last);
		for (unsigned i = 0; i < 200; i++)
			out(l, 1, 1000, next++);
	} while (!l->read.last);
	assert_true(last > 1500 && last <= 3000);
	assert_true(n > 1000 && n < 3020);
	assert_int_equal(l->read.counts.kept_packets, 3020);
}

/* All that it was going to read is gone. */
static void who_reads_nothing_any_more_comes_to_an_end(void **state)
{
	struct lab *l = *state;

	settle(l, 1);
	for (uint32_t i = 0; i < 200; i++)
		out(l, 1, 1000, i);
	l->read = (struct capture_read){ .mac = host(1) };
	capture_copy(l->c, &l->read);
	assert_false(l->read.last);
	for (uint32_t i = 0; i < 10000; i++)
		out(l, 1, 1000, i);
	capture_copy(l->c, &l->read);
	assert_int_equal(l->read.len, 0);
	assert_true(l->read.last);
}

static void who_has_most_gives_to_who_has_less(void **state)
{
	struct lab *l = *state;
	uint32_t bytes[4];

	/* 8 MiB: one alone has its 5 MB, … */
	settle(l, 0);
	for (uint32_t i = 0; i < 8000; i++)
		out(l, 0, 1000, i);
	assert_int_equal(used(l), 5 * MIB);
	/* … and all have the same when others are as loud. */
	for (uint32_t n = 1; n < 4; n++)
		settle(l, n);
	for (uint32_t i = 0; i < 8000; i++)
		for (uint32_t n = 1; n < 4; n++)
			out(l, n, 1000, i);
	assert_true(used(l) <= 8 * MIB);
	for (uint32_t n = 0; n < 4; n++) {
		bytes[n] = count(l, n) * 1080;
		assert_in_range(bytes[n], 18 * MIB / 10, 23 * MIB / 10);
	}
	assert_true(capture_check(l->c));
}

static void a_quiet_one_keeps_what_it_has(void **state)
{
	struct lab *l = *state;
	uint32_t n;

	settle(l, 0);
	n = count(l, 0);
	for (uint32_t h = 1; h < 6; h++)
		settle(l, h);
	for (uint32_t i = 0; i < 20000; i++)
		out(l, 1 + i % 5, 1000, i);
	assert_int_equal(count(l, 0), n);
}

static void made_up_addresses_take_next_to_nothing(void **state)
{
	struct lab *l = *state;
	uint32_t before, after, first, last;
	struct capture_totals t;

	settle(l, 0);
	settle(l, 1);
	for (uint32_t i = 0; i < 8000; i++) {
		out(l, 0, 1000, i);
		out(l, 1, 1000, i);
	}
	before = count(l, 0) + count(l, 1);
	for (uint32_t n = 0; n < 50000; n++) {
		turn(l);
		out(l, 1000 + n, 1000, n);
		if (n % 5 == 0)
			out(l, 1000 + n, 1400, n);
	}
	after = count(l, 0) + count(l, 1);
	assert_true(after >= before * 15 / 16 - 120);
	assert_int_equal(walk(l, 50999, &first, &last), 1);
	assert_int_equal(last, 49999);
	capture_totals(l->c, &t);
	assert_true(t.devices <= CAPTURE_DEVICES);
	assert_true(t.bytes <= t.max_bytes);
	assert_true(capture_check(l->c));
}

/* Loud, too, but nobody answers. */
static void who_is_never_answered_stays_slight(void **state)
{
	struct lab *l = *state;

	for (uint32_t i = 0; i < 8000; i++)
		out(l, 1, 1000, i);
	assert_int_equal(used(l), CAPTURE_SLIGHT_CHUNKS * CAPTURED_CHUNK);
}

static void a_full_table_gives_rows_that_are_stale(void **state)
{
	struct lab *l = *state;
	uint32_t i;

	budget(l, 256);
	for (i = 0; i < CAPTURE_DEVICES; i++)
		settle(l, i);
	assert_null(out(l, 5000, 100, 1).record);
	l->now_ms += CAPTURE_STALE_MS;
	turn(l);
	assert_non_null(out(l, 5000, 100, 1).record);
	assert_true(capture_check(l->c));
}

static void a_mark_outlives_its_packet_without_harm(void **state)
{
	struct lab *l = *state;
	struct capture_mark m = out(l, 1, 1000, 1);

	for (uint32_t i = 0; i < 1000; i++)
		out(l, 1, 1000, i);
	l->p.verdict = VERDICT_DROP;
	l->p.drop = DROP_NO_WAN;
	capture_settle(l->c, m, &l->p);
	l->read = (struct capture_read){ .mac = host(1) };
	do {
		struct captured *r;
		uint32_t at = 0;

		capture_copy(l->c, &l->read);
		while ((r = captured_next(l->read.data, l->read.len, &at)))
			assert_int_equal(r->flags, 0);
	} while (!l->read.last);
}

static void a_lowered_budget_is_followed(void **state)
{
	struct lab *l = *state;
	uint32_t first, last;

	settle(l, 1);
	for (uint32_t i = 0; i < 8000; i++)
		out(l, 1, 1000, i);
	budget(l, 1);
	for (unsigned i = 0; i < 100; i++)
		turn(l);
	assert_int_equal(used(l), MIB);
	walk(l, 1, &first, &last);
	assert_int_equal(last, 7999);
	assert_true(capture_check(l->c));
	budget(l, 0);
	for (unsigned i = 0; i < 100; i++)
		turn(l);
	assert_int_equal(used(l), 0);
	budget(l, 8);
	out(l, 1, 1000, 1);
	assert_int_equal(count(l, 1), 1);
}

/* ---- from one process to the next */

static uint64_t line; /* of names */

static void again(struct lab *l)
{
	const struct hash_key key = { { 3, 4 } };
	int fd = capture_hand_on(l->c);

	assert_true(fd >= 0);
	capture_free(l->c);
	l->c = capture_new(&key);
	capture_set_names(l->c, line);
	assert_false(capture_adopt(l->c, fd));
	assert_true(capture_check(l->c));
	turn(l);
}

static void labelled(struct lab *l, uint32_t host, uint32_t label)
{
	struct capture_mark m = out(l, host, 100, 77);

	l->p.label = label;
	capture_settle(l->c, m, &l->p);
}

/* A number means what it meant if the successor has the same names. */
static void names_go_on_in_one_line(void **state)
{
	struct lab *l = *state;

	labelled(l, 2, 5);
	line = 9;
	again(l);
	assert_int_equal(only(l, 2)->label, 0);
	labelled(l, 3, 6);
	again(l);
	again(l);
	assert_int_equal(only(l, 3)->label, 6);
	line = 10;
	again(l);
	assert_int_equal(only(l, 3)->label, 0);
	line = 0;
}

static void a_restart_loses_nothing_but_names(void **state)
{
	struct lab *l = *state;
	uint32_t first, last, n, was, one;
	struct capture_mark m;

	settle(l, 1);
	for (uint32_t i = 1; i <= 9000; i++)
		out(l, 1, 1000, i);
	m = out(l, 2, 100, 77);
	l->p.label = 5;
	capture_settle(l->c, m, &l->p);
	n = walk(l, 1, &first, &last);
	was = first;
	again(l);
	assert_int_equal(walk(l, 1, &first, &last), n);
	assert_int_equal(first, was);
	assert_int_equal(last, 9000);
	assert_int_equal(l->read.counts.kept_packets, 9020);
	assert_int_equal(only(l, 2)->label, 0);
	assert_int_equal(number_of(only(l, 2)), 77);
	/* And goes on, in the same chunk. */
	one = (uint32_t)used(l);
	out(l, 2, 100, 78);
	assert_int_equal(count(l, 2), 2);
	assert_int_equal(used(l), one);
}

static void memory_of_another_layout_is_refused(void **state)
{
	struct lab *l = *state;
	uint32_t *head;
	int fd;

	out(l, 1, 100, 1);
	fd = capture_hand_on(l->c);
	head = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(head != MAP_FAILED);
	head[2]++;
	assert_int_equal(capture_adopt(l->c, fd), -EPROTO);
	munmap(head, 4096);
	assert_int_equal(count(l, 1), 1);
}

static void what_is_none_of_ours_is_refused(void **state)
{
	struct lab *l = *state;
	int open_one = memfd_create("x", MFD_CLOEXEC);
	int zeros = memfd_create("y", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_false(ftruncate(open_one, 64 * MIB));
	assert_false(ftruncate(zeros, 64 * MIB));
	assert_false(fcntl(zeros, F_ADD_SEALS,
			   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
	assert_int_equal(capture_adopt(l->c, open_one), -EBADMSG);
	assert_int_equal(capture_adopt(l->c, zeros), -EBADMSG);
	assert_int_equal(capture_adopt(l->c, open("/dev/null", O_RDWR)),
			 -EBADMSG);
	assert_int_equal(capture_adopt(l->c, 1000), -EBADMSG);
	out(l, 1, 100, 1);
	assert_int_equal(count(l, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(a_ring_keeps_the_latest_five_megabytes),
		lab_test(what_comes_after_the_question_is_not_answered),
		lab_test(who_reads_slowly_comes_to_an_end),
		lab_test(who_reads_nothing_any_more_comes_to_an_end),
		lab_test(who_has_most_gives_to_who_has_less),
		lab_test(a_quiet_one_keeps_what_it_has),
		lab_test(made_up_addresses_take_next_to_nothing),
		lab_test(who_is_never_answered_stays_slight),
		lab_test(a_full_table_gives_rows_that_are_stale),
		lab_test(a_mark_outlives_its_packet_without_harm),
		lab_test(a_lowered_budget_is_followed),
		lab_test(a_restart_loses_nothing_but_names),
		lab_test(names_go_on_in_one_line),
		lab_test(memory_of_another_layout_is_refused),
		lab_test(what_is_none_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
