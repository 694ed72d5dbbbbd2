/* pool_choose.c - which address a newcomer gets.
 *
 * Called by pool.c. Control thread only.
 *
 * Starvation. One host can play a thousand, each with an exchange of its own.
 * What it cannot do cheaply is to use a thousand addresses: a lease counts as
 * proven once its holder was heard by ARP, or renewed it. Of the unproven ones
 * a port may have half of the pool, and all ports together three quarters; who
 * comes then takes the place of the oldest, if that had time to prove itself.
 */
#include "pool_priv.h"

/* The same hardware address points at the same place in every life of the
 * pool, so that a device mostly finds its address even if all was forgotten. */
static unsigned preferred_slot(const struct pool *p, const struct mac *mac)
{
	static const struct hash_key constant;

	return (unsigned)hash_bytes(&constant, mac->b, sizeof(mac->b)) &
	       (p->table.size - 1);
}

/* The holder that is gone longest has waited long enough. */
static struct lease *oldest_free(const struct pool *p)
{
	struct lease *oldest = NULL, *l;
	unsigned i;

	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (!l || l->state != LEASE_FREE || !l->known || l->is_static)
			continue;
		if (!oldest || l->ended_ms < oldest->ended_ms)
			oldest = l;
	}
	return oldest;
}

/* May another newcomer from there be believed? */
bool pool_is_over_budget(const struct pool *p, uint32_t port)
{
	const struct lease_table *t = &p->table;

	return lease_table_unproven(t, port) >= t->size / 2 ||
	       t->unproven.n >= t->size / 4 * 3;
}

/* The oldest lease that nobody uses; first those behind the same port, so that
 * who fills its share takes from itself. NULL: all are too young to tell. */
static struct lease *oldest_unproven(const struct pool *p, uint32_t port,
				     uint64_t now_ms)
{
	struct lease *l, *any = NULL;

	for (l = p->table.unproven.first; l; l = l->queue_next) {
		if (l->bound_ms + POOL_GRACE_MS > now_ms)
			break;
		if (l->is_static)
			continue;
		if (l->port == port)
			return l;
		any = any ? any : l;
	}
	return lease_table_unproven(&p->table, port) < p->table.size / 2 ? any
									 : NULL;
}

static struct lease *take_over(struct pool *p, struct lease *l)
{
	if (l)
		pool_drop_lease(p, l);
	return l;
}

struct lease *pool_choose(struct pool *p, const struct lease_client *c,
			  __be32 wish, uint64_t now_ms)
{
	struct lease_table *t = &p->table;
	unsigned first = preferred_slot(p, &c->mac), slot, i;
	struct lease *l;

	if (pool_is_over_budget(p, c->port))
		return take_over(p, oldest_unproven(p, c->port, now_ms));
	if (lease_table_is_untouched(t, wish))
		return lease_table_at(t, (unsigned)lease_table_slot(t, wish));
	for (i = 0; i < t->size; i++) {
		slot = (first + i) & (t->size - 1);
		if (lease_table_is_untouched(t, lease_table_addr(t, slot)))
			return lease_table_at(t, slot);
	}
	l = oldest_free(p);
	return take_over(p, l ? l : oldest_unproven(p, c->port, now_ms));
}
