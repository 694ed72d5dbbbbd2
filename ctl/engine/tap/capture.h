/* capture.h - the flight recorder: the last packets of every LAN host.
 *
 *   worker.c ─ capture_out() ─► a host's ring ◄─ capture_in() ─ egress.c
 *                                    │ capture_copy(), a chunk at a time
 *                                    └─► engine.c ─► the API
 *
 * Always on, of every host that is known by its MAC. Packets are kept as they
 * are on the host's own wire: what it sends before the NAT changes it, what it
 * gets when the NAT has. What the express lane carries is not seen here; its
 * books say how much that was.
 *
 * A ring is 5 MB at most, in chunks from one store (capture_store.h) with one
 * budget. Once that is used up, who has most gives its oldest chunk to who has
 * less. A host that was never answered, or moved next to nothing, is slight:
 * such hosts share a part of the budget and take from each other, as made-up
 * addresses are cheap. Engine thread, but for what is marked. */
#ifndef ENGINE_CAPTURE_H
#define ENGINE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/hash.h"
#include "captured.h"
#include "../conf.h"
#include "../engine.h"
#include "../nat/nat.h"
#include "../packet/pkt.h"

#define CAPTURE_RING_CHUNKS   80 /* 5 MB */
#define CAPTURE_SLIGHT_CHUNKS 2
#define CAPTURE_SLIGHT_PART                                                    \
	16 /* of the budget, for all slight hosts together */
#define CAPTURE_SLIGHT_BYTES 8192
#define CAPTURE_STALE_MS     600000 /* then a host gives its row to another */

struct capture;

/* ---- control thread, engine stopped */

/* Nothing is kept before the first conf that allows it. NULL: out of memory. */
struct capture *capture_new(const struct hash_key *key);
void capture_free(struct capture *c);
/* Labels are numbers of this names_line(); before it is said, of none. */
void capture_set_names(struct capture *c, uint64_t line);
/* Goes on with what a predecessor kept. Takes 'fd' over. 0 or -errno, and then
 * it begins anew. */
int capture_adopt(struct capture *c, int fd);
/* A descriptor for a successor, to close; -errno: there is none. What is kept
 * after this call may be lost. */
int capture_hand_on(struct capture *c);

/* ---- control thread, at any time */
void capture_totals(const struct capture *c, struct capture_totals *out);

/* ---- engine thread */

/* Before packets are kept: what 'conf' says, and what time it is. */
void capture_turn(struct capture *c, const struct engine_conf *conf,
		  uint64_t now_ms, uint64_t wall_ns);

/* What was kept of the packet, until what became of it is known. Of a size that
 * is returned in registers: through memory it would wait for the copy. */
struct capture_mark {
	struct captured *record; /* NULL: nothing */
	uint64_t serial;	 /* of its chunk */
};

_Static_assert(sizeof(struct capture_mark) <= 16, "fits two registers");

/* A LAN host, 'p->host_mac', sent this; before the NAT sees it. */
struct capture_mark capture_out(struct capture *c,
				const struct engine_conf *conf,
				const struct pkt *p);
/* 'p' is about to leave to the LAN host 'to', its headers written. */
struct capture_mark capture_in(struct capture *c,
			       const struct engine_conf *conf,
			       const struct pkt *p, const struct mac *to);
/* What became of it: 'p->verdict', 'p->drop' and the flow's name. */
void capture_settle(struct capture *c, struct capture_mark mark,
		    const struct pkt *p);

/* Is all of this packet to be kept, of which the headers alone are here?
 * 'lane': heavy flows leave its port by the express lane. */
bool capture_wants_whole(const struct engine_conf *conf, const struct pkt *p,
			 bool lane);
/* A pinned host's flows never take the express lane. */
bool capture_is_pinned(const struct engine_conf *conf, const struct mac *host);

/* The express lane took a flow of 'host' over; carried this; gave it back.
 * What is carried after that is told by calling capture_demoted() again. */
void capture_promoted(struct capture *c, uint32_t pair, const struct mac *mac,
		      const struct nat_offer *flow);
void capture_carried(struct capture *c, uint32_t pair, const struct mac *mac,
		     bool rx, uint64_t packets, uint64_t bytes);
void capture_demoted(struct capture *c, uint32_t pair, const struct mac *mac);

/* Copies the next chunk of 'r->mac' that is due. */
void capture_copy(struct capture *c, struct capture_read *r);
/* Control thread: finishes what senders left to their hardware. */
void capture_finish(struct capture_read *r);

/* For tests: rings, lists and chunks agree. */
bool capture_check(const struct capture *c);

#endif
