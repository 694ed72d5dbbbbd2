/* neigh.h - the MAC addresses of next hops, as the kernel resolves them.
 *
 * The engine asks, the control thread answers. Meanwhile packets wait in the
 * entry; when the answer comes, or does not, they are done and handed back.
 * Pure but for memory: time is passed in, milliseconds. Engine thread only. */
#ifndef ENGINE_NEIGH_H
#define ENGINE_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"
#include "../../base/hash.h"
#include "../packet/pkt.h"
#include "waiting.h"

#define NEIGH_MAX	     1024
#define NEIGH_UNRESOLVED_MAX 256  /* of them asked or failed: bounds a scan */
#define NEIGH_ASK_MS	     1000 /* between two questions */
#define NEIGH_WINDOW_MS	     100
#define NEIGH_ASKS	     32	   /* in a window, the gateway aside */
#define NEIGH_PATIENCE_MS    4000  /* kernel: three probes a second apart */
#define NEIGH_FAILED_MS	     1000  /* how long a failure is believed */
#define NEIGH_USED_MS	     10000 /* between two notices of use */

/* ASKED: packets may wait. KNOWN: they go. FAILED: they are dropped. */
enum neigh_state { NEIGH_ASKED, NEIGH_KNOWN, NEIGH_FAILED };

struct neigh;

/* What is known of a next hop, and what the caller should tell. */
struct neigh_hop {
	enum neigh_state state;
	struct mac mac; /* when known */
	bool ask;	/* send EV_NEIGH_WANTED */
	bool used;	/* send EV_NEIGH_USED */
	uint32_t slot;	/* for neigh_wait(), until the next call but that */
};

/* NULL: out of memory. */
struct neigh *neigh_new(const struct hash_key *key);
void neigh_free(struct neigh *t);

/* The WAN's gateway, one of each family: its entry is never evicted and has
 * places of its own for waiting packets. A zero address (of IPv4: the mapped
 * one): there is none. */
void neigh_pin(struct neigh *t, uint32_t ifindex, const struct addr *addr);

struct neigh_hop neigh_lookup(struct neigh *t, uint32_t ifindex,
			      const struct addr *addr, uint64_t now_ms);
/* Looks without using: is its MAC known? */
bool neigh_known(const struct neigh *t, uint32_t ifindex,
		 const struct addr *addr, struct mac *mac);
/* Copies 'p' to wait in 'slot', which is ASKED. False: no place. */
bool neigh_wait(struct neigh *t, uint32_t slot, const struct pkt *p,
		uint64_t now_ms);

/* ---- what the control thread tells */
void neigh_learn(struct neigh *t, uint32_t ifindex, const struct addr *addr,
		 const struct mac *mac, uint64_t now_ms);
void neigh_fail(struct neigh *t, uint32_t ifindex, const struct addr *addr,
		uint64_t now_ms);
/* The kernel no longer has it; packets that wait go on waiting. */
void neigh_forget(struct neigh *t, uint32_t ifindex, const struct addr *addr);
void neigh_flush(struct neigh *t, uint32_t ifindex);

/* Gives up on what was not answered. Returns the milliseconds until the next
 * call is due, UINT64_MAX: nothing waits. */
uint64_t neigh_expire(struct neigh *t, uint64_t now_ms);

/* The next packet that waits no more, or NULL. Its verdict says what to do:
 * VERDICT_FORWARD, or VERDICT_DROP with the reason. Give it back. */
struct waiting *neigh_done(struct neigh *t);
void neigh_done_free(struct neigh *t, struct waiting *x);

#endif
