/* captured.h - what the flight recorder keeps of a packet, and how to walk it.
 *
 * Records stand one behind the other in chunks of memory that outlive a
 * restart: capture.c writes them, capture_store.c checks those of an earlier
 * run, the API turns them into pcapng. Seen by it through engine.h. */
#ifndef ENGINE_CAPTURED_H
#define ENGINE_CAPTURED_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"

#define CAPTURED_CHUNK (64u << 10)
#define CAPTURED_ALIGN 8
/* Of a packet; GSO's longest are cut by some bytes. */
#define CAPTURED_LEN_MAX (CAPTURED_CHUNK - (uint32_t)sizeof(struct captured))

enum captured_kind {
	CAPTURED_PACKET = 1, /* a frame as it is on the device's own wire */
	/* struct captured_gap: from here on the express lane carries a flow,
	 * whose packets are not kept; and what it carried, once that is over */
	CAPTURED_PROMOTED,
	CAPTURED_GAP,
};

enum captured_flags {
	CAPTURED_RX = 1,	/* to the device; else from it */
	CAPTURED_DROPPED = 2,	/* did not go on: 'drop' says why */
	CAPTURED_GSO = 4,	/* several segments that came as one */
	CAPTURED_CSUM_OPEN = 8, /* its L4 checksum is the pseudo-header's */
};

struct captured {
	uint64_t at_ns; /* civil time */
	uint32_t size;	/* of the record, this head included; aligned */
	uint32_t kept;	/* bytes behind this head */
	uint32_t len;	/* bytes that the packet had */
	uint32_t label; /* the flow's name, see base/names.h; 0: none */
	uint8_t kind;	/* enum captured_kind */
	uint8_t flags;
	uint8_t drop; /* enum gate_drop */
	uint8_t mark; /* 0, and the reader's own */
	uint8_t pad[4];
};

_Static_assert(sizeof(struct captured) == 32, "a head is half a cache line");

struct captured_gap {
	struct endpoint inside, remote;
	uint8_t proto;
	uint8_t pad[3];
	uint64_t since_ns;
	uint64_t packets[2], bytes[2]; /* [1] to the device */
};

static inline uint32_t captured_size(uint32_t kept)
{
	return (uint32_t)sizeof(struct captured) +
	       ((kept + CAPTURED_ALIGN - 1) & ~(uint32_t)(CAPTURED_ALIGN - 1));
}

static inline uint8_t *captured_data(struct captured *r)
{
	return (uint8_t *)(r + 1);
}

/* The record at 'at' of 'len' bytes that are aligned; NULL: there is none, or
 * it is broken. 'at' moves behind it. */
static inline struct captured *captured_next(uint8_t *bytes, uint32_t len,
					     uint32_t *at)
{
	struct captured *r = (struct captured *)(void *)(bytes + *at);

	if (*at > len || len - *at < sizeof(*r) || r->size > len - *at ||
	    r->kept > CAPTURED_LEN_MAX || r->size != captured_size(r->kept))
		return NULL;
	if (r->kind == CAPTURED_PACKET ? r->len < r->kept
				       : r->kept != sizeof(struct captured_gap))
		return NULL;
	*at += r->size;
	return r;
}

#endif
