/* lists.c - when lists are fetched and read, one thing at a time.
 *
 * Called by dns.c. Control thread; list_load() and fetch_run() run on workers,
 * which own 'load' and 'fetch' meanwhile.
 * Invariant: at most one of looking for a host, fetching and loading goes on;
 * step() picks the next when it is over. */
#include "lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/log.h"
#include "../state/file.h"
#include "catalog.h"
#include "fetch.h"
#include "filter.h"
#include "list_cache.h"
#include "list_load.h"

#define FRESH_MS      (24 * 3600 * 1000ull)
#define RETRY_MS      (15 * 60 * 1000ull)
#define LOOK_MS	      5000 /* at local files, whether they changed */
#define REDIRECTS_MAX 5
#define NAMES_MAX     (NAMESET_TAGS - FILTER_LISTS)

struct row {
	struct dns_list_row shown;
	uint8_t tag;
	bool remote;
	struct list_file file;
	struct list_meta meta; /* remote: what is in the file */
	uint64_t due_ms;       /* remote: when to ask; clock_ms() */
};

enum work { IDLE, FINDING, FETCHING, LOADING };

struct lists {
	uv_timer_t timer;
	uv_work_t job;
	struct lists_events events;
	enum work work;
	bool stopping, timer_closed, load_wanted;
	char dir[256];
	unsigned n;
	struct row rows[DNS_LISTS_MAX];
	/* what goes on */
	char fetching[256]; /* name of the row; it may be gone meanwhile */
	char url[FETCH_URL_MAX];
	unsigned redirects;
	struct addr named; /* where the owner's own URL led */
	struct fetch fetch;
	struct list_load load;
	/* tags are for good, as the log has them */
	unsigned names_n;
	char names[NAMES_MAX][256];
};

static void step(struct lists *l);

/* The last one is shared by what does not fit any more. */
static uint8_t tag_of(struct lists *l, const char *name)
{
	unsigned i;

	for (i = 0; i < l->names_n; i++)
		if (!strcmp(l->names[i], name))
			return (uint8_t)(FILTER_LISTS + i);
	if (l->names_n < NAMES_MAX - 1)
		snprintf(l->names[l->names_n++], sizeof(l->names[0]), "%s",
			 name);
	return (uint8_t)(FILTER_LISTS + i);
}

const char *lists_name(const struct lists *l, uint8_t tag)
{
	if (tag == FILTER_OWN)
		return "dns.block";
	if (tag == FILTER_CANARY)
		return "canary";
	if (tag < FILTER_LISTS || tag - FILTER_LISTS >= (int)l->names_n)
		return NULL;
	return l->names[tag - FILTER_LISTS];
}

static struct row *find_row(struct lists *l, const char *name)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->rows[i].shown.name, name))
			return &l->rows[i];
	return NULL;
}

static void complain(struct row *row, const char *what)
{
	bool news = strcmp(row->shown.problem, what);

	snprintf(row->shown.problem, sizeof(row->shown.problem), "%s", what);
	if (*what && news)
		log_warn("dns: list %s: %s", row->shown.name, what);
}

/* ---- rows */

static void begin_row(struct lists *l, struct row *row, const char *name)
{
	const char *source = catalog_source(name);
	uint64_t age_ms;

	memset(row, 0, sizeof(*row));
	snprintf(row->shown.name, sizeof(row->shown.name), "%s", name);
	row->shown.source = source ? source : "";
	row->tag = tag_of(l, name);
	row->remote = source && *source != '/';
	if (!row->remote) {
		snprintf(row->file.path, sizeof(row->file.path), "%s",
			 row->shown.source);
		return;
	}
	list_cache_path(l->dir, source, row->file.path, sizeof(row->file.path));
	if (list_cache_read(row->file.path, &row->meta))
		return; /* due at once */
	row->shown.updated_ms = row->meta.fetched_ms;
	age_ms = clock_wall_ms() - row->meta.fetched_ms;
	if (age_ms < FRESH_MS)
		row->due_ms = clock_ms() + FRESH_MS - age_ms;
}

/* A path or URL is its own source, and moves with its row. */
static void keep_source(struct row *row)
{
	const char *source = catalog_source(row->shown.name);

	row->shown.source = source ? source : "";
}

