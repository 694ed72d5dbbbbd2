/* waiting.c - the pool of packets without a next hop's MAC address.
 * Called by neigh.c and egress.c. Engine thread only.
 * Invariant: a place is free, in one list, or in the caller's hands. */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

struct waiting_pool {
	struct waiting *free;
	unsigned used;
	struct waiting places[WAITING_MAX];
};

_Static_assert(WAITING_PER_HOST + WAITING_PER_HOP <= WAITING_MAX / 2,
	       "one host leaves room for others");

struct waiting_pool *waiting_new(void)
{
	struct waiting_pool *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		w->places[i].next = w->free;
		w->free = &w->places[i];
	}
	return w;
}

void waiting_free(struct waiting_pool *w)
{
	free(w);
}

/* Places that the LAN host of 'p' has. Looking at all is cheap enough for what
 * happens only while a next hop is unknown. */
static unsigned host_share(const struct waiting_pool *w, const struct pkt *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WAITING_MAX; i++) {
		const struct pkt *q = &w->places[i].pkt;

		if (q->data && addr_eq(&q->device, &p->device))
			n++;
	}
	return n;
}

static bool has_place(const struct waiting_pool *w,
		      const struct waiting_list *list, const struct pkt *p,
		      bool kept)
{
	if (!w->free || list->n >= WAITING_PER_HOP || p->len > WAITING_BYTES)
		return false;
	if (kept)
		return true;
	return w->used < WAITING_MAX - WAITING_PER_HOP &&
	       host_share(w, p) < WAITING_PER_HOST;
}

bool waiting_put(struct waiting_pool *w, struct waiting_list *list,
		 const struct pkt *p, bool kept)
{
	struct waiting *x = w->free;

	if (!has_place(w, list, p, kept))
		return false;
	w->free = x->next;
	w->used++;
	x->next = NULL;
	x->pkt = *p;
	x->pkt.data = x->bytes + PKT_HEADROOM;
	x->pkt.room = WAITING_BYTES;
	x->pkt.frame = PKT_NO_FRAME;
	memcpy(x->pkt.data, p->data, p->len);
	if (list->last)
		list->last->next = x;
	else
		list->first = x;
	list->last = x;
	list->n++;
	return true;
}

void waiting_move(struct waiting_list *to, struct waiting_list *from)
{
	if (!from->n)
		return;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->n += from->n;
	*from = (struct waiting_list){ 0 };
}

struct waiting *waiting_take(struct waiting_list *list)
{
	struct waiting *x = list->first;

	if (!x)
		return NULL;
	list->first = x->next;
	if (!list->first)
		list->last = NULL;
	list->n--;
	x->next = NULL;
	return x;
}

void waiting_put_back(struct waiting_pool *w, struct waiting *x)
{
	x->pkt.data = NULL;
	x->next = w->free;
	w->free = x;
	w->used--;
}
