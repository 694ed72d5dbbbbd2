/* test_names.c - numbers for texts: found again, bounded, never used twice. */
#include "ctl/base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static uint32_t id_of(struct names *n, const char *text)
{
	return names_id(n, text, strlen(text));
}

static void a_text_has_one_number(void **state)
{
	struct names *n = names_new(16);
	uint32_t a = id_of(n, "a.example"), b = id_of(n, "b.example");

	(void)state;
	assert_int_not_equal(a, 0);
	assert_int_not_equal(a, b);
	assert_int_equal(id_of(n, "a.example"), a);
	assert_int_equal(names_id(n, "a.example.org", 9), a);
	assert_string_equal(names_text(n, a), "a.example");
	assert_string_equal(names_text(n, b), "b.example");
	assert_int_equal(names_count(n), 2);
	names_free(n);
}

static void what_is_no_name_has_no_number(void **state)
{
	struct names *n = names_new(16);
	char text[NAMES_LEN_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(names_id(n, "", 0), 0);
	assert_int_equal(names_id(n, text, sizeof(text)), 0);
	assert_int_equal(names_id(n, "a\0b", 3), 0);
	assert_int_not_equal(names_id(n, text, NAMES_LEN_MAX), 0);
	assert_null(names_text(n, 0));
	assert_null(names_text(n, 7));
	assert_null(names_text(n, UINT32_MAX));
	names_hold(n, 0);
	names_drop(n, UINT32_MAX);
	names_free(n);
}

/* Slot 0 is nobody's: seven fit in eight. */
static void the_longest_idle_gives_way(void **state)
{
	struct names *n = names_new(8);
	uint32_t ids[7];
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		ids[i] = id_of(n, text);
	}
	id_of(n, "n0"); /* found again: the youngest */
	names_hold(n, ids[1]);
	assert_int_not_equal(id_of(n, "new"), 0);
	assert_string_equal(names_text(n, ids[0]), "n0");
	assert_string_equal(names_text(n, ids[1]), "n1");
	assert_null(names_text(n, ids[2]));
	assert_string_equal(names_text(n, ids[3]), "n3");
	assert_int_equal(names_count(n), 7);
	names_free(n);
}

static void what_is_held_stays(void **state)
{
	struct names *n = names_new(4);
	uint32_t a = id_of(n, "a"), b = id_of(n, "b"), c = id_of(n, "c");

	(void)state;
	names_hold(n, a);
	names_hold(n, a);
	names_hold(n, b);
	names_hold(n, c);
	assert_int_equal(id_of(n, "d"), 0);
	names_drop(n, a);
	assert_int_equal(id_of(n, "d"), 0);
	assert_int_equal(id_of(n, "a"), a);
	names_drop(n, a);
	names_drop(n, a); /* once too often: nothing happens */
	assert_int_not_equal(id_of(n, "d"), 0);
	assert_null(names_text(n, a));
	assert_string_equal(names_text(n, b), "b");
	names_free(n);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void no_number_comes_twice(void **state)
{
	enum { TIMES = 10000 };
	struct names *n = names_new(64);
	uint32_t *ids = calloc(TIMES, sizeof(*ids));
	char text[16];

	(void)state;
	for (unsigned i = 0; i < TIMES; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		ids[i] = id_of(n, text);
		assert_string_equal(names_text(n, ids[i]), text);
		if (i % 3 == 0) {
			names_hold(n, ids[i]);
			names_drop(n, ids[i]);
		}
	}
	assert_int_equal(names_count(n), 63);
	qsort(ids, TIMES, sizeof(*ids), by_number);
	for (unsigned i = 1; i < TIMES; i++)
		assert_int_not_equal(ids[i - 1], ids[i]);
	free(ids);
	names_free(n);
}

/* ---- from one process to the next */

static char path[64];

static int no_file(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/portcullis-test-%d.names",
		 (int)getpid());
	unlink(path);
	return 0;
}

