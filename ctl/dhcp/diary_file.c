/* diary_file.c - the diary over restarts: what an event tells of is to be found
 * where its link leads.
 *
 * The file: [VERSION, [[wall_ms, kind, ip, mac, other]…]], the oldest first.
 * Called by the gateway. Control thread. */
#include <errno.h>
#include <string.h>

#include "../base/mp.h"
#include "../base/mp_out.h"
#include "diary.h"

#define VERSION_NUMBER 1
#define ENTRY_FIELDS   5

bool diary_changed(struct diary *d)
{
	bool changed = d->changed;

	d->changed = false;
	return changed;
}

void *diary_write(const struct diary *d, size_t *len)
{
	unsigned i = diary_count(d);
	struct mp_out o;

	mp_out_begin(&o);
	mp_out_array(&o, 2);
	mp_out_uint(&o, VERSION_NUMBER);
	mp_out_array(&o, i);
	while (i--) {
		const struct diary_entry *e = diary_at(d, i);

		mp_out_array(&o, ENTRY_FIELDS);
		mp_out_uint(&o, e->wall_ms);
		mp_out_text(&o, diary_name(e->kind));
		mp_out_bin(&o, &e->ip, sizeof(e->ip));
		mp_out_bin(&o, &e->mac, sizeof(e->mac));
		mp_out_bin(&o, &e->other, sizeof(e->other));
	}
	return mp_out_take(&o, len);
}

/* A kind of another version is no error: the entry is passed over. */
static bool take_kind(struct rd *r, enum diary_kind *kind)
{
	char name[32];
	unsigned i;

	mp_text(r, name, sizeof(name));
	for (i = 0; i < DIARY_KINDS_N; i++) {
		*kind = (enum diary_kind)i;
		if (!strcmp(diary_name(*kind), name))
			return true;
	}
	return false;
}

static void take_entry(struct rd *r, struct diary *d)
{
	struct diary_entry e = { 0 };
	bool known;

	if (mp_array(r) != ENTRY_FIELDS)
		r->bad = true;
	e.wall_ms = mp_uint(r);
	known = take_kind(r, &e.kind);
	mp_bin_exact(r, &e.ip, sizeof(e.ip));
	mp_bin_exact(r, &e.mac, sizeof(e.mac));
	mp_bin_exact(r, &e.other, sizeof(e.other));
	/* JSON's numbers are doubles. */
	if (!r->bad && known && !(e.wall_ms >> 53))
		diary_note(d, &e);
}

int diary_read(struct diary *d, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint32_t n;

	if (mp_array(&r) != 2 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	for (n = mp_array(&r); n && !r.bad; n--)
		take_entry(&r, d);
	d->changed = false;
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}
