/* nat_adopt.c - what the last engine's file holds, into empty tables.
 * Called by nat.c at the start. Control thread.
 *
 * The file is as kill -9 left it, or as somebody wrote it: every record is
 * looked at as if it came from a stranger, and what does not fit is left out.
 * The oldest come first, so that lists by last use come out in order, and the
 * oldest are left out where tables have become smaller.
 * Invariant: the tables agree with each other, or nothing is taken. */
#include "nat_core.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

/* No timer is longer than that (setting.c). */
#define LIFE_MAX_MS (30ull * 86400 * 1000)

/* A record's number in the file, and when it was last of use. */
struct entry {
	uint64_t when_ms;
	uint32_t i;
};

struct move {
	struct nat *n;
	const struct nat_file *old;
	uint32_t *maps; /* number there -> number here; 0: left out */
	struct entry *entries;
	uint8_t epoch;
};

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->when_ms < y->when_ms ? -1 : x->when_ms > y->when_ms;
}

static bool is_inside(const struct addr *a)
{
	return addr_is_v4(a) && !addr_is_zero(a);
}

/* A deadline may be over, or not be set yet; the clock of a later boot would
 * show it too far away. */
static bool is_time(const struct nat *n, uint64_t last_ms, uint64_t deadline_ms)
{
	return last_ms <= n->now_ms && deadline_ms <= n->now_ms + LIFE_MAX_MS;
}

/* ---- mappings */

/* Only one that was forwarded shares its inside end with another. */
static bool is_twice(const struct nat *n, const struct mapping *m)
{
	uint64_t hash = nat_map_hash(n, m->bits, &m->inside, m->inside_port);
	uint32_t at =
		nat_map_lookup(n, m->bits, &m->inside, m->inside_port, hash);

	return at && !m->forwarded && !nat_map_at(n, at)->forwarded;
}

static bool is_mapping(const struct nat *n, const struct mapping *m)
{
	return m->live && m->bits < GATE_BITS_PROTOS && is_inside(&m->inside) &&
	       (m->outside_port || m->bits == GATE_BITS_ICMP) &&
	       (m->inside_port || m->bits == GATE_BITS_ICMP) &&
	       is_time(n, m->last_ms, m->deadline_ms) &&
	       n->mappings[m->bits] < n->mappings_max && !is_twice(n, m);
}

/* Its deadline may be over while sessions of it live: who has none is looked at
 * by the wheel. */
static uint32_t move_mapping(struct nat *n, const struct mapping *from)
{
	struct mapping *m;

	if (!is_mapping(n, from))
		return 0;
	m = nat_map_open_at(n, from->bits, &from->inside, from->inside_port,
			    from->outside_port);
	if (!m)
		return 0;
	m->deadline_ms = from->deadline_ms;
	m->last_ms = from->last_ms;
	nat_wheel_arm(n, nat_map_number(n, m) | NAT_ID_MAP, m->deadline_ms);
	m->forwarded = !!from->forwarded;
	if (from->fixed)
		nat_forward_fixed(n, m);
	return nat_map_number(n, m);
}

static unsigned list_mappings(struct move *v)
{
	unsigned count = 0;

	for (uint32_t i = 1; i <= v->old->head->mappings_bump; i++)
		if (v->old->mappings[i].live)
			v->entries[count++] =
				(struct entry){ v->old->mappings[i].last_ms,
						i };
	return count;
}

static void move_mappings(struct move *v)
{
	unsigned count = list_mappings(v);

	qsort(v->entries, count, sizeof(*v->entries), by_time);
	/* The latest first: of two that claim one port, it is right. */
	while (count--) {
		uint32_t i = v->entries[count].i;

		v->maps[i] = move_mapping(v->n, &v->old->mappings[i]);
	}
}

/* ---- sessions */

/* Under a mapping its local end is the mapping's; else it has none, or both
 * ends are IPv6. */
static bool has_place(const struct nat *n, const struct session *s,
		      uint32_t map)
{
	const struct mapping *m = nat_map_at(n, map);
	struct session_key key;

	if (map) {
		key = nat_key_mapped(m, &s->key.remote, s->key.remote_port);
		return !memcmp(&key, &s->key, sizeof(key)) &&
		       addr_eq(&s->owner, &m->inside);
	}
	if (s->map || addr_is_zero(&s->owner))
		return false;
	if (addr_is_v4(&s->key.remote))
		return addr_is_zero(&s->key.local) && is_inside(&s->owner) &&
		       nat_bits(s->key.proto) == GATE_BITS_PROTOS;
	return !addr_is_zero(&s->key.local) && !addr_is_v4(&s->key.local);
}

