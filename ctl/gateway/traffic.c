/* traffic.c - each tick of the engine's ledger, shown to whoever wants it; and
 * the life of the history made of them: its clock, its file.
 *
 * Called from gateway.c, events.c and the loop. Control thread; the file is
 * read and written by libuv's workers.
 * Invariant: every tick is shown once, in order, and to all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/log.h"
#include "../history/store.h"
#include "gateway_priv.h"

#define CLOCK_TICK_MS 1000
#define MINUTE_MS     60000

struct traffic {
	struct gateway *g;
	struct history *history;
	uv_timer_t clock;
	uint64_t saved_ms; /* when it was begun; clock_ms() */
	uv_work_t work;
	bool busy;    /* 'work' is under way */
	bool loaded;  /* what was kept is in: what is saved has it, too */
	bool failed;  /* a disk that is full is said once */
	bool ending;  /* the loop stops once all is saved … */
	bool last;    /* … by the save that is under way, or done */
	uint32_t cut; /* what is before is in the file; 0: nothing may be */
	char path[512];
	struct snapshot_of_history *snapshot; /* that is saved */
	struct store_content content;	      /* that is loaded */
	int err;
};

static void tell_time(struct traffic *t)
{
	const struct history_now now = {
		.mono_ms = clock_ms(),
		.boot_ms = clock_boot_ms(),
		.wall_ms = clock_wall_ms(),
	};

	history_clock(t->history, &now);
}

/* ---- ticks */

static void show(struct gateway *g, const struct traffic_tick *tick)
{
	tell_time(g->traffic);
	history_tick(g->traffic->history, tick);
}

void traffic_take(struct gateway *g)
{
	struct traffic_tick tick;

	while (g->traffic && engine_next_tick(g->engine, &tick)) {
		show(g, &tick);
		engine_tick_done(g->engine);
	}
}

/* ---- the clock */

static uint64_t midnight_ms(void)
{
	time_t now = time(NULL);
	struct tm tm;

	tzset(); /* the owner may have moved */
	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (uint64_t)mktime(&tm) * 1000;
}

static size_t budget_of(const struct gateway *g)
{
	return (size_t)settings_get(g->settings)->history_budget_mib << 20;
}

/* ---- what is kept */

static void say_saved(struct traffic *t)
{
	if (t->err && !t->failed)
		log_warn("history: %s: cannot be written: %s", t->path,
			 strerror(-t->err));
	t->failed = t->err;
}

static void on_save(uv_work_t *work)
{
	struct traffic *t = container_of(work, struct traffic, work);

	t->err = store_save(t->snapshot, t->path);
}

static void on_saved(uv_work_t *work, int status);

/* False: there is nothing to save, or no memory for it. */
static bool save(struct traffic *t)
{
	/* A file that cannot be read is not written over. */
	if (t->busy || !t->loaded)
		return false;
	t->saved_ms = clock_ms();
	t->last = t->ending;
	t->cut = t->last ? history_cut(t->history) : 0;
	t->snapshot = history_snapshot(t->history, HISTORY_ALL);
	t->busy = t->snapshot &&
		  !uv_queue_work(&t->g->loop, &t->work, on_save, on_saved);
	if (t->busy)
		return true;
	t->cut = 0;
	history_release(t->history, t->snapshot);
	t->snapshot = NULL;
	return false;
}

/* Whatever was under way is done. */
static void go_on(struct traffic *t)
{
	if (t->ending && (t->last || !save(t)))
		uv_stop(&t->g->loop);
}

static void on_saved(uv_work_t *work, int status)
{
	struct traffic *t = container_of(work, struct traffic, work);

	(void)status;
	t->busy = false;
	say_saved(t);
	if (t->err)
		t->cut = 0;
	history_release(t->history, t->snapshot);
	t->snapshot = NULL;
	go_on(t);
}

static void on_clock(uv_timer_t *timer)
{
	struct traffic *t = container_of(timer, struct traffic, clock);
	const struct settings *s = settings_get(t->g->settings);

	tell_time(t);
	history_set_budget(t->history, budget_of(t->g));
	history_day(t->history, midnight_ms());
	if (clock_ms() >=
	    t->saved_ms + (uint64_t)s->history_save_minutes * MINUTE_MS)
		save(t);
}

/* ---- what was kept */

static void on_load(uv_work_t *work)
{
	struct traffic *t = container_of(work, struct traffic, work);

	t->err = store_load(t->path, &t->content);
}

/* It may be lost without harm, but not without a word. */
static void set_aside(struct traffic *t)
{
	char aside[sizeof(t->path) + 8];

	snprintf(aside, sizeof(aside), "%s.broken", t->path);
	if (rename(t->path, aside))
		snprintf(aside, sizeof(aside), "%s", t->path);
	log_warn("history: %s is broken: what could be read of it is shown, "
		 "the file is kept as %s",
		 t->path, aside);
}

static void on_loaded(uv_work_t *work, int status)
{
	struct traffic *t = container_of(work, struct traffic, work);

	(void)status;
	t->busy = false;
	if (t->err && t->err != -ENOENT)
		log_warn("history: %s: cannot be read: %s", t->path,
			 strerror(-t->err));
	t->loaded = !t->err || t->err == -ENOENT;
	if (!t->err && t->content.broken)
		set_aside(t);
	if (!t->err)
		store_adopt(t->history, &t->content);
	history_day(t->history, midnight_ms());
	go_on(t);
}

/* ---- life */

int traffic_open(struct gateway *g, struct error *err)
{
	struct traffic *t = calloc(1, sizeof(*t));
	struct hash_key key;

	hash_key_random(&key);
	if (t)
		t->history = history_new(g->names, &key, budget_of(g));
	if (!t || !t->history) {
		free(t);
		return error_set(err, -ENOMEM, "history: out of memory");
	}
	t->g = g;
	g->traffic = t;
	snprintf(t->path, sizeof(t->path), "%s/history.bin",
		 g->options->state_dir);
	tell_time(t);
	t->saved_ms = clock_ms();
	uv_timer_init(&g->loop, &t->clock);
	uv_timer_start(&t->clock, on_clock, CLOCK_TICK_MS, CLOCK_TICK_MS);
	return 0;
}

/* Some sixty megabytes, which keep a core busy: once packets pass again. */
void traffic_load(struct gateway *g)
{
	struct traffic *t = g->traffic;

	t->busy = !uv_queue_work(&g->loop, &t->work, on_load, on_loaded);
}

struct history *traffic_history(const struct gateway *g)
{
	return g->traffic->history;
}

void traffic_end(struct gateway *g)
{
	struct traffic *t = g->traffic;

	t->ending = true;
	traffic_take(g);
	if (!t->busy)
		go_on(t);
}

/* What came since the last save is added to it. */
void traffic_close(struct gateway *g)
{
	struct traffic *t = g->traffic;

	if (!t)
		return;
	traffic_take(g);
	tell_time(t);
	history_cut(t->history);
	t->snapshot = t->cut ? history_since(t->history, t->cut) : NULL;
	if (t->snapshot) {
		t->err = store_append(t->snapshot, t->path);
		say_saved(t);
		history_release(t->history, t->snapshot);
	}
	g->traffic = NULL;
	if (g->restarting)
		return; /* exec() is quicker, and packets wait */
	history_free(t->history);
	free(t);
}
