/* test_names.c - numbers for texts: found again, bounded, never used twice. */
#include "ctl/base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_has_one_number),
		cmocka_unit_test(what_is_no_name_has_no_number),
		cmocka_unit_test(the_longest_idle_gives_way),
		cmocka_unit_test(what_is_held_stays),
		cmocka_unit_test(no_number_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
