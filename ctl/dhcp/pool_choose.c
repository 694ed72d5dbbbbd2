/* pool_choose.c - which address a newcomer gets.
 *
 * Called by pool.c. Control thread only.
 *
 * Starvation. One host can play a thousand, each with an exchange of its own.
 * What it cannot do cheaply is to use a thousand addresses: a lease counts as
 * proven once its holder was heard by ARP for a while, or renewed it. Of the
 * unproven ones, and those its hosts declined, a port may have half of the
 * pool, and all ports together three quarters; who comes then takes the place
 * of the oldest, if that had time to prove itself.
 *
 * A host with patience proves what it holds. When all is held, a newcomer takes
 * what was set aside, for that is asked for again anyway; else what its holder
 * was quiet about longest, but never from a port with fewer than its own, so
 * that a flood eats itself. A port with more than half of the pool gives first
 * and, to one with less than a quarter, even what is in use: the youngest, for
 * who lived there before the flood came stays.
 */
#include "pool_priv.h"

#define SPOKE_MS 60000 /* who was heard once is heard again by then */

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
		if (l->is_static || l->state != LEASE_BOUND)
			continue;
		if (l->bound_ms + POOL_GRACE_MS > now_ms)
			break;
		if (l->first_ms && l->bound_ms + SPOKE_MS > now_ms)
			continue;
		if (l->port == port)
			return l;
		any = any ? any : l;
	}
	return lease_table_unproven(&p->table, port) < p->table.size / 2 ? any
									 : NULL;
}

/* ---- when every address is held */

/* The one set aside that is nearest its end, if it had some rest. */
static struct lease *oldest_aside(const struct pool *p, uint64_t now_ms)
{
	struct lease *oldest = NULL, *l;
	unsigned i;

	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (!l || l->state != LEASE_DECLINED || l->is_static)
			continue;
		if (!oldest || l->until_ms < oldest->until_ms)
			oldest = l;
	}
	if (oldest &&
	    oldest->until_ms > now_ms + POOL_DECLINE_MS - POOL_REST_MS)
		return NULL;
	return oldest;
}

/* How many leases are bound behind each port. */
struct share {
	unsigned of[LEASE_TABLE_PORTS];
};

static struct share count_shares(const struct pool *p)
{
	struct share s = { 0 };
	const struct lease *l;
	unsigned i;

	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (l && l->state == LEASE_BOUND)
			s.of[l->port % LEASE_TABLE_PORTS]++;
	}
	return s;
}

static unsigned share_of(const struct share *s, uint32_t port)
{
	return s->of[port % LEASE_TABLE_PORTS];
}

static bool may_end(const struct lease *l)
{
	return l && l->state == LEASE_BOUND && l->proven && !l->is_static;
}

/* Of the port with most leases the one whose holder was heard longest ago. */
static struct lease *longest_quiet(const struct pool *p, const struct share *s,
				   uint32_t port, uint64_t now_ms)
{
	unsigned most = share_of(s, port), i;
	struct lease *quiet = NULL, *l;

	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (!may_end(l) || l->seen_ms + POOL_QUIET_MS > now_ms ||
		    share_of(s, l->port) < most)
			continue;
		if (quiet && share_of(s, l->port) == most &&
		    l->seen_ms >= quiet->seen_ms)
			continue;
		quiet = l;
		most = share_of(s, l->port);
	}
	return quiet;
}

static bool is_greedy(const struct pool *p, const struct share *s,
		      uint32_t port)
{
	return share_of(s, port) > p->table.size / 2;
}

/* Of a port with more than its part the lease that came last. */
static struct lease *youngest_of_greedy(const struct pool *p,
					const struct share *s, uint32_t port)
{
	struct lease *youngest = NULL, *l;
	unsigned i;

	if (share_of(s, port) >= p->table.size / 4)
		return NULL;
	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (!may_end(l) || !is_greedy(p, s, l->port))
			continue;
		if (!youngest || l->bound_ms > youngest->bound_ms)
			youngest = l;
	}
	return youngest;
}

static struct lease *choose_held(const struct pool *p, uint32_t port,
				 uint64_t now_ms)
{
	struct lease *l = oldest_aside(p, now_ms), *quiet;
	struct share s;

	if (l)
		return l;
	s = count_shares(p);
	quiet = longest_quiet(p, &s, port, now_ms);
	if (quiet && is_greedy(p, &s, quiet->port))
		return quiet;
	l = youngest_of_greedy(p, &s, port);
	return l ? l : quiet;
}

static struct lease *take_over(struct pool *p, struct lease *l)
{
	if (!l)
		return NULL;
	pool_drop_lease(p, l);
	l->asked_ms = 0;
	return l;
}

struct lease *pool_choose(struct pool *p, const struct lease_client *c,
			  __be32 wish, uint64_t now_ms)
{
	struct lease_table *t = &p->table;
	unsigned first = preferred_slot(p, &c->mac), slot, i;
	struct lease *l;

	if (pool_is_over_budget(p, c->port)) {
		l = oldest_unproven(p, c->port, now_ms);
		return take_over(p, l ? l : oldest_aside(p, now_ms));
	}
	if (lease_table_is_untouched(t, wish))
		return lease_table_at(t, (unsigned)lease_table_slot(t, wish));
	for (i = 0; i < t->size; i++) {
		slot = (first + i) & (t->size - 1);
		if (lease_table_is_untouched(t, lease_table_addr(t, slot)))
			return lease_table_at(t, slot);
	}
	l = oldest_free(p);
	if (!l)
		l = oldest_unproven(p, c->port, now_ms);
	return take_over(p, l ? l : choose_held(p, c->port, now_ms));
}
