/* lease_table.c - the leases of one LAN, found by address, client and name.
 *
 * Called by pool.c alone. Control thread only.
 * Invariants: a lease is in 'ids' exactly while id.len is not 0, and in
 * 'names' exactly while it is BOUND and has a name; no id and no name is in
 * them twice. It is in 'offers' while OFFERED, in 'unproven' while BOUND or
 * DECLINED and not proven; its port and 'proven' change in neither. */
#include "lease_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/log.h"

#define NAMES_ALIKE 999 /* devices that may have one name, numbered */
#define HOSTS_MIN   3	/* host part of a /30: room for one client */

static const char *const state_names[] = { "free", "offered", "bound",
					   "declined" };

/* ---- making */

static int set_network(struct lease_table *t, const struct dhcp_conf *conf)
{
	uint32_t mask = ntohl(conf->mask), hosts = ~mask;

	/* A mask is ones, then zeros. */
	if (hosts & (hosts + 1) || hosts < HOSTS_MIN || !mask)
		return -EINVAL;
	t->own = ntohl(conf->addr);
	t->network = t->own & mask;
	t->broadcast = t->network | hosts;
	if (t->own == t->network || t->own == t->broadcast)
		return -EINVAL;
	t->size = hosts < LEASE_TABLE_MAX ? hosts + 1 : LEASE_TABLE_MAX;
	t->base = t->own & ~(t->size - 1);
	return 0;
}

static bool is_same_device(const struct dhcp_static *a,
			   const struct dhcp_static *b)
{
	if (a->id_len || b->id_len)
		return a->id_len == b->id_len &&
		       !memcmp(a->id, b->id, a->id_len);
	return mac_eq(&a->mac, &b->mac);
}

static bool is_given_twice(const struct lease_table *t,
			   const struct dhcp_static *s)
{
	unsigned i;

	for (i = 0; i < t->statics_n; i++) {
		if (is_same_device(&t->statics[i].is, s))
			return true;
	}
	return false;
}

static int add_static(struct lease_table *t, const struct dhcp_static *s)
{
	struct addr ip = addr_v4(s->ip);
	int slot = lease_table_slot(t, s->ip);
	char text[ADDR_STRLEN];
	struct lease *l;

	if (slot < 0 || t->slots[slot] || is_given_twice(t, s)) {
		log_warn("dhcp: static lease of %s: not a client's address in "
			 "this network, or given twice; ignored",
			 addr_format(&ip, text));
		return 0;
	}
	l = lease_table_at(t, (unsigned)slot);
	if (!l)
		return -ENOMEM;
	l->mac = s->mac;
	l->is_static = true;
	t->statics[t->statics_n++] =
		(struct lease_static){ .is = *s, .lease = l };
	return 0;
}

int lease_table_init(struct lease_table *t, const struct dhcp_conf *conf)
{
	unsigned i;
	int err;

	memset(t, 0, sizeof(*t));
	hash_key_random(&t->key);
	t->deadline_ms = UINT64_MAX;
	err = set_network(t, conf);
	if (err)
		return err;
	t->slots = calloc(t->size, sizeof(struct lease *));
	t->ids = calloc(t->size, sizeof(struct lease *));
	t->names = calloc(t->size, sizeof(struct lease *));
	t->statics = calloc(conf->statics_n + 1, sizeof(*t->statics));
	if (!t->slots || !t->ids || !t->names || !t->statics)
		err = -ENOMEM;
	for (i = 0; !err && i < conf->statics_n && i < DHCP_STATICS_MAX; i++)
		err = add_static(t, &conf->statics[i]);
	if (err)
		lease_table_fini(t);
	return err;
}

void lease_table_fini(struct lease_table *t)
{
	unsigned i;

	for (i = 0; t->slots && i < t->size; i++)
		free(t->slots[i]);
	free(t->slots);
	free(t->ids);
	free(t->names);
	free(t->statics);
	memset(t, 0, sizeof(*t));
}

