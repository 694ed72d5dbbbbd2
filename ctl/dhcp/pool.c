/* pool.c - who may have which address of the LAN: the rules.
 *
 * Called by dora.c (what clients do), leases.c (what the journal tells) and
 * dhcp.c. The table underneath is lease_table.c; which address a newcomer gets
 * is pool_choose.c. Control thread only. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool_priv.h"

#define OFFERS_MIN 4 /* on a tiny network */

static void notify(const struct pool *p, const struct lease *l,
		   enum pool_change change)
{
	if (p->listener)
		p->listener(p->listener_arg, l, change);
}

void pool_move(struct pool *p, struct lease *l, enum lease_state to,
	       uint64_t until_ms)
{
	p->bound -= l->state == LEASE_BOUND;
	p->bound += to == LEASE_BOUND;
	lease_table_move(&p->table, l, to, until_ms);
}

void pool_drop_lease(struct pool *p, struct lease *l)
{
	if (l->known)
		notify(p, l, POOL_FORGOTTEN);
	pool_move(p, l, LEASE_FREE, 0);
	lease_table_own(&p->table, l, NULL);
	l->known = l->proven = false;
	l->holder_ms = l->other_ms = l->told_ms = 0;
	l->first_ms = l->seen_ms = 0;
	l->hostname[0] = '\0';
}

/* A client holds one address: what else it held is forgotten. */
static void set_owner(struct pool *p, struct lease *l,
		      const struct lease_client *c)
{
	struct lease *other = lease_table_find_id(&p->table, &c->id);

	if (other && other != l)
		pool_drop_lease(p, other);
	lease_table_own(&p->table, l, c);
}

/* An offer nobody took: back to the last holder, or to nobody. */
static void end_offer(struct pool *p, struct lease *l)
{
	if (l->known)
		pool_move(p, l, LEASE_FREE, 0);
	else
		pool_drop_lease(p, l);
}

static void end_lease(struct pool *p, struct lease *l, uint64_t at_ms,
		      enum pool_change change)
{
	pool_move(p, l, LEASE_FREE, 0);
	l->ended_ms = (int64_t)at_ms;
	notify(p, l, change);
}

/* ---- making and changing the pool */

static unsigned offers_max(const struct pool *p)
{
	unsigned n = p->table.size / 4;

	return n < OFFERS_MIN ? OFFERS_MIN : n;
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
	struct lease *fixed = lease_table_find_static(&p->table, &c);
	int slot = lease_table_slot(&p->table, in->ip);
	struct lease *l;

	if (slot < 0 || (fixed && fixed->ip != in->ip))
		return false;
	l = lease_table_at(&p->table, (unsigned)slot);
	if (!l || (l->is_static && l != fixed))
		return false;
	pool_drop_lease(p, l);
	set_owner(p, l, &c);
	l->known = true;
	l->ended_ms = in->ended_ms;
	memcpy(l->hostname, in->hostname, sizeof(l->hostname));
	if (in->state != LEASE_BOUND)
		return true;
	lease_table_name(&p->table, l, "");
	l->port = in->port;
	l->proven = in->proven;
	l->bound_ms = in->bound_ms;
	l->renew_ms = in->renew_ms;
	l->first_ms = in->first_ms;
	l->seen_ms = in->seen_ms;
	pool_move(p, l, LEASE_BOUND, in->until_ms);
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
	p->bound = next->bound;
	free(next);
	lease_table_fini(&old);
	return 0;
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
	    p->table.offers.n >= offers_max(p))
		end_offer(p, p->table.offers.first);
	if (!l)
		l = pool_choose(p, c, wish, now_ms);
	if (!l)
		return NULL;
	set_owner(p, l, c);
	pool_move(p, l, LEASE_OFFERED, now_ms + POOL_OFFER_MS);
	return l;
}

/* The owner's word, and that of a device that had the address before, are not
 * doubted. */
bool pool_is_doubtful(const struct lease *l, uint64_t now_ms)
{
	return l->state == LEASE_OFFERED && !l->known && !l->is_static &&
	       (!l->asked_ms || now_ms - l->asked_ms >= POOL_FRESH_MS);
}

static struct lease *lease_of(const struct pool *p, __be32 ip)
{
	int slot = lease_table_slot(&p->table, ip);

	return slot < 0 ? NULL : p->table.slots[slot];
}

void pool_asked(struct pool *p, __be32 ip, uint64_t now_ms)
{
	struct lease *l = lease_of(p, ip);

	if (l)
		l->asked_ms = now_ms;
}

/* The address is asked for anew before anybody gets it. */
static void set_aside(struct pool *p, struct lease *l, uint64_t now_ms)
{
	l->asked_ms = 0;
	pool_move(p, l, LEASE_DECLINED, now_ms + POOL_DECLINE_MS);
}