static bool is_session(const struct move *v, const struct session *s,
		       uint32_t map)
{
	const struct nat *n = v->n;

	return s->serial && s->tcp.state < TCP_STATES_N &&
	       (s->epoch == v->epoch || !addr_is_v4(&s->key.remote)) &&
	       !addr_is_zero(&s->key.remote) &&
	       is_time(n, s->last_ms, s->deadline_ms) &&
	       s->created_ms <= n->now_ms && has_place(n, s, map) &&
	       !nat_session_lookup(n, &s->key, nat_session_hash(n, &s->key));
}

/* Numbers of names mean something to processes of one line. */
static uint32_t label_of(const struct move *v, uint32_t i)
{
	const uint64_t line = v->old->head->names;

	return line && line == v->n->file.head->names ? v->old->labels[i] : 0;
}

static void move_session(struct move *v, uint32_t number)
{
	const struct session *from = &v->old->sessions[number];
	struct nat *n = v->n;
	uint32_t map = from->map <= v->old->head->mappings_bump
			       ? v->maps[from->map]
			       : 0;
	struct session *s;
	uint32_t host, i;

	if (!is_session(v, from, map))
		return;
	host = map ? nat_map_at(n, map)->host
		   : nat_host_get(n, &from->owner, &from->key.local);
	i = host ? slab_take(&n->sessions) : 0;
	if (!i) {
		if (host)
			nat_host_put(n, host);
		return;
	}
	s = nat_session_at(n, i);
	*s = *from;
	s->serial = 0;
	s->map = map;
	s->epoch = 0;
	nat_session_enrol(n, s, nat_session_hash(n, &s->key), host);
	nat_label_put(n, i, label_of(v, number));
	if (s->list == HOST_WANTED &&
	    nat_is_dns(s->key.proto, s->key.remote_port))
		nat_watch_at(n, i)->hellos = NAT_HELLOS;
	if (nat_session_deadline(n, s) <= n->now_ms)
		nat_session_end(n, s);
}

static unsigned list_sessions(struct move *v)
{
	unsigned count = 0;

	for (uint32_t i = 1; i <= v->old->head->sessions_bump; i++)
		if (v->old->sessions[i].serial)
			v->entries[count++] =
				(struct entry){ v->old->sessions[i].last_ms,
						i };
	return count;
}

static void move_sessions(struct move *v)
{
	unsigned count = list_sessions(v);
	unsigned max = v->n->sessions.max;

	qsort(v->entries, count, sizeof(*v->entries), by_time);
	for (unsigned i = count > max ? count - max : 0; i < count; i++)
		move_session(v, v->entries[i].i);
}

/* ---- the rest */

/* Ports at rest, the first to be free again first. */
static void move_holds(struct move *v)
{
	const struct port_hold *holds = v->old->holds;
	unsigned count = 0;

	for (uint32_t i = 0; i < GATE_BITS_PROTOS * PORTS_SPACE; i++)
		if (holds[i].until_ms > v->n->now_ms &&
		    holds[i].until_ms <= v->n->now_ms + LIFE_MAX_MS)
			v->entries[count++] =
				(struct entry){ holds[i].until_ms, i };
	qsort(v->entries, count, sizeof(*v->entries), by_time);
	for (unsigned j = 0; j < count; j++) {
		uint32_t i = v->entries[j].i;
		enum gate_bits bits = i / PORTS_SPACE;
		uint16_t port = (uint16_t)(i % PORTS_SPACE);

		if (ports_take_this(&v->n->ports, bits, port))
			ports_hold(&v->n->ports, bits, port, holds[i].host,
				   holds[i].until_ms);
	}
}

static int move_all(struct move *v)
{
	const struct nat_file_head *head = v->old->head;
	static const struct engine_conf conf = { .timers = NAT_TIMERS_DEFAULT };
	struct nat *n = v->n;

	n->conf = &conf; /* what is over ends by these */
	n->adopting = true;
	v->epoch = head->wan >> 32 & 1;
	n->wan_addr = (__be32)head->wan;
	n->file.head->wan = n->wan_addr;
	move_mappings(v);
	move_sessions(v);
	move_holds(v);
	n->adopting = false;
	n->conf = NULL;
	return nat_check(n) ? 0 : -EBADMSG;
}

int nat_adopt(struct nat *n, const struct nat_file *old, uint64_t now_ms)
{
	struct move v = { .n = n, .old = old };
	size_t most = old->head->sessions_bump;
	int rc = -ENOMEM;

	if (most < GATE_BITS_PROTOS * PORTS_SPACE)
		most = GATE_BITS_PROTOS * PORTS_SPACE;
	if (most < old->head->mappings_bump)
		most = old->head->mappings_bump;
	n->now_ms = now_ms;
	v.maps = calloc(old->head->mappings_bump + 1, sizeof(*v.maps));
	v.entries = malloc(most * sizeof(*v.entries));
	if (v.maps && v.entries)
		rc = move_all(&v);
	free(v.maps);
	free(v.entries);
	return rc;
}
