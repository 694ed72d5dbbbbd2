/* nat_ports.h - which outside ports are free, and which one to give.
 *
 * One space each for TCP, UDP and ICMP identifiers. Ports fall into four
 * classes: low or high (1024 and up), even or odd (RFC 4787 REQ-3, REQ-4). They
 * mix only when one is used up; who wants a high port never gets a low one.
 * Every call takes the same time however full the space is. Engine thread only.
 */
#ifndef ENGINE_NAT_PORTS_H
#define ENGINE_NAT_PORTS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../../bpf/abi.h"
#include "../../base/hash.h"

#define PORTS_SPACE	      65536
#define PORTS_LOW_END	      1024
#define PORTS_WORDS	      (PORTS_SPACE / 64)
#define PORTS_HALF_WORDS      (PORTS_WORDS / 2) /* one parity */
#define PORTS_SUM_WORDS	      (PORTS_HALF_WORDS / 64)
#define PORTS_CLASSES	      4
#define PORTS_RESERVED_PROTOS 2 /* TCP and UDP, as in conf.reserved */

/* A port at rest after its mapping ended: for 'host' alone until then. */
struct port_hold {
	uint64_t until_ms; /* 0: not held */
	__be32 host;
	uint32_t older, newer; /* port + 1; 0: none */
	uint32_t pad;
};

struct port_queue {
	uint32_t oldest, newest; /* port + 1; 0: none */
};

struct ports {
	/* immutable after init */
	struct hash_key key;
	uint64_t seed;
	struct port_hold *holds; /* [GATE_BITS_PROTOS * PORTS_SPACE] */

	/* 'given' or 'reserved' means not 'free', and the other way round; a
	 * 'held' port counts as given. 'free' has the even ports of a space in
	 * its first half, the odd ones in its second; 'sum' has a bit for
	 * every word of 'free' that is not empty. */
	uint64_t given[GATE_BITS_PROTOS][PORTS_WORDS];
	uint64_t held[GATE_BITS_PROTOS][PORTS_WORDS];
	uint64_t reserved[PORTS_RESERVED_PROTOS][PORTS_WORDS];
	uint64_t free[GATE_BITS_PROTOS][2][PORTS_HALF_WORDS];
	uint64_t sum[GATE_BITS_PROTOS][2][PORTS_SUM_WORDS];
	struct port_queue queues[GATE_BITS_PROTOS][PORTS_CLASSES];
	uint64_t drawn;	  /* random numbers so far */
	uint64_t random;  /* two of them, half of it used or not */
	uint64_t yielded; /* held ports given to others */
};

/* 'holds' is zeroed memory that outlives 'p'. */
void ports_init(struct ports *p, struct port_hold *holds,
		const struct hash_key *key, uint64_t seed);

/* 'want' itself if it may be had, else one of its class at random (RFC 6056,
 * algorithm 1, with a keyed hash for the random numbers), else the one that
 * was held longest. The low classes are small enough for one host to take
 * whole: then one of the high class of that parity. Likewise of the other
 * parity, when this one is exhausted (REQ-4 is a wish). -1: both are. */
int ports_take(struct ports *p, enum gate_bits proto, uint16_t want,
	       __be32 host);
/* That one and no other, reserved or not; false: somebody has it. */
bool ports_take_this(struct ports *p, enum gate_bits proto, uint16_t port);
/* Ends the use of a port that was taken: free at once, or for 'host' alone
 * until 'until_ms'. */
void ports_give(struct ports *p, enum gate_bits proto, uint16_t port);
void ports_hold(struct ports *p, enum gate_bits proto, uint16_t port,
		__be32 host, uint64_t until_ms);

/* Replaces 64 reservations; returns those that are new. Ports that are in use
 * stay in use: whose they are must give them back. */
uint64_t ports_reserve(struct ports *p, enum gate_bits proto, unsigned word,
		       uint64_t bits);

/* Frees held ports whose time is over, at most 'budget'; returns how many. */
unsigned ports_expire(struct ports *p, uint64_t now_ms, unsigned budget);
/* When the next one's time is over; UINT64_MAX: none is held. */
uint64_t ports_due(const struct ports *p);

/* For nat_check(): 'mapped' tells which ports the caller has taken. */
bool ports_check(const struct ports *p, enum gate_bits proto,
		 const uint64_t mapped[PORTS_WORDS]);

#endif
