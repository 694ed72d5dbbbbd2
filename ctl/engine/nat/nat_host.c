/* nat_host.c - what each LAN address has, and what it must give up.
 * Called by nat_map.c and nat_session.c. Engine thread only.
 * Invariant: a host's lists hold exactly its sessions, longest idle last to
 * within NAT_LRU_MS, and one more all that are unasked; a host without sessions
 * and mappings is forgotten.
 *
 * What strangers open is bounded, for each host and for all, so that no flood
 * of theirs leaves too little for the inside. When the table is full all the
 * same, the host that has most gives; when there are too many hosts, one that
 * loses little. */
#include "nat_core.h"

#define UNASKED_PART 4	/* of a share, of the table: one in so many */
#define HOSTS_LOOKED 16 /* for who has most or least, each time */
/* Who has more sessions and mappings never ends for a new host; where there are
 * hosts, sessions and mappings as many as can be, the mean is less. */
#define HOST_LEAST 128

static uint64_t hash_of(const struct nat *n, const struct addr *addr)
{
	return hash_pair(&n->key, addr->q[0], addr->q[1]);
}

static uint32_t find(const struct nat *n, const struct addr *addr,
		     uint64_t hash)
{
	struct nat_seek seek = nat_hash_seek(&n->host_hash, hash);
	uint32_t i;

	while ((i = nat_seek_next(&seek)) &&
	       !addr_eq(&nat_host_at(n, i)->addr, addr))
		;
	return i;
}

uint32_t nat_host_lookup(const struct nat *n, const struct addr *addr)
{
	return find(n, addr, hash_of(n, addr));
}

/* ---- devices: who is known by a MAC address, as nat6.c writes it */

static bool is_device(const struct addr *addr)
{
	return addr->b[0] == 0xfe && addr->b[1] == 0x80;
}

static unsigned net_of(const struct nat *n, const struct addr *inside)
{
	return hash_bytes(&n->key, inside->q, sizeof(inside->q[0])) % NAT_NETS;
}

bool nat_host_admits(const struct nat *n, const struct addr *device,
		     const struct addr *inside)
{
	return n->devices[net_of(n, inside)] < NAT_DEVICES_MAX ||
	       find(n, device, hash_of(n, device));
}

static void count_device(struct nat *n, struct host *h,
			 const struct addr *inside)
{
	if (!is_device(&h->addr))
		return;
	h->net = (uint8_t)(net_of(n, inside) + 1);
	n->devices[h->net - 1]++;
}

/* ---- a host that ends for another's sake */

static bool has_fixed(const struct nat *n, const struct host *h)
{
	for (unsigned bits = 0; bits < GATE_BITS_PROTOS; bits++)
		for (uint32_t i = h->maps[bits].oldest; i;
		     i = n->map_links[i].newer)
			if (nat_map_at(n, i)->fixed)
				return true;
	return false;
}

static uint32_t idle_ms(const struct nat *n, const struct host *h)
{
	uint32_t idle = UINT32_MAX;

	for (unsigned list = 0; list < HOST_LISTS; list++) {
		uint32_t i = h->lists[list].newest;
		uint32_t ms =
			(uint32_t)n->now_ms - nat_session_at(n, i)->lru_ms;

		if (i && ms < idle)
			idle = ms;
	}
	return idle;
}

static uint32_t records_of(const struct host *h)
{
	return h->sessions + h->mappings;
}

static bool loses_less(const struct nat *n, const struct host *a,
		       const struct host *b)
{
	if (records_of(a) != records_of(b))
		return records_of(a) < records_of(b);
	return idle_ms(n, a) > idle_ms(n, b);
}

static struct host *find_least(struct nat *n)
{
	struct host *least = NULL;

	for (unsigned i = 0; i < HOSTS_LOOKED; i++) {
		struct host *h;

		n->looked = n->looked % n->hosts.bump + 1;
		h = nat_host_at(n, n->looked);
		if (!h->pinned && records_of(h) &&
		    records_of(h) <= HOST_LEAST && !has_fixed(n, h) &&
		    (!least || loses_less(n, h, least)))
			least = h;
	}
	return least;
}

