/* hold.h - unsolicited SYNs, kept silent: RFC 5382 REQ-4, nat.md 15.
 *
 * A SYN from the WAN to a port that nobody has is neither answered nor dropped
 * for six seconds. If the inside opens the same connection meanwhile
 * (simultaneous open), the SYN goes to it; else it is dropped, counted as
 * syn_held. Full, the oldest goes first. Engine thread only. */
#ifndef ENGINE_HOLD_H
#define ENGINE_HOLD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../../bpf/abi.h"
#include "../../base/hash.h"
#include "../packet/pktbuf.h"

#define HOLD_MAX    PKTBUF_HOLD_MAX
#define HOLD_CHAINS 256

struct hold_key {
	struct addr remote, local; /* 'local': IPv6's inside end, else zero */
	__be16 remote_port, port;  /* 'port': ours */
	uint32_t pad;
};

_Static_assert(sizeof(struct hold_key) == 40, "hashed as bytes");

struct held_syn {
	uint16_t chain; /* next of the same hash, or next free */
	uint16_t older, newer;
	struct hold_key key;
	uint64_t until_ms;
	uint32_t buf;
};

struct hold {
	/* immutable after init */
	struct hash_key hash;
	struct pktbufs *bufs;
	struct gate_count *drops;

	struct held_syn syns[HOLD_MAX + 1]; /* 0 is none */
	uint16_t chains[HOLD_CHAINS];
	uint16_t free, bump, oldest, newest;
};

void hold_init(struct hold *h, const struct hash_key *hash,
	       struct pktbufs *bufs, struct gate_count *drops);

/* Keeps a copy of the SYN in 'p' until then. false: one like it is held
 * already, or it is too long to be one. */
bool hold_put(struct hold *h, const struct pkt *p, uint64_t until_ms);
/* Lets the SYN from 'remote' to our 'port' go, if it is held. */
bool hold_release(struct hold *h, const struct addr *remote, __be16 remote_port,
		  __be16 port);
/* IPv6: the SYN that the inside's 'p' meets. */
bool hold_release6(struct hold *h, const struct pkt *p);

unsigned hold_expire(struct hold *h, uint64_t now_ms, unsigned budget);
uint64_t hold_due(const struct hold *h);
bool hold_check(const struct hold *h);

#endif
