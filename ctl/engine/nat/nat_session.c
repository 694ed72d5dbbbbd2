/* nat_session.c - one remote under a mapping, one remote of a protocol without
 * ports, or both ends of an IPv6 flow.
 * Called by nat_flow.c, nat_icmp*.c, nat_map.c, nat_adopt.c and nat.c. Engine
 * thread only.
 * Invariant: a live session is in the hash, in its mapping's list if it has
 * one, in its host's, and in the wheel no later than its deadline. */
#include "nat_core.h"

#include <endian.h>
#include <netinet/in.h>

#include "../../base/bytes.h"

/* ---- keys */

/* 'rest' is read as one word at once: so it is written, since a load waits for
 * several stores that it takes its bytes from. */
struct session_key nat_key(const struct addr *remote, __be16 remote_port,
			   const struct addr *local, __be16 local_port,
			   uint8_t proto)
{
	return (struct session_key){
		.remote = *remote,
		.local = *local,
		.rest = htole64(le16toh(remote_port) |
				(uint64_t)le16toh(local_port) << 16 |
				(uint64_t)proto << 32),
	};
}

/* An identifier is the inside's own. */
struct session_key nat_key_out(const struct pkt *p)
{
	return nat_key(&p->dst, p->flags & PKT_ICMP_QUERY ? 0 : p->dport,
		       &p->src, p->sport, p->proto);
}

struct session_key nat_key_mapped(const struct mapping *m,
				  const struct addr *remote, __be16 port)
{
	static const uint8_t protos[GATE_BITS_PROTOS] = {
		[GATE_BITS_TCP] = IPPROTO_TCP,
		[GATE_BITS_UDP] = IPPROTO_UDP,
		[GATE_BITS_ICMP] = IPPROTO_ICMP,
	};

	return nat_key(remote, m->bits == GATE_BITS_ICMP ? 0 : port, &m->inside,
		       m->inside_port, protos[m->bits]);
}

struct session_key nat_key_passed(uint8_t proto, const struct addr *remote)
{
	static const struct addr none;

	return nat_key(remote, 0, &none, 0, proto);
}

uint64_t nat_session_hash(const struct nat *n, const struct session_key *key)
{
	if (addr_is_v4(&key->remote) && addr_is_v4(&key->local))
		return hash_pair(&n->key,
				 (uint64_t)key->remote.w[3] << 32 |
					 key->local.w[3],
				 key->rest);
	return hash_bytes(&n->key, key, sizeof(*key));
}

const struct addr *nat_session_inside(const struct session *s)
{
	return addr_is_zero(&s->key.local) ? &s->owner : &s->key.local;
}

/* ---- to be found */

bool nat_session_is_stale(const struct nat *n, const struct session *s)
{
	return s->epoch != n->epoch && addr_is_v4(&s->key.remote);
}

uint64_t nat_session_deadline(const struct nat *n, const struct session *s)
{
	const struct mapping *m = nat_map_at(n, s->map);

	if (nat_session_is_stale(n, s))
		return 0;
	if (!s->map || m->fixed || (m->bits == GATE_BITS_TCP && m->wanted) ||
	    s->deadline_ms < m->deadline_ms)
		return s->deadline_ms;
	return m->deadline_ms;
}

