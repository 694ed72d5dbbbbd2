/* test_diary.c - the diary over a restart: the latest, and nothing that was not
 * written. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/dhcp/diary.h"

static void note(struct diary *d, unsigned n)
{
	const struct diary_entry e = { .wall_ms = 1000 + n,
				       .kind = n % DIARY_KINDS_N,
				       .ip = htonl(0x0a4d0000 + n),
				       .mac = { { 2, 0, 0, 0, 0, 1 } },
				       .other = { { 2, 0, 0, 0, 0, 2 } } };

	diary_note(d, &e);
}

static void what_was_written_is_there_again(void **state)
{
	struct diary d = { 0 }, again = { 0 };
	unsigned i;
	size_t len, len2;
	void *data, *data2;

	(void)state;
	assert_false(diary_changed(&d));
	for (i = 0; i < 100; i++)
		note(&d, i);
	assert_true(diary_changed(&d));
	assert_false(diary_changed(&d));
	data = diary_write(&d, &len);
	assert_true(len < DIARY_FILE_MAX);
	assert_int_equal(diary_read(&again, data, len), 0);
	assert_false(diary_changed(&again));
	assert_int_equal(diary_count(&again), DIARY_MAX);
	assert_int_equal(diary_at(&again, 0)->wall_ms, 1099);
	assert_int_equal(diary_at(&again, 0)->ip, htonl(0x0a4d0000 + 99));
	data2 = diary_write(&again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(data, data2, len);
	free(data);
	free(data2);
}

static void what_was_cut_is_bad(void **state)
{
	struct diary d = { 0 };
	uint8_t *data;
	size_t len, i;

	(void)state;
	note(&d, 1);
	note(&d, 4);
	data = diary_write(&d, &len);
	for (i = 0; i < len; i++) {
		struct diary cut = { 0 };

		assert_int_equal(diary_read(&cut, data, i), -EBADMSG);
	}
	data[1] = 9; /* another version */
	assert_int_equal(diary_read(&d, data, len), -EBADMSG);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_there_again),
		cmocka_unit_test(what_was_cut_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
