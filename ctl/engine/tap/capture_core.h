/* capture_core.h - the recorder's state, and how its files call each other.
 * Included by capture*.c alone.
 *
 *   capture.c ──────┬─► capture_rings   whose memory which chunk is
 *   capture_lane.c ─┘                   what passes by on the express lane
 *   capture_copy.c                      what leaves for who asks
 *
 * Engine thread, or the control thread while the engine is stopped. */
#ifndef ENGINE_CAPTURE_CORE_H
#define ENGINE_CAPTURE_CORE_H

#include <stdatomic.h>

#include "../../../bpf/abi.h"
#include "capture.h"
#include "capture_store.h"
#include "../slots.h"

#define CAPTURE_NONE  UINT32_MAX
#define CAPTURE_CACHE 256

/* Recency lists of hosts. */
enum { CAPTURE_SETTLED, CAPTURE_SLIGHT };

/* Of the host in the same place of 'slots' and of the store's devices. */
struct ring {
	uint8_t *at;	      /* behind the newest record */
	uint32_t left;	      /* bytes there */
	uint32_t first, last; /* chunks, oldest and newest */
	uint32_t n;
	uint32_t prev, next; /* among settled rings of as many chunks */
	uint32_t born;	     /* which host of this place it is */
	uint32_t lane;	     /* pair of its latest flow there; 0: none */
	bool answered;
	uint64_t seen_ms;
};

/* What the express lane carries of a flow. 'prev' and 'next' are pairs of the
 * same host, the later one being 'prev'; 0: none. A host that is forgotten
 * leaves its flows linked among themselves. */
struct lane_flow {
	struct captured_gap gap;
	bool on;	     /* it is there now */
	uint32_t host, born; /* in whose list it is; 'born' 0: in none */
	uint32_t prev, next;
};

struct capture {
	/* immutable after new */
	struct hash_key key;
	struct capture_store store;

	/* engine writes, control reads */
	_Atomic uint32_t used_n, budget_n, hosts_n;

	/* engine */
	struct slots slots;
	struct ring rings[CAPTURE_DEVICES];
	uint32_t *chain; /* of each chunk: the next newer, or the next free */
	uint32_t free;	 /* touched */
	uint32_t free_n;
	uint32_t cold;	   /* not touched */
	uint32_t slight_n; /* chunks of slight hosts */
	struct {
		uint32_t first, last;
	} sizes[CAPTURE_RING_CHUNKS + 1];
	uint64_t serial; /* of the newest chunk */
	uint64_t conf_seen;
	uint64_t now_ms, wall_ns;
	uint16_t cache[CAPTURE_CACHE]; /* where a MAC was found last */
	uint32_t born;		       /* hosts so far */
	struct lane_flow *lane;	       /* by pair; one more */
};

/* capture.c */
/* The place of a record of 'kept' bytes; NULL: there is no memory for it. */
struct captured *capture_reserve(struct capture *c, uint32_t host,
				 uint32_t kept);
bool capture_is_host(const struct mac *mac);

/* capture_lane.c */
/* What there is of the host's flows on the lane, as far as there is room. */
void capture_lane_list(const struct capture *c, uint32_t host,
		       struct capture_read *read);

/* capture_rings.c */
/* No chunk is anybody's. */
void capture_rings_init(struct capture *c);
/* Builds rings from what the store holds. -ENOMEM: nothing was done. */
int capture_rings_adopt(struct capture *c);
/* Says in the store how far the newest chunks are filled. */
void capture_rings_close(struct capture *c);
/* The host's place, CAPTURE_NONE: it has none, and, if 'make', can have none.
 */
uint32_t capture_host(struct capture *c, const struct mac *mac, bool make);
/* Another chunk for its ring; false: there is none to be had, and a slight host
 * without any is forgotten. */
bool capture_extend(struct capture *c, uint32_t host);
/* It was heard; it may have become more than slight. */
void capture_seen(struct capture *c, uint32_t host);
/* Follows the budget, a bit. */
void capture_trim(struct capture *c);

#endif
