/* test_history_store.c - what is saved comes back; what is broken costs itself
 * alone. */
#include "history_kit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/history/store.h"

static char path[] = "/tmp/portcullis-history-XXXXXX";

static void record(struct kit *k, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		kit_row(k, i % 7, i % 50, i % 2 ? "a.example" : NULL, 1000 + i,
			10);
		kit_tick(k, 100);
	}
}

/* Another run, at the same time of day, of what is in the file. */
static struct kit *reborn_of(const struct kit *old, uint32_t names)
{
	struct kit *k = kit_new_of(KIT_BUDGET, names);
	struct store_content c;

	k->now = (struct history_now){ 100, 100, old->now.wall_ms };
	history_free(k->h);
	k->h = history_new(k->names, &kit_key, KIT_BUDGET);
	history_clock(k->h, &k->now);
	names_id(k->names, "other.example", 13); /* numbers are others now */
	assert_int_equal(store_load(path, &c), 0);
	assert_false(c.broken);
	store_adopt(k->h, &c);
	return k;
}

static struct kit *reborn(const struct kit *old)
{
	return reborn_of(old, 1024);
}

static void save(struct kit *k)
{
	struct snapshot_of_history *s = history_snapshot(k->h, HISTORY_ALL);

	assert_int_equal(store_save(s, path), 0);
	history_release(k->h, s);
}

static void assert_same(struct kit *a, struct kit *b, uint64_t step_ms)
{
	struct query q = kit_query(KIT_NOON, a->now.wall_ms, step_ms);
	struct query p = q;
	struct snapshot_of_history *s, *t;
	struct query_answer x, y;

	kit_ask(a, &q, &x, &s, NULL);
	kit_ask(b, &p, &y, &t, NULL);
	assert_int_equal(x.n, y.n);
	assert_memory_equal(x.rx, y.rx, x.n * sizeof(*x.rx));
	assert_memory_equal(x.tx, y.tx, x.n * sizeof(*x.tx));
	assert_memory_equal(&x.total, &y.total, sizeof(x.total));
	assert_int_equal(x.rows_n, y.rows_n);
	for (unsigned i = 0; i < x.rows_n; i++) {
		assert_memory_equal(&x.rows[i].sum, &y.rows[i].sum,
				    sizeof(x.rows[i].sum));
		assert_int_equal(!x.rows[i].name, !y.rows[i].name);
		if (x.rows[i].name)
			assert_string_equal(x.rows[i].name, y.rows[i].name);
	}
	kit_done(a, &x, s);
	kit_done(b, &y, t);
}

static void test_round_trip(void **state)
{
	struct kit *a = kit_new(KIT_BUDGET), *b;
	struct mac m = kit_mac(3);

	(void)state;
	record(a, 900);
	save(a);
	b = reborn(a);
	assert_same(a, b, 100);
	assert_same(a, b, 1000);
	assert_same(a, b, 60000);
	history_day(a->h, KIT_NOON);
	history_day(b->h, KIT_NOON);
	assert_int_equal(history_today(a->h, &m).rx_bytes,
			 history_today(b->h, &m).rx_bytes);
	assert_true(history_today(a->h, &m).rx_bytes);
	/* What goes on in both stays the same. */
	record(a, 300);
	a->now.wall_ms = b->now.wall_ms;
	kit_free(a);
	kit_free(b);
}

static void test_what_came_after_the_cut_is_appended(void **state)
{
	struct kit *a = kit_new(KIT_BUDGET), *b;
	struct snapshot_of_history *s;
	uint32_t cut;

	(void)state;
	record(a, 500);
	cut = history_cut(a->h);
	save(a);
	record(a, 3);
	history_cut(a->h);
	s = history_since(a->h, cut);
	assert_int_equal(store_append(s, path), 0);
	history_release(a->h, s);
	b = reborn(a);
	assert_same(a, b, 100);
	assert_same(a, b, 60000);
	kit_free(a);
	kit_free(b);
}