/* With its last record the host goes, too. */
static void end_host(struct nat *n, struct host *h)
{
	n->counters.evicted += h->sessions;
	h->pinned = true;
	for (unsigned bits = 0; bits < GATE_BITS_PROTOS; bits++)
		while (h->maps[bits].oldest)
			nat_map_end(n, nat_map_at(n, h->maps[bits].oldest));
	for (unsigned list = 0; list < HOST_LISTS; list++)
		while (h->lists[list].oldest)
			nat_session_end(
				n, nat_session_at(n, h->lists[list].oldest));
	h->pinned = false;
	nat_host_put(n, (uint32_t)(h - nat_host_at(n, 0)));
}

static uint32_t take_record(struct nat *n)
{
	uint32_t i = slab_take(&n->hosts);
	struct host *least;

	if (i || n->adopting)
		return i;
	least = find_least(n);
	if (!least)
		return 0;
	end_host(n, least);
	return slab_take(&n->hosts);
}

/* ---- hosts */

uint32_t nat_host_get(struct nat *n, const struct addr *addr,
		      const struct addr *inside)
{
	uint64_t hash = hash_of(n, addr);
	uint32_t i = find(n, addr, hash);

	if (i)
		return i;
	i = take_record(n);
	if (!i)
		return 0;
	nat_host_at(n, i)->addr = *addr;
	count_device(n, nat_host_at(n, i), inside);
	nat_hash_add(&n->host_hash, hash, i);
	return i;
}

void nat_host_put(struct nat *n, uint32_t host)
{
	const struct host *h = nat_host_at(n, host);

	if (h->sessions || h->mappings || h->pinned)
		return;
	if (h->net)
		n->devices[h->net - 1]--;
	nat_hash_del(&n->host_hash, hash_of(n, &h->addr), host);
	slab_give(&n->hosts, host);
}

/* ---- its mappings, those that were looked at last as the newest */

void nat_host_map(struct nat *n, const struct mapping *m)
{
	struct map_queue *q = &nat_host_at(n, m->host)->maps[m->bits];
	uint32_t i = nat_map_number(n, m);

	n->map_links[i] = (struct map_links){ .older = q->newest };
	if (q->newest)
		n->map_links[q->newest].newer = i;
	else
		q->oldest = i;
	q->newest = i;
	q->n++;
	if (q->n > nat_host_at(n, n->most[m->bits])->maps[m->bits].n)
		n->most[m->bits] = m->host;
}

void nat_host_unmap(struct nat *n, const struct mapping *m)
{
	struct map_queue *q = &nat_host_at(n, m->host)->maps[m->bits];
	struct map_links l = n->map_links[nat_map_number(n, m)];

	if (l.newer)
		n->map_links[l.newer].older = l.older;
	else
		q->newest = l.older;
	if (l.older)
		n->map_links[l.older].newer = l.newer;
	else
		q->oldest = l.newer;
	q->n--;
}

struct host *nat_host_most(struct nat *n, enum gate_bits bits)
{
	for (unsigned i = 0; i < HOSTS_LOOKED; i++) {
		n->looked = n->looked % n->hosts.bump + 1;
		if (nat_host_at(n, n->looked)->maps[bits].n >
		    nat_host_at(n, n->most[bits])->maps[bits].n)
			n->most[bits] = n->looked;
	}
	return nat_host_at(n, n->most[bits]);
}

/* ---- who was idle longest */

static void recency_add(struct nat *n, struct nat_recency *r,
			enum nat_recency_of of, uint32_t i)
{
	struct session_links *l = nat_links_at(n, i);

	l->recency[of].newer = 0;
	l->recency[of].older = r->newest;
	if (r->newest)
		nat_links_at(n, r->newest)->recency[of].newer = i;
	else
		r->oldest = i;
	r->newest = i;
	r->n++;
}

static void recency_del(struct nat *n, struct nat_recency *r,
			enum nat_recency_of of, uint32_t i)
{
	uint32_t newer = nat_links_at(n, i)->recency[of].newer;
	uint32_t older = nat_links_at(n, i)->recency[of].older;

	if (newer)
		nat_links_at(n, newer)->recency[of].older = older;
	else
		r->newest = older;
	if (older)
		nat_links_at(n, older)->recency[of].newer = newer;
	else
		r->oldest = newer;
	r->n--;
}

static void list_add(struct nat *n, struct session *s, enum host_list list)
{
	uint32_t i = nat_session_number(n, s);
	struct host *h = nat_host_at(n, nat_links_at(n, i)->host);

	s->list = (uint8_t)(list & 1);
	s->lru_ms = (uint32_t)n->now_ms;
	recency_add(n, &h->lists[list], RECENCY_HOST, i);
	if (list == HOST_UNASKED)
		recency_add(n, &n->unasked, RECENCY_UNASKED, i);
}

