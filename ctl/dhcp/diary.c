/* diary.c - what happened on the LAN lately, newest first.
 *
 * Written by dhcp.c and watch.c, read by the API. Control thread only. */
#include "diary.h"

void diary_note(struct diary *d, const struct diary_entry *e)
{
	d->ring[d->total++ % DIARY_MAX] = *e;
	d->changed = true;
}

unsigned diary_count(const struct diary *d)
{
	return d->total < DIARY_MAX ? d->total : DIARY_MAX;
}

const struct diary_entry *diary_at(const struct diary *d, unsigned i)
{
	return &d->ring[(d->total - 1 - i) % DIARY_MAX];
}

const char *diary_name(enum diary_kind kind)
{
	static const char *const names[] = {
#define X(id, name) name,
		DIARY_KINDS(X)
#undef X
	};

	return names[kind];
}
