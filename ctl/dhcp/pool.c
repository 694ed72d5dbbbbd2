/* pool.c - who may have which address of the LAN: the rules.
 *
 * Called by dora.c (what clients do), leases.c (what the journal tells) and
 * dhcp.c. The table underneath is lease_table.c. Control thread only. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OFFERS_MIN 4 /* on a tiny network */

struct pool {
	struct lease_table table;
	unsigned offers_max;
	pool_listener *listener;
	void *listener_arg;
};

static void notify(const struct pool *p, const struct lease *l,
		   enum pool_change change)
{
	if (p->listener)
		p->listener(p->listener_arg, l, change);
}

static void forget(struct pool *p, struct lease *l)
{
	if (l->known)
		notify(p, l, POOL_FORGOTTEN);
	lease_table_move(&p->table, l, LEASE_FREE, 0);
	lease_table_own(&p->table, l, NULL);
	l->known = false;
	l->hostname[0] = '\0';
}

/* A client holds one address: what else it held is forgotten. */
static void set_owner(struct pool *p, struct lease *l,
		      const struct lease_client *c)
{
	struct lease *other = lease_table_find_id(&p->table, &c->id);

	if (other && other != l)
		forget(p, other);
	lease_table_own(&p->table, l, c);
}

/* An offer nobody took: back to the last holder, or to nobody. */
static void end_offer(struct pool *p, struct lease *l)
{
	if (l->known)
		lease_table_move(&p->table, l, LEASE_FREE, 0);
	else
		forget(p, l);
}

static void end_lease(struct pool *p, struct lease *l, uint64_t at_ms,
		      enum pool_change change)
{
	lease_table_move(&p->table, l, LEASE_FREE, 0);
	l->ended_ms = (int64_t)at_ms;
	notify(p, l, change);
}

/* ---- making and changing the pool */

static unsigned offers_max(unsigned addrs)
{
	unsigned n = addrs / 4;

	if (n < OFFERS_MIN)
		return OFFERS_MIN;
	return n < POOL_OFFERS_MAX ? n : POOL_OFFERS_MAX;
}

int pool_new(struct pool **out, const struct dhcp_conf *conf)
{
	struct pool *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	err = lease_table_init(&p->table, conf);
	if (err) {
		free(p);
		return err;
	}
	p->offers_max = offers_max(p->table.size);
	*out = p;
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	lease_table_fini(&p->table);
	free(p);
}

void pool_listen(struct pool *p, pool_listener *listener, void *arg)
{
	p->listener = listener;
	p->listener_arg = arg;
}

/* Takes a lease over from the journal or from the pool of another network. */
static bool adopt(struct pool *p, const struct lease *in)
{
	const struct lease_client c = { .id = in->id, .mac = in->mac };
	struct lease *fixed = lease_table_find_static(&p->table, &in->mac);
	int slot = lease_table_slot(&p->table, in->ip);
	struct lease *l;

	if (slot < 0 || (fixed && fixed->ip != in->ip))
		return false;
	l = lease_table_at(&p->table, (unsigned)slot);
	if (!l || (l->is_static && !mac_eq(&l->mac, &in->mac)))
		return false;
	forget(p, l);
	set_owner(p, l, &c);
	l->known = true;
	l->ended_ms = in->ended_ms;
	memcpy(l->hostname, in->hostname, sizeof(l->hostname));
	if (in->state != LEASE_BOUND)
		return true;
	lease_table_name(&p->table, l, "");
	lease_table_move(&p->table, l, LEASE_BOUND, in->until_ms);
	return true;
}

int pool_configure(struct pool *p, const struct dhcp_conf *conf)
{
	struct lease_table old;
	struct pool *next;
	unsigned i;
	int err;

	err = pool_new(&next, conf);
	if (err)
		return err;
	old = p->table;
	for (i = 0; i < old.size; i++) {
		const struct lease *l = old.slots[i];

		if (l && l->known && !adopt(next, l))
			notify(p, l, POOL_FORGOTTEN);
	}
	p->table = next->table;
	p->offers_max = next->offers_max;
	free(next);
	lease_table_fini(&old);
	return 0;
}

/* ---- choosing an address */

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

static struct lease *oldest_offer(const struct pool *p)
{
	struct lease *oldest = NULL, *l;
	unsigned i;

	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (!l || l->state != LEASE_OFFERED)
			continue;
		if (!oldest || l->until_ms < oldest->until_ms)
			oldest = l;
	}
	return oldest;
}

static struct lease *choose(struct pool *p, const struct lease_client *c,
			    __be32 wish)
{
	struct lease_table *t = &p->table;
	unsigned first = preferred_slot(p, &c->mac), slot, i;
	struct lease *l;

	if (lease_table_is_untouched(t, wish))
		return lease_table_at(t, (unsigned)lease_table_slot(t, wish));
	for (i = 0; i < t->size; i++) {
		slot = (first + i) & (t->size - 1);
		if (lease_table_is_untouched(t, lease_table_addr(t, slot)))
			return lease_table_at(t, slot);
	}
	l = oldest_free(p);
	if (l)
		forget(p, l);
	return l;
}

