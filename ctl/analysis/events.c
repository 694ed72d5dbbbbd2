/* events.c - the log behind events.h.
 *
 * Called by analysis.c and, to read, by the API. Control thread.
 * Invariant: ids grow from the oldest to the latest. */
#include "events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/mp.h"
#include "../base/mp_out.h"

#define MINUTE_MS      60000ull
#define DAY_MS	       (1440 * MINUTE_MS)
#define VERSION_NUMBER 1
#define EVENT_FIELDS   10

struct events {
	uint64_t total; /* ever kept; the ring's place for the next */
	uint64_t last_id;
	bool changed;
	struct event ring[EVENTS_MAX];
};

static const struct kind {
	const char *name;
	uint32_t pause_min, most;
} kinds[EVENT_KINDS_N] = {
#define X(id, name, pause, most) { name, pause, most },
	EVENT_KINDS(X)
#undef X
};

const char *event_kind_name(unsigned kind)
{
	return kinds[kind].name;
}

unsigned events_count(const struct events *e)
{
	return e->total < EVENTS_MAX ? (unsigned)e->total : EVENTS_MAX;
}

static struct event *at(const struct events *e, unsigned i)
{
	struct events *log = (struct events *)(uintptr_t)e;

	return &log->ring[(e->total - 1 - i) % EVENTS_MAX];
}

const struct event *events_at(const struct events *e, unsigned i)
{
	return at(e, i);
}

/* ---- what is worth a sentence */

/* Of the last day: how many there are, and the latest that bears on it. What a
 * clock that was wrong put into the future counts for nothing. */
struct day {
	unsigned all, of_kind, of_device;
	struct event *same, *latest, *own; /* 'own': of this kind and device */
};

static struct day look_back(const struct events *e, enum event_kind kind,
			    const struct mac *mac, uint64_t now_ms)
{
	uint64_t pause_ms = kinds[kind].pause_min * MINUTE_MS;
	struct day day = { 0 };
	unsigned i, n = events_count(e);

	for (i = 0; i < n; i++) {
		struct event *one = at(e, i);

		if (one->at_ms <= now_ms && one->at_ms + DAY_MS > now_ms) {
			day.all++;
			day.of_kind += one->kind == kind;
			if (one->kind == kind && !day.latest)
				day.latest = one;
			if (one->kind == kind && mac_eq(&one->mac, mac)) {
				day.of_device++;
				day.own = day.own ? day.own : one;
			}
		}
		if (one->kind == kind && mac_eq(&one->mac, mac) && !day.same &&
		    one->last_ms <= now_ms && one->last_ms + pause_ms > now_ms)
			day.same = one;
	}
	return day;
}

/* It tells the same as this one; NULL: as none. A device that has half of what
 * its kind may have today leaves the rest to the others. */
static struct event *event_again(const struct day *day, enum event_kind kind,
				 const struct mac *mac)
{
	if (!day->same && !mac_is_zero(mac) && day->own &&
	    day->of_device >= kinds[kind].most / 2)
		return day->own;
	return day->same;
}

bool events_wanted(struct events *e, enum event_kind kind,
		   const struct mac *mac, uint64_t now_ms)
{
	struct day day = look_back(e, kind, mac, now_ms);
	struct event *again = event_again(&day, kind, mac);

	if (again) {
		again->times++;
		again->last_ms = now_ms;
		e->changed = true;
		return false;
	}
	/* A kind that has no event today gets its one past every bound. */
	if (day.latest &&
	    (day.of_kind >= kinds[kind].most || day.all >= EVENTS_A_DAY)) {
		day.latest->more++;
		e->changed = true;
		return false;
	}
	return true;
}

const struct event *events_add(struct events *e, const struct event *event,
			       uint64_t now_ms)
{
	struct event *kept = &e->ring[e->total++ % EVENTS_MAX];

	*kept = *event;
	kept->id = now_ms > e->last_id ? now_ms : e->last_id + 1;
	kept->at_ms = kept->last_ms = now_ms;
	kept->times = 1;
	kept->more = 0;
	e->last_id = kept->id;
	e->changed = true;
	return kept;
}

/* ---- the file: [VERSION, [event…]], the oldest first */

static void put_event(struct mp_out *o, const struct event *one)
{
	mp_out_array(o, EVENT_FIELDS);
	mp_out_uint(o, one->id);
	mp_out_uint(o, one->at_ms);
	mp_out_uint(o, one->last_ms);
	mp_out_uint(o, one->times);
	mp_out_uint(o, one->more);
	mp_out_text(o, kinds[one->kind].name);
	mp_out_bin(o, &one->mac, sizeof(one->mac));
	mp_out_text(o, one->name);
	mp_out_text(o, one->text);
	mp_out_text(o, one->link);
}

void *events_write(const struct events *e, size_t *len)
{
	unsigned i = events_count(e);
	struct mp_out o;

	mp_out_begin(&o);
	mp_out_array(&o, 2);
	mp_out_uint(&o, VERSION_NUMBER);
	mp_out_array(&o, i);
	while (i--)
		put_event(&o, at(e, i));
	return mp_out_take(&o, len);
}

/* A kind of another version is no error: the event is passed over. */
static bool take_kind(struct rd *r, uint8_t *kind)
{
	char name[32];
	unsigned i;

	mp_text(r, name, sizeof(name));
	for (i = 0; i < EVENT_KINDS_N; i++) {
		*kind = (uint8_t)i;
		if (!strcmp(kinds[i].name, name))
			return true;
	}
	return false;
}

static void take_event(struct rd *r, struct events *e)
{
	struct event one = { 0 };
	bool known;

	if (mp_array(r) != EVENT_FIELDS)
		r->bad = true;
	one.id = mp_uint(r);
	one.at_ms = mp_uint(r);
	one.last_ms = mp_uint(r);
	one.times = (uint32_t)mp_uint(r);
	one.more = (uint32_t)mp_uint(r);
	known = take_kind(r, &one.kind);
	mp_bin_exact(r, &one.mac, sizeof(one.mac));
	mp_text(r, one.name, sizeof(one.name));
	mp_text(r, one.text, sizeof(one.text));
	mp_text(r, one.link, sizeof(one.link));
	/* JSON's numbers are doubles. */
	if (r->bad || !known || one.id <= e->last_id || one.id >> 53)
		return;
	e->last_id = one.id;
	e->ring[e->total++ % EVENTS_MAX] = one;
}

int events_read(struct events *e, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint32_t n;

	if (mp_array(&r) != 2 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	for (n = mp_array(&r); n && !r.bad; n--)
		take_event(&r, e);
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}

/* ---- life */

struct events *events_new(void)
{
	return calloc(1, sizeof(struct events));
}

void events_free(struct events *e)
{
	free(e);
}

bool events_changed(struct events *e)
{
	bool changed = e->changed;

	e->changed = false;
	return changed;
}
