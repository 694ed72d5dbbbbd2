/* history.c - a day of 200 devices with 2,000 remotes each, under a fake clock:
 * what a tick costs, what a question takes until its answer is a text, how far
 * each tier reaches.
 *
 * What moves is made by traffic.h. Prints one line of JSON a figure;
 * tests/bench/README.md says what they mean. Exit 1: a figure is beyond its
 * limit, or the minutes of the day are not all that was given.
 *
 * usage: history [FILE]    the day ends now and is left in FILE, as a gateway
 *                          would find it; nothing is asked */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/api/history_text.h"
#include "ctl/history/history.h"
#include "ctl/history/store.h"
#include "traffic.h"

#define BEGIN	    1767225600000ull
#define HOUR	    3600000ull
#define DAY	    (24 * HOUR)
#define BUDGET_MIB  64
#define QUESTION_MS 200 /* at most */
#define TIMES	    7	/* that a question is asked */

static bool failed;

static double ms_by(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

static uint64_t wall_ms(void)
{
	return (uint64_t)ms_by(CLOCK_REALTIME);
}

static double now_ms(void)
{
	return ms_by(CLOCK_MONOTONIC);
}

/* 'limit' 0: there is none. */
static void print(const char *what, double value, const char *unit,
		  double limit)
{
	printf("{\"row\": \"history\", \"figure\": \"%s\", \"value\": %.3f, "
	       "\"unit\": \"%s\"",
	       what, value, unit);
	if (limit > 0)
		printf(", \"limit\": %g", limit);
	puts("}");
	fflush(stdout);
	if (limit <= 0 || value <= limit)
		return;
	failed = true;
	fprintf(stderr, "history: %s: %.1f %s, limit %g\n", what, value, unit,
		limit);
}

/* ---- the day */

struct day {
	uint64_t ticks, rows;
	double sum_ms, worst_ms;
	size_t most; /* bytes, at whatever time */
};

static void pass_second(struct history *h, struct history_now *now,
			struct day *day)
{
	unsigned n = move();
	struct history_fill fill;

	for (unsigned k = 0; k < 10; k++) {
		struct traffic_tick t = { now->mono_ms, now->mono_ms + 100,
					  make_rows(n, k), rows };
		double begin = now_ms(), took;

		now->mono_ms += 100;
		now->boot_ms += 100;
		now->wall_ms += 100;
		history_clock(h, now);
		history_tick(h, &t);
		took = now_ms() - begin;
		day->ticks++;
		day->rows += t.n;
		day->sum_ms += took;
		if (took > day->worst_ms)
			day->worst_ms = took;
	}
	history_fill(h, &fill);
	if (fill.bytes > day->most)
		day->most = fill.bytes;
}

static void live(struct history *h, struct history_now *now)
{
	struct day day = { 0 };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

	for (uint64_t end = now->mono_ms + DAY; now->mono_ms < end;)
		pass_second(h, now, &day);
	print("pairs in a tick, mean", (double)day.rows / (double)day.ticks, "",
	      0);
	print("tick, mean", day.sum_ms / (double)day.ticks, "ms", 0);
	print("tick, longest of a day", day.worst_ms, "ms", 0);
	print("memory, most of a day", (double)day.most / (1 << 20), "MiB",
	      BUDGET_MIB);
	print("memory, more than at its beginning",
	      ((double)mallinfo2().uordblks + (double)mallinfo2().hblkhd -
	       (double)before) /
		      (1 << 20),
	      "MiB", 0);
}

static void print_reach(const struct history *h, uint64_t wall_ms)
{
	struct history_fill fill;
	char what[64];

	history_fill(h, &fill);
	for (unsigned t = 0; t < TIERS; t++) {
		snprintf(what, sizeof(what), "steps of %u ms reach back",
			 tier_step_ms(t));
		print(what, (double)(wall_ms - fill.from_ms[t]) / 60000, "min",
		      0);
	}
}

/* ---- questions */

enum { OF_ALL, OF_DEVICE = 1, OF_ADDRESS = 2, OF_NAME = 4 };

struct question {
	const char *what;
	uint64_t ms, step_ms;
	enum query_group group;
	unsigned of;
};

/* What each time took: all of it, by the wall's clock and by the processor's;
 * the loop's part, the text's. */
struct took {
	double all[TIMES], cpu[TIMES], loop[TIMES], text[TIMES];
};

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double values[TIMES])
{
	qsort(values, TIMES, sizeof(*values), by_value);
	return values[TIMES / 2];
}