void pool_set_aside(struct pool *p, __be32 ip, uint64_t now_ms)
{
	struct lease *l = lease_of(p, ip);

	if (!l || l->state == LEASE_BOUND)
		return;
	pool_drop_lease(p, l);
	l->proven = true;
	set_aside(p, l, now_ms);
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

/* A lease begins. */
static void settle(struct lease *l, const struct lease_client *c,
		   uint64_t now_ms)
{
	l->port = c->port;
	l->proven = false;
	l->bound_ms = now_ms;
	l->holder_ms = l->other_ms = l->first_ms = 0;
}

/* While a stranger thought about its offer, others took what its port has. One
 * behind a port with little does not pay for what crowds elsewhere take. */
static bool is_too_late(const struct pool *p, const struct lease *l,
			const struct lease_client *c)
{
	return l->state == LEASE_OFFERED && !l->known && !l->is_static &&
	       pool_is_over_budget(p, c->port) &&
	       lease_table_unproven(&p->table, c->port) >= p->table.size / 4;
}

const struct lease *pool_bind(struct pool *p, const struct lease_client *c,
			      __be32 ip, const char *hostname,
			      uint64_t lease_ms, uint64_t now_ms)
{
	struct lease *l = lease_table_find(&p->table, c), before;

	if (!l && lease_table_is_untouched(&p->table, ip) &&
	    !pool_is_over_budget(p, c->port))
		l = lease_table_at(&p->table,
				   (unsigned)lease_table_slot(&p->table, ip));
	if (!l || l->ip != ip || l->state == LEASE_DECLINED)
		return NULL;
	if (is_too_late(p, l, c)) {
		/* Else it would be offered this again, in vain. */
		end_offer(p, l);
		return NULL;
	}
	before = *l;
	set_owner(p, l, c);
	l->known = true;
	lease_table_name(&p->table, l, hostname);
	if (before.state == LEASE_BOUND && is_another(&before, l))
		notify(p, &before, POOL_REPLACED);
	if (before.state != LEASE_BOUND)
		settle(l, c, now_ms);
	else if (now_ms - l->bound_ms >= POOL_GRACE_MS)
		lease_table_prove(&p->table, l);
	if (l->proven && c->port)
		l->port = c->port;
	pool_move(p, l, LEASE_BOUND, now_ms + lease_ms);
	l->renew_ms = now_ms + lease_ms / 2;
	l->seen_ms = now_ms;
	notify(p, l, POOL_BOUND);
	return l;
}

/* ---- what hosts say by ARP */

/* One message costs nothing; a device in use goes on speaking. */
static void hear_holder(struct pool *p, struct lease *l, uint64_t now_ms)
{
	l->holder_ms = l->seen_ms = now_ms;
	if (!l->first_ms)
		l->first_ms = now_ms;
	if (now_ms >= l->first_ms + POOL_GRACE_MS)
		lease_table_prove(&p->table, l);
}

const struct lease *pool_heard(struct pool *p, __be32 ip, const struct mac *mac,
			       uint64_t now_ms)
{
	struct lease *l = lease_of(p, ip);

	if (!l || l->state != LEASE_BOUND)
		return NULL;
	if (mac_eq(&l->mac, mac)) {
		hear_holder(p, l, now_ms);
	} else {
		l->other_ms = now_ms;
		l->other = *mac;
	}
	/* Behind some repeaters a device bears the repeater's address: that it
	 * is another's, alone, is no conflict. */
	if (!l->holder_ms || !l->other_ms ||
	    now_ms - l->holder_ms > POOL_CLAIM_MS ||
	    now_ms - l->other_ms > POOL_CLAIM_MS ||
	    (l->told_ms && now_ms - l->told_ms < POOL_DECLINE_MS))
		return NULL;
	l->told_ms = now_ms;
	return l;
}

/* Of an unproven one the port is counted, and stays. */
bool pool_lacks_port(const struct pool *p, __be32 ip, const struct mac *mac)
{
	const struct lease *l = lease_of(p, ip);

	return l && l->state == LEASE_BOUND && l->proven && !l->port &&
	       mac_eq(&l->mac, mac);
}

void pool_locate(struct pool *p, __be32 ip, uint32_t port)
{
	struct lease *l = lease_of(p, ip);

	if (l && l->state == LEASE_BOUND && l->proven)
		l->port = port;
}

bool pool_is_tight(const struct pool *p)
{
	return p->bound > p->table.size / 2;
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
	pool_drop_lease(p, l);
	l->asked_ms = 0;
	/* Behind one port so many addresses cannot be in use by strangers. */
	if (pool_is_over_budget(p, c->port))
		return true;
	l->port = c->port;
	set_aside(p, l, now_ms);
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
		pool_drop_lease(p, l);
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
	struct lease proven = *in;

	/* Who was remembered over a restart has earned it. */
	proven.proven = true;
	(void)adopt(p, &proven);
}

void pool_forget(struct pool *p, __be32 ip)
{
	int slot = lease_table_slot(&p->table, ip);

	if (slot >= 0 && p->table.slots[slot])
		pool_drop_lease(p, p->table.slots[slot]);
}

void pool_fill(const struct pool *p, struct dhcp_fill *out)
{
	const struct lease *l;
	unsigned i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < p->table.size; i++) {
		l = p->table.slots[i];
		out->size +=
			lease_table_slot(&p->table,
					 lease_table_addr(&p->table, i)) >= 0;
		if (!l)
			continue;
		out->bound += l->state == LEASE_BOUND;
		out->offered += l->state == LEASE_OFFERED;
		out->declined += l->state == LEASE_DECLINED;
		out->waiting += l->state == LEASE_FREE && l->known;
		out->fixed += l->is_static;
	}
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
