/* capture.c - GET /api/v1/capture/DEVICE: a device's packets as they are kept,
 * to whoever may see them.
 *
 * The engine copies one chunk of the device's ring out, that chunk becomes
 * blocks, and the next is asked for when they are gone: a slow reader holds a
 * chunk's worth of memory and nothing else. The file is what there was at the
 * first question, less what newer packets overwrite meanwhile. Control thread.
 *
 *   asked ─on_read─► writing ─on_more─► asked … ─► ended
 *
 * Invariant: a job is in api->captures until it is freed, or, if the API goes
 * first, until the engine gives it back. */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"

#define JOBS_MAX   4
#define LAST_S_MAX (86400 * 365)
#define NS	   1000000000ull

struct capture_job {
	struct capture_job *next, **link; /* NULL: the API is gone */
	struct api *api;
	struct http_request *request; /* NULL: it left */
	struct pass pass;	      /* nobody reads on without it */
	bool lent;		      /* 'read' is the engine's */
	bool looking;		      /* the first of two rounds */
	bool streams, last, ended;
	struct capture_read read;
	struct capture_blocks blocks;
};

/* ---- life */

static void job_free(struct capture_job *j)
{
	if (j->link) {
		*j->link = j->next;
		if (j->next)
			j->next->link = j->link;
	}
	capture_blocks_free(&j->blocks);
	free(j);
}

static void job_add(struct api *a, struct capture_job *j)
{
	j->api = a;
	j->next = a->captures;
	j->link = &a->captures;
	if (j->next)
		j->next->link = &j->next;
	a->captures = j;
}

static bool is_full(const struct api *a)
{
	unsigned n = 0;

	for (const struct capture_job *j = a->captures; j; j = j->next)
		n++;
	return n >= JOBS_MAX;
}

void capture_forget(struct api *a)
{
	struct capture_job *j, *next;

	for (j = a->captures; j; j = next) {
		next = j->next;
		j->link = NULL;
		if (!j->lent)
			job_free(j);
	}
	a->captures = NULL;
}

static void on_gone(void *arg)
{
	struct capture_job *j = arg;

	j->request = NULL;
	if (!j->lent)
		job_free(j);
}

/* Answers, or breaks off what has begun. Ends the job. */
static void give_up(struct capture_job *j, int status, const char *sentence)
{
	struct http_request *r = j->request;
	bool streams = j->streams;

	job_free(j);
	if (streams)
		http_stream_end(r, false);
	else
		answer_error(r, status,
			     status == 503 ? "Retry-After: 1\r\n" : NULL,
			     sentence);
}

/* ---- steps */

static void on_read(void *arg, struct capture_read *r);

static void read_on(struct capture_job *j)
{
	struct api *a = j->api;

	j->lent = true;
	if (!engine_capture(a->house.engine(a->house.arg), &j->read, on_read,
			    j))
		return;
	j->lent = false;
	give_up(j, 503, "The engine is busy, ask again.");
}

/* Writes what there is; then on_more() comes. */
static void write_out(struct capture_job *j)
{
	struct capture_blocks *b = &j->blocks;
	size_t len = b->len;

	b->len = 0;
	/* When it fails the job is gone, too. */
	(void)http_stream_write(j->request, b->out, len);
}

static void on_more(void *arg)
{
	struct capture_job *j = arg;
	struct http_request *r = j->request;

	if (!login_pass_holds(&j->api->login, &j->pass)) {
		give_up(j, 0, NULL);
	} else if (j->ended) {
		job_free(j);
		http_stream_end(r, true);
	} else if (j->blocks.len) {
		write_out(j);
	} else if (!j->last) {
		read_on(j);
	} else if (capture_blocks_end(&j->blocks, &j->read.counts)) {
		give_up(j, 0, NULL);
	} else {
		j->ended = true;
		write_out(j);
	}
}

/* A name that any file system takes. */
static void format_headers(const struct capture_job *j, char out[256])
{
	char name[48], date[32];
	time_t now = time(NULL);
	struct tm tm;
	unsigned i;

	snprintf(name, sizeof(name), "%.47s", j->blocks.device);
	for (i = 0; name[i]; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			    "XYZ0123456789._",
			    name[i]))
			name[i] = '-';
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &tm);
	snprintf(out, 256,
		 "Cache-Control: no-store\r\nContent-Disposition: attachment; "
		 "filename=\"%s-%s.pcapng\"\r\n",
		 name, date);
}

