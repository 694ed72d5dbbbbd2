/* test_saver.c - what is written, what waits for a disk that refuses, and that
 * the latest stands in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/state/file.h"
#include "../../ctl/state/saver.h"

static char dir[] = "/tmp/test_saver.XXXXXX";
static char below[64], path[96];

static int start(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(below, sizeof(below), "%s/below", dir);
	snprintf(path, sizeof(path), "%s/file", below);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	unlink(path);
	rmdir(below);
	return rmdir(dir);
}

static void keep(struct saver *s, uv_loop_t *loop, const char *text)
{
	saver_keep(s, loop, path, text ? strdup(text) : NULL,
		   text ? strlen(text) : 0);
	if (loop)
		uv_run(loop, UV_RUN_DEFAULT);
}

static void file_is(const char *text)
{
	size_t len;
	char *data;

	assert_int_equal(file_read(path, 100, &data, &len), 0);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
	free(data);
}

static void what_a_disk_refuses_waits_for_it(void **state)
{
	struct saver s = { 0 };
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	keep(&s, &loop, "one"); /* there is no such directory */
	assert_int_not_equal(access(path, F_OK), 0);
	keep(&s, &loop, NULL);
	assert_int_equal(mkdir(below, 0700), 0);
	/* Nothing has changed since, but it is not in the file yet. */
	keep(&s, &loop, NULL);
	file_is("one");
	keep(&s, &loop, "two");
	file_is("two");
	unlink(path);
	keep(&s, &loop, NULL); /* it is not ours to write again */
	assert_int_not_equal(access(path, F_OK), 0);
	uv_loop_close(&loop);
}

static void the_latest_goes_before_what_waits(void **state)
{
	struct saver s = { 0 };
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(rmdir(below), 0);
	keep(&s, &loop, "old");
	assert_int_equal(mkdir(below, 0700), 0);
	keep(&s, NULL, "new");
	file_is("new");
	keep(&s, NULL, NULL);
	file_is("new");
	uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_disk_refuses_waits_for_it),
		cmocka_unit_test(the_latest_goes_before_what_waits),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
