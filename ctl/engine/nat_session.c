/* nat_session.c - one remote under a mapping, or one remote of a protocol
 * without ports.
 * Called by nat_flow.c, nat_icmp.c, nat_map.c and nat.c. Engine thread only.
 * Invariant: a live session is in the hash, in its mapping's list if it has
 * one, in its host's, and in the wheel no later than its deadline. */
#include "nat_core.h"

#include "../base/bytes.h"

struct session_key nat_key_mapped(const struct nat *n, const struct mapping *m,
				  const struct addr *remote, __be16 port)
{
	struct session_key key = { .remote = *remote, .remote_port = port };

	key.local.w[0] = nat_map_number(n, m);
	return key;
}

struct session_key nat_key_passed(uint8_t proto, const struct addr *remote)
{
	return (struct session_key){ .remote = *remote, .proto = proto };
}

static uint32_t *chain_of(const struct nat *n, const struct session_key *key)
{
	return &n->session_hash.buckets[hash_bytes(&n->key, key, sizeof(*key)) &
					n->session_hash.mask];
}

uint64_t nat_session_deadline(const struct nat *n, const struct session *s)
{
	const struct mapping *m = nat_map_at(n, s->map);

	if (!s->map || (m->bits == GATE_BITS_TCP && m->wanted) ||
	    s->deadline_ms < m->deadline_ms)
		return s->deadline_ms;
	return m->deadline_ms;
}

uint32_t nat_session_lookup(const struct nat *n, const struct session_key *key)
{
	uint32_t i = *chain_of(n, key);

	while (i && memcmp(&nat_session_at(n, i)->key, key, sizeof(*key)))
		i = nat_session_at(n, i)->next;
	return i;
}

struct session *nat_session_find(struct nat *n, const struct session_key *key)
{
	uint32_t i = nat_session_lookup(n, key);
	struct session *s = nat_session_at(n, i);

	if (!i)
		return NULL;
	if (nat_session_deadline(n, s) > n->now_ms)
		return s;
	nat_session_end(n, s);
	return NULL;
}

/* ---- begin and end */

static void map_link(struct nat *n, struct session *s, struct mapping *m)
{
	uint32_t i = nat_session_number(n, s);

	if (!m->sessions)
		nat_wheel_disarm(n, nat_map_number(n, m) | NAT_ID_MAP);
	s->map = nat_map_number(n, m);
	s->map_next = m->sessions;
	if (s->map_next)
		nat_session_at(n, s->map_next)->map_prev = i;
	m->sessions = i;
	m->wanted += s->list == HOST_WANTED;
}

static void map_unlink(struct nat *n, struct session *s)
{
	struct mapping *m = nat_map_at(n, s->map);

	if (s->map_next)
		nat_session_at(n, s->map_next)->map_prev = s->map_prev;
	if (s->map_prev)
		nat_session_at(n, s->map_prev)->map_next = s->map_next;
	else
		m->sessions = s->map_next;
	m->wanted -= s->list == HOST_WANTED;
	if (!m->sessions)
		nat_wheel_arm(n, s->map | NAT_ID_MAP, m->deadline_ms);
	else if (m->bits == GATE_BITS_TCP && s->list == HOST_WANTED &&
		 !m->wanted)
		m->deadline_ms = n->now_ms + n->conf->timers.tcp_transitory;
}

struct session *nat_session_open(struct nat *n, const struct session_key *key,
				 struct mapping *m, const struct addr *inside,
				 enum nat_dir dir, enum gate_drop *why)
{
	uint32_t host = m ? m->host : nat_host_get(n, inside);
	struct session *s;
	uint32_t i = 0, *chain;

	*why = DROP_TABLE_FULL;
	if (!host)
		return NULL;
	if (nat_host_room(n, host, dir, m, why))
		i = slab_take(&n->sessions);
	if (!i) {
		nat_host_put(n, host);
		return NULL;
	}
	chain = chain_of(n, key);
	s = nat_session_at(n, i);
	s->next = *chain;
	*chain = i;
	s->key = *key;
	s->live = true;
	s->serial = ++n->serial;
	s->host = host;
	s->created_ms = n->now_ms;
	s->last_ms = n->now_ms;
	s->inside = *inside;
	nat_host_link(n, s, dir == DIR_OUT ? HOST_WANTED : HOST_UNASKED);
	if (m)
		map_link(n, s, m);
	nat_wheel_arm(n, i, n->now_ms);
	return s;
}

