/* dump.c - flows and mappings: tables that may be too big for one step.
 *
 * Called by api.c's routes. The engine copies a table out between its bursts;
 * then a slice of rows becomes text in each turn of the loop, so that DHCP and
 * DNS never wait for it. Who asks meanwhile gets the same text. Control thread.
 *
 * asked --on_rows--> writing --last slice--> freed
 * Invariant: api->dumps[table] is the dump that may still be joined. */
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "whose.h"

#define SLICE 256

struct waiter {
	struct waiter *next;
	struct http_request *request; /* NULL: it left */
};

struct dump {
	struct api *api; /* NULL: gone */
	enum engine_table table;
	struct waiter *waiters;

	uv_idle_t turn;
	unsigned n, done;
	union {
		struct flow_row *flows;
		struct mapping_row *mappings;
		void *rows; /* ours */
	};
	struct whose *whose; /* the flows */
	char *text;
	size_t len, room;
};

/* ---- rows to text */

static int append(const char *text, size_t len, void *arg)
{
	struct dump *d = arg;
	size_t room = d->room ? d->room : 4096;
	char *more;

	while (room < d->len + len)
		room *= 2;
	if (room != d->room) {
		more = realloc(d->text, room);
		if (!more)
			return -1;
		d->text = more;
		d->room = room;
	}
	memcpy(d->text + d->len, text, len);
	d->len += len;
	return 0;
}

static json_t *mapping_json(const struct mapping_row *m)
{
	char number[4], inside[ENDPOINT_STRLEN], outside[ENDPOINT_STRLEN];

	return json_pack("{s:s,s:s,s:s,s:b,s:I}", "proto",
			 proto_name(m->proto, number), "inside",
			 endpoint_format(&m->inside, inside), "outside",
			 endpoint_format(&m->outside, outside), "static",
			 m->fixed, "idle_ms", (json_int_t)m->idle_ms);
}

static int write_row(struct dump *d, unsigned i)
{
	json_t *row = d->table == ENGINE_FLOWS
			      ? flow_json(d->api, d->whose, &d->flows[i])
			      : mapping_json(&d->mappings[i]);
	int r = row ? append(i ? "," : "[", 1, d) : -1;

	if (!r)
		r = json_dump_callback(row, append, d, JSON_COMPACT);
	json_decref(row);
	return r;
}

/* ---- life */

static void on_turn_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct dump, turn));
}

/* Everyone who waits is answered; no 'text': with an excuse. */
static void answer_all(struct dump *d, const char *text, size_t len)
{
	struct waiter *w;

	while ((w = d->waiters)) {
		d->waiters = w->next;
		if (w->request && text)
			answer_text(w->request, text, len);
		else if (w->request)
			answer_error(w->request, 503, "Retry-After: 1\r\n",
				     "The engine is busy, ask again.");
		free(w);
	}
}

static void end(struct dump *d, const char *text, size_t len)
{
	d->api->dumps[d->table] = NULL;
	answer_all(d, text, len);
	free(d->rows);
	free(d->whose);
	free(d->text);
	uv_close((uv_handle_t *)&d->turn, on_turn_closed);
}

static void on_turn(uv_idle_t *turn)
{
	struct dump *d = container_of(turn, struct dump, turn);
	unsigned stop = d->n - d->done > SLICE ? d->done + SLICE : d->n;

	for (; d->done < stop; d->done++) {
		if (write_row(d, d->done)) {
			end(d, NULL, 0);
			return;
		}
	}
	if (d->done < d->n)
		return;
	if (append(d->n ? "]" : "[]", d->n ? 1 : 2, d))
		end(d, NULL, 0);
	else
		end(d, d->text, d->len);
}

static void on_rows(void *arg, const struct engine_rows *rows)
{
	struct dump *d = arg;
	const void *from;
	size_t size;

	if (!d->api) {
		free(d);
		return;
	}
	uv_idle_init(d->api->loop, &d->turn);
	from = d->table == ENGINE_FLOWS ? (const void *)rows->flows
					: (const void *)rows->mappings;
	size = d->table == ENGINE_FLOWS ? sizeof(*rows->flows)
					: sizeof(*rows->mappings);
	d->rows = malloc(rows->n * size + 1);
	if (!d->rows) {
		end(d, NULL, 0);
		return;
	}
	if (d->table == ENGINE_FLOWS)
		d->whose = whose_new(d->api->house.devices(d->api->house.arg));
	if (rows->n)
		memcpy(d->rows, from, rows->n * size);
	d->n = rows->n;
	uv_idle_start(&d->turn, on_turn);
}

/* The one under way, or a new one. NULL: the engine cannot now. */
static struct dump *begin(struct api *a, enum engine_table table)
{
	struct dump *d = a->dumps[table];

	if (d)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->api = a;
	d->table = table;
	if (engine_dump(a->house.engine(a->house.arg), table, on_rows, d)) {
		free(d);
		return NULL;
	}
	a->dumps[table] = d;
	return d;
}

static void on_gone(void *arg)
{
	struct waiter *w = arg;

	w->request = NULL;
}

static void join(struct api *a, struct http_request *r, enum engine_table table)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct dump *d = w ? begin(a, table) : NULL;

	if (!d) {
		free(w);
		answer_error(r, 503, "Retry-After: 1\r\n",
			     "The engine is busy, ask again.");
		return;
	}
	w->request = r;
	w->next = d->waiters;
	d->waiters = w;
	http_hold(r, on_gone, w);
}

void flows_answer(struct api *a, struct http_request *r)
{
	join(a, r, ENGINE_FLOWS);
}

void mappings_answer(struct api *a, struct http_request *r)
{
	join(a, r, ENGINE_MAPPINGS);
}

void dump_forget(struct api *a)
{
	struct dump *d;
	unsigned i;

	for (i = 0; i < 2; i++) {
		d = a->dumps[i];
		if (!d)
			continue;
		if (d->rows) {
			end(d, NULL, 0);
			continue;
		}
		answer_all(d, NULL, 0);
		d->api = NULL;
	}
}
