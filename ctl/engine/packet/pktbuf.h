/* pktbuf.h - copies of packets that must wait, and the queue of those that may
 * go: fragments without their first one, held SYNs, pieces of what was cut.
 *
 * A fixed number, a share for each purpose, so that no purpose starves
 * another. By number, 0 is none. Engine thread only. */
#ifndef ENGINE_PKTBUF_H
#define ENGINE_PKTBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "../nat/nat_slab.h"
#include "pkt.h"

#define PKTBUF_BYTES 2048 /* longest frame; nat_released() promises no more */

enum pktbuf_use {
	PKTBUF_FRAG_LAN,
	PKTBUF_FRAG_WAN,
	PKTBUF_HOLD,
	PKTBUF_CUT,
	PKTBUF_USES
};

#define PKTBUF_FRAG_MAX 256 /* each side */
#define PKTBUF_HOLD_MAX 256
#define PKTBUF_CUT_MAX	128
#define PKTBUF_MAX	(2 * PKTBUF_FRAG_MAX + PKTBUF_HOLD_MAX + PKTBUF_CUT_MAX)

struct pktbuf {
	uint32_t next; /* of its list, or free */
	uint8_t use;   /* enum pktbuf_use */
	bool decided;  /* 'pkt' is ready to go, else it must be asked again */
	struct pkt pkt;
	uint8_t frame[PKTBUF_BYTES];
};

struct pktbuf_list {
	uint32_t first, last;
	uint32_t n;
};

struct pktbufs {
	struct slab slab;
	uint32_t used[PKTBUF_USES];
	struct pktbuf_list out; /* free to go, in order */
};

/* 'memory' is zeroed and holds slab_bytes(sizeof(struct pktbuf), PKTBUF_MAX),
 * 'stack' slab_stack_bytes(PKTBUF_MAX). */
void pktbuf_init(struct pktbufs *b, void *memory, void *stack);

static inline struct pktbuf *pktbuf_at(const struct pktbufs *b, uint32_t i)
{
	return slab_at(&b->slab, i);
}

/* How many more this use may take. */
uint32_t pktbuf_left(const struct pktbufs *b, enum pktbuf_use use);
/* An empty one with the fields of 'p' but no bytes, and nobody's to route but
 * ours; 0: the share is taken. */
uint32_t pktbuf_take(struct pktbufs *b, enum pktbuf_use use,
		     const struct pkt *p);
/* One with the bytes of 'p' too; 0: also when the frame is too long. */
uint32_t pktbuf_copy(struct pktbufs *b, enum pktbuf_use use,
		     const struct pkt *p);
void pktbuf_give(struct pktbufs *b, uint32_t i);

/* Moves a buffer into a packet with memory of its own and gives it back.
 * false: the packet has no room for it. */
bool pktbuf_unload(struct pktbufs *b, uint32_t i, struct pkt *p);

void pktbuf_append(struct pktbufs *b, struct pktbuf_list *list, uint32_t i);
/* 0: empty. */
uint32_t pktbuf_pop(struct pktbufs *b, struct pktbuf_list *list);

#endif
