/* pktbuf.c - the store of waiting packets.
 * Called by frag.c, hold.c, cut.c and nat.c. Engine thread only.
 * Invariant: a buffer is free or in exactly one list, or in hold's table. */
#include "pktbuf.h"

#include <stddef.h>
#include <string.h>

static const uint32_t share[PKTBUF_USES] = {
	[PKTBUF_FRAG_LAN] = PKTBUF_FRAG_MAX,
	[PKTBUF_FRAG_WAN] = PKTBUF_FRAG_MAX,
	[PKTBUF_HOLD] = PKTBUF_HOLD_MAX,
	[PKTBUF_CUT] = PKTBUF_CUT_MAX,
};

void pktbuf_init(struct pktbufs *b, void *memory, void *stack)
{
	*b = (struct pktbufs){ 0 };
	slab_init(&b->slab, memory, stack, sizeof(struct pktbuf),
		  offsetof(struct pktbuf, frame), PKTBUF_MAX);
}

uint32_t pktbuf_left(const struct pktbufs *b, enum pktbuf_use use)
{
	return share[use] - b->used[use];
}

uint32_t pktbuf_take(struct pktbufs *b, enum pktbuf_use use,
		     const struct pkt *p)
{
	struct pktbuf *buf;
	uint32_t i;

	if (!pktbuf_left(b, use))
		return 0;
	i = slab_take(&b->slab);
	buf = pktbuf_at(b, i);
	buf->use = use;
	buf->pkt = *p;
	buf->pkt.routed = false; /* nobody but us sends a copy */
	b->used[use]++;
	return i;
}

uint32_t pktbuf_copy(struct pktbufs *b, enum pktbuf_use use,
		     const struct pkt *p)
{
	uint32_t i;

	if (p->len > PKTBUF_BYTES)
		return 0;
	i = pktbuf_take(b, use, p);
	if (i)
		memcpy(pktbuf_at(b, i)->frame, p->data, p->len);
	return i;
}

void pktbuf_give(struct pktbufs *b, uint32_t i)
{
	b->used[pktbuf_at(b, i)->use]--;
	slab_give(&b->slab, i);
}

bool pktbuf_unload(struct pktbufs *b, uint32_t i, struct pkt *p)
{
	const struct pktbuf *buf = pktbuf_at(b, i);
	uint8_t *data = p->data;
	uint32_t room = p->room;
	uint64_t frame = p->frame;

	*p = buf->pkt;
	p->data = data;
	p->room = room;
	p->frame = frame;
	if (p->len <= room)
		memcpy(data, buf->frame, p->len);
	pktbuf_give(b, i);
	return p->len <= room;
}

void pktbuf_append(struct pktbufs *b, struct pktbuf_list *list, uint32_t i)
{
	pktbuf_at(b, i)->next = 0;
	if (list->last)
		pktbuf_at(b, list->last)->next = i;
	else
		list->first = i;
	list->last = i;
	list->n++;
}

uint32_t pktbuf_pop(struct pktbufs *b, struct pktbuf_list *list)
{
	uint32_t i = list->first;

	if (!i)
		return 0;
	list->first = pktbuf_at(b, i)->next;
	if (!list->first)
		list->last = 0;
	list->n--;
	return i;
}
