/* whose.c - addresses in order, for looking up.
 * Called by dump.c and flows.c. Control thread. */
#include "whose.h"

#include <stdlib.h>
#include <string.h>

struct owned {
	struct addr addr;
	struct mac mac;
	uint64_t last_ms;
};

struct whose {
	unsigned n;
	struct owned owned[];
};

/* The latest owner of an address first. */
static int by_addr(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	if (order || x->last_ms == y->last_ms)
		return order;
	return x->last_ms > y->last_ms ? -1 : 1;
}

static void add(struct whose *w, const struct device *d)
{
	for (unsigned i = 0; i < DEVICE_ADDRS_MAX; i++) {
		const struct device_addr *a = &d->addrs[i];

		if (!addr_is_zero(&a->addr))
			w->owned[w->n++] =
				(struct owned){ a->addr, d->mac, a->last_ms };
	}
}

/* An address stays with its latest owner. */
static void leave_one_of_each(struct whose *w)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->n; i++)
		if (!kept ||
		    !addr_eq(&w->owned[kept - 1].addr, &w->owned[i].addr))
			w->owned[kept++] = w->owned[i];
	w->n = kept;
}

struct whose *whose_new(const struct devices *d)
{
	const struct device *rows;
	unsigned n = d ? devices_all(d, &rows) : 0;
	struct whose *w = malloc(sizeof(*w) + (size_t)n * DEVICE_ADDRS_MAX *
						      sizeof(w->owned[0]));

	if (!w)
		return NULL;
	w->n = 0;
	for (unsigned i = 0; i < n; i++)
		add(w, &rows[i]);
	qsort(w->owned, w->n, sizeof(w->owned[0]), by_addr);
	leave_one_of_each(w);
	return w;
}

static int is_at(const void *key, const void *member)
{
	const struct owned *o = member;

	return memcmp(key, &o->addr, sizeof(o->addr));
}

const struct mac *whose(const struct whose *w, const struct addr *addr)
{
	const struct owned *o = NULL;

	if (w)
		o = bsearch(addr, w->owned, w->n, sizeof(w->owned[0]), is_at);
	return o ? &o->mac : NULL;
}
