/* frag.h - datagrams in pieces: RFC 4787 REQ-14, in order and out of order.
 *
 * Only a datagram's first fragment has ports. The NAT decides by that one and
 * settles the fate of the others here; those that came too early wait. Nothing
 * is put together: what is cut on the way in is cut on the way out.
 *
 * A pool is one side's. Sources fall into buckets by a keyed hash; when the
 * pool is full the greediest bucket gives way, and none has more than its quota
 * of waiting packets: a flood from one source costs only those who share its
 * bucket, and a flood from one side costs the other nothing. Engine thread
 * only. */
#ifndef ENGINE_FRAG_H
#define ENGINE_FRAG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../../bpf/abi.h"
#include "../../base/hash.h"
#include "pktbuf.h"

#define FRAG_LIFE_MS 15000 /* RFC 791 3.2: initial reassembly timer */
#define FRAG_MAX     512   /* datagrams in a pool */
#define FRAG_CHAINS  512
#define FRAG_SOURCES 64
/* A bucket's waiting packets: a datagram of 64 KiB fits. */
#define FRAG_SOURCE_MAX 64

/* Hashed as bytes. IPv6's later fragments do not know their protocol. */
struct frag_key {
	struct addr src, dst;
	uint32_t id;
	uint8_t proto;
	uint8_t pad[3];
};

/* What the first fragment met, for the others to meet too. */
struct frag_fate {
	uint8_t verdict; /* enum verdict: drop, forward or local */
	uint8_t drop;
	uint8_t out_side, out_lan;
	uint16_t flags; /* PKT_HAIRPIN */
	bool to_lan;
	__be32 src, dst; /* as translated; IPv6: of no weight */
	struct addr next_hop, device, remote;
	uint32_t session, peer;
	uint32_t session_serial, peer_serial;
};

struct frag_link {
	uint16_t older, newer;
};

struct frag {
	uint16_t chain; /* next of the same hash, or next free */
	uint16_t source;
	struct frag_link age, kin; /* in the pool; in the bucket */
	bool settled;
	struct frag_key key;
	uint64_t until_ms;
	struct frag_fate fate; /* if settled */
	struct pktbuf_list waiting;
};

struct frag_ends {
	uint16_t oldest, newest;
};

struct frag_source {
	struct frag_ends kin;
	uint16_t datagrams, packets;
};

struct frag_pool {
	/* immutable after init */
	struct hash_key hash;
	struct pktbufs *bufs;
	enum pktbuf_use use;
	struct gate_count *drops; /* by enum gate_drop */

	struct frag frags[FRAG_MAX + 1]; /* 0 is none */
	uint16_t chains[FRAG_CHAINS];
	uint16_t free, bump;
	struct frag_ends age;
	struct frag_source sources[FRAG_SOURCES];
};

void frag_init(struct frag_pool *f, const struct hash_key *hash,
	       struct pktbufs *bufs, enum pktbuf_use use,
	       struct gate_count *drops);

/* NULL: no fragment of that datagram was seen yet, or not lately. */
struct frag *frag_find(struct frag_pool *f, const struct pkt *p,
		       uint64_t now_ms);
/* Starts one; others go if there is no place. */
struct frag *frag_open(struct frag_pool *f, const struct pkt *p,
		       uint64_t now_ms);
/* Keeps a copy until the first fragment comes. false: no room. */
bool frag_wait(struct frag_pool *f, struct frag *d, const struct pkt *p);
/* Says what becomes of the datagram; what waited is free to go. */
void frag_settle(struct frag_pool *f, struct frag *d,
		 const struct frag_fate *fate);

/* Forgets what is too old, at most 'budget'; returns how many. What waited in
 * vain counts as frag_timeout. */
unsigned frag_expire(struct frag_pool *f, uint64_t now_ms, unsigned budget);
uint64_t frag_due(const struct frag_pool *f);
bool frag_check(const struct frag_pool *f);

#endif
