/* evidence.c - see evidence.h. Called by analysis.c and api/evidence.c. Pure.
 *
 * A minute has its place by its number: a clock that was set leaves no order to
 * be put right, and what it spoiled is written over within a day. */
#include "evidence.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/mp.h"
#include "../base/mp_out.h"
#include "line.h"

#define MINUTE_MS      60000ull
#define VERSION_NUMBER 1
#define MINUTE_FIELDS  4
#define SCAN_FIELDS    7

struct evidence {
	struct line_minute minutes[EVIDENCE_MINUTES];
	uint64_t now; /* number of the minute that is being filled … */
	unsigned answers_n;
	uint32_t answers[LINE_PINGS]; /* … and its answers, by size */
	struct lan_scan scans[EVIDENCE_SCANS];
	bool changed;
};

/* ---- the line */

static uint32_t middle_with(struct evidence *e, uint32_t us)
{
	unsigned i = e->answers_n;

	if (i < LINE_PINGS) {
		for (; i && e->answers[i - 1] > us; i--)
			e->answers[i] = e->answers[i - 1];
		e->answers[i] = us;
		e->answers_n++;
	}
	return e->answers[e->answers_n / 2];
}

void evidence_ping(struct evidence *e, uint32_t us, uint64_t now_ms)
{
	uint64_t number = now_ms / MINUTE_MS;
	struct line_minute *m = &e->minutes[number % EVIDENCE_MINUTES];

	if (e->now != number)
		e->answers_n = 0;
	e->now = number;
	if (m->number != number)
		*m = (struct line_minute){ .number = number };
	m->asked++;
	if (us == UINT32_MAX)
		m->lost++;
	else
		m->us = middle_with(e, us);
	e->changed = true;
}

const struct line_minute *evidence_minute(const struct evidence *e,
					  uint64_t number)
{
	const struct line_minute *m = &e->minutes[number % EVIDENCE_MINUTES];

	return m->number && m->number == number ? m : NULL;
}

/* ---- the home */

/* The one that this goes on. */
static struct lan_scan *open_scan(struct evidence *e, const struct mac *mac,
				  uint64_t began_ms)
{
	unsigned i;

	for (i = 0; i < EVIDENCE_SCANS; i++) {
		struct lan_scan *s = &e->scans[i];

		if (mac_eq(&s->mac, mac) && s->from_ms <= began_ms &&
		    s->to_ms + EVIDENCE_REST_MS > began_ms)
			return s;
	}
	return NULL;
}

/* Made-up devices push out each other before they push out real ones. */
static bool is_less(const struct lan_scan *a, const struct lan_scan *b)
{
	bool x = mac_is_random(&a->mac), y = mac_is_random(&b->mac);

	if (mac_is_zero(&a->mac) || mac_is_zero(&b->mac))
		return !mac_is_zero(&b->mac);
	return x != y ? x : a->to_ms < b->to_ms;
}

/* An empty place, or whose evidence is worth least; of a device that has its
 * share, its own oldest. */
static struct lan_scan *place(struct evidence *e, const struct mac *mac)
{
	struct lan_scan *least = &e->scans[0], *own = NULL;
	unsigned i, n = 0;

	for (i = 0; i < EVIDENCE_SCANS; i++) {
		struct lan_scan *s = &e->scans[i];

		if (is_less(s, least))
			least = s;
		if (!mac_eq(&s->mac, mac))
			continue;
		n++;
		if (!own || s->to_ms < own->to_ms)
			own = s;
	}
	return n < EVIDENCE_SCANS_EACH ? least : own;
}

void evidence_scan(struct evidence *e, const struct scan_lan_asker *seen,
		   uint64_t now_ms)
{
	struct lan_scan *s = open_scan(e, &seen->mac, seen->began_ms);

	e->changed = true;
	if (!s) {
		s = place(e, &seen->mac);
		*s = (struct lan_scan){ .mac = seen->mac,
					.from_ms = seen->began_ms,
					.low = seen->low,
					.high = seen->high };
	}
	s->to_ms = now_ms;
	s->times += seen->n == SCAN_LAN_TARGETS;
	if (seen->n > s->most)
		s->most = seen->n;
	if (seen->low < s->low)
		s->low = seen->low;
	if (seen->high > s->high)
		s->high = seen->high;
}

