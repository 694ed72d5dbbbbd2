/* history.c - what moved in a span of time: GET /api/v1/history.
 *
 * Called by api.c's routes; views.c asks it what there is. The question is
 * checked on the control thread, answered and put into words by one of libuv's
 * workers, from a snapshot and from what devices are called now, and told on
 * the control thread again. Few are answered at a time: each costs memory, and
 * the workers save files and weigh passwords, too.
 *
 * waiting ──run──► under way ──on_work──► in words ──on_done──► told, freed
 * Invariant: a->jobs lists all of them, the oldest first, and nobody else has
 * them; who waits has a request and no snapshot. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "history_text.h"
#include "room.h"

#define JOBS_MAX     64 /* that wait or are under way */
#define JOBS_AT_ONCE 2
#define SPAN_MS	     3600000u /* if 'from' is not given */
#define GROUPS	     200      /* if 'limit' is not */

struct history_job {
	uv_work_t work;
	struct api *api;	      /* NULL: it is gone */
	struct http_request *request; /* NULL: it left */
	struct history_job *next, **link;
	struct history *history;
	struct snapshot_of_history *snapshot; /* NULL: it waits */
	struct query query;
	unsigned tier;
	bool csv;
	struct history_called *called; /* if it is about devices */
	unsigned called_n;
	char *text; /* NULL: not made, or out of memory */
	size_t len;
};

/* ---- the question */

static bool refuse(struct http_request *r, const char *sentence)
{
	answer_error(r, 400, NULL, sentence);
	return false;
}

static bool read_span(struct http_request *r, struct query *q)
{
	uint64_t groups = GROUPS;

	q->to_ms = clock_wall_ms();
	if (!answer_number(r, "to", ANSWER_LATEST, &q->to_ms))
		return false;
	q->from_ms = q->to_ms > SPAN_MS ? q->to_ms - SPAN_MS : 0;
	if (!answer_number(r, "from", ANSWER_LATEST, &q->from_ms) ||
	    !answer_number(r, "step", 86400000, &q->step_ms) ||
	    !answer_number(r, "limit", QUERY_GROUPS_MAX, &groups))
		return false;
	q->groups = (unsigned)groups;
	return true;
}

static bool read_device(struct http_request *r, struct query *q)
{
	const char *text = http_query(r, "device");

	if (!text || !strcmp(text, "all"))
		return true;
	q->by_device = true;
	return mac_parse(text, &q->device) ||
	       refuse(r, "device: give a MAC address such as "
			 "02:00:00:00:00:01, or all.");
}

static bool read_remote(struct http_request *r, struct query *q)
{
	const char *text = http_query(r, "remote");

	if (!text || !strcmp(text, "all"))
		return true;
	q->by_addr = addr_parse(text, &q->addr);
	q->by_name = !q->by_addr;
	if (*text && strlen(text) < sizeof(q->name)) {
		memcpy(q->name, text, strlen(text) + 1);
		return true;
	}
	return refuse(r, "remote: give an address, a name, or all.");
}

static bool read_group(struct http_request *r, struct query *q)
{
	static const char *const names[] = { [QUERY_BY_DEVICE] = "device",
					     [QUERY_BY_REMOTE] = "remote",
					     [QUERY_BY_PAIR] = "pair" };
	const char *text = http_query(r, "group");
	unsigned i;

	if (!text) {
		q->group = q->by_device ? QUERY_BY_REMOTE : QUERY_BY_DEVICE;
		return true;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		q->group = (enum query_group)i;
		return true;
	}
	return refuse(r, "group: give device, remote or pair.");
}

static bool read_format(struct http_request *r, bool *csv)
{
	const char *text = http_query(r, "format");

	*csv = text && !strcmp(text, "csv");
	return !text || *csv || !strcmp(text, "json") ||
	       refuse(r, "format: give json or csv.");
}

/* False: said what is wrong with it. */
static bool read_question(struct http_request *r, struct history_job *j)
{
	struct query *q = &j->query;
	struct history_fill fill;
	char sentence[sizeof(((struct error *)0)->text) + 2];
	struct error err;

	if (!read_span(r, q) || !read_device(r, q) || !read_remote(r, q) ||
	    !read_group(r, q) || !read_format(r, &j->csv))
		return false;
	history_fill(j->history, &fill);
	if (!query_prepare(q, fill.from_ms, &j->tier, &err))
		return true;
	snprintf(sentence, sizeof(sentence), "%s.", err.text);
	return refuse(r, sentence);
}

