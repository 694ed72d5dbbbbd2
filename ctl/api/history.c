/* history.c - what moved in a span of time: GET /api/v1/history.
 *
 * Called by api.c's routes; views.c asks it what there is. The question is
 * checked on the control thread, answered by one of libuv's workers from a
 * snapshot, and told on the control thread again. Few are answered at a time:
 * each costs memory, and the workers save files and weigh passwords, too.
 *
 * waiting ──run──► under way ──on_work──► answered ──on_done──► told, freed
 * Invariant: a->jobs lists all of them, the oldest first, and nobody else has
 * them; who waits has a request and no snapshot. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../history/query.h"
#include "room.h"

#define JOBS_MAX     64 /* that wait or are under way */
#define JOBS_AT_ONCE 2
#define SPAN_MS	     3600000u /* if 'from' is not given */
#define GROUPS	     200      /* if 'limit' is not */
#define PAIR_KEY_MAX (MAC_STRLEN + NAMES_LEN_MAX + 1)

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
	int result;
	struct query_answer answer;
};

/* ---- the question */

static bool refuse(struct http_request *r, const char *sentence)
{
	answer_error(r, 400, NULL, sentence);
	return false;
}

/* Milliseconds or a count; 'out' stays if it is not given. */
static bool read_number(struct http_request *r, const char *name, uint64_t max,
			uint64_t *out)
{
	const char *text = http_query(r, name);
	unsigned long long n;
	char *end, sentence[96];

	if (!text)
		return true;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && n <= max) {
		*out = n;
		return true;
	}
	snprintf(sentence, sizeof(sentence),
		 "%s: give a whole number up to %" PRIu64 ".", name, max);
	return refuse(r, sentence);
}

static bool read_span(struct http_request *r, struct query *q)
{
	const uint64_t latest = (uint64_t)1 << 47;
	uint64_t groups = GROUPS;

	q->to_ms = clock_wall_ms();
	if (!read_number(r, "to", latest, &q->to_ms))
		return false;
	q->from_ms = q->to_ms > SPAN_MS ? q->to_ms - SPAN_MS : 0;
	if (!read_number(r, "from", latest, &q->from_ms) ||
	    !read_number(r, "step", 86400000, &q->step_ms) ||
	    !read_number(r, "limit", QUERY_GROUPS_MAX, &groups))
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

/* ---- keys and names */

/* What a row is called by; "": others. */
static const char *key_of(const struct history_job *j,
			  const struct query_row *row, char buf[PAIR_KEY_MAX])
{
	char remote[ADDR_STRLEN], mac[MAC_STRLEN];
	const char *name = row->name ? row->name : remote;

	addr_format(&row->remote, remote);
	mac_format(&row->host, mac);
	if (mac_is_zero(&row->host) && !row->name &&
	    !(row->remote.q[0] | row->remote.q[1]))
		return "";
	if (j->query.group == QUERY_BY_DEVICE)
		snprintf(buf, PAIR_KEY_MAX, "%s", mac);
	else if (j->query.group == QUERY_BY_REMOTE)
		snprintf(buf, PAIR_KEY_MAX, "%s", name);
	else
		snprintf(buf, PAIR_KEY_MAX, "%s/%s", mac, name);
	return buf;
}

/* NULL: it has none. */
static const char *name_of(const struct history_job *j,
			   const struct query_row *row)
{
	return j->query.group == QUERY_BY_DEVICE
		       ? client_name_of(j->api, &row->host)
		       : row->name;
}

/* ---- JSON */

static json_t *text_json(const char *text)
{
	json_t *json = text && *text ? json_string(text) : NULL;

	return json ? json : json_null();
}

static json_t *steps_json(const struct query_answer *a, const uint64_t *bytes)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < a->n; i++)
		json_array_append_new(
			list, a->known[i] ? json_integer((json_int_t)bytes[i])
					  : json_null());
	return list;
}

static json_t *sum_json(const struct traffic_sum *s)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "rx", (json_int_t)s->rx_bytes,
			 "tx", (json_int_t)s->tx_bytes, "rx_packets",
			 (json_int_t)s->rx_packets, "tx_packets",
			 (json_int_t)s->tx_packets);
}

static json_t *row_json(const struct history_job *j,
			const struct query_row *row)
{
	json_t *object = sum_json(&row->sum);
	char key[PAIR_KEY_MAX];

	json_object_set_new(object, "key", text_json(key_of(j, row, key)));
	json_object_set_new(object, "name", text_json(name_of(j, row)));
	if (j->query.group != QUERY_BY_REMOTE)
		json_object_set_new(object, "device",
				    mac_is_zero(&row->host)
					    ? json_null()
					    : answer_mac(&row->host));
	if (j->query.group != QUERY_BY_DEVICE)
		json_object_set_new(object, "remote",
				    answer_addr(&row->remote));
	return object;
}

static json_t *groups_json(const struct history_job *j)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < j->answer.rows_n; i++)
		json_array_append_new(list, row_json(j, &j->answer.rows[i]));
	return list;
}

