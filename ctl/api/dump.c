/* dump.c - flows and mappings: tables that may be too big for one step; and
 * what the engine found out about its NAT.
 *
 * Called by api.c's routes. The engine copies a table out between its bursts;
 * then a slice of rows is looked at in each turn of the loop and becomes text,
 * so that DHCP and DNS never wait for it. Who asks the same meanwhile gets the
 * same text. Control thread.
 *
 * asked --on_rows--> [choosing] --all seen--> writing --last slice--> freed
 * Invariant: those in api->dumps may still be joined. */
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "whose.h"
#include "wish.h"

#define SLICE	  256
#define DUMPS_MAX 4 /* under way: each is a copy of a table */

struct waiter {
	struct waiter *next;
	struct http_request *request; /* NULL: it left */
};

struct dump {
	struct dump *next;
	struct api *api; /* NULL: gone */
	enum engine_table table;
	struct wish wish;
	struct waiter *waiters;

	uv_idle_t turn;
	unsigned n, done, written;
	struct latest *latest; /* chosen from all; NULL: they go as they come */
	bool is_chosen;
	union {
		struct flow_row *flows;
		struct mapping_row *mappings;
		struct cone_row *cones;
		void *rows; /* ours */
	};
	struct whose *whose; /* the inside ends */
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

static json_t *row_json(struct dump *d, unsigned i)
{
	switch (d->table) {
	case ENGINE_FLOWS:
		return flow_json(d->api, d->whose, &d->flows[i]);
	case ENGINE_MAPPINGS:
		return mapping_json(&d->mappings[i]);
	case ENGINE_CONES:
		return cone_json(&d->cones[i]);
	}
	return NULL;
}

static int write_row(struct dump *d, unsigned i)
{
	json_t *row = row_json(d, i);
	int r = row ? append(d->written++ ? "," : "[", 1, d) : -1;

	if (!r)
		r = json_dump_callback(row, append, d, JSON_COMPACT);
	json_decref(row);
	return r;
}

/* ---- which rows */

static bool is_of(const struct dump *d, const struct addr *inside)
{
	const struct mac *mac = whose(d->whose, inside);

	return mac && mac_eq(mac, &d->wish.device);
}

static bool has_word(const struct dump *d, uint8_t proto,
		     const struct endpoint *ends, unsigned n)
{
	char text[ENDPOINT_STRLEN], number[4];

	for (unsigned i = 0; i < n; i++)
		if (wish_finds(&d->wish, endpoint_format(&ends[i], text)))
			return true;
	return wish_finds(&d->wish, proto_name(proto, number));
}

static bool flow_is_wanted(const struct dump *d, const struct flow_row *f)
{
	const struct endpoint ends[] = { f->inside, f->outside, f->remote };
	const struct api_house *h = &d->api->house;

	if (!mac_is_zero(&d->wish.device) && !is_of(d, &f->inside.addr))
		return false;
	return !d->wish.word[0] || has_word(d, f->proto, ends, 3) ||
	       wish_finds(&d->wish, names_text(h->names(h->arg), f->label)) ||
	       wish_finds(&d->wish, f->lane);
}

static bool mapping_is_wanted(const struct dump *d, const struct mapping_row *m)
{
	const struct endpoint ends[] = { m->inside, m->outside };

	if (!mac_is_zero(&d->wish.device) && !is_of(d, &m->inside.addr))
		return false;
	return !d->wish.word[0] || has_word(d, m->proto, ends, 2);
}

static bool is_wanted(const struct dump *d, unsigned i, uint64_t *idle_ms)
{
	*idle_ms = 0;
	switch (d->table) {
	case ENGINE_FLOWS:
		*idle_ms = d->flows[i].idle_ms;
		return flow_is_wanted(d, &d->flows[i]);
	case ENGINE_MAPPINGS:
		*idle_ms = d->mappings[i].idle_ms;
		return mapping_is_wanted(d, &d->mappings[i]);
	case ENGINE_CONES:
		break;
	}
	return true;
}

/* Row 'i' of the table, or of those that were chosen. */
static int look_at(struct dump *d, unsigned i)
{
	uint64_t idle_ms;

	if (d->is_chosen)
		return write_row(d, latest_row(d->latest, i));
	if (!is_wanted(d, i, &idle_ms))
		return 0;
	if (!d->latest)
		return write_row(d, i);
	latest_add(d->latest, i, idle_ms);
	return 0;
}

/* ---- life */

static void forget(struct dump *d)
{
	struct dump **at = &d->api->dumps;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
}

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
	forget(d);
	answer_all(d, text, len);
	free(d->latest);
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
		if (look_at(d, d->done)) {
			end(d, NULL, 0);
			return;
		}
	}
	if (d->done < d->n)
		return;
	if (d->latest && !d->is_chosen) {
		d->n = latest_sort(d->latest);
		d->done = 0;
		d->is_chosen = true;
		return;
	}
	if (append(d->written ? "]" : "[]", d->written ? 1 : 2, d))
		end(d, NULL, 0);
	else
		end(d, d->text, d->len);
}

static const void *from_of(const struct engine_rows *rows,
			   enum engine_table table, size_t *size)
{
	switch (table) {
	case ENGINE_FLOWS:
		*size = sizeof(*rows->flows);
		return rows->flows;
	case ENGINE_MAPPINGS:
		*size = sizeof(*rows->mappings);
		return rows->mappings;
	case ENGINE_CONES:
		break;
	}
	*size = sizeof(*rows->cones);
	return rows->cones;
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
	from = from_of(rows, d->table, &size);
	d->rows = malloc(rows->n * size + 1);
	if (d->wish.limit)
		d->latest = latest_new(d->wish.limit);
	if (!d->rows || (d->wish.limit && !d->latest)) {
		end(d, NULL, 0);
		return;
	}
	if (d->table != ENGINE_CONES)
		d->whose = whose_new(d->api->house.devices(d->api->house.arg));
	if (rows->n)
		memcpy(d->rows, from, rows->n * size);
	d->n = rows->n;
	uv_idle_start(&d->turn, on_turn);
}

/* The one under way, or a new one. NULL: not now. */
static struct dump *begin(struct api *a, enum engine_table table,
			  const struct wish *wish)
{
	struct dump *d;
	unsigned n = 0;

	for (d = a->dumps; d; d = d->next, n++)
		if (d->table == table && !memcmp(&d->wish, wish, sizeof(*wish)))
			return d;
	d = n < DUMPS_MAX ? calloc(1, sizeof(*d)) : NULL;
	if (!d)
		return NULL;
	d->api = a;
	d->table = table;
	d->wish = *wish;
	if (engine_dump(a->house.engine(a->house.arg), table, on_rows, d)) {
		free(d);
		return NULL;
	}
	d->next = a->dumps;
	a->dumps = d;
	return d;
}

static void on_gone(void *arg)
{
	struct waiter *w = arg;

	w->request = NULL;
}

static void join(struct api *a, struct http_request *r, enum engine_table table)
{
	struct waiter *w;
	struct wish wish;
	struct dump *d;

	if (!wish_read(r, &wish))
		return;
	w = calloc(1, sizeof(*w));
	d = w ? begin(a, table, &wish) : NULL;
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

void cones_answer(struct api *a, struct http_request *r)
{
	join(a, r, ENGINE_CONES);
}

void dump_forget(struct api *a)
{
	struct dump *d;

	while ((d = a->dumps)) {
		if (d->rows) {
			end(d, NULL, 0);
			continue;
		}
		a->dumps = d->next;
		answer_all(d, NULL, 0);
		d->api = NULL;
	}
}