static void begin(struct capture_job *j)
{
	struct http_request *r = j->request;
	char headers[256];

	if (capture_blocks_begin(&j->blocks, &j->read)) {
		give_up(j, 500, "The gateway is out of memory.");
		return;
	}
	format_headers(j, headers);
	j->streams = true;
	/* What is held so far is the stream's from here on. */
	if (!http_stream(r, "application/x-pcapng", headers, on_more, on_gone,
			 j))
		job_free(j);
}

/* The second round begins where the first one did. */
static void look(struct capture_job *j)
{
	capture_wish_look(&j->blocks, &j->read);
	if (j->read.last) {
		j->looking = false;
		j->read.serial = 0;
		j->read.had = 0;
	}
	read_on(j);
}

static void on_read(void *arg, struct capture_read *r)
{
	struct capture_job *j = arg;

	j->lent = false;
	if (!j->link || !j->request) {
		job_free(j);
		return;
	}
	if (!r->known) {
		give_up(j, 404, "Nothing is kept of that device.");
		return;
	}
	if (j->looking) {
		look(j);
		return;
	}
	if (!j->streams) {
		/* What came with the first chunk is asked for once more, when
		 * the head is out. */
		r->serial = 0;
		r->had = 0;
		begin(j);
		return;
	}
	if (capture_blocks_add(&j->blocks, r)) {
		give_up(j, 0, NULL);
		return;
	}
	j->last = r->last;
	on_more(j);
}

/* ---- the question */

static bool read_last(struct http_request *r, struct capture_wish *w)
{
	const char *text = http_query(r, "last_s");
	unsigned long long s;
	char *end;

	w->until_ns = clock_wall_ns();
	if (!text)
		return true;
	s = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !s || s > LAST_S_MAX) {
		answer_error(r, 400, NULL, "last_s: give seconds, such as 60.");
		return false;
	}
	if (s * NS < w->until_ns)
		w->from_ns = w->until_ns - s * NS;
	return true;
}

static bool read_remote(struct http_request *r, struct capture_wish *w)
{
	const char *text = http_query(r, "remote");
	size_t len = text ? strlen(text) : 0;

	if (!len)
		return true;
	w->by_addr = addr_parse(text, &w->remote);
	if (w->by_addr)
		return true;
	if (len >= sizeof(w->name)) {
		answer_error(r, 400, NULL,
			     "remote: give an address or a name.");
		return false;
	}
	memcpy(w->name, text, len + 1);
	return true;
}

static bool read_device(struct api *a, struct http_request *r,
			struct capture_wish *w)
{
	static const char prefix[] = "/api/v1/capture/";
	const char *text = http_path(r) + strlen(prefix);
	char sentence[192];
	int rc = client_find(a, text, &w->device);

	if (!rc)
		return true;
	snprintf(sentence, sizeof(sentence),
		 rc == -EEXIST ? "More than one device is called '%.60s': give "
				 "its address."
			       : "No device has the address or name '%.60s'.",
		 text);
	answer_error(r, rc == -EEXIST ? 409 : 404, NULL, sentence);
	return false;
}

void capture_answer(struct api *a, struct http_request *r)
{
	struct capture_job *j = is_full(a) ? NULL : calloc(1, sizeof(*j));
	struct capture_wish *w;

	if (!j) {
		answer_error(r, 503, "Retry-After: 5\r\n",
			     "Too many captures are being read.");
		return;
	}
	w = &j->blocks.wish;
	if (!read_device(a, r, w) || !read_last(r, w) || !read_remote(r, w)) {
		free(j);
		return;
	}
	client_text(a, &w->device, j->blocks.device);
	j->blocks.names = a->house.names(a->house.arg);
	j->read.mac = w->device;
	j->looking = w->name[0];
	j->request = r;
	j->pass = login_pass(r);
	job_add(a, j);
	http_hold(r, on_gone, j);
	read_on(j);
}
