/* pool_priv.h - what pool.c and pool_choose.c share. */
#ifndef DHCP_POOL_PRIV_H
#define DHCP_POOL_PRIV_H

#include "pool.h"

struct pool {
	struct lease_table table;
	unsigned bound; /* leases that are BOUND */
	pool_listener *listener;
	void *listener_arg;
};

/* pool.c: every change of state; and the end of a lease and of its holder. */
void pool_move(struct pool *p, struct lease *l, enum lease_state to,
	       uint64_t until_ms);
void pool_drop_lease(struct pool *p, struct lease *l);

/* pool_choose.c: an address for a newcomer, NULL: none. */
struct lease *pool_choose(struct pool *p, const struct lease_client *c,
			  __be32 wish, uint64_t now_ms);
/* Have the newcomers behind 'port' used up what they are trusted with? */
bool pool_is_over_budget(const struct pool *p, uint32_t port);

#endif
