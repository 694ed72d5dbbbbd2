/* test_dhcp_leases.c - what was promised is there after every kind of end. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dhcp_kit.h"
#include "../../ctl/dhcp/leases.h"

#define WALL_MS 1700000000000ull /* at now_ms 0 */
#define DAY_MS	86400000u

static char dir[] = "/tmp/test_dhcp.XXXXXX";
static char path[64];

struct home {
	struct pool *pool;
	struct leases *leases;
	uint64_t now_ms;
};

static void listener(void *arg, const struct lease *l, enum pool_change change)
{
	struct home *h = arg;

	leases_note(h->leases, l, change, h->now_ms, WALL_MS + h->now_ms);
}

static int open_home(struct home *h, uint64_t now_ms, struct error *err)
{
	struct dhcp_conf conf = kit_conf("255.255.255.0");
	int r;

	h->now_ms = now_ms;
	assert_int_equal(pool_new(&h->pool, &conf), 0);
	r = leases_open(&h->leases, path, h->pool, now_ms, WALL_MS + now_ms,
			err);
	if (r)
		pool_free(h->pool);
	else
		pool_listen(h->pool, listener, h);
	return r;
}

static void start(struct home *h, uint64_t now_ms)
{
	struct error err;

	assert_int_equal(open_home(h, now_ms, &err), 0);
}

static void stop(struct home *h)
{
	leases_close(h->leases, h->now_ms, WALL_MS + h->now_ms);
	pool_free(h->pool);
}

static int flush(struct home *h)
{
	int err = leases_take(h->leases, h->now_ms, WALL_MS + h->now_ms);

	if (!err)
		err = leases_write(h->leases);
	leases_done(h->leases, err);
	return err;
}

static void bind_to(struct home *h, unsigned n, const char *addr,
		    const char *name)
{
	struct lease_client c = kit_client(n);

	assert_non_null(
		pool_bind(h->pool, &c, ip(addr), name, DAY_MS, h->now_ms));
}

static const struct lease *find(struct home *h, unsigned n)
{
	struct lease_client c = kit_client(n);

	return pool_find(h->pool, &c);
}

static void write_file(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static size_t read_file(char *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, out, size - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	close(fd);
	return (size_t)n;
}

static int fresh(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void leases_come_back(void **state)
{
	struct lease_client gone = kit_client(3);
	struct home h;

	(void)state;
	start(&h, 0);
	bind_to(&h, 1, "10.77.0.10", "tv");
	bind_to(&h, 2, "10.77.0.11", "");
	bind_to(&h, 3, "10.77.0.12", "phone");
	pool_release(h.pool, &gone, ip("10.77.0.12"), 0);
	assert_true(leases_pending(h.leases));
	assert_int_equal(flush(&h), 0);
	assert_false(leases_pending(h.leases));
	stop(&h);

	/* After a boot: the clock that leases run by begins anew. */
	start(&h, 0);
	assert_int_equal(find(&h, 1)->state, LEASE_BOUND);
	assert_int_equal(find(&h, 1)->ip, ip("10.77.0.10"));
	assert_int_equal(find(&h, 1)->until_ms, DAY_MS);
	assert_string_equal(find(&h, 1)->hostname, "tv");
	assert_memory_equal(find(&h, 1)->mac.b, kit_mac(1).b, 6);
	assert_string_equal(find(&h, 2)->hostname, "");
	assert_int_equal(find(&h, 3)->state, LEASE_FREE);
	assert_int_equal(find(&h, 3)->ip, ip("10.77.0.12"));
	stop(&h);
}

static void a_killed_server_keeps_what_was_synced(void **state)
{
	char text[4096];
	struct home h;
	size_t len;

	(void)state;
	start(&h, 0);
	bind_to(&h, 1, "10.77.0.10", "tv");
	assert_int_equal(flush(&h), 0);
	len = read_file(text, sizeof(text));
	bind_to(&h, 2, "10.77.0.11", "nas"); /* noted, not written */
	assert_int_equal(read_file(text, sizeof(text)), len);
	stop(&h); /* an orderly end writes it after all */
	assert_true(read_file(text, sizeof(text)) > len);
}

static void every_torn_end_is_survived(void **state)
{
	char text[4096];
	struct home h;
	size_t len, cut, first;

	(void)state;
	start(&h, 0);
	bind_to(&h, 1, "10.77.0.10", "tv");
	assert_int_equal(flush(&h), 0);
	first = read_file(text, sizeof(text));
	bind_to(&h, 2, "10.77.0.11", "nas");
	stop(&h);
	len = read_file(text, sizeof(text));
	for (cut = 0; cut <= len; cut++) {
		write_file(text, cut);
		start(&h, 0);
		assert_int_equal(find(&h, 1) != NULL, cut >= first);
		assert_int_equal(find(&h, 2) != NULL, cut == len);
		/* And what is written next is whole again. */
		bind_to(&h, 3, "10.77.0.13", "");
		stop(&h);
		start(&h, 0);
		assert_non_null(find(&h, 3));
		stop(&h);
	}
}

static void what_is_not_a_journal_is_left_alone(void **state)
{
	static const char *const table[] = {
		"{}\n",
		"{\"no\":\"newline\"}",
		"leases 2\n",
		"leases 1\nbind\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00:01 01 1 x y\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00:01 0 1 x\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00:01  1 x\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00 01 1 x\n",
		"leases 1\nbind fd00::1 02:00:00:00:00:01 01 1 x\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00:01 01 -1 x\n",
		"leases 1\nbind 10.77.0.9 02:00:00:00:00:01 01 1 X\n",
		"leases 1\nlose 10.77.0.9 02:00:00:00:00:01 01 1 x\n",
		"leases 1\ndrop 10.77.0\n",
		"leases 1\n\n",
	};
	char before[256], after[256];
	struct error err;
	struct home h;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		write_file(table[i], strlen(table[i]));
		read_file(before, sizeof(before));
		assert_int_equal(open_home(&h, 0, &err), -EINVAL);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, i < 3 ? "line 1" : "line 2"));
		read_file(after, sizeof(after));
		assert_string_equal(before, after);
	}
	write_file("leases 1\nbi\0nd\n", 15);
	assert_int_equal(open_home(&h, 0, &err), -EINVAL);
}