/* ---- what clients do */

const struct lease *pool_find(const struct pool *p,
			      const struct lease_client *c)
{
	return lease_table_find(&p->table, c);
}

const struct lease *pool_offer(struct pool *p, const struct lease_client *c,
			       __be32 wish, uint64_t now_ms)
{
	struct lease *l = lease_table_find(&p->table, c);

	if (l && l->state == LEASE_BOUND)
		return l;
	if (l && l->state == LEASE_DECLINED)
		return NULL;
	/* A flood of discoveries recycles its own offers: the newest is kept,
	 * and a client that means it answers within milliseconds. */
	if ((!l || l->state != LEASE_OFFERED) &&
	    p->table.offers >= p->offers_max)
		end_offer(p, oldest_offer(p));
	if (!l)
		l = choose(p, c, wish);
	if (!l)
		return NULL;
	set_owner(p, l, c);
	lease_table_move(&p->table, l, LEASE_OFFERED, now_ms + POOL_OFFER_MS);
	return l;
}

void pool_unoffer(struct pool *p, const struct lease_client *c)
{
	struct lease *l = lease_table_find(&p->table, c);

	if (l && l->state == LEASE_OFFERED)
		end_offer(p, l);
}

static bool is_another(const struct lease *a, const struct lease *b)
{
	return !mac_eq(&a->mac, &b->mac) || strcmp(a->hostname, b->hostname);
}

const struct lease *pool_bind(struct pool *p, const struct lease_client *c,
			      __be32 ip, const char *hostname,
			      uint64_t lease_ms, uint64_t now_ms)
{
	struct lease *l = lease_table_find(&p->table, c), before;

	if (!l && lease_table_is_untouched(&p->table, ip))
		l = lease_table_at(&p->table,
				   (unsigned)lease_table_slot(&p->table, ip));
	if (!l || l->ip != ip || l->state == LEASE_DECLINED)
		return NULL;
	before = *l;
	set_owner(p, l, c);
	l->known = true;
	lease_table_name(&p->table, l, hostname);
	if (before.state == LEASE_BOUND && is_another(&before, l))
		notify(p, &before, POOL_REPLACED);
	lease_table_move(&p->table, l, LEASE_BOUND, now_ms + lease_ms);
	notify(p, l, POOL_BOUND);
	return l;
}

bool pool_release(struct pool *p, const struct lease_client *c, __be32 ip,
		  uint64_t now_ms)
{
	struct lease *l = lease_table_find(&p->table, c);

	if (!l || l->ip != ip || l->state != LEASE_BOUND)
		return false;
	end_lease(p, l, now_ms, POOL_RELEASED);
	return true;
}

bool pool_decline(struct pool *p, const struct lease_client *c, __be32 ip,
		  uint64_t now_ms)
{
	struct lease *l = lease_table_find(&p->table, c);

	if (!l || l->ip != ip ||
	    (l->state != LEASE_BOUND && l->state != LEASE_OFFERED))
		return false;
	forget(p, l);
	lease_table_move(&p->table, l, LEASE_DECLINED,
			 now_ms + POOL_DECLINE_MS);
	return true;
}

/* ---- time */

static void end_due(struct pool *p, struct lease *l)
{
	switch (l->state) {
	case LEASE_OFFERED:
		end_offer(p, l);
		break;
	case LEASE_BOUND:
		end_lease(p, l, l->until_ms, POOL_EXPIRED);
		break;
	case LEASE_DECLINED:
		forget(p, l);
		break;
	case LEASE_FREE:
		break;
	}
}

void pool_expire(struct pool *p, uint64_t now_ms)
{
	struct lease *l;
	unsigned i;

	if (now_ms < p->table.deadline_ms)
		return;
	p->table.deadline_ms = UINT64_MAX;
	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		if (l && l->state != LEASE_FREE && l->until_ms <= now_ms)
			end_due(p, l);
		else if (l && l->state != LEASE_FREE &&
			 l->until_ms < p->table.deadline_ms)
			p->table.deadline_ms = l->until_ms;
	}
}

uint64_t pool_deadline(const struct pool *p)
{
	return p->table.deadline_ms;
}

/* ---- the journal, and everyone who looks */

void pool_restore(struct pool *p, const struct lease *in)
{
	(void)adopt(p, in);
}

void pool_forget(struct pool *p, __be32 ip)
{
	int slot = lease_table_slot(&p->table, ip);

	if (slot >= 0 && p->table.slots[slot])
		forget(p, p->table.slots[slot]);
}

const struct lease *pool_next(const struct pool *p, unsigned *at)
{
	const struct lease *l;

	while (*at < p->table.size) {
		l = p->table.slots[(*at)++];
		if (l && (l->known || l->state != LEASE_FREE))
			return l;
	}
	return NULL;
}
