/* test_journal.c - what is on file is undone, newest first, and nothing that
 * is somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/journal.h"
#include "netns.h"

#include <errno.h>

#define TTL   "net/ipv4/ip_default_ttl"
#define PORTS "net/ipv4/ip_local_reserved_ports"

static const char path[] = "/run/journal";

static struct journal *opened(bool expect_left)
{
	struct journal *j;
	struct error err;
	bool left;

	assert_int_equal(journal_open(&j, path, &left, &err), 0);
	assert_int_equal(left, expect_left);
	return j;
}

static void append(const char *text)
{
	FILE *f = fopen(path, "ae");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void undoes_newest_first_and_empties_the_file(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	assert_int_equal(journal_add(j, "sysctl %s %d", TTL, 61), 0);
	assert_int_equal(journal_add(j, "sysctl %s %d", TTL, 62), 0);
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "61"));
	journal_close(j);
	journal_close(opened(false));
}

static void entries_outlive_the_process_that_wrote_them(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	journal_add(j, "sysctl %s 63", TTL);
	journal_close(j);
	j = opened(true);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "63"));
}

static void half_a_line_was_never_acted_upon(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	journal_add(j, "sysctl %s 65", TTL);
	journal_close(j);
	append("sysctl " TTL " 66");
	j = opened(true);
	assert_int_equal(journal_add(j, "sysctl %s 200", PORTS), 0);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "65"));
	assert_true(sh_prints("cat /proc/sys/" PORTS, "200"));
}

static void an_empty_old_value_is_restored(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	sh("echo 4000-4001 > /proc/sys/" PORTS);
	journal_add(j, "sysctl %s %s", PORTS, "");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("wc -w < /proc/sys/" PORTS, "0"));
}

static void another_namespace_s_journal_is_dropped(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	journal_add(j, "sysctl %s 67", TTL);
	journal_close(j);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	journal_close(opened(false));
}

static void another_boot_s_journal_is_dropped(void **state)
{
	char command[128];

	(void)state;
	append("sysctl " TTL " 68\n");
	snprintf(command, sizeof(command), "sed -i 's/boot ..../boot 0000/' %s",
		 path);
	sh(command);
	journal_close(opened(false));
}

static void a_second_process_is_kept_out(void **state)
{
	struct journal *j = opened(false), *second;
	struct error err;
	bool left;

	(void)state;
	assert_int_equal(journal_open(&second, path, &left, &err), -EBUSY);
	assert_non_null(strstr(err.text, "in use"));
	journal_close(j);
}

static void what_is_gone_is_passed_over(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	journal_add(j, "addr-add gone0 77 10.77.0.1/24");
	journal_add(j, "link-up gone0 77");
	journal_add(j, "bridge gone1 02:00:00:00:00:01");
	journal_add(j, "master gone0 77 - 0");
	journal_add(j, "ethtool gone0 77 rx-lro");
	journal_add(j, "sysctl net/ipv4/conf/gone0/rp_filter 1");
	journal_add(j, "nft gone2");
	journal_add(j, "mount 1:2 /gone");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
}

static void what_cannot_be_undone_is_counted(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	journal_add(j, "sysctl %s none", TTL);
	journal_add(j, "sysctl ../kernel/hostname x");
	journal_add(j, "levitate eth0");
	journal_add(j, "addr-add lo 1 nonsense");
	assert_int_equal(journal_undo(j), 4);
	journal_close(j);
}

static void other_ports_of_the_name_or_number_are_not_touched(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	sh("ip link set lo up && ip addr add 10.77.0.1/24 dev lo &&"
	   "ip link add br7 address 02:00:00:00:00:07 type bridge");
	journal_add(j, "addr-add lo 2 10.77.0.1/24");
	journal_add(j, "addr-add eth0 1 10.77.0.1/24");
	journal_add(j, "link-up eth0 1");
	journal_add(j, "bridge br7 02:00:00:00:00:08");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("ip addr show lo up", "10.77.0.1/24"));
	assert_true(sh_prints("ip link show", "br7"));
}

static void a_line_that_would_not_come_back_is_refused(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	assert_int_equal(journal_add(j, "sysctl %s a\nb", TTL), -EINVAL);
	assert_int_equal(journal_add(j, "sysctl %s %01500d", TTL, 1), -E2BIG);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
}

static void says_where_it_cannot_write(void **state)
{
	struct journal *j;
	struct error err;
	bool left;

	(void)state;
	assert_int_equal(journal_open(&j, "/proc/no/such/journal", &left, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/proc/no/such/journal"));
}

#define TEST(f) cmocka_unit_test_setup(f, netns_enter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(undoes_newest_first_and_empties_the_file),
		TEST(entries_outlive_the_process_that_wrote_them),
		TEST(half_a_line_was_never_acted_upon),
		TEST(an_empty_old_value_is_restored),
		TEST(another_namespace_s_journal_is_dropped),
		TEST(another_boot_s_journal_is_dropped),
		TEST(a_second_process_is_kept_out),
		TEST(what_is_gone_is_passed_over),
		TEST(what_cannot_be_undone_is_counted),
		TEST(other_ports_of_the_name_or_number_are_not_touched),
		TEST(a_line_that_would_not_come_back_is_refused),
		TEST(says_where_it_cannot_write),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