static void a_file_out_of_reach_is_said(void **state)
{
	struct error err;
	struct home h;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(open_home(&h, 0, &err), 0);
	assert_non_null(strstr(err.text, path));
	rmdir(path);
}

static void times_survive_clocks_that_jump(void **state)
{
	static const char far[] =
		"leases 1\n"
		"bind 10.77.0.9 02:00:00:00:00:01 01020000000001 9999999999 x\n"
		"bind 10.77.0.8 02:00:00:00:00:02 01020000000002 1000 y\n";
	struct home h;

	(void)state;
	write_file(far, strlen(far));
	start(&h, 5000);
	assert_int_equal(find(&h, 1)->state, LEASE_BOUND);
	assert_true(find(&h, 1)->until_ms <= 5000 + 30ull * DAY_MS);
	assert_int_equal(find(&h, 2)->state, LEASE_FREE);
	assert_true(find(&h, 2)->ended_ms < 0);
	stop(&h);
}

static void leases_of_another_network_are_passed_over(void **state)
{
	static const char other[] =
		"leases 1\n"
		"bind 10.78.0.9 02:00:00:00:00:01 01020000000001 1800000000 x\n"
		"drop 10.78.0.9\n";
	struct home h;

	(void)state;
	write_file(other, strlen(other));
	start(&h, 0);
	assert_null(find(&h, 1));
	stop(&h);
}

static void the_journal_does_not_grow_for_ever(void **state)
{
	struct stat st;
	struct home h;
	unsigned i;

	(void)state;
	start(&h, 0);
	for (i = 0; i < 5000; i++) {
		h.now_ms += 1000;
		bind_to(&h, 1, "10.77.0.10", "tv");
		if (i % 5)
			continue;
		assert_int_equal(flush(&h), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_true(st.st_size < 100000);
	}
	stop(&h);
	start(&h, h.now_ms);
	assert_non_null(find(&h, 1));
	stop(&h);
}

static void a_failed_write_is_made_good(void **state)
{
	struct home h;

	(void)state;
	start(&h, 0);
	bind_to(&h, 1, "10.77.0.10", "tv");
	assert_int_equal(leases_take(h.leases, 0, WALL_MS), 0);
	leases_done(h.leases, -ENOSPC); /* nothing of it reached the disk */
	assert_true(leases_pending(h.leases));
	bind_to(&h, 2, "10.77.0.11", "nas");
	assert_int_equal(flush(&h), 0);
	assert_false(leases_pending(h.leases));
	stop(&h);
	start(&h, 0);
	assert_non_null(find(&h, 1));
	assert_non_null(find(&h, 2));
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(leases_come_back, fresh),
		cmocka_unit_test_setup(a_killed_server_keeps_what_was_synced,
				       fresh),
		cmocka_unit_test_setup(every_torn_end_is_survived, fresh),
		cmocka_unit_test_setup(what_is_not_a_journal_is_left_alone,
				       fresh),
		cmocka_unit_test_setup(a_file_out_of_reach_is_said, fresh),
		cmocka_unit_test_setup(times_survive_clocks_that_jump, fresh),
		cmocka_unit_test_setup(
			leases_of_another_network_are_passed_over, fresh),
		cmocka_unit_test_setup(the_journal_does_not_grow_for_ever,
				       fresh),
		cmocka_unit_test_setup(a_failed_write_is_made_good, fresh),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/leases", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return failed;
}