/* A disk that is full in the middle of it. */
static void test_what_cannot_be_appended_leaves_the_file_whole(void **state)
{
	struct kit *a = kit_new(KIT_BUDGET);
	struct snapshot_of_history *s;
	struct store_content c;
	struct rlimit all, few;
	struct stat before, after;
	uint32_t cut;

	(void)state;
	record(a, 500);
	cut = history_cut(a->h);
	save(a);
	record(a, 300);
	history_cut(a->h);
	s = history_since(a->h, cut);
	assert_int_equal(stat(path, &before), 0);
	getrlimit(RLIMIT_FSIZE, &all);
	few = all;
	few.rlim_cur = (rlim_t)before.st_size + 200;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &few);
	assert_int_equal(store_append(s, path), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &all);
	history_release(a->h, s);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(store_load(path, &c), 0);
	assert_false(c.broken);
	store_free(&c);
	kit_free(a);
}

static void test_old_and_new_are_one(void **state)
{
	struct kit *a = kit_new(KIT_BUDGET), *b;
	struct traffic_sum t;

	(void)state;
	record(a, 500);
	save(a);
	b = reborn(a);
	b->given = a->given;
	b->now.wall_ms += 5000; /* it took that long */
	record(b, 500);
	t = kit_total(b, KIT_NOON, b->now.wall_ms + 60000, 60000);
	assert_memory_equal(&t, &b->given, sizeof(t));
	kit_free(a);
	kit_free(b);
}

/* Any single byte may be wrong, and the file may end anywhere. */
static void test_broken(void **state)
{
	struct kit *k = kit_new(KIT_BUDGET);
	static uint8_t bytes[1 << 20];
	struct store_content c;
	size_t len, whole;
	unsigned all;
	FILE *f;

	(void)state;
	record(k, 200);
	save(k);
	f = fopen(path, "r");
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_int_equal(store_parse(bytes, len, &c), 0);
	all = c.n;
	assert_true(all >= 3);
	store_free(&c);
	for (size_t i = 0; i < len; i += 1 + len / 400) {
		bytes[i] ^= 1;
		assert_int_equal(store_parse(bytes, len, &c), 0);
		assert_true(c.broken);
		assert_true(c.n < all);
		store_free(&c);
		bytes[i] ^= 1;
	}
	for (whole = 0; whole < len; whole += 1 + len / 400) {
		assert_int_equal(store_parse(bytes, whole, &c), 0);
		assert_true(c.n < all || !c.broken);
		store_free(&c);
	}
	kit_free(k);
}

/* A table of names that has become smaller, or holds others by now. */
static void test_names_of_the_past_leave_room(void **state)
{
	struct kit *a = kit_new(KIT_BUDGET), *b;
	struct snapshot_of_history *s;
	struct query_answer x;
	struct query q;
	unsigned named = 0;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		kit_row(a, 1, i, name, 1000, 10);
		kit_tick(a, 100);
	}
	save(a);
	b = reborn_of(a, 64);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "new%u.example", i);
		assert_int_not_equal(names_id(b->names, name, strlen(name)), 0);
		names_hold(b->names, names_id(b->names, name, strlen(name)));
	}
	q = kit_query(KIT_NOON, b->now.wall_ms, 1000);
	kit_ask(b, &q, &x, &s, NULL);
	assert_int_equal(x.rows_n, 200);
	assert_int_equal(x.total.rx_bytes, a->given.rx_bytes);
	for (unsigned i = 0; i < x.rows_n; i++)
		named += x.rows[i].name != NULL;
	assert_in_range(named, 16, 33);
	kit_done(b, &x, s);
	kit_free(a);
	kit_free(b);
}

static void test_no_file(void **state)
{
	struct store_content c;

	(void)state;
	unlink(path);
	assert_int_equal(store_load(path, &c), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_came_after_the_cut_is_appended),
		cmocka_unit_test(
			test_what_cannot_be_appended_leaves_the_file_whole),
		cmocka_unit_test(test_old_and_new_are_one),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_names_of_the_past_leave_room),
		cmocka_unit_test(test_no_file),
	};

	close(mkstemp(path));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
