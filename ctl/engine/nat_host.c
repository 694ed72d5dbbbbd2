/* nat_host.c - what each LAN address has, and what it must give up.
 * Called by nat_map.c and nat_session.c. Engine thread only.
 * Invariant: a host's lists hold exactly its sessions, longest idle last to
 * within NAT_LRU_MS; a host without sessions and mappings is forgotten. */
#include "nat_core.h"

static uint32_t *chain_of(struct nat *n, const struct addr *addr)
{
	return &n->host_hash.buckets[hash_bytes(&n->key, addr, sizeof(*addr)) &
				     n->host_hash.mask];
}

uint32_t nat_host_get(struct nat *n, const struct addr *addr)
{
	uint32_t *chain = chain_of(n, addr);
	uint32_t i = *chain;
	struct host *h;

	while (i && !addr_eq(&nat_host_at(n, i)->addr, addr))
		i = nat_host_at(n, i)->next;
	if (i)
		return i;
	i = slab_take(&n->hosts);
	if (!i)
		return 0;
	h = nat_host_at(n, i);
	h->addr = *addr;
	h->next = *chain;
	*chain = i;
	return i;
}

void nat_host_put(struct nat *n, uint32_t host)
{
	struct host *h = nat_host_at(n, host);
	uint32_t *at;

	if (h->sessions || h->mappings || h->pinned)
		return;
	at = chain_of(n, &h->addr);
	while (*at != host)
		at = &nat_host_at(n, *at)->next;
	*at = h->next;
	slab_give(&n->hosts, host);
}

static void list_add(struct nat *n, struct session *s, enum host_list list)
{
	struct host *h = nat_host_at(n, s->host);
	uint32_t i = nat_session_number(n, s);

	s->list = list;
	s->lru_ms = n->now_ms;
	s->newer = 0;
	s->older = h->lists[list].newest;
	if (s->older)
		nat_session_at(n, s->older)->newer = i;
	else
		h->lists[list].oldest = i;
	h->lists[list].newest = i;
}

static void list_del(struct nat *n, struct session *s)
{
	struct host *h = nat_host_at(n, s->host);

	if (s->newer)
		nat_session_at(n, s->newer)->older = s->older;
	else
		h->lists[s->list].newest = s->older;
	if (s->older)
		nat_session_at(n, s->older)->newer = s->newer;
	else
		h->lists[s->list].oldest = s->newer;
}

void nat_host_link(struct nat *n, struct session *s, enum host_list list)
{
	nat_host_at(n, s->host)->sessions++;
	list_add(n, s, list);
}

void nat_host_unlink(struct nat *n, struct session *s)
{
	list_del(n, s);
	nat_host_at(n, s->host)->sessions--;
}

void nat_host_touch(struct nat *n, struct session *s, enum nat_dir dir)
{
	enum host_list list = dir == DIR_OUT ? HOST_WANTED : s->list;

	if (list == s->list && n->now_ms - s->lru_ms < NAT_LRU_MS)
		return;
	list_del(n, s);
	list_add(n, s, list);
}

/* The longest idle session goes, and its mapping if it was the last there. */
static bool evict(struct nat *n, struct host *h, enum nat_dir dir,
		  const struct mapping *keep)
{
	uint32_t i = h->lists[HOST_UNASKED].oldest;
	struct session *s;
	struct mapping *m;

	if (!i && dir == DIR_OUT)
		i = h->lists[HOST_WANTED].oldest;
	if (!i)
		return false;
	s = nat_session_at(n, i);
	m = s->map ? nat_map_at(n, s->map) : NULL;
	nat_session_end(n, s);
	n->counters.evicted++;
	if (m && m != keep && !m->sessions)
		nat_map_end(n, m);
	return true;
}

bool nat_host_room(struct nat *n, uint32_t host, enum nat_dir dir,
		   const struct mapping *keep)
{
	struct host *h = nat_host_at(n, host);
	bool room;

	h->pinned = true; /* what goes may be the last it has */
	do
		room = h->sessions < n->conf->host_sessions;
	while (!room && evict(n, h, dir, keep));
	h->pinned = false;
	return room;
}
