/* test_log.c - one thing, one line, whatever strangers put into it. */
#include "ctl/base/log.h"

#include "ctl/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char said[4096];

/* What log_line() writes to stderr, which is a pipe meanwhile. */
static const char *listen_to(enum log_level level, const char *text)
{
	int ends[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_line(level, "%s", text);
	dup2(kept, STDERR_FILENO);
	close(kept);
	n = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	assert_true(n >= 0);
	said[n] = '\0';
	return said;
}

static void a_line_is_the_text(void **state)
{
	(void)state;
	assert_string_equal(listen_to(LOG_LEVEL_INFO, "ready"), "ready\n");
}

static void names_cannot_forge_a_line(void **state)
{
	(void)state;
	assert_string_equal(listen_to(LOG_LEVEL_WARN, "dhcp: a\nready\33[2J"),
			    "dhcp: a?ready?[2J\n");
	assert_string_equal(listen_to(LOG_LEVEL_WARN, "dhcp: Küche"),
			    "dhcp: Küche\n");
}

static void a_long_line_is_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	listen_to(LOG_LEVEL_ERR, text);
	assert_int_equal(strlen(said), 1024);
	assert_int_equal(said[1023], '\n');
}

static void levels_above_the_set_one_are_silent(void **state)
{
	(void)state;
	assert_string_equal(listen_to(LOG_LEVEL_DEBUG, "detail"), "");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_string_equal(listen_to(LOG_LEVEL_DEBUG, "detail"), "detail\n");
	log_set_level(LOG_LEVEL_INFO);
}

static void the_journal_gets_the_level(void **state)
{
	char stream[64], line[32] = "";
	int ends[2], kept = dup(STDERR_FILENO);
	struct stat st;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &st), 0);
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)st.st_dev,
		 (unsigned long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	dup2(ends[1], STDERR_FILENO);
	log_warn("wan: gone");
	dup2(kept, STDERR_FILENO);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "<4>wan: gone\n");
	assert_string_equal(listen_to(LOG_LEVEL_WARN, "wan: gone"),
			    "wan: gone\n");
	unsetenv("JOURNAL_STREAM");
	close(ends[0]);
	close(ends[1]);
	close(kept);
}

static void an_error_carries_code_and_sentence(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(error_set(&e, -ENODEV, "%s: no such interface", "x0"),
			 -ENODEV);
	assert_string_equal(e.text, "x0: no such interface");
	error_set(&e, -EINVAL, "%0300d", 1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_the_text),
		cmocka_unit_test(names_cannot_forge_a_line),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(levels_above_the_set_one_are_silent),
		cmocka_unit_test(the_journal_gets_the_level),
		cmocka_unit_test(an_error_carries_code_and_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