void lists_set(struct lists *l, const struct settings_source *sources,
	       unsigned n, const char *dir)
{
	static struct row old[DNS_LISTS_MAX];
	unsigned i, j, old_n = l->n;
	bool same = n == l->n;

	for (i = 0; i < n && same; i++)
		same = !strcmp(l->rows[i].shown.name, sources[i].text);
	if (same)
		return;
	snprintf(l->dir, sizeof(l->dir), "%s", dir);
	memcpy(old, l->rows, sizeof(old));
	for (i = 0; i < n; i++) {
		for (j = 0; j < old_n; j++)
			if (!strcmp(old[j].shown.name, sources[i].text))
				break;
		if (j < old_n)
			l->rows[i] = old[j];
		else
			begin_row(l, &l->rows[i], sources[i].text);
	}
	l->n = n;
	for (i = 0; i < n; i++)
		keep_source(&l->rows[i]);
	l->load_wanted = true;
	step(l);
}

unsigned lists_rows(const struct lists *l, struct dns_list_row *out)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		out[i] = l->rows[i].shown;
	return l->n;
}

/* ---- the end */

static void free_if_over(struct lists *l)
{
	if (l->timer_closed && l->work != LOADING && l->work != FETCHING)
		free(l);
}

static void on_closed(uv_handle_t *h)
{
	struct lists *l = container_of(h, struct lists, timer);

	l->timer_closed = true;
	free_if_over(l);
}

void lists_free(struct lists *l)
{
	l->stopping = true;
	l->load.stop = l->fetch.stop = true;
	uv_close((uv_handle_t *)&l->timer, on_closed);
}

/* ---- loading */

static void do_load(uv_work_t *job)
{
	list_load(&container_of(job, struct lists, job)->load);
}

static void take_file(struct row *row, const struct list_file *f)
{
	bool absent = row->remote && f->error == -ENOENT;

	row->file = *f;
	row->shown.names = f->names;
	if (!row->remote && !f->error)
		row->shown.updated_ms = (uint64_t)f->mtime_ns / 1000000;
	if (f->error && !absent)
		complain(row, strerror(-f->error));
	else if (!row->remote)
		complain(row, "");
}

static void on_loaded(uv_work_t *job, int status)
{
	struct lists *l = container_of(job, struct lists, job);
	unsigned i, j;

	(void)status;
	l->work = IDLE;
	if (l->stopping) {
		nameset_free(l->load.block);
		nameset_free(l->load.allow);
		free_if_over(l);
		return;
	}
	for (i = 0; i < l->load.n; i++)
		for (j = 0; j < l->n; j++)
			if (!strcmp(l->rows[j].file.path,
				    l->load.files[i].path))
				take_file(&l->rows[j], &l->load.files[i]);
	if (l->load.block)
		log_info("dns: %zu names are blocked by %u lists",
			 nameset_count(l->load.block), l->n);
	else
		log_warn("dns: no memory for the lists; those before stay");
	if (l->load.block)
		l->events.on_loaded(l->events.arg, l->load.block,
				    l->load.allow);
	step(l);
}

static void start_load(struct lists *l)
{
	unsigned i;

	l->load_wanted = false;
	if (!l->n) {
		l->events.on_loaded(l->events.arg, NULL, NULL);
		return;
	}
	l->load.n = l->n;
	for (i = 0; i < l->n; i++) {
		l->load.files[i] = l->rows[i].file;
		l->load.files[i].tag = l->rows[i].tag;
	}
	if (!uv_queue_work(l->timer.loop, &l->job, do_load, on_loaded))
		l->work = LOADING;
}

/* ---- fetching */

static void fetch_failed(struct lists *l, const char *why)
{
	struct row *row = find_row(l, l->fetching);
	char text[160];

	l->work = IDLE;
	if (row) {
		snprintf(text, sizeof(text), "cannot be fetched: %.120s", why);
		complain(row, text);
		row->due_ms = clock_ms() + RETRY_MS;
	}
	step(l);
}

static void find_host(struct lists *l, const char *url)
{
	struct addr literal;

	if (fetch_url(&l->fetch, url)) {
		fetch_failed(l, "that is no https URL");
		return;
	}
	l->work = FINDING;
	uv_timer_stop(&l->timer);
	if (addr_parse(l->fetch.host, &literal))
		lists_found(l, &literal);
	else
		l->events.find(l->events.arg, l->fetch.host);
}

static void redirect(struct lists *l)
{
	const char *to = l->fetch.location;

	if (++l->redirects > REDIRECTS_MAX) {
		fetch_failed(l, "it is sent elsewhere too often");
		return;
	}
	if (*to == '/')
		snprintf(l->url, sizeof(l->url), "https://%.200s:%u%.280s",
			 l->fetch.host, l->fetch.port, to);
	else
		snprintf(l->url, sizeof(l->url), "%s", to);
	find_host(l, l->url);
}

