/* nat_map.c - endpoint-independent mappings (RFC 4787 REQ-1, RFC 5382 REQ-1).
 * Called by nat_flow.c, nat_icmp.c, nat_host.c and nat.c. Engine thread only.
 * Invariant: a live mapping is found by its inside end, by its outside port,
 * and in 'claimed'; its port is taken in 'ports'. */
#include "nat_core.h"

#include <netinet/in.h>

#define MAPS_LOOKED 16 /* for one that is idle, when a port is needed */
#define MAP_ENDED   64 /* who has more sessions does not end for another */

uint64_t nat_map_hash(const struct nat *n, enum gate_bits bits,
		      const struct addr *addr, __be16 port)
{
	return hash_pair(&n->key, addr_to_v4(addr),
			 (uint64_t)bits << 16 | port);
}

static uint64_t hash_of_map(const struct nat *n, const struct mapping *m)
{
	return nat_map_hash(n, m->bits, &m->inside, m->inside_port);
}

static uint32_t *outside_at(const struct nat *n, enum gate_bits bits,
			    __be16 port)
{
	return &n->outside[bits * PORTS_SPACE + ntohs(port)];
}

void nat_map_claim(const struct nat *n, const struct mapping *m, bool on)
{
	uint16_t port = ntohs(m->outside_port);
	uint64_t *word = &n->claimed[gate_bits_word(m->bits, port)];

	/* The only writer; the gate reads on other cores. */
	__atomic_store_n(word,
			 on ? *word | gate_bits_mask(port)
			    : *word & ~gate_bits_mask(port),
			 __ATOMIC_RELAXED);
}

/* A TCP mapping lives as long as the inside takes part in a session of it, the
 * others by their own clock. */
static bool is_over(const struct nat *n, const struct mapping *m)
{
	if (m->fixed || (m->bits == GATE_BITS_TCP && m->wanted))
		return false;
	return m->deadline_ms <= n->now_ms;
}

static struct mapping *alive(struct nat *n, uint32_t i)
{
	struct mapping *m = nat_map_at(n, i);

	if (!i)
		return NULL;
	if (!is_over(n, m))
		return m;
	nat_map_end(n, m);
	return NULL;
}

/* Which one serves where several share an inside end. */
static unsigned rank(const struct mapping *m)
{
	return m->fixed * 2u + m->forwarded;
}

uint32_t nat_map_lookup(const struct nat *n, enum gate_bits bits,
			const struct addr *addr, __be16 port, uint64_t hash)
{
	struct nat_seek seek = nat_hash_seek(&n->map_hash, hash);
	uint32_t i, found = 0;

	while ((i = nat_seek_next(&seek))) {
		const struct mapping *m = nat_map_at(n, i);

		if (m->inside_port != port || m->bits != bits ||
		    !addr_eq(&m->inside, addr))
			continue;
		if (!found || rank(m) > rank(nat_map_at(n, found)))
			found = i;
	}
	return found;
}

struct mapping *nat_map_inside(struct nat *n, enum gate_bits bits,
			       const struct addr *addr, __be16 port,
			       uint64_t hash)
{
	return alive(n, nat_map_lookup(n, bits, addr, port, hash));
}

struct mapping *nat_map_outside(struct nat *n, enum gate_bits bits, __be16 port)
{
	return alive(n, *outside_at(n, bits, port));
}

static void take_port(struct nat *n, struct mapping *m, uint16_t port)
{
	m->outside_port = htons(port);
	n->ports_moved++;
	*outside_at(n, m->bits, m->outside_port) = nat_map_number(n, m);
	nat_map_claim(n, m, true);
}

static void leave_port(struct nat *n, struct mapping *m)
{
	nat_map_claim(n, m, false);
	*outside_at(n, m->bits, m->outside_port) = 0;
}

/* ---- who gives way */

static bool may_go(const struct nat *n, const struct mapping *m, uint16_t want)
{
	unsigned seen = 0;

	if (m->fixed ||
	    (want >= PORTS_LOW_END && ntohs(m->outside_port) < PORTS_LOW_END))
		return false;
	for (uint32_t i = m->sessions; i; i = nat_links_at(n, i)->map_next)
		if (++seen > MAP_ENDED)
			return false;
	return true;
}

/* The longest idle of the first few; the others are looked at again when all
 * have been. */
static struct mapping *find_idle(struct nat *n, const struct map_queue *q,
				 uint16_t want)
{
	uint32_t left = q->n < MAPS_LOOKED ? q->n : MAPS_LOOKED;
	struct mapping *idle = NULL;

	for (; left; left--) {
		struct mapping *m = nat_map_at(n, q->oldest);

		nat_host_unmap(n, m);
		nat_host_map(n, m);
		if (may_go(n, m, want) && (!idle || m->last_ms < idle->last_ms))
			idle = m;
	}
	return idle;
}

static uint32_t mappings_max(const struct nat *n)
{
	uint32_t asked = n->conf->mappings_max;

	return asked && asked < n->mappings_max ? asked : n->mappings_max;
}

/* Only for one that has no more even then: two never rob each other in turns.
 * Nor where it would not help, since the owner allows fewer than there are. */
