/* test_file.c - files are read whole or not at all, and replaced at once. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static char dir[] = "/tmp/test_file.XXXXXX";

static const char *at(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, PATH_MAX, "%s/%s", dir, name);
	return p;
}

static void what_is_written_is_read(void **state)
{
	static const char data[] = "a\0b\nc";
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(file_replace(at("a"), data, sizeof(data), 0600), 0);
	assert_int_equal(file_read(at("a"), 100, &text, &len), 0);
	assert_int_equal(len, sizeof(data));
	assert_memory_equal(text, data, len);
	assert_int_equal(text[len], '\0');
	free(text);
}

static void an_empty_file_is_empty_text(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(file_replace(at("empty"), "", 0, 0600), 0);
	assert_int_equal(file_read(at("empty"), 10, &text, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
}

static void the_bound_is_exact(void **state)
{
	static char data[10000];
	char *text;
	size_t len;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(file_replace(at("big"), data, sizeof(data), 0600), 0);
	assert_int_equal(file_read(at("big"), sizeof(data), &text, &len), 0);
	assert_int_equal(len, sizeof(data));
	free(text);
	assert_int_equal(file_read(at("big"), sizeof(data) - 1, &text, &len),
			 -EFBIG);
}

static void what_is_no_file_is_refused(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(file_read(at("none"), 10, &text, &len), -ENOENT);
	assert_int_equal(file_read(dir, 10, &text, &len), -EISDIR);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(file_read(at("fifo"), 10, &text, &len), -EINVAL);
}

static void replacing_sets_the_mode_and_leaves_no_litter(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_replace(at("m"), "1", 1, 0644), 0);
	assert_int_equal(file_replace(at("m"), "2", 1, 0600), 0);
	assert_int_equal(stat(at("m"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(at("m.new"), F_OK), -1);
}

static void a_failed_replacement_leaves_the_old(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(file_replace(at("old"), "old", 3, 0600), 0);
	assert_int_equal(symlink("/nowhere", at("old.new")), 0);
	assert_int_equal(file_replace(at("old"), "new", 3, 0600), -ELOOP);
	assert_int_equal(file_read(at("old"), 10, &text, &len), 0);
	assert_string_equal(text, "old");
	free(text);
	assert_int_equal(file_replace(at("no/such"), "", 0, 0600), -ENOENT);
}

static void folders_are_made_on_the_way(void **state)
{
	(void)state;
	assert_int_equal(file_mkdirs(at("x/y/z"), 0700), 0);
	assert_int_equal(file_mkdirs(at("x/y/z"), 0700), 0);
	assert_int_equal(file_mkdirs(at("x/y/z/"), 0700), 0);
	assert_int_equal(access(at("x/y/z"), X_OK), 0);
	assert_int_equal(file_mkdirs(at("a/b"), 0700), -ENOTDIR);
	assert_int_equal(file_mkdirs("", 0700), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_empty_file_is_empty_text),
		cmocka_unit_test(the_bound_is_exact),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(replacing_sets_the_mode_and_leaves_no_litter),
		cmocka_unit_test(a_failed_replacement_leaves_the_old),
		cmocka_unit_test(folders_are_made_on_the_way),
	};
	char command[PATH_MAX];
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || failed;
}
