/* test_journal.c - what is on file is undone, newest first, and nothing that
 * is somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/link/journal.h"
#include "ctl/link/undo.h"
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

static void sysctl_set(const char *key, const char *value)
{
	char file[128];

	snprintf(file, sizeof(file), "/proc/sys/%s", key);
	text_save(file, value[0] ? value : "\n");
}

/* As guard_sysctl_set() does it, but for the old value, which is claimed. */
static void change(struct journal *j, const char *key, const char *value,
		   const char *old)
{
	assert_int_equal(journal_add(j, "sysctl %s %s <- %s", key, value, old),
			 0);
	sysctl_set(key, value);
}

static void undoes_newest_first_and_empties_the_file(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	assert_int_equal(journal_add(j, "sysctl %s 62 <- 61", TTL), 0);
	sysctl_set(TTL, "62");
	assert_int_equal(journal_add(j, "sysctl %s 63 <- 62", TTL), 0);
	sysctl_set(TTL, "63");
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "61"));
	journal_close(j);
	journal_close(opened(false));
}

static void entries_outlive_the_process_that_wrote_them(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "64", "63");
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
	change(j, TTL, "67", "65");
	journal_close(j);
	append("sysctl " TTL " 67 <- 66");
	j = opened(true);
	change(j, PORTS, "300", "200");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "65"));
	assert_true(sh_prints("cat /proc/sys/" PORTS, "200"));
}

static void an_empty_old_value_is_restored(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, PORTS, "4000-4001", "");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("wc -w < /proc/sys/" PORTS, "0"));
}

static void another_namespace_s_journal_waits_for_it(void **state)
{
	int home = open("/proc/self/ns/net", O_RDONLY);
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "68", "67");
	journal_close(j);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	j = opened(false);
	change(j, TTL, "69", "70");
	journal_close(j);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	j = opened(true);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "67"));
	assert_true(sh_prints("cat /run/journal.*", "69 <- 70"));
	assert_true(sh_prints("ls /run/journal.* | wc -l", "1"));
}

static void another_boot_s_journal_is_dropped(void **state)
{
	char command[128];

	(void)state;
	append("sysctl " TTL " 68 <- 69\n");
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
	journal_add(j, "sysctl net/ipv4/conf/gone0/rp_filter 2 <- 1");
	journal_add(j, "nft gone2");
	journal_add(j, "mount 1:2 /gone");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
}

static void what_cannot_be_undone_is_counted(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "71", "none");
	journal_add(j, "sysctl ../kernel/hostname x <- y");
	journal_add(j, "sysctl %s 71", TTL);
	journal_add(j, "levitate eth0");
	journal_add(j, "addr-add lo 1 nonsense");
	assert_int_equal(journal_undo(j), 5);
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
	assert_int_equal(journal_add(j, "sysctl %s a\nb <- c", TTL), -EINVAL);
	assert_int_equal(journal_add(j, "sysctl %s %01500d", TTL, 1), -E2BIG);
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
}

static void a_value_that_somebody_set_since_stays(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "81", "80");
	sysctl_set(TTL, "99");
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "99"));
	journal_close(opened(false));
}

/* The next run wants one of two changes that a killed one left. */
static void what_is_not_taken_over_is_swept(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "91", "90");
	change(j, PORTS, "400", "300");
	journal_close(j);
	j = opened(true);
	assert_false(journal_keep(j, "sysctl net/ipv4/ip_default"));
	assert_false(journal_keep(j, "sysctl %sx", TTL));
	assert_true(journal_keep(j, "sysctl %s", TTL));
	assert_true(journal_keep(j, "sysctl %s ", TTL));
	assert_int_equal(journal_sweep(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "91"));
	assert_true(sh_prints("cat /proc/sys/" PORTS, "300"));
	journal_close(j);
	j = opened(true);
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "90"));
	journal_close(j);
}

static void what_this_run_changed_is_not_swept(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "93", "92");
	assert_int_equal(journal_sweep(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "93"));
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("cat /proc/sys/" TTL, "92"));
	journal_close(j);
}

static void an_entry_stands_there_once(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(journal_add(j, "nft gone2"), 0);
	assert_true(sh_prints("grep -c nft /run/journal", "1"));
	journal_close(j);
	j = opened(true);
	assert_int_equal(journal_add(j, "nft gone2"), 0);
	assert_int_equal(journal_sweep(j), 0);
	assert_true(sh_prints("grep -c nft /run/journal", "1"));
	assert_int_equal(journal_undo(j), 0);
	journal_close(j);
}

/* What failed once may go the next time: the file system was busy, say. */
static void what_failed_is_tried_again(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, TTL, "95", "none");
	change(j, PORTS, "500", "300");
	assert_int_equal(journal_undo(j), 1);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" PORTS, "300"));
	sh("sed -i s/none/94/ /run/journal");
	j = opened(true);
	assert_int_equal(journal_sweep(j), 0);
	journal_close(j);
	assert_true(sh_prints("cat /proc/sys/" TTL, "94"));
	journal_close(opened(false));
}

/* Whatever the order in which they came: no moment in which it forwards
 * without the rules that keep private sources in. */
static void forwarding_ends_first_and_rules_last(void **state)
{
	struct journal *j = opened(false);

	(void)state;
	change(j, "net/ipv4/conf/lo/forwarding", "1", "0");
	change(j, TTL, "97", "96");
	sh("nft add table inet gone3");
	journal_add(j, "nft gone3");
	assert_int_equal(journal_undo_forwarding(j), 0);
	assert_true(
		sh_prints("cat /proc/sys/net/ipv4/conf/lo/forwarding", "0"));
	assert_true(sh_prints("cat /proc/sys/" TTL, "97"));
	assert_true(sh_prints("nft list tables", "gone3"));
	assert_int_equal(undo_stage_of("nft gone3"), UNDO_RULES);
	assert_true(undo_stage_of("addr-add x 1 y") < UNDO_RULES);
	assert_true(undo_stage_of("mount 1:2 /x") > UNDO_RULES);
	assert_int_equal(journal_undo(j), 0);
	assert_true(sh_prints("nft list tables | wc -l", "0"));
	journal_close(j);
}

static void count_entry(void *arg, const char *entry)
{
	int *n = arg;

	*n += !strncmp(entry, "nft gone", 8);
}

static void entries_are_told(void **state)
{
	struct journal *j = opened(false);
	int n = 0;

	(void)state;
	journal_add(j, "nft gone4");
	journal_add(j, "nft gone5");
	journal_each(j, count_entry, &n);
	assert_int_equal(n, 2);
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
		TEST(another_namespace_s_journal_waits_for_it),
		TEST(another_boot_s_journal_is_dropped),
		TEST(a_second_process_is_kept_out),
		TEST(what_is_gone_is_passed_over),
		TEST(what_cannot_be_undone_is_counted),
		TEST(other_ports_of_the_name_or_number_are_not_touched),
		TEST(a_line_that_would_not_come_back_is_refused),
		TEST(a_value_that_somebody_set_since_stays),
		TEST(what_is_not_taken_over_is_swept),
		TEST(what_this_run_changed_is_not_swept),
		TEST(an_entry_stands_there_once),
		TEST(what_failed_is_tried_again),
		TEST(forwarding_ends_first_and_rules_last),
		TEST(entries_are_told),
		TEST(says_where_it_cannot_write),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