static int rm_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static struct names *kept(uint32_t max)
{
	struct names *n = names_new(max);

	assert_int_equal(names_keep(n, path), 0);
	return n;
}

static void numbers_outlive_a_process(void **state)
{
	struct names *n = kept(16);
	uint32_t a = id_of(n, "a.example"), b = id_of(n, "b\xc3\xbc.example");
	uint64_t line = names_line(n);

	(void)state;
	names_free(n);
	n = kept(16);
	assert_int_not_equal(line, 0);
	assert_true(names_line(n) == line);
	assert_int_equal(names_count(n), 2);
	assert_string_equal(names_text(n, a), "a.example");
	assert_string_equal(names_text(n, b), "b\xc3\xbc.example");
	assert_int_equal(id_of(n, "a.example"), a);
	assert_int_not_equal(id_of(n, "c.example"), b);
	names_free(n);
	/* Not in a table of another size: numbers mean other slots there. */
	n = kept(32);
	assert_true(names_line(n) != line);
	assert_null(names_text(n, a));
	names_free(n);
}

static void no_number_comes_twice_in_two_runs(void **state)
{
	struct names *n = kept(4);
	uint32_t seen[60], i;
	char text[200];

	(void)state;
	for (i = 0; i < 60; i++) {
		if (i % 7 == 6) {
			names_free(n);
			n = kept(4);
		}
		/* Some are too long for the file: their numbers are not. */
		memset(text, 'x', sizeof(text));
		snprintf(text + 150 * (i % 3 == 2), 40, "n%u", i);
		seen[i] = id_of(n, text);
		assert_int_not_equal(seen[i], 0);
	}
	for (i = 0; i < 60; i++)
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	assert_string_equal(names_text(n, seen[59]), text);
	names_free(n);
}

/* Whatever stands there: no crash, no text that drives a terminal, and the
 * table works. */
static void a_hostile_file_does_no_harm(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct names *n = kept(16);
		int fd = open(path, O_RDWR | O_CLOEXEC);

		for (unsigned i = 0; i < 20; i++)
			names_id(n, "one two three four" + i % 15, 3);
		for (unsigned i = 0; i < 40; i++) {
			uint8_t byte = (uint8_t)rand_r(&seed);

			assert_int_equal(
				pwrite(fd, &byte, 1,
				       4096 + rand_r(&seed) % (16 * 128)),
				1);
		}
		close(fd);
		names_free(n);
		n = kept(16);
		for (unsigned i = 0; i < 40; i++) {
			char text[16];
			uint32_t id;

			snprintf(text, sizeof(text), "new%u", i);
			id = id_of(n, text);
			assert_true(!id || !strcmp(names_text(n, id), text));
		}
		names_free(n);
	}
}

static void another_kind_of_file_is_begun_anew(void **state)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct names *n;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096 + 16 * 128), 0);
	close(fd);
	n = kept(16);
	assert_int_not_equal(id_of(n, "a"), 0);
	names_free(n);
	n = names_new(16);
	assert_int_equal(names_keep(n, "/nowhere/names"), -ENOENT);
	assert_true(names_line(n) == 0);
	assert_int_not_equal(id_of(n, "a"), 0);
	names_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_has_one_number),
		cmocka_unit_test(what_is_no_name_has_no_number),
		cmocka_unit_test(the_longest_idle_gives_way),
		cmocka_unit_test(what_is_held_stays),
		cmocka_unit_test(no_number_comes_twice),
		cmocka_unit_test_setup_teardown(numbers_outlive_a_process,
						no_file, rm_file),
		cmocka_unit_test_setup_teardown(
			no_number_comes_twice_in_two_runs, no_file, rm_file),
		cmocka_unit_test_setup_teardown(a_hostile_file_does_no_harm,
						no_file, rm_file),
		cmocka_unit_test_setup_teardown(
			another_kind_of_file_is_begun_anew, no_file, rm_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