/* ---- by address */

int lease_table_slot(const struct lease_table *t, __be32 ip)
{
	uint32_t addr = ntohl(ip);

	if (addr - t->base >= t->size || addr == t->own || addr == t->network ||
	    addr == t->broadcast)
		return -1;
	return (int)(addr - t->base);
}

__be32 lease_table_addr(const struct lease_table *t, unsigned slot)
{
	return htonl(t->base + slot);
}

bool lease_table_is_untouched(const struct lease_table *t, __be32 ip)
{
	int slot = lease_table_slot(t, ip);
	const struct lease *l;

	if (slot < 0)
		return false;
	l = t->slots[slot];
	return !l || (l->state == LEASE_FREE && !l->id.len && !l->is_static);
}

struct lease *lease_table_at(struct lease_table *t, unsigned slot)
{
	struct lease **at = &t->slots[slot];

	if (*at)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at)
		(*at)->ip = lease_table_addr(t, slot);
	return *at;
}

/* ---- by client */

static struct lease **id_bucket(const struct lease_table *t,
				const struct lease_id *id)
{
	return &t->ids[hash_bytes(&t->key, id->b, id->len) & (t->size - 1)];
}

struct lease *lease_table_find_id(const struct lease_table *t,
				  const struct lease_id *id)
{
	struct lease *l = *id_bucket(t, id);

	while (l && (l->id.len != id->len || memcmp(l->id.b, id->b, id->len)))
		l = l->id_next;
	return l;
}

static bool has_id(const struct dhcp_static *s, const struct lease_id *id)
{
	return s->id_len && s->id_len == id->len &&
	       !memcmp(s->id, id->b, id->len);
}

struct lease *lease_table_find_static(const struct lease_table *t,
				      const struct lease_client *c)
{
	struct lease *by_mac = NULL;
	unsigned i;

	for (i = 0; i < t->statics_n; i++) {
		const struct dhcp_static *s = &t->statics[i].is;

		if (has_id(s, &c->id))
			return t->statics[i].lease;
		if (!s->id_len && mac_eq(&s->mac, &c->mac))
			by_mac = t->statics[i].lease;
	}
	return by_mac;
}

struct lease *lease_table_find(const struct lease_table *t,
			       const struct lease_client *c)
{
	struct lease *l = lease_table_find_static(t, c);

	if (l)
		return l;
	l = lease_table_find_id(t, &c->id);
	return l && !l->is_static ? l : NULL;
}

void lease_table_own(struct lease_table *t, struct lease *l,
		     const struct lease_client *c)
{
	struct lease **at;

	if (l->id.len) {
		at = id_bucket(t, &l->id);
		while (*at != l)
			at = &(*at)->id_next;
		*at = l->id_next;
		l->id.len = 0;
	}
	if (!c)
		return;
	l->id = c->id;
	l->mac = c->mac;
	at = id_bucket(t, &l->id);
	l->id_next = *at;
	*at = l;
}

/* ---- by name */

static struct lease **name_bucket(const struct lease_table *t, const char *name)
{
	return &t->names[hash_bytes(&t->key, name, strlen(name)) &
			 (t->size - 1)];
}

static bool name_is_taken(const struct lease_table *t, const char *name)
{
	const struct lease *l = *name_bucket(t, name);

	while (l && strcmp(l->hostname, name))
		l = l->name_next;
	return l;
}

static void name_link(struct lease_table *t, struct lease *l)
{
	struct lease **at;

	if (!l->hostname[0])
		return;
	at = name_bucket(t, l->hostname);
	l->name_next = *at;
	*at = l;
}

static void name_unlink(struct lease_table *t, struct lease *l)
{
	struct lease **at;

	if (!l->hostname[0])
		return;
	at = name_bucket(t, l->hostname);
	while (*at != l)
		at = &(*at)->name_next;
	*at = l->name_next;
}

