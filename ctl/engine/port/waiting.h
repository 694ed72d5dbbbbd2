/* waiting.h - packets that wait until their next hop's MAC address is known.
 *
 * A bounded pool of copies, so that frames go back to the carrier at once.
 * Nobody can take it all: a next hop has few places, a LAN host a share, and
 * some places are kept for the WAN's gateway. Engine thread only. */
#ifndef ENGINE_WAITING_H
#define ENGINE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "../packet/pkt.h"

#define WAITING_MAX	 256 /* packets in the pool */
#define WAITING_PER_HOP	 8
#define WAITING_PER_HOST 64   /* pkt.device's share */
#define WAITING_BYTES	 2048 /* longest frame */

struct waiting {
	struct waiting *next;
	struct pkt
		pkt; /* 'data' points into 'bytes', 'frame' is PKT_NO_FRAME */
	uint8_t bytes[PKT_HEADROOM + WAITING_BYTES];
};

/* Oldest first. */
struct waiting_list {
	struct waiting *first, *last;
	unsigned n;
};

struct waiting_pool;

/* NULL: out of memory. */
struct waiting_pool *waiting_new(void);
void waiting_free(struct waiting_pool *w);

/* Appends a copy of 'p'. 'kept' may use the places set aside. False: over one
 * of the bounds. */
bool waiting_put(struct waiting_pool *w, struct waiting_list *list,
		 const struct pkt *p, bool kept);
/* Moves all of 'from' to the end of 'to'. */
void waiting_move(struct waiting_list *to, struct waiting_list *from);
/* The oldest, or NULL; to be given back with waiting_put_back(). */
struct waiting *waiting_take(struct waiting_list *list);
void waiting_put_back(struct waiting_pool *w, struct waiting *x);

#endif