void nat_session_end(struct nat *n, struct session *s)
{
	uint32_t i = nat_session_number(n, s), host = s->host;
	uint32_t *at = chain_of(n, &s->key);

	while (*at != i)
		at = &nat_session_at(n, *at)->next;
	*at = s->next;
	nat_wheel_disarm(n, i);
	if (s->map)
		map_unlink(n, s);
	nat_host_unlink(n, s);
	slab_give(&n->sessions, i);
	nat_host_put(n, host);
}

/* ---- use */

void nat_session_count(struct session *s, enum nat_dir dir, uint64_t packets,
		       uint64_t bytes)
{
	s->packets[dir] += packets;
	s->bytes[dir] += bytes;
}

static bool has_payload(const struct pkt *p)
{
	struct rd r = rd_init(p->data + p->l4, p->len - p->l4);
	uint32_t left = p->l3_len - (uint32_t)(p->l4 - p->l3);

	rd_skip(&r, 12);
	return left > (uint32_t)(rd_u8(&r) >> 4) * 4;
}

/* RFC 7857 2: which segments refresh, and which only shorten. */
static void touch_tcp(struct nat *n, struct session *s, enum nat_dir dir,
		      const struct pkt *p)
{
	bool fresh = !s->deadline_ms, refresh;
	uint8_t was = s->tcp.state;
	uint64_t due;

	if (fresh)
		s->tcp = tcp_open(dir, p->tcp_flags);
	refresh = tcp_step(&s->tcp, dir, p->tcp_flags, has_payload(p));
	due = n->now_ms + tcp_timeout_ms(&n->conf->timers, s->tcp.state);
	if (refresh || fresh || (s->tcp.state != was && due < s->deadline_ms))
		s->deadline_ms = due;
	if (fresh || s->tcp.state != was)
		nat_wheel_arm(n, nat_session_number(n, s),
			      nat_session_deadline(n, s));
}

static void touch_datagram(struct nat *n, struct session *s, enum nat_dir dir,
			   uint32_t timeout_ms)
{
	bool fresh = !s->deadline_ms;

	s->deadline_ms = n->now_ms + timeout_ms;
	if (s->map && dir == DIR_OUT)
		nat_map_at(n, s->map)->deadline_ms = s->deadline_ms;
	if (fresh)
		nat_wheel_arm(n, nat_session_number(n, s),
			      nat_session_deadline(n, s));
}

/* The inside takes part in it from now on, unless it refuses. */
static void want(struct nat *n, struct session *s, enum nat_dir dir,
		 const struct pkt *p)
{
	bool wants = dir == DIR_OUT && !(p->tcp_flags & TCP_RST);

	if (wants && s->list == HOST_UNASKED && s->map)
		nat_map_at(n, s->map)->wanted++;
	nat_host_touch(n, s, wants ? HOST_WANTED : s->list);
}

void nat_session_touch(struct nat *n, struct session *s, enum nat_dir dir,
		       const struct pkt *p)
{
	const struct nat_timers *timers = &n->conf->timers;

	nat_session_count(s, dir, 1, p->l3_len);
	want(n, s, dir, p);
	s->last_ms = n->now_ms;
	if (!s->map) {
		if (dir == DIR_OUT)
			touch_datagram(n, s, dir, timers->other);
		return;
	}
	nat_map_at(n, s->map)->last_ms = n->now_ms;
	switch (nat_map_at(n, s->map)->bits) {
	case GATE_BITS_TCP:
		touch_tcp(n, s, dir, p);
		break;
	case GATE_BITS_UDP:
		touch_datagram(n, s, dir, timers->udp);
		break;
	case GATE_BITS_ICMP:
		touch_datagram(n, s, dir, timers->icmp);
		break;
	}
}
