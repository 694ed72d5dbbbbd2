/* lease_table.h - the leases of one LAN, found by address, client and name.
 *
 * The data structure under pool.c, which has the rules. One slot for each
 * address, filled as addresses are first used. Control thread only. */
#ifndef DHCP_LEASE_TABLE_H
#define DHCP_LEASE_TABLE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/hash.h"
#include "dhcp.h"
#include "hostname.h"

#define LEASE_TABLE_MAX	  65536 /* of a larger network, the part around us */
#define LEASE_TABLE_PORTS 16	/* counted apart; more share a count */

/* A client identifier; len 0: nobody. Of a client that sends none it is htype
 * and chaddr, which is also what most identifiers contain (RFC 2132, 9.14): a
 * device may begin or cease to send one and stays the same. */
struct lease_id {
	uint8_t len;
	uint8_t b[DHCP_ID_MAX];
};

struct lease_client {
	struct lease_id id;
	struct mac mac;
	uint32_t port; /* where it lives; 0: unknown */
};

enum lease_state {
	LEASE_FREE,	/* nobody's; with an id: waits for its last holder */
	LEASE_OFFERED,	/* until until_ms, or the client's answer */
	LEASE_BOUND,	/* until until_ms */
	LEASE_DECLINED, /* in use by something unknown, until until_ms */
};

struct lease {
	struct lease_id id;
	struct mac mac;
	__be32 ip;
	bool is_static; /* belongs to one device, by the owner's word */
	bool known;	/* was bound to 'id' once, and is in the journal */
	bool proven;	/* its holder has used the address, or renewed it;
			 * DECLINED: we heard ourselves that it is in use */
	enum lease_state state;
	uint32_t port;	   /* its holder's; DECLINED: whose word that is */
	uint64_t until_ms; /* not when FREE */
	uint64_t bound_ms; /* BOUND: since then; not changed by renewals */
	uint64_t renew_ms; /* BOUND: the client renews then; 0: not known */
	int64_t ended_ms;  /* FREE and known: negative is before boot */
	uint64_t asked_ms; /* nobody answered for it then; 0: never asked */
	char hostname[HOSTNAME_SIZE]; /* clean; unique among the BOUND */

	/* Who said by ARP to have it, and when last; 0: never. */
	uint64_t holder_ms, other_ms, told_ms;
	uint64_t first_ms; /* the holder, first, since it is bound; 0: never */
	uint64_t seen_ms;  /* it was bound, renewed or heard, last */
	struct mac other;

	struct lease *id_next, *name_next;
	enum lease_place {
		LEASE_NOWHERE,
		LEASE_IN_OFFERS,
		LEASE_IN_UNPROVEN
	} place;
	struct lease *queue_prev, *queue_next;
};

/* Leases in the order in which they came in. */
struct lease_queue {
	struct lease *first, *last;
	unsigned n;
};

struct lease_static {
	struct dhcp_static is;
	struct lease *lease;
};

struct lease_table {
	/* Fixed once made; addresses in host order. */
	uint32_t base, own, network, broadcast;
	unsigned size; /* power of two: slots, and buckets of each hash */
	struct hash_key key;
	unsigned statics_n;
	struct lease_static *statics;

	struct lease **slots, **ids, **names;
	struct lease_queue offers;   /* OFFERED */
	struct lease_queue unproven; /* BOUND or DECLINED, not proven */
	unsigned unproven_of[LEASE_TABLE_PORTS];
	uint64_t deadline_ms; /* no lease is due before */
};

/* -EINVAL: the network has no room for clients, or we are not in it. */
int lease_table_init(struct lease_table *t, const struct dhcp_conf *conf);
void lease_table_fini(struct lease_table *t);

/* The slot of an address, or -1 when it can never be a client's. */
int lease_table_slot(const struct lease_table *t, __be32 ip);
__be32 lease_table_addr(const struct lease_table *t, unsigned slot);
/* A client's address that nobody has, had or owns as far as is remembered. */
bool lease_table_is_untouched(const struct lease_table *t, __be32 ip);
/* The lease of a slot, made if need be. NULL: no memory. */
struct lease *lease_table_at(struct lease_table *t, unsigned slot);

struct lease *lease_table_find_id(const struct lease_table *t,
				  const struct lease_id *id);
/* By client identifier first, then by hardware address. */
struct lease *lease_table_find_static(const struct lease_table *t,
				      const struct lease_client *c);
/* The lease that is this client's: the owner's word comes before what the
 * client calls itself. */
struct lease *lease_table_find(const struct lease_table *t,
			       const struct lease_client *c);

/* No other lease may have the identifier. 'c' NULL: nobody's. */
void lease_table_own(struct lease_table *t, struct lease *l,
		     const struct lease_client *c);
/* Names a lease 'wish' or, if that is taken, with a number after it; "" asks
 * for the name it has. A name counts as taken while its lease is BOUND. */
void lease_table_name(struct lease_table *t, struct lease *l, const char *wish);
/* Every change of state comes through here, and is logged. */
void lease_table_move(struct lease_table *t, struct lease *l,
		      enum lease_state to, uint64_t until_ms);
/* The holder of a BOUND lease is a device that uses its address. */
void lease_table_prove(struct lease_table *t, struct lease *l);
/* How many unproven leases the hosts behind 'port' have. */
unsigned lease_table_unproven(const struct lease_table *t, uint32_t port);

#endif