/* A device that was "tv-2" stays it while that is free, whatever has become of
 * the first "tv". */
static void choose_name(const struct lease_table *t, struct lease *l,
			const char *wish)
{
	char base[HOSTNAME_SIZE], name[HOSTNAME_SIZE];
	unsigned n;

	hostname_number(wish[0] ? wish : l->hostname, 1, base);
	if (hostname_is_of(l->hostname, base) && !name_is_taken(t, l->hostname))
		return;
	for (n = 1; n <= NAMES_ALIKE; n++) {
		hostname_number(base, n, name);
		if (name_is_taken(t, name))
			continue;
		memcpy(l->hostname, name, sizeof(name));
		return;
	}
	l->hostname[0] = '\0';
}

void lease_table_name(struct lease_table *t, struct lease *l, const char *wish)
{
	bool bound = l->state == LEASE_BOUND;

	if (!wish[0] && !l->hostname[0])
		return;
	if (bound)
		name_unlink(t, l);
	choose_name(t, l, wish);
	if (bound)
		name_link(t, l);
}

/* ---- queues */

static void queue_leave(struct lease_queue *q, struct lease *l)
{
	*(l->queue_prev ? &l->queue_prev->queue_next : &q->first) =
		l->queue_next;
	*(l->queue_next ? &l->queue_next->queue_prev : &q->last) =
		l->queue_prev;
	q->n--;
}

static void queue_join(struct lease_queue *q, struct lease *l)
{
	l->queue_prev = q->last;
	l->queue_next = NULL;
	*(q->last ? &q->last->queue_next : &q->first) = l;
	q->last = l;
	q->n++;
}

static unsigned *unproven_of(struct lease_table *t, uint32_t port)
{
	return &t->unproven_of[port % LEASE_TABLE_PORTS];
}

unsigned lease_table_unproven(const struct lease_table *t, uint32_t port)
{
	return t->unproven_of[port % LEASE_TABLE_PORTS];
}

static void leave_place(struct lease_table *t, struct lease *l)
{
	if (l->place == LEASE_IN_OFFERS)
		queue_leave(&t->offers, l);
	if (l->place == LEASE_IN_UNPROVEN) {
		queue_leave(&t->unproven, l);
		--*unproven_of(t, l->port);
	}
	l->place = LEASE_NOWHERE;
}

/* An offer that is repeated goes to the end, a lease that is renewed stays
 * where it is. */
static void find_place(struct lease_table *t, struct lease *l)
{
	bool unproven = !l->proven &&
			(l->state == LEASE_BOUND || l->state == LEASE_DECLINED);

	if (unproven && l->place == LEASE_IN_UNPROVEN)
		return;
	leave_place(t, l);
	if (l->state == LEASE_OFFERED) {
		queue_join(&t->offers, l);
		l->place = LEASE_IN_OFFERS;
	}
	if (!unproven)
		return;
	queue_join(&t->unproven, l);
	++*unproven_of(t, l->port);
	l->place = LEASE_IN_UNPROVEN;
}

void lease_table_prove(struct lease_table *t, struct lease *l)
{
	l->proven = true;
	find_place(t, l);
}

/* ---- state */

void lease_table_move(struct lease_table *t, struct lease *l,
		      enum lease_state to, uint64_t until_ms)
{
	struct addr ip = addr_v4(l->ip);
	char text[ADDR_STRLEN];

	if (l->state != to)
		log_debug("dhcp: %s: %s -> %s", addr_format(&ip, text),
			  state_names[l->state], state_names[to]);
	if (l->state == LEASE_BOUND && to != LEASE_BOUND)
		name_unlink(t, l);
	if (l->state != LEASE_BOUND && to == LEASE_BOUND)
		name_link(t, l);
	l->state = to;
	l->until_ms = until_ms;
	find_place(t, l);
	if (to != LEASE_FREE && until_ms < t->deadline_ms)
		t->deadline_ms = until_ms;
}
