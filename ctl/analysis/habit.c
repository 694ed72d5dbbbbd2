/* habit.c - the table behind habit.h.
 *
 * Called by analysis.c. Control thread. */
#include "habit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/mp.h"
#include "../base/mp_out.h"

#define VERSION_NUMBER 1
#define HABIT_FIELDS   8

struct habits {
	unsigned n;
	bool changed;
	struct mac macs[HABITS_MAX]; /* of the rows: to be searched quickly */
	struct habit rows[HABITS_MAX];
};

static struct habit *find(struct habits *h, const struct mac *mac)
{
	unsigned i;

	for (i = 0; i < h->n; i++)
		if (mac_eq(&h->macs[i], mac))
			return &h->rows[i];
	return NULL;
}

/* Who is worth less: the one watched for fewer days, or longer ago. */
static bool is_less(const struct habit *a, const struct habit *b)
{
	int x = __builtin_popcount(a->days), y = __builtin_popcount(b->days);

	return x != y ? x < y : a->last_ms < b->last_ms;
}

static struct habit *place(struct habits *h)
{
	struct habit *least = &h->rows[0];
	unsigned i;

	if (h->n < HABITS_MAX)
		return &h->rows[h->n++];
	for (i = 1; i < h->n; i++)
		if (is_less(&h->rows[i], least))
			least = &h->rows[i];
	return least;
}

struct habit *habits_of(struct habits *h, const struct mac *mac,
			uint64_t now_ms)
{
	struct habit *row = find(h, mac);

	if (!row) {
		row = place(h);
		*row = (struct habit){ .mac = *mac, .since_ms = now_ms };
		h->macs[row - h->rows] = *mac;
	}
	row->last_ms = now_ms;
	h->changed = true;
	return row;
}

/* ---- the file: [VERSION, [[mac, since_ms, last_ms, day, days, [hour…],
 * countries, upload_peak]…]] */

static void put_habit(struct mp_out *o, const struct habit *row)
{
	unsigned i;

	mp_out_array(o, HABIT_FIELDS);
	mp_out_bin(o, &row->mac, sizeof(row->mac));
	mp_out_uint(o, row->since_ms);
	mp_out_uint(o, row->last_ms);
	mp_out_uint(o, row->day);
	mp_out_uint(o, row->days);
	mp_out_array(o, 24);
	for (i = 0; i < 24; i++)
		mp_out_uint(o, row->hours[i]);
	mp_out_bin(o, row->countries, sizeof(row->countries));
	mp_out_uint(o, row->upload_peak);
}

void *habits_write(const struct habits *h, size_t *len)
{
	struct mp_out o;
	unsigned i;

	mp_out_begin(&o);
	mp_out_array(&o, 2);
	mp_out_uint(&o, VERSION_NUMBER);
	mp_out_array(&o, h->n);
	for (i = 0; i < h->n; i++)
		put_habit(&o, &h->rows[i]);
	return mp_out_take(&o, len);
}

static void take_habit(struct rd *r, struct habits *h)
{
	struct habit one = { 0 };
	unsigned i;

	if (mp_array(r) != HABIT_FIELDS)
		r->bad = true;
	mp_bin_exact(r, &one.mac, sizeof(one.mac));
	one.since_ms = mp_uint(r);
	one.last_ms = mp_uint(r);
	one.day = (uint32_t)mp_uint(r);
	one.days = (uint32_t)mp_uint(r);
	if (mp_array(r) != 24)
		r->bad = true;
	for (i = 0; i < 24; i++)
		one.hours[i] = (uint32_t)mp_uint(r);
	mp_bin_exact(r, one.countries, sizeof(one.countries));
	one.upload_peak = mp_uint(r);
	if (r->bad || h->n == HABITS_MAX || find(h, &one.mac))
		return;
	h->macs[h->n] = one.mac;
	h->rows[h->n++] = one;
}

int habits_read(struct habits *h, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint32_t n;

	if (mp_array(&r) != 2 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	for (n = mp_array(&r); n && !r.bad; n--)
		take_habit(&r, h);
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}

/* ---- life */

struct habits *habits_new(void)
{
	return calloc(1, sizeof(struct habits));
}

void habits_free(struct habits *h)
{
	free(h);
}

bool habits_changed(struct habits *h)
{
	bool changed = h->changed;

	h->changed = false;
	return changed;
}