static json_t *tiers_json(const uint64_t from_ms[TIERS])
{
	json_t *list = json_array();
	unsigned t;

	for (t = 0; t < TIERS; t++)
		json_array_append_new(
			list,
			json_pack("{s:i,s:o}", "step_ms", (int)tier_step_ms(t),
				  "from_ms",
				  from_ms[t]
					  ? json_integer((json_int_t)from_ms[t])
					  : json_null()));
	return list;
}

json_t *history_status_json(struct api *a)
{
	struct history_fill fill;

	history_fill(a->house.history(a->house.arg), &fill);
	return json_pack("{s:I,s:I,s:o}", "bytes", (json_int_t)fill.bytes,
			 "max_bytes", (json_int_t)fill.max_bytes, "tiers",
			 tiers_json(fill.from_ms));
}

static json_int_t bps(uint64_t bytes, uint64_t ms)
{
	return ms ? (json_int_t)((double)bytes * 8000 / (double)ms) : 0;
}

/* Averages are of the time that was recorded. */
static json_t *answer_of(const struct history_job *j)
{
	const struct query_answer *a = &j->answer;
	uint64_t ms = 0;
	unsigned i;

	for (i = 0; i < a->n; i++)
		ms += a->known[i] ? a->step_ms : 0;
	return json_pack(
		"{s:I,s:I,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:o,s:o}", "from_ms",
		(json_int_t)a->from_ms, "to_ms", (json_int_t)a->to_ms,
		"step_ms", (json_int_t)a->step_ms, "rx", steps_json(a, a->rx),
		"tx", steps_json(a, a->tx), "total", sum_json(&a->total),
		"average_rx_bps", bps(a->total.rx_bytes, ms), "average_tx_bps",
		bps(a->total.tx_bytes, ms), "peak_rx_bps",
		bps(a->most.rx_bytes, a->step_ms), "peak_tx_bps",
		bps(a->most.tx_bytes, a->step_ms), "groups", groups_json(j),
		"tiers", tiers_json(j->snapshot->from_ms));
}

/* ---- CSV: the same, in one table (RFC 4180) */

/* A spreadsheet takes what begins like a formula for one. */
static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_sum(FILE *out, const struct traffic_sum *s)
{
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\r\n",
		s->rx_bytes, s->tx_bytes, s->rx_packets, s->tx_packets);
}

static void put_csv(const struct history_job *j, FILE *out)
{
	const struct query_answer *a = &j->answer;
	unsigned i;

	fputs("what,at_ms,key,name,rx_bytes,tx_bytes,rx_packets,tx_packets\r\n",
	      out);
	for (i = 0; i < a->n; i++) {
		fprintf(out, "step,%" PRIu64 ",,,",
			a->from_ms + i * a->step_ms);
		if (a->known[i])
			fprintf(out, "%" PRIu64 ",%" PRIu64, a->rx[i],
				a->tx[i]);
		else
			fputc(',', out);
		fputs(",,\r\n", out);
	}
	for (i = 0; i < a->rows_n; i++) {
		const char *name = name_of(j, &a->rows[i]);
		char key[PAIR_KEY_MAX];

		fputs("group,,", out);
		put_text(out, key_of(j, &a->rows[i], key));
		fputc(',', out);
		put_text(out, name ? name : "");
		put_sum(out, &a->rows[i].sum);
	}
	fputs("total,,,", out);
	put_sum(out, &a->total);
}

static void answer_csv(const struct history_job *j)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out)
		put_csv(j, out);
	if (!out || fclose(out)) {
		answer_error(j->request, 500, NULL,
			     "The gateway is out of memory.");
		free(text);
		return;
	}
	http_reply(j->request, 200, "text/csv; charset=utf-8; header=present",
		   "Cache-Control: no-store\r\nContent-Disposition: "
		   "attachment; filename=\"history.csv\"\r\n",
		   text, len);
	free(text);
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
	query_free(&j->answer);
	history_release(j->history, j->snapshot);
	free(j);
}

static void on_work(uv_work_t *work)
{
	struct history_job *j = container_of(work, struct history_job, work);

	j->result = query_run(&j->query, j->tier, j->snapshot, &j->answer);
}

static void run_waiting(struct api *a);

static void on_done(uv_work_t *work, int status)
{
	struct history_job *j = container_of(work, struct history_job, work);
	struct api *a = j->api;

	if (a && j->request) {
		if (status || j->result)
			answer_error(j->request, 500, NULL,
				     "The gateway is out of memory.");
		else if (j->csv)
			answer_csv(j);
		else
			answer_json(j->request, 200, answer_of(j));
	}
	end(j);
	if (a)
		run_waiting(a);
}

static void run(struct api *a, struct history_job *j)
{
	struct http_request *r = j->request;

	j->snapshot = history_snapshot(j->history, 1u << j->tier);
	a->jobs_running += j->snapshot != NULL;
	if (j->snapshot && !uv_queue_work(a->loop, &j->work, on_work, on_done))
		return;
	end(j);
	answer_error(r, 500, NULL, "The gateway is out of memory.");
}

static void run_waiting(struct api *a)
{
	struct history_job *j = a->jobs;

	while (j && a->jobs_running < JOBS_AT_ONCE) {
		if (j->snapshot) {
			j = j->next;
			continue;
		}
		run(a, j);
		j = a->jobs;
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