const struct lan_scan *evidence_scan_at(const struct evidence *e, unsigned i)
{
	return mac_is_zero(&e->scans[i].mac) ? NULL : &e->scans[i];
}

/* ---- the file: [VERSION, [[number, asked, lost, us]…],
 * [[mac, from_ms, to_ms, times, most, low, high]…]] */

static void put_minutes(struct mp_out *o, const struct evidence *e)
{
	unsigned i, n = 0;

	for (i = 0; i < EVIDENCE_MINUTES; i++)
		n += e->minutes[i].number != 0;
	mp_out_array(o, n);
	for (i = 0; i < EVIDENCE_MINUTES; i++) {
		const struct line_minute *m = &e->minutes[i];

		if (!m->number)
			continue;
		mp_out_array(o, MINUTE_FIELDS);
		mp_out_uint(o, m->number);
		mp_out_uint(o, m->asked);
		mp_out_uint(o, m->lost);
		mp_out_uint(o, m->us);
	}
}

static void put_scans(struct mp_out *o, const struct evidence *e)
{
	const struct lan_scan *s;
	unsigned i, n = 0;

	for (i = 0; i < EVIDENCE_SCANS; i++)
		n += evidence_scan_at(e, i) != NULL;
	mp_out_array(o, n);
	for (i = 0; i < EVIDENCE_SCANS; i++) {
		s = evidence_scan_at(e, i);
		if (!s)
			continue;
		mp_out_array(o, SCAN_FIELDS);
		mp_out_bin(o, &s->mac, sizeof(s->mac));
		mp_out_uint(o, s->from_ms);
		mp_out_uint(o, s->to_ms);
		mp_out_uint(o, s->times);
		mp_out_uint(o, s->most);
		mp_out_uint(o, s->low);
		mp_out_uint(o, s->high);
	}
}

void *evidence_write(const struct evidence *e, size_t *len)
{
	struct mp_out o;

	mp_out_begin(&o);
	mp_out_array(&o, 3);
	mp_out_uint(&o, VERSION_NUMBER);
	put_minutes(&o, e);
	put_scans(&o, e);
	return mp_out_take(&o, len);
}

static void take_minute(struct rd *r, struct evidence *e)
{
	struct line_minute m;

	if (mp_array(r) != MINUTE_FIELDS)
		r->bad = true;
	m.number = mp_uint(r);
	m.asked = (uint32_t)mp_uint(r);
	m.lost = (uint32_t)mp_uint(r);
	m.us = (uint32_t)mp_uint(r);
	if (!r->bad && m.number && m.lost <= m.asked)
		e->minutes[m.number % EVIDENCE_MINUTES] = m;
}

static void take_scan(struct rd *r, struct lan_scan *s)
{
	if (mp_array(r) != SCAN_FIELDS)
		r->bad = true;
	mp_bin_exact(r, &s->mac, sizeof(s->mac));
	s->from_ms = mp_uint(r);
	s->to_ms = mp_uint(r);
	s->times = (uint32_t)mp_uint(r);
	s->most = (uint32_t)mp_uint(r);
	s->low = (uint32_t)mp_uint(r);
	s->high = (uint32_t)mp_uint(r);
	if (r->bad)
		*s = (struct lan_scan){ 0 };
}

int evidence_read(struct evidence *e, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint32_t n, i;

	if (mp_array(&r) != 3 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	for (n = mp_array(&r); n && !r.bad; n--)
		take_minute(&r, e);
	n = mp_array(&r);
	if (n > EVIDENCE_SCANS)
		return -EBADMSG;
	for (i = 0; i < n && !r.bad; i++)
		take_scan(&r, &e->scans[i]);
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}

/* ---- life */

struct evidence *evidence_new(void)
{
	return calloc(1, sizeof(struct evidence));
}

void evidence_free(struct evidence *e)
{
	free(e);
}

bool evidence_changed(struct evidence *e)
{
	bool changed = e->changed;

	e->changed = false;
	return changed;
}
