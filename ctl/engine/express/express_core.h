/* express_core.h - the lane's records, and how its files call each other.
 * Included by express*.c alone.
 *
 *   express.c ─► express_plan   what the rows of a session should be
 *       ├──────► express_slots  rows, keys, rest
 *       ├──────► express_adopt  those of an earlier run
 *       └──────► express_books  charging
 *
 * A pair is FREE, LIVE (both keys in the map), LEAVING (XDP no longer passes to
 * tc what comes in, but GRO may hold what it passed before: for that the keys
 * are still there) or RESTING (keys deleted, but a program may still hold a
 * slot's number). Where tc is not behind XDP none is LEAVING. Its session may
 * end before it has rested; what is read last is then the device's alone. */
#ifndef ENGINE_EXPRESS_CORE_H
#define ENGINE_EXPRESS_CORE_H

#include <stdatomic.h>

#include "../../../bpf/abi.h"
#include "../port/egress.h"
#include "express.h"
#include "../nat/nat.h"

#define EXPRESS_WANTS	   256 /* sessions that wait to be promoted */
#define EXPRESS_PROMOTIONS 32  /* a turn: two system calls each */
#define EXPRESS_DEMOTIONS  32  /* a turn, those that are not the NAT's wish */
#define EXPRESS_SCAN	   256 /* pairs looked at in a turn */
/* Every pair is looked at that often: while they are few, often enough that a
 * page, which looks every 250 ms, finds about as much each time. */
#define EXPRESS_ROUND_MS     100
#define EXPRESS_FEW_ROUND_MS 20
#define EXPRESS_FEW	     EXPRESS_SCAN
/* While somebody watches: with the 50 ms from one message to the next, what was
 * carried is told within 100. */
#define EXPRESS_TOLD_ROUND_MS 40
/* Longer than GRO holds a frame: a round of softirqs, for which ksoftirqd may
 * have to wait, or the device's gro_flush_timeout. It begins with the last
 * turn, which may be a round of scans ago. */
#define EXPRESS_LEAVE_MS 200
#define EXPRESS_REST_MS	 1000  /* longer than any program runs */
#define EXPRESS_IDLE_MS	 10000 /* without a packet: back to the engine */
#define EXPRESS_TELL_MS	 5000  /* neighbours and bridge are kept fresh */
#define EXPRESS_GRACE_MS 3000  /* after a start, until neighbours are known */
#define EXPRESS_PATIENCE_MS                                                    \
	50 /* rings that are never empty lose frames: order is not what such   \
	    * a flow lacks */
#define EXPRESS_LOST_MS	 100  /* between looks at what rings lost */
#define EXPRESS_HURRY_MS 1000 /* after a loss */

enum { WAY_OUT, WAY_IN, WAYS }; /* equals enum nat_dir */

enum pair_state { PAIR_FREE, PAIR_LIVE, PAIR_LEAVING, PAIR_RESTING };

struct pair {
	uint8_t state; /* enum pair_state */
	uint8_t lan;   /* in conf.lans */
	uint8_t lan_port;
	uint32_t session, serial;
	uint32_t label;	     /* the session's, also when that is over */
	uint32_t place;	     /* in 'live' */
	uint32_t next;	     /* free, leaving or resting */
	uint32_t generation; /* of the world its rows were compared with */
	struct mac host;
	struct addr inside, remote;
	struct addr wan_hop;
	uint64_t active_ms; /* last packet */
	uint64_t told_ms;
	uint64_t until_ms; /* leaving or resting */
};

/* First in, first out: all wait for the same time. */
struct pair_queue {
	uint32_t first, last;
};

/* What a session's pair should be. */
struct express_plan {
	struct nat_offer offer;
	struct mac host;
	uint8_t lan_port;
	struct express_flow rows[WAYS];
};

struct express {
	/* immutable */
	struct nat *nat;
	struct egress *egress;

	/* lent by the gate; -1 and NULL: closed */
	int express4_fd, express6_fd;
	struct express_flow *flows;
	struct express_stats *stats;

	/* control writes, engine reads */
	_Atomic uint8_t abilities[ENGINE_PORTS_MAX];
	_Atomic bool abilities_new;

	/* engine writes, control reads */
	_Atomic uint32_t live_n;
	_Atomic uint8_t mode; /* enum express_mode */

	/* engine */
	const struct engine_conf *conf; /* of the turn, else NULL */
	uint64_t now_ms;
	uint64_t conf_seen;
	uint32_t moves_seen; /* of hosts between bridged ports */
	uint32_t generation;
	uint32_t used; /* pairs 1 … used were taken at least once */
	uint32_t free;
	struct pair_queue leaving, resting;
	uint64_t round_ms; /* when the present round of scans began */
	uint32_t scanned;  /* in it */
	bool opened;	   /* since the last turn */
	uint64_t grace_ms; /* until then rows are believed */
	uint64_t stuck_ms; /* since when rings keep us waiting, 0: they do not
			    */
	uint64_t lost_ms;  /* when it was last looked at what rings lost … */
	uint64_t lost;	   /* … and how much it was in all */
	uint64_t hurry_ms; /* until then they lost some just now */
	uint32_t wants_n;
	uint32_t wants[EXPRESS_WANTS];
	uint32_t live[GATE_EXPRESS_PAIRS];
	struct pair pairs[GATE_EXPRESS_PAIRS + 1];
};

static inline unsigned express_ability(const struct express *x, unsigned port)
{
	return atomic_load_explicit(&x->abilities[port], memory_order_relaxed);
}

static inline uint32_t express_slot(uint32_t pair, unsigned way)
{
	return pair - 1 + way * GATE_EXPRESS_PAIRS;
}

/* express_plan.c - false: this session cannot be carried, for now at least.
 * 'again': it is. */
bool express_plan(struct express *x, uint32_t session, bool again,
		  struct express_plan *p);

/* express_slots.c */
/* A live pair from now on, or one whose keys are gone. */
void express_join(struct express *x, uint32_t pair);
void express_rest(struct express *x, uint32_t pair);
/* A pair of free slots; 0: none. */
uint32_t express_take(struct express *x);
/* Writes rows and keys. 0 or -errno: then the pair rests. */
int express_enter(struct express *x, uint32_t pair,
		  const struct express_plan *p);
/* Of a live pair. Deletes the keys, where tc is behind XDP after a while; then
 * the pair rests. */
void express_leave(struct express *x, uint32_t pair);
/* At once, and of one that is not live. */
void express_forget(struct express *x, uint32_t pair);
/* Makes the rows of a live pair as planned, if that is only the next hops' and
 * the face's. false: it is more. */
bool express_follow(struct express *x, uint32_t pair,
		    const struct express_plan *p);
/* Those that have left rest, those that have rested are free. Returns when the
 * next has, UINT64_MAX: there is none. */
uint64_t express_rested(struct express *x);

/* express_adopt.c - takes over what an earlier run left in the maps. */
void express_adopt(struct express *x);

/* express_books.c */
/* Charges what the pair carried since the last time. */
void express_charge(struct express *x, uint32_t pair);

#endif