static void print_part(const char *what, const char *part, double ms[TIMES])
{
	char both[128];

	snprintf(both, sizeof(both), "%s: %s", what, part);
	print(both, median(ms), "ms", 0);
}

/* From where on such fine steps are kept, if that is later: then some of what
 * is asked for is yet to come. */
static struct query query_of(const struct question *ask,
			     const struct history_fill *fill, uint64_t now)
{
	struct query q = { .from_ms = now - ask->ms,
			   .to_ms = now,
			   .step_ms = ask->step_ms,
			   .group = ask->group,
			   .groups = QUERY_GROUPS_MAX,
			   .by_device = ask->of & OF_DEVICE,
			   .by_addr = ask->of & OF_ADDRESS,
			   .by_name = ask->of & OF_NAME,
			   .device = { { 2, 0, 0, 0, 0, 7 } },
			   .addr = address_of(7 * REMOTES + 3),
			   .name = "host3500.example" };
	unsigned tier = ask->step_ms % 1000 ? TIER_TICK : TIER_SECOND;

	if (ask->step_ms && ask->step_ms % 60000 &&
	    q.from_ms < fill->from_ms[tier])
		q.from_ms = fill->from_ms[tier] + ask->step_ms;
	q.to_ms = q.from_ms + ask->ms;
	return q;
}

/* As api/history.c does it. False: it cannot be answered. */
static bool ask_once(struct history *h, struct query q, struct took *took,
		     unsigned i)
{
	double cpu = ms_by(CLOCK_THREAD_CPUTIME_ID);
	double begin = now_ms(), shot, run, told;
	struct snapshot_of_history *s;
	struct history_fill fill;
	struct history_text words;
	struct query_answer a;
	unsigned tier;
	struct error err;
	char *text;
	size_t len;
	bool any;

	history_fill(h, &fill);
	if (query_prepare(&q, fill.from_ms, &tier, &err)) {
		fprintf(stderr, "history: %s\n", err.text);
		return false;
	}
	s = history_snapshot(h, 1u << tier);
	shot = now_ms();
	if (!s || query_run(&q, tier, s, &a))
		return false;
	run = now_ms();
	words = (struct history_text){ .query = &q,
				       .answer = &a,
				       .from_ms = s->from_ms };
	text = history_text_json(&words, &len);
	any = a.total.rx_bytes;
	query_free(&a);
	told = now_ms();
	history_release(h, s);
	took->all[i] = now_ms() - begin;
	took->cpu[i] = ms_by(CLOCK_THREAD_CPUTIME_ID) - cpu;
	took->loop[i] = took->all[i] - (told - shot);
	took->text[i] = told - run;
	free(text);
	return text && any;
}

static void ask(struct history *h, uint64_t now, const struct question *ask)
{
	struct history_fill fill;
	struct query q;
	struct took took;

	history_fill(h, &fill);
	q = query_of(ask, &fill, now);
	for (unsigned i = 0; i < TIMES; i++)
		if (!ask_once(h, q, &took, i)) {
			fprintf(stderr, "history: %s: no answer\n", ask->what);
			failed = true;
			return;
		}
	print(ask->what, median(took.all), "ms", QUESTION_MS);
	print_part(ask->what, "of the processor", took.cpu);
	print_part(ask->what, "of it on the loop", took.loop);
	print_part(ask->what, "its text", took.text);
}

/* MiB, of this process; VmHWM: the most since the last forget_most(). */
static double resident(const char *key)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	double kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = strtod(line + strlen(key) + 1, NULL);
	if (file)
		fclose(file);
	return kib / 1024;
}

