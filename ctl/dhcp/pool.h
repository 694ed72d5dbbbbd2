/* pool.h - who holds which address of the LAN.
 *
 * A pure table: no sockets, no clock, no file. dora.c decides by it, leases.c
 * fills it at start and writes it down. A device is known by its client
 * identifier or, lacking one, by its hardware address (RFC 4361); it keeps its
 * address for as long as nobody else needs it. Times: milliseconds since boot.
 */
#ifndef DHCP_POOL_H
#define DHCP_POOL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "dhcp.h"
#include "lease_table.h"

#define POOL_OFFER_MS	30000  /* an address is held for the answer */
#define POOL_DECLINE_MS 600000 /* and set aside when found in use */
#define POOL_FRESH_MS	60000  /* that nobody answers for it is known so long */
#define POOL_GRACE_MS	10000  /* a device uses its address by then */
#define POOL_REST_MS	60000  /* one set aside, if others are wanted */
#define POOL_QUIET_MS	1800000 /* its holder may be gone, if unheard so long */
#define POOL_CLAIM_MS	30000	/* two claims within: a conflict */

enum pool_change {
	POOL_BOUND,	/* came, or was renewed */
	POOL_REPLACED,	/* a bound one, as it was before it got another name or
			 * hardware address; POOL_BOUND follows */
	POOL_RELEASED,	/* ended by its holder, who is remembered */
	POOL_EXPIRED,	/* ended by time, likewise */
	POOL_FORGOTTEN, /* ended, and the holder with it */
};

struct pool;

/* 'l' as it is after the change; a forgotten one, as it was before. */
typedef void pool_listener(void *arg, const struct lease *l,
			   enum pool_change change);

/* -EINVAL: the network has no room for clients, or we are not in it. */
int pool_new(struct pool **out, const struct dhcp_conf *conf);
void pool_free(struct pool *p);
/* From now on 'listener' hears of every change. */
void pool_listen(struct pool *p, pool_listener *listener, void *arg);
/* Another network, other static leases: what does not fit is forgotten. On
 * error nothing changed. */
int pool_configure(struct pool *p, const struct dhcp_conf *conf);

/* The lease of a client, in any state but DECLINED. NULL: never seen. Leases
 * are valid until the next call that changes the pool. */
const struct lease *pool_find(const struct pool *p,
			      const struct lease_client *c);
/* Holds an address for 'c': its own, else 'wish' (0: none) if nobody had it,
 * else the one its hardware address points at, else any nobody had, else the
 * one whose holder is gone longest, else what pool_choose.c says of a full
 * pool. NULL: every address is in use, or so many
 * newcomers behind one port have never used theirs that more are not believed.
 */
const struct lease *pool_offer(struct pool *p, const struct lease_client *c,
			       __be32 wish, uint64_t now_ms);
/* Should ARP be asked whether somebody has the address of this offer? */
bool pool_is_doubtful(const struct lease *l, uint64_t now_ms);
/* ARP was asked, and nobody answered. */
void pool_asked(struct pool *p, __be32 ip, uint64_t now_ms);
/* Somebody has it: set aside, unless a device is bound to it. */
void pool_set_aside(struct pool *p, __be32 ip, uint64_t now_ms);
/* Gives 'ip' to 'c', or goes on giving it. 'hostname' is clean, "" keeps the
 * present one. NULL: 'ip' is not for this client. */
const struct lease *pool_bind(struct pool *p, const struct lease_client *c,
			      __be32 ip, const char *hostname,
			      uint64_t lease_ms, uint64_t now_ms);
/* The client took another server's offer. */
void pool_unoffer(struct pool *p, const struct lease_client *c);
/* False: 'c' does not hold 'ip'. */
bool pool_release(struct pool *p, const struct lease_client *c, __be32 ip,
		  uint64_t now_ms);
bool pool_decline(struct pool *p, const struct lease_client *c, __be32 ip,
		  uint64_t now_ms);

/* A host said by ARP to have 'ip'. Its holder that says so twice, POOL_GRACE_MS
 * apart, proves thereby that it uses the address; another one is a conflict
 * once both were heard within POOL_CLAIM_MS: then the lease, once in
 * POOL_DECLINE_MS, else NULL. */
const struct lease *pool_heard(struct pool *p, __be32 ip, const struct mac *mac,
			       uint64_t now_ms);
/* 'mac' holds 'ip', and nobody knows where it lives: the journal does not. */
bool pool_lacks_port(const struct pool *p, __be32 ip, const struct mac *mac);
void pool_locate(struct pool *p, __be32 ip, uint32_t port);
/* More than half of the addresses are taken: strangers get theirs for a short
 * time, until they renewed it. */
bool pool_is_tight(const struct pool *p);

/* Ends what is due. */
void pool_expire(struct pool *p, uint64_t now_ms);
/* pool_expire() has nothing to do before this; UINT64_MAX: nothing at all. */
uint64_t pool_deadline(const struct pool *p);

/* A lease as the journal tells it (id, mac, ip, hostname, until_ms or, FREE,
 * ended_ms): replaces what was known of its address and its holder. One that
 * does not fit the network is passed over. */
void pool_restore(struct pool *p, const struct lease *in);
/* The journal says that 'ip' is nobody's again. */
void pool_forget(struct pool *p, __be32 ip);

void pool_fill(const struct pool *p, struct dhcp_fill *out);
/* Leases by address, from '*at' (0 at first) on; NULL: no more. */
const struct lease *pool_next(const struct pool *p, unsigned *at);

#endif