json_t *history_status_json(struct api *a)
{
	struct history_fill fill;

	history_fill(a->house.history(a->house.arg), &fill);
	return json_pack("{s:I,s:I,s:o}", "bytes", (json_int_t)fill.bytes,
			 "max_bytes", (json_int_t)fill.max_bytes, "tiers",
			 history_tiers_json(fill.from_ms));
}

/* ---- life */

static void add(struct api *a, struct history_job *j)
{
	j->api = a;
	j->link = &a->jobs;
	while (*j->link)
		j->link = &(*j->link)->next;
	*j->link = j;
	a->jobs_n++;
}

static void end(struct history_job *j)
{
	if (j->api) {
		*j->link = j->next;
		if (j->next)
			j->next->link = j->link;
		j->api->jobs_n--;
		j->api->jobs_running -= j->snapshot != NULL;
	}
	history_release(j->history, j->snapshot);
	free(j->called);
	free(j->text);
	free(j);
}

static void on_work(uv_work_t *work)
{
	struct history_job *j = container_of(work, struct history_job, work);
	struct query_answer answer;
	const struct history_text text = { .query = &j->query,
					   .answer = &answer,
					   .from_ms = j->snapshot->from_ms,
					   .called = j->called,
					   .called_n = j->called_n };

	if (query_run(&j->query, j->tier, j->snapshot, &answer))
		return;
	j->text = j->csv ? history_text_csv(&text, &j->len)
			 : history_text_json(&text, &j->len);
	query_free(&answer);
}

static void tell(struct history_job *j)
{
	if (!j->text)
		answer_error(j->request, 500, NULL,
			     "The gateway is out of memory.");
	else if (j->csv)
		http_reply(j->request, 200,
			   "text/csv; charset=utf-8; header=present",
			   "Cache-Control: no-store\r\nContent-Disposition: "
			   "attachment; filename=\"history.csv\"\r\n",
			   j->text, j->len);
	else
		answer_text(j->request, j->text, j->len);
}

static void run_waiting(struct api *a);

static void on_done(uv_work_t *work, int status)
{
	struct history_job *j = container_of(work, struct history_job, work);
	struct api *a = j->api;

	(void)status;
	if (a && j->request)
		tell(j);
	end(j);
	if (a)
		run_waiting(a);
}

/* False: out of memory. */
static bool prepare(struct api *a, struct history_job *j)
{
	bool named = j->query.group == QUERY_BY_DEVICE;

	j->snapshot = history_snapshot(j->history, 1u << j->tier);
	a->jobs_running += j->snapshot != NULL;
	if (j->snapshot && named)
		j->called = clients_called(a, &j->called_n);
	return j->snapshot && (j->called || !named);
}

static void run(struct api *a, struct history_job *j)
{
	struct http_request *r = j->request;

	if (prepare(a, j) &&
	    !uv_queue_work(a->loop, &j->work, on_work, on_done))
		return;
	end(j);
	answer_error(r, 500, NULL, "The gateway is out of memory.");
}

static void run_waiting(struct api *a)
{
	struct history_job *j, *next;

	for (j = a->jobs; j && a->jobs_running < JOBS_AT_ONCE; j = next) {
		next = j->next;
		if (!j->snapshot)
			run(a, j);
	}
}

static void on_gone(void *arg)
{
	struct history_job *j = arg;

	j->request = NULL;
	if (!j->snapshot)
		end(j);
}

void history_answer(struct api *a, struct http_request *r)
{
	struct history_job *j =
		a->jobs_n < JOBS_MAX ? calloc(1, sizeof(*j)) : NULL;

	if (!j) {
		answer_error(r, 503, "Retry-After: 1\r\n",
			     "The gateway is busy, ask again.");
		return;
	}
	j->history = a->house.history(a->house.arg);
	if (!read_question(r, j)) {
		free(j);
		return;
	}
	j->request = r;
	http_hold(r, on_gone, j);
	add(a, j);
	run_waiting(a);
}

void history_forget(struct api *a)
{
	struct history_job *j;

	for (j = a->jobs; j; j = j->next)
		j->api = NULL;
	a->jobs = NULL;
}