static void forget_most(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (!file)
		return;
	fputs("5", file);
	fclose(file);
}

static void ask_all(struct history *h, uint64_t now)
{
	static const struct question all[] = {
		{ "day, by device", DAY, 60000, QUERY_BY_DEVICE, OF_ALL },
		{ "day, by remote", DAY, 60000, QUERY_BY_REMOTE, OF_ALL },
		{ "day, by pair", DAY, 60000, QUERY_BY_PAIR, OF_ALL },
		{ "day of a device, by remote", DAY, 60000, QUERY_BY_REMOTE,
		  OF_DEVICE },
		{ "day of an address, by device", DAY, 60000, QUERY_BY_DEVICE,
		  OF_ADDRESS },
		{ "day of a name, by device", DAY, 60000, QUERY_BY_DEVICE,
		  OF_NAME },
		{ "day of a pair", DAY, 60000, QUERY_BY_PAIR,
		  OF_DEVICE | OF_NAME },
		{ "hour, by device", HOUR, 0, QUERY_BY_DEVICE, OF_ALL },
		{ "hour, by pair", HOUR, 60000, QUERY_BY_PAIR, OF_ALL },
		{ "half an hour by the second, by pair", HOUR / 2, 1000,
		  QUERY_BY_PAIR, OF_ALL },
		{ "minute, by pair", 60000, 100, QUERY_BY_PAIR, OF_ALL },
		{ "10,000 seconds, by pair", 10000000, 1000, QUERY_BY_PAIR,
		  OF_ALL },
		{ "10,000 tenths of a second, by pair", 1000000, 100,
		  QUERY_BY_PAIR, OF_ALL },
	};

	double before;

	forget_most();
	before = resident("VmRSS");
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ask(h, now, &all[i]);
	print("memory, of a question while it is answered",
	      resident("VmHWM") - before, "MiB", 0);
}

/* The minutes of the whole day have all of it, whatever else had to go. */
static void check_day(struct history *h, uint64_t now)
{
	struct query q = { .from_ms = now - DAY - 60000,
			   .to_ms = now + 60000,
			   .step_ms = 60000,
			   .group = QUERY_BY_DEVICE,
			   .groups = 1000 };
	struct snapshot_of_history *s = history_snapshot(h, HISTORY_ALL);
	struct history_fill fill;
	struct query_answer a;
	unsigned tier;
	struct error err;

	history_fill(h, &fill);
	if (query_prepare(&q, fill.from_ms, &tier, &err) ||
	    query_run(&q, tier, s, &a)) {
		failed = true;
		return;
	}
	print("bytes of the day that its minutes lack",
	      (double)(given.rx_bytes - a.total.rx_bytes), "B", 0);
	failed |= memcmp(&a.total, &given, sizeof(given)) != 0;
	query_free(&a);
	history_release(h, s);
}

/* ---- the file */

static void save(struct history *h, const char *path)
{
	double begin = now_ms();
	struct snapshot_of_history *s = history_snapshot(h, HISTORY_ALL);

	print("save, on the loop", now_ms() - begin, "ms", 0);
	begin = now_ms();
	if (store_save(s, path)) {
		perror(path);
		failed = true;
	}
	print("save, on a worker", now_ms() - begin, "ms", 0);
	history_release(h, s);
}

int main(int argc, char **argv)
{
	static const char scratch[] = "/tmp/portcullis-bench-history";
	struct history_now now = { 1000, 1000,
				   argc > 1 ? wall_ms() - DAY : BEGIN };
	struct names *names = names_new(NAMES_MAX);
	struct hash_key key;
	struct history *h;

	hash_key_random(&key);
	name_remotes(names);
	h = history_new(names, &key, (size_t)BUDGET_MIB << 20);
	history_clock(h, &now);
	live(h, &now);
	print_reach(h, now.wall_ms);
	check_day(h, now.wall_ms);
	if (argc == 1)
		ask_all(h, now.wall_ms);
	save(h, argc > 1 ? argv[1] : scratch);
	if (argc == 1)
		unlink(scratch);
	history_free(h);
	names_free(names);
	return failed;
}