static void list_del(struct nat *n, struct session *s)
{
	uint32_t i = nat_session_number(n, s);
	struct host *h = nat_host_at(n, nat_links_at(n, i)->host);

	recency_del(n, &h->lists[s->list], RECENCY_HOST, i);
	if (s->list == HOST_UNASKED)
		recency_del(n, &n->unasked, RECENCY_UNASKED, i);
}

void nat_host_link(struct nat *n, struct session *s, enum host_list list)
{
	uint32_t host = nat_links_at(n, nat_session_number(n, s))->host;
	struct host *h = nat_host_at(n, host);

	h->sessions++;
	if (h->sessions > nat_host_at(n, n->largest)->sessions)
		n->largest = host;
	list_add(n, s, list);
}

void nat_host_unlink(struct nat *n, struct session *s)
{
	list_del(n, s);
	nat_host_at(n, nat_links_at(n, nat_session_number(n, s))->host)
		->sessions--;
}

void nat_host_touch(struct nat *n, struct session *s, enum host_list list)
{
	if (list == s->list && (uint32_t)n->now_ms - s->lru_ms < NAT_LRU_MS)
		return;
	list_del(n, s);
	list_add(n, s, list);
}

/* ---- who gives way */

/* A session goes, and its mapping if it was the last there. false: nobody. */
static bool evict(struct nat *n, uint32_t i, const struct mapping *keep)
{
	struct session *s = nat_session_at(n, i);
	struct mapping *m;

	if (!i)
		return false;
	m = s->map ? nat_map_at(n, s->map) : NULL;
	nat_session_end(n, s);
	n->counters.evicted++;
	if (m && m != keep && !m->sessions && !m->fixed)
		nat_map_end(n, m);
	return true;
}

static uint32_t part_of(uint32_t all)
{
	return all / UNASKED_PART + (all % UNASKED_PART != 0);
}

/* A host that grows is seen at once in nat_host_link(); one that is the largest
 * since another shrank is found by and by. */
static const struct host *find_largest(struct nat *n)
{
	for (unsigned i = 0; i < HOSTS_LOOKED; i++) {
		n->looked = n->looked % n->hosts.bump + 1;
		if (nat_host_at(n, n->looked)->sessions >
		    nat_host_at(n, n->largest)->sessions)
			n->largest = n->looked;
	}
	return nat_host_at(n, n->largest);
}

static uint32_t sessions_max(const struct nat *n)
{
	uint32_t asked = n->conf->sessions_max;

	return asked && asked < n->sessions.max ? asked : n->sessions.max;
}

static void bound_unasked(struct nat *n, const struct host *h,
			  const struct mapping *keep)
{
	const struct nat_recency *own = &h->lists[HOST_UNASKED];

	while (own->n >= part_of(n->conf->host_sessions) &&
	       evict(n, own->oldest, keep))
		;
	if (n->unasked.n >= part_of(sessions_max(n)))
		evict(n, n->unasked.oldest, keep);
}

static bool share_has_room(struct nat *n, const struct host *h,
			   enum nat_dir dir, const struct mapping *keep)
{
	while (h->sessions >= n->conf->host_sessions) {
		uint32_t i = h->lists[HOST_UNASKED].oldest;

		if (!i && dir == DIR_OUT)
			i = h->lists[HOST_WANTED].oldest;
		if (!evict(n, i, keep))
			return false;
	}
	return true;
}

static bool table_has_room(struct nat *n, enum nat_dir dir,
			   const struct mapping *keep)
{
	uint32_t i = n->unasked.oldest;

	if (n->sessions.used < sessions_max(n))
		return true;
	if (!i && dir == DIR_OUT)
		i = find_largest(n)->lists[HOST_WANTED].oldest;
	return evict(n, i, keep);
}

bool nat_host_room(struct nat *n, uint32_t host, enum nat_dir dir,
		   const struct mapping *keep, enum gate_drop *why)
{
	struct host *h = nat_host_at(n, host);
	bool room;

	h->pinned = true; /* what goes may be the last it has */
	if (dir == DIR_IN)
		bound_unasked(n, h, keep);
	*why = DROP_HOST_LIMIT;
	room = share_has_room(n, h, dir, keep);
	if (room) {
		*why = DROP_TABLE_FULL;
		room = table_has_room(n, dir, keep);
	}
	h->pinned = false;
	return room;
}
