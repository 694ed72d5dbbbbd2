/* querylog.c - the ring behind querylog.h.
 *
 * Written by reply.c, read by dns.c. Control thread.
 * Invariant: records lie end to end from 'first' to 'next', none across the end
 * of the ring: what is left over there is skipped by a record of that size. */
#include "querylog.h"

#include <stdlib.h>

#define ALIGN 8u

struct record {
	uint32_t size;	   /* in the ring, this head included */
	uint16_t name_len; /* 0: nothing but a gap */
	uint16_t type;
	uint8_t rcode, list, why, unused;
	uint32_t took_us;
	uint64_t at_ms;
	struct addr device, answer;
	uint8_t name[];
};
_Static_assert(sizeof(struct record) % ALIGN == 0, "records stay aligned");

struct querylog {
	bool on;
	size_t bytes;
	uint64_t first, next; /* count up for ever; place is modulo bytes */
	uint8_t *ring;	      /* NULL: off, or nothing kept yet */
};

const char *const query_why_names[QUERY_WHYS_N] = {
#define X(id, name) name,
	QUERY_WHYS(X)
#undef X
};

struct querylog *querylog_new(size_t bytes)
{
	struct querylog *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->bytes = bytes / ALIGN * ALIGN;
	l->on = true;
	return l;
}

void querylog_free(struct querylog *l)
{
	if (!l)
		return;
	free(l->ring);
	free(l);
}

void querylog_turn(struct querylog *l, bool on)
{
	l->on = on;
	if (on)
		return;
	free(l->ring);
	l->ring = NULL;
	l->first = l->next = 0;
}

bool querylog_is_on(const struct querylog *l)
{
	return l->on;
}

static struct record *record_at(const struct querylog *l, uint64_t at)
{
	return (struct record *)(void *)(l->ring + at % l->bytes);
}

/* Room for 'size' bytes, where the oldest were. */
static struct record *room(struct querylog *l, uint32_t size)
{
	uint64_t end = l->next + size;
	struct record *r;

	while (end - l->first > l->bytes)
		l->first += record_at(l, l->first)->size;
	r = record_at(l, l->next);
	l->next = end;
	r->size = size;
	return r;
}

/* A record that would lie across the end begins anew behind it. */
static void skip_end(struct querylog *l, uint32_t size)
{
	uint64_t left = l->bytes - l->next % l->bytes;

	/* It may be too small for a whole head; the fields that are read of a
	 * gap fit into ALIGN bytes. */
	if (left < size)
		room(l, (uint32_t)left)->name_len = 0;
}

void querylog_add(struct querylog *l, const struct query_row *row)
{
	size_t len = sizeof(struct record) + row->name.len;
	uint32_t size = (uint32_t)((len + ALIGN - 1) / ALIGN * ALIGN);
	struct record *r;

	if (!l->on)
		return;
	if (!l->ring)
		l->ring = malloc(l->bytes);
	if (!l->ring)
		return;
	skip_end(l, size);
	r = room(l, size);
	r->name_len = row->name.len;
	r->type = row->type;
	r->rcode = row->rcode;
	r->list = row->list;
	r->why = (uint8_t)row->why;
	r->took_us = row->took_us;
	r->at_ms = row->at_ms;
	r->device = row->device;
	r->answer = row->answer;
	memcpy(r->name, row->name.b, row->name.len);
}

static void read_record(const struct record *r, struct query_row *out)
{
	out->at_ms = r->at_ms;
	out->took_us = r->took_us;
	out->device = r->device;
	out->answer = r->answer;
	out->type = r->type;
	out->rcode = r->rcode;
	out->list = r->list;
	out->why = r->why;
	out->name.len = (uint8_t)r->name_len;
	memcpy(out->name.b, r->name, r->name_len);
}

void querylog_walk(const struct querylog *l, uint64_t now_ms,
		   void (*each)(void *arg, const struct query_row *row),
		   void *arg)
{
	uint64_t at = l->first;
	struct query_row row;

	while (at != l->next) {
		const struct record *r = record_at(l, at);

		at += r->size;
		if (!r->name_len || r->at_ms + QUERYLOG_AGE_MS < now_ms)
			continue;
		read_record(r, &row);
		each(arg, &row);
	}
}