static void fetch_done(struct lists *l, struct row *row)
{
	struct list_meta *meta = &row->meta;

	memcpy(meta->etag, l->fetch.etag, sizeof(meta->etag));
	memcpy(meta->modified, l->fetch.modified, sizeof(meta->modified));
	meta->fetched_ms = clock_wall_ms();
	list_cache_write(row->file.path, meta);
	row->shown.updated_ms = meta->fetched_ms;
	row->due_ms = clock_ms() + FRESH_MS;
	complain(row, "");
	if (l->fetch.status == 200)
		l->load_wanted = true;
}

static void judge(struct lists *l, struct row *row)
{
	char text[32];

	switch (l->fetch.status) {
	case 0:
		fetch_failed(l, l->fetch.why);
		return;
	case 200:
	case 304:
		fetch_done(l, row);
		step(l);
		return;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		redirect(l);
		return;
	}
	snprintf(text, sizeof(text), "the server says %d", l->fetch.status);
	fetch_failed(l, text);
}

static void do_fetch(uv_work_t *job)
{
	fetch_run(&container_of(job, struct lists, job)->fetch);
}

static void on_fetched(uv_work_t *job, int status)
{
	struct lists *l = container_of(job, struct lists, job);
	struct row *row = find_row(l, l->fetching);

	(void)status;
	l->work = IDLE;
	if (l->stopping)
		free_if_over(l);
	else if (row)
		judge(l, row);
	else
		step(l);
}

/* Who sends us on may send us to himself, or out into the world. */
static bool may_ask(struct lists *l, const struct addr *addr)
{
	if (!l->redirects)
		l->named = *addr;
	return addr_eq(addr, &l->named) ||
	       !l->events.is_home(l->events.arg, addr);
}

void lists_found(struct lists *l, const struct addr *addr)
{
	if (l->work != FINDING)
		return;
	if (!addr) {
		fetch_failed(l, "its host is not found");
		return;
	}
	if (!may_ask(l, addr)) {
		fetch_failed(l, "it is sent into the home");
		return;
	}
	l->fetch.addr = *addr;
	if (!uv_queue_work(l->timer.loop, &l->job, do_fetch, on_fetched))
		l->work = FETCHING;
	else
		fetch_failed(l, "no memory");
}

static void start_fetch(struct lists *l, struct row *row)
{
	struct stat st;

	file_mkdirs(l->dir, 0755);
	snprintf(l->fetching, sizeof(l->fetching), "%s", row->shown.name);
	l->redirects = 0;
	memcpy(l->fetch.file, row->file.path, sizeof(l->fetch.file));
	/* Without the file, "it has not changed" would be of no use. */
	if (stat(row->file.path, &st))
		memset(&row->meta, 0, sizeof(row->meta));
	memcpy(l->fetch.etag, row->meta.etag, sizeof(l->fetch.etag));
	memcpy(l->fetch.modified, row->meta.modified,
	       sizeof(l->fetch.modified));
	find_host(l, row->shown.source);
}

/* ---- what is next */

static struct row *due_row(struct lists *l, uint64_t now_ms, uint64_t *next_ms)
{
	unsigned i;

	for (i = 0; i < l->n; i++) {
		struct row *row = &l->rows[i];

		if (!row->remote)
			continue;
		if (row->due_ms <= now_ms)
			return row;
		if (row->due_ms < *next_ms)
			*next_ms = row->due_ms;
	}
	return NULL;
}

static bool has_changed(const struct row *row)
{
	struct stat st;

	return !row->remote && !stat(row->file.path, &st) &&
	       list_mtime_ns(&st) != row->file.mtime_ns;
}

static void on_timer(uv_timer_t *timer)
{
	struct lists *l = container_of(timer, struct lists, timer);
	unsigned i;

	for (i = 0; i < l->n; i++)
		l->load_wanted |= has_changed(&l->rows[i]);
	step(l);
}

static void step(struct lists *l)
{
	uint64_t now_ms = clock_ms(), next_ms = now_ms + LOOK_MS;
	struct row *row;

	if (l->work != IDLE)
		return;
	if (l->load_wanted)
		start_load(l);
	if (l->work != IDLE)
		return;
	row = due_row(l, now_ms, &next_ms);
	if (row)
		start_fetch(l, row);
	else if (l->n)
		uv_timer_start(&l->timer, on_timer, next_ms - now_ms, 0);
}

struct lists *lists_new(uv_loop_t *loop, const struct lists_events *events)
{
	struct lists *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->events = *events;
	uv_timer_init(loop, &l->timer); /* cannot fail */
	return l;
}