static bool make_way(struct nat *n, enum gate_bits bits, uint32_t host,
		     uint16_t want)
{
	const struct map_queue *most = &nat_host_most(n, bits)->maps[bits];
	struct mapping *m;

	if (most->n <= nat_host_at(n, host)->maps[bits].n + 1 ||
	    n->mappings[bits] > mappings_max(n))
		return false;
	m = find_idle(n, most, want);
	if (!m)
		return false;
	nat_map_end(n, m);
	n->counters.evicted++;
	return true;
}

/* ---- begin and end */

/* A port and a record, or neither. */
static uint32_t try_reserve(struct nat *n, enum gate_bits bits, uint32_t host,
			    uint16_t want, int *port, enum gate_drop *why)
{
	uint32_t i;

	*why = DROP_TABLE_FULL;
	if (n->mappings[bits] >= mappings_max(n))
		return 0;
	*why = DROP_NO_PORT;
	*port = ports_take(&n->ports, bits, want,
			   addr_to_v4(&nat_host_at(n, host)->addr));
	if (*port < 0)
		return 0;
	*why = DROP_TABLE_FULL;
	i = slab_take(&n->maps);
	if (!i)
		ports_give(&n->ports, bits, (uint16_t)*port);
	return i;
}

static uint32_t reserve(struct nat *n, enum gate_bits bits, uint32_t host,
			uint16_t want, int *port, enum gate_drop *why)
{
	uint32_t i = try_reserve(n, bits, host, want, port, why);

	if (!i && make_way(n, bits, host, want))
		i = try_reserve(n, bits, host, want, port, why);
	return i;
}

void nat_map_enrol(struct nat *n, struct mapping *m, uint32_t host,
		   uint64_t hash)
{
	uint32_t i = nat_map_number(n, m);

	m->host = (uint16_t)host;
	nat_hash_add(&n->map_hash, hash, i);
	n->mappings[m->bits]++;
	nat_host_at(n, host)->mappings++;
	nat_host_map(n, m);
	take_port(n, m, ntohs(m->outside_port));
	__atomic_store_n(&m->live, true, __ATOMIC_RELEASE);
	n->file.head->mappings_bump = n->maps.bump;
}

struct mapping *nat_map_open(struct nat *n, enum gate_bits bits,
			     const struct addr *addr, __be16 port,
			     uint64_t hash, enum gate_drop *why)
{
	uint32_t host = nat_host_get(n, addr, addr);
	struct mapping *m;
	int outside = 0;
	uint32_t i;

	*why = DROP_TABLE_FULL;
	if (!host)
		return NULL;
	i = reserve(n, bits, host, ntohs(port), &outside, why);
	if (!i) {
		nat_host_put(n, host);
		return NULL;
	}
	m = nat_map_at(n, i);
	m->bits = bits;
	m->inside = *addr;
	m->inside_port = port;
	m->outside_port = htons((uint16_t)outside);
	m->last_ms = n->now_ms;
	nat_map_enrol(n, m, host, hash);
	return m;
}

struct mapping *nat_map_open_at(struct nat *n, enum gate_bits bits,
				const struct addr *addr, __be16 port,
				__be16 outside)
{
	struct mapping *m;
	uint32_t host, i;

	if (!ports_take_this(&n->ports, bits, ntohs(outside)))
		return NULL;
	host = nat_host_get(n, addr, addr);
	i = host ? slab_take(&n->maps) : 0;
	if (!i) {
		ports_give(&n->ports, bits, ntohs(outside));
		if (host)
			nat_host_put(n, host);
		return NULL;
	}
	m = nat_map_at(n, i);
	m->bits = bits;
	m->inside = *addr;
	m->inside_port = port;
	m->outside_port = outside;
	m->last_ms = n->now_ms;
	nat_map_enrol(n, m, host, hash_of_map(n, m));
	return m;
}

static void end_sessions(struct nat *n, struct mapping *m)
{
	while (m->sessions)
		nat_session_end(n, nat_session_at(n, m->sessions));
}

void nat_map_end(struct nat *n, struct mapping *m)
{
	uint32_t i = nat_map_number(n, m), host = m->host;

	__atomic_store_n(&m->live, false, __ATOMIC_RELEASE);
	end_sessions(n, m);
	nat_wheel_disarm(n, i | NAT_ID_MAP);
	nat_hash_del(&n->map_hash, hash_of_map(n, m), i);
	leave_port(n, m);
	ports_hold(&n->ports, m->bits, ntohs(m->outside_port),
		   addr_to_v4(&m->inside),
		   n->now_ms + n->conf->timers.hold_down);
	n->mappings[m->bits]--;
	nat_host_at(n, host)->mappings--;
	nat_host_unmap(n, m);
	slab_give(&n->maps, i);
	nat_host_put(n, host);
}

void nat_map_reset(struct nat *n, struct mapping *m)
{
	if (m->bits == GATE_BITS_TCP)
		m->deadline_ms = n->now_ms + n->conf->timers.tcp_transitory;
	end_sessions(n, m);
}

void nat_map_move(struct nat *n, struct mapping *m)
{
	enum gate_bits bits = m->bits;
	uint16_t old = ntohs(m->outside_port);
	int port = ports_take(&n->ports, bits, old, addr_to_v4(&m->inside));

	if (port < 0) {
		nat_map_end(n, m);
		return;
	}
	nat_map_reset(n, m);
	leave_port(n, m);
	ports_give(&n->ports, bits, old);
	take_port(n, m, (uint16_t)port);
	n->counters.moved++;
}