static bool key_eq(const struct session_key *a, const struct session_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

uint32_t nat_session_lookup(const struct nat *n, const struct session_key *key,
			    uint64_t hash)
{
	struct nat_seek seek = nat_hash_seek(&n->session_hash, hash);
	uint32_t i;

	while ((i = nat_seek_next(&seek)) &&
	       !key_eq(&nat_session_at(n, i)->key, key))
		;
	return i;
}

struct session *nat_session_find(struct nat *n, const struct session_key *key,
				 uint64_t hash)
{
	uint32_t i = nat_session_lookup(n, key, hash);
	struct session *s = nat_session_at(n, i);

	if (!i)
		return NULL;
	if (nat_session_deadline(n, s) > n->now_ms)
		return s;
	if (nat_session_is_stale(n, s))
		nat_session_end_stale(n, s);
	else
		nat_session_end(n, s);
	return NULL;
}

/* ---- begin and end */

static void map_link(struct nat *n, struct session *s, struct mapping *m)
{
	uint32_t i = nat_session_number(n, s);
	struct session_links *l = nat_links_at(n, i);

	if (!m->sessions)
		nat_wheel_disarm(n, nat_map_number(n, m) | NAT_ID_MAP);
	l->map_next = m->sessions;
	if (l->map_next)
		nat_links_at(n, l->map_next)->map_prev = i;
	m->sessions = i;
	m->wanted += s->list == HOST_WANTED;
}

static void map_unlink(struct nat *n, struct session *s)
{
	const struct session_links *l =
		nat_links_at(n, nat_session_number(n, s));
	struct mapping *m = nat_map_at(n, s->map);

	if (l->map_next)
		nat_links_at(n, l->map_next)->map_prev = l->map_prev;
	if (l->map_prev)
		nat_links_at(n, l->map_prev)->map_next = l->map_next;
	else
		m->sessions = l->map_next;
	m->wanted -= s->list == HOST_WANTED;
	if (!m->sessions && !m->fixed)
		nat_wheel_arm(n, s->map | NAT_ID_MAP, m->deadline_ms);
	else if (m->bits == GATE_BITS_TCP && s->list == HOST_WANTED &&
		 !m->wanted)
		m->deadline_ms = n->now_ms + n->conf->timers.tcp_transitory;
}

void nat_session_enrol(struct nat *n, struct session *s, uint64_t hash,
		       uint32_t host)
{
	uint32_t i = nat_session_number(n, s);

	*nat_links_at(n, i) = (struct session_links){ .host = host };
	n->file.labels[i] = 0;
	nat_hash_add(&n->session_hash, hash, i);
	nat_host_link(n, s, s->list);
	if (s->map)
		map_link(n, s, nat_map_at(n, s->map));
	nat_wheel_arm(n, i, nat_session_deadline(n, s));
	__atomic_store_n(&s->serial, ++n->serial ? n->serial : ++n->serial,
			 __ATOMIC_RELEASE);
	n->file.head->sessions_bump = n->sessions.bump;
}

struct session *nat_session_open(struct nat *n, const struct session_key *key,
				 uint64_t hash, struct mapping *m,
				 const struct addr *owner, enum nat_dir dir,
				 enum gate_drop *why)
{
	uint32_t host = m ? m->host : nat_host_get(n, owner, &key->local);
	struct session *s;
	uint32_t i = 0;

	*why = DROP_TABLE_FULL;
	if (!host)
		return NULL;
	if (nat_host_room(n, host, dir, m, why))
		i = slab_take(&n->sessions);
	if (!i) {
		nat_host_put(n, host);
		return NULL;
	}
	s = nat_session_at(n, i);
	s->key = *key;
	s->map = m ? nat_map_number(n, m) : 0;
	s->owner = *owner;
	s->list = dir == DIR_OUT ? HOST_WANTED : HOST_UNASKED;
	s->epoch = n->epoch & 1;
	s->created_ms = n->now_ms;
	s->last_ms = n->now_ms;
	nat_session_enrol(n, s, hash, host);
	return s;
}

void nat_session_end(struct nat *n, struct session *s)
{
	uint32_t i = nat_session_number(n, s);
	uint32_t host = nat_links_at(n, i)->host;

	nat_watch_end(n, s);
	__atomic_store_n(&s->serial, 0, __ATOMIC_RELEASE);
	nat_hash_del(&n->session_hash, nat_session_hash(n, &s->key), i);
	nat_wheel_disarm(n, i);
	if (s->map)
		map_unlink(n, s);
	nat_host_unlink(n, s);
	slab_give(&n->sessions, i);
	nat_host_put(n, host);
}

/* nat.md 31: the port stays its host's for as long as it takes to connect
 * anew. */
void nat_session_end_stale(struct nat *n, struct session *s)
{
	struct mapping *m = nat_map_at(n, s->map);

	if (s->map && m->bits == GATE_BITS_TCP)
		m->deadline_ms = n->now_ms + n->conf->timers.tcp_transitory;
	nat_session_end(n, s);
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

/* RFC 4787 REQ-6: what the outside sends keeps nothing open. Under a mapping
 * the mapping's own time sees to that. */
static void touch_datagram(struct nat *n, struct session *s, enum nat_dir dir,
			   uint32_t timeout_ms)
{
	bool fresh = !s->deadline_ms;

	if (!s->map && dir == DIR_IN && !fresh)
		return;
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
		       struct pkt *p)
{
	const struct nat_timers *timers = &n->conf->timers;

	nat_notice(n, s, dir, !s->deadline_ms, p);
	nat_session_count(s, dir, 1, p->l3_len);
	want(n, s, dir, p);
	s->last_ms = n->now_ms;
	if (s->map)
		nat_map_at(n, s->map)->last_ms = n->now_ms;
	switch (s->key.proto) {
	case IPPROTO_TCP:
		touch_tcp(n, s, dir, p);
		break;
	case IPPROTO_UDP:
		touch_datagram(n, s, dir, timers->udp);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		touch_datagram(n, s, dir, timers->icmp);
		break;
	default:
		touch_datagram(n, s, dir, timers->other);
		break;
	}
	nat_watch(n, s, dir, p);
}

static void later(uint64_t *at_ms, uint64_t ms)
{
	if (*at_ms < ms)
		*at_ms = ms;
}

static uint32_t carried_timeout_ms(const struct nat *n, const struct session *s)
{
	const struct nat_timers *timers = &n->conf->timers;

	if (s->key.proto == IPPROTO_TCP)
		return tcp_timeout_ms(timers, s->tcp.state);
	return s->key.proto == IPPROTO_UDP ? timers->udp : timers->icmp;
}

void nat_session_carried(struct nat *n, struct session *s, enum nat_dir dir,
			 uint64_t seen_ms)
{
	struct mapping *m = s->map ? nat_map_at(n, s->map) : NULL;
	bool tcp = s->key.proto == IPPROTO_TCP;
	uint64_t due = seen_ms + carried_timeout_ms(n, s);

	later(&s->last_ms, seen_ms);
	if (m)
		later(&m->last_ms, seen_ms);
	if (tcp || m || dir == DIR_OUT)
		later(&s->deadline_ms, due);
	if (m && !tcp && dir == DIR_OUT)
		later(&m->deadline_ms, due);
	nat_host_touch(n, s, s->list);
}
