/* history.c - a day of 200 devices with 2,000 remotes each, under a fake clock:
 * what a tick costs, what a query takes, how far each tier reaches.
 *
 * Each tick moves some flows of each device: most of them of a few remotes that
 * it always talks to, some of any. Prints one line of JSON a figure;
 * tests/bench/README.md says what they mean. Exit 1: the day's total is not
 * what was given.
 *
 * usage: history [FILE]    the day ends now and is left in FILE, as a gateway
 *                          would find it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "ctl/history/history.h"
#include "ctl/history/query.h"
#include "ctl/history/store.h"

#define DEVICES 200
#define REMOTES 2000
#define BEGIN	1767225600000ull
#define HOUR	3600000ull
#define DAY	(24 * HOUR)
#define TICK	1000 /* a tick a second has rows: a day in a minute of ours */

static struct traffic_row rows[DEVICES * 8];
static uint64_t seed = 1;
static struct traffic_sum given;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % sides);
}

/* Of the processor, not of the day: others may use it meanwhile. */
static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

static void print(const char *what, double value, const char *unit)
{
	printf("{\"row\": \"history\", \"figure\": \"%s\", \"value\": %.2f, "
	       "\"unit\": \"%s\"}\n",
	       what, value, unit);
	fflush(stdout);
}

/* A few remotes have most of the traffic, and every one has some. */
static uint32_t remote_of(void)
{
	uint32_t i = dice(REMOTES), j = dice(REMOTES), k = dice(REMOTES);

	i = i < j ? i : j;
	return dice(4) ? (i < k ? i : k) / 20 : dice(REMOTES);
}

static unsigned make_rows(void)
{
	unsigned n = 0;

	for (unsigned d = 0; d < DEVICES; d++)
		for (uint32_t f = dice(8); f; f--) {
			uint32_t remote = remote_of();

			rows[n++] = (struct traffic_row){
				.host = { { 2, 0, 0, 0, 0, (uint8_t)d } },
				.remote = addr_v4(htonl(0x10000000u + remote +
							d % 20 * REMOTES)),
				.sum = { 60 + dice(1u << 20), 60 + dice(60000),
					 1 + dice(900), 1 + dice(500) },
			};
			given.rx_bytes += rows[n - 1].sum.rx_bytes;
			given.tx_bytes += rows[n - 1].sum.tx_bytes;
			given.rx_packets += rows[n - 1].sum.rx_packets;
			given.tx_packets += rows[n - 1].sum.tx_packets;
		}
	return n;
}

struct span {
	const char *what;
	uint64_t ms, step_ms;
	enum query_group group;
};

static void ask(struct history *h, uint64_t now, const struct span *span)
{
	struct query q = { .from_ms = now - span->ms,
			   .to_ms = now,
			   .step_ms = span->step_ms,
			   .group = span->group,
			   .groups = 1000 };
	struct snapshot_of_history *s;
	struct history_fill fill;
	struct query_answer a;
	double begin, shot, worst = 0, held = 0;
	char what[128];
	unsigned tier;
	struct error err;

	for (unsigned i = 0; i < 5; i++) {
		history_fill(h, &fill);
		begin = now_ms();
		if (query_prepare(&q, fill.from_ms, &tier, &err)) {
			fprintf(stderr, "history: %s: %s\n", span->what,
				err.text);
			return;
		}
		s = history_snapshot(h, 1u << tier);
		shot = now_ms() - begin;
		query_run(&q, tier, s, &a);
		if (now_ms() - begin > worst)
			worst = now_ms() - begin;
		if (shot > held)
			held = shot;
		query_free(&a);
		history_release(h, s);
	}
	snprintf(what, sizeof(what), "%s", span->what);
	print(what, worst, "ms");
	snprintf(what, sizeof(what), "%s, of it on the loop", span->what);
	print(what, held, "ms");
}

/* The minutes of the whole day have all of it, whatever else had to go. */
static bool is_complete(struct history *h, uint64_t now)
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
	bool same;

	history_fill(h, &fill);
	if (query_prepare(&q, fill.from_ms, &tier, &err) ||
	    query_run(&q, tier, s, &a))
		return false;
	same = !memcmp(&a.total, &given, sizeof(given));
	print("bytes of the day that its minutes lack",
	      (double)(given.rx_bytes - a.total.rx_bytes), "B");
	query_free(&a);
	history_release(h, s);
	return same;
}

static void save(struct history *h, const char *path, bool keep)
{
	double begin = now_ms();
	struct snapshot_of_history *s = history_snapshot(h, 7);

	print("save, on the loop", now_ms() - begin, "ms");
	begin = now_ms();
	if (store_save(s, path))
		perror(path);
	print("save, on a worker", now_ms() - begin, "ms");
	history_release(h, s);
	if (!keep)
		unlink(path);
}

static uint64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void live(struct history *h, struct history_now *now, uint64_t ms)
{
	double worst = 0, sum = 0;
	unsigned n = 0;

	for (uint64_t end = now->mono_ms + ms; now->mono_ms < end; n++) {
		struct traffic_tick t = { .rows = rows, .n = make_rows() };
		double begin, took;

		t.begin_ms = now->mono_ms;
		t.end_ms = t.begin_ms + 100;
		now->mono_ms += TICK;
		now->boot_ms += TICK;
		now->wall_ms += TICK;
		begin = now_ms();
		history_clock(h, now);
		history_tick(h, &t);
		took = now_ms() - begin;
		sum += took;
		if (took > worst)
			worst = took;
	}
	print("tick of 700 pairs, mean", sum / n, "ms");
	print("tick of 700 pairs, longest of a day", worst, "ms");
}

int main(int argc, char **argv)
{
	static const struct span spans[] = {
		{ "day, all, by device", DAY, 60000, QUERY_BY_DEVICE },
		{ "day, all, by remote", DAY, 60000, QUERY_BY_REMOTE },
		{ "day, all, by pair", DAY, 60000, QUERY_BY_PAIR },
		{ "hour, by device", HOUR, 0, QUERY_BY_DEVICE },
		{ "hour, by pair", HOUR, 60000, QUERY_BY_PAIR },
		{ "minute, by pair", 60000, 100, QUERY_BY_PAIR },
		{ "half an hour by the second, by pair", HOUR / 2, 1000,
		  QUERY_BY_PAIR },
	};
	struct history_now now = { 1000, 1000,
				   argc > 1 ? wall_ms() - DAY : BEGIN };
	struct names *names = names_new(NAMES_MAX);
	struct history_fill fill;
	struct hash_key key;
	struct history *h;
	bool complete;

	hash_key_random(&key);
	h = history_new(names, &key, 64u << 20);
	history_clock(h, &now);
	live(h, &now, DAY);
	history_fill(h, &fill);
	print("memory", (double)fill.bytes / (1 << 20), "MiB");
	for (unsigned t = 0; t < TIERS; t++) {
		char what[64];

		snprintf(what, sizeof(what), "steps of %u ms reach back",
			 tier_step_ms(t));
		print(what, (double)(now.wall_ms - fill.from_ms[t]) / 60000,
		      "min");
	}
	for (unsigned i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		ask(h, now.wall_ms, &spans[i]);
	complete = is_complete(h, now.wall_ms);
	save(h, argc > 1 ? argv[1] : "/tmp/portcullis-bench-history", argc > 1);
	history_free(h);
	names_free(names);
	return complete ? 0 : 1;
}
