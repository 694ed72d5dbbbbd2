/* nat_check.c - do the tables agree with each other?
 * Called by the unit tests and the fuzzer. Walks everything that was ever used,
 * changes nothing and says what is broken. */
#include "nat_core.h"

#include <netinet/in.h>

#include "../../base/log.h"

static bool require(bool holds, const char *what, uint32_t number)
{
	if (!holds)
		log_err("nat: broken: %s, number %u", what, number);
	return holds;
}

static bool has_bit(const uint64_t *words, enum gate_bits bits, uint16_t port)
{
	return words[gate_bits_word(bits, port)] & gate_bits_mask(port);
}

/* The mapping's own list of sessions, forwards and backwards. */
static bool check_sessions_of(const struct nat *n, uint32_t number)
{
	const struct mapping *m = nat_map_at(n, number);
	uint32_t prev = 0, seen = 0, wanted = 0;

	for (uint32_t i = m->sessions; i;) {
		const struct session *s = nat_session_at(n, i);

		if (!require(s->serial && s->map == number &&
				     nat_links_at(n, i)->map_prev == prev &&
				     ++seen <= n->sessions.used,
			     "mapping's sessions", number))
			return false;
		wanted += s->list == HOST_WANTED;
		prev = i;
		i = nat_links_at(n, i)->map_next;
	}
	return require(wanted == m->wanted, "mapping's wanted sessions",
		       number);
}

/* By its inside end, unless one with the same end goes before it: forwards may
 * share theirs. */
static bool is_found(const struct nat *n, uint32_t i)
{
	const struct mapping *m = nat_map_at(n, i);
	uint64_t hash = nat_map_hash(n, m->bits, &m->inside, m->inside_port);
	uint32_t at =
		nat_map_lookup(n, m->bits, &m->inside, m->inside_port, hash);

	return at == i ||
	       (at && (m->forwarded || nat_map_at(n, at)->forwarded));
}

static bool check_mapping(const struct nat *n, uint32_t i)
{
	const struct mapping *m = nat_map_at(n, i);
	uint16_t port = ntohs(m->outside_port);
	bool waits = m->timer.slot;

	return require(n->outside[m->bits * PORTS_SPACE + port] == i,
		       "mapping's outside port", i) &&
	       require(has_bit(n->claimed, m->bits, port), "mapping's claim",
		       i) &&
	       require(is_found(n, i), "mapping's inside end", i) &&
	       require(nat_host_at(n, m->host)->mappings &&
			       addr_eq(&nat_host_at(n, m->host)->addr,
				       &m->inside),
		       "mapping's host", i) &&
	       require(waits == (!m->sessions && !m->fixed), "mapping's timer",
		       i) &&
	       check_sessions_of(n, i);
}

static bool check_session(const struct nat *n, uint32_t i)
{
	const struct session *s = nat_session_at(n, i);

	return require(nat_session_lookup(n, &s->key,
					  nat_session_hash(n, &s->key)) == i,
		       "session's key", i) &&
	       require(nat_links_at(n, i)->timer.slot, "session's timer", i) &&
	       require(!s->map || nat_map_at(n, s->map)->live,
		       "session's mapping", i) &&
	       require(addr_eq(&nat_host_at(n, nat_links_at(n, i)->host)->addr,
			       &s->owner),
		       "session's host", i);
}

/* Its mappings, by protocol, from the newest. */
static bool check_queues(const struct nat *n, uint32_t i)
{
	const struct host *h = nat_host_at(n, i);
	uint32_t all = 0;

	for (unsigned bits = 0; bits < GATE_BITS_PROTOS; bits++) {
		uint32_t newer = 0, seen = 0;

		for (uint32_t at = h->maps[bits].newest; at;) {
			const struct mapping *m = nat_map_at(n, at);

			if (!require(m->live && m->host == i &&
					     m->bits == bits &&
					     n->map_links[at].newer == newer &&
					     ++seen <= h->maps[bits].n,
				     "host's mappings", i))
				return false;
			newer = at;
			at = n->map_links[at].older;
		}
		if (!require(h->maps[bits].oldest == newer &&
				     h->maps[bits].n == seen,
			     "host's oldest mapping", i))
			return false;
		all += seen;
	}
	return require(all == h->mappings, "host's count of mappings", i);
}

static bool check_host(const struct nat *n, uint32_t i, uint32_t *sessions,
		       uint32_t *mappings)
{
	const struct host *h = nat_host_at(n, i);
	uint32_t seen = 0;

	for (unsigned list = 0; list < HOST_LISTS; list++) {
		uint32_t newer = 0, before = seen;

		for (uint32_t at = h->lists[list].newest; at;) {
			const struct session *s = nat_session_at(n, at);
			const struct session_links *l = nat_links_at(n, at);

			if (!require(s->serial && l->host == i &&
					     s->list == list &&
					     l->recency[RECENCY_HOST].newer ==
						     newer &&
					     ++seen <= h->sessions,
				     "host's sessions", i))
				return false;
			newer = at;
			at = l->recency[RECENCY_HOST].older;
		}
		if (!require(h->lists[list].oldest == newer &&
				     h->lists[list].n == seen - before,
			     "host's oldest", i))
			return false;
	}
	*sessions += seen;
	*mappings += h->mappings;
	return require(seen == h->sessions && !h->pinned, "host's count", i) &&
	       check_queues(n, i);
}

static bool check_hosts(const struct nat *n)
{
	uint32_t sessions = 0, mappings = 0, hosts = 0, devices = 0;

	for (uint32_t i = 1; i <= n->hosts.bump; i++) {
		const struct host *h = nat_host_at(n, i);

		if (!h->sessions && !h->mappings)
			continue;
		hosts++;
		if (!require(nat_host_lookup(n, &h->addr) == i,
			     "host's address", i) ||
		    !check_host(n, i, &sessions, &mappings))
			return false;
		devices += !!h->net;
	}
	for (unsigned i = 0; i < NAT_NETS; i++)
		devices -= n->devices[i];
	return require(hosts == n->hosts.used, "count of hosts", hosts) &&
	       require(!devices, "count of devices", devices) &&
	       require(sessions == n->sessions.used, "hosts' sessions",
		       sessions) &&
	       require(mappings == n->maps.used, "hosts' mappings", mappings);
}

/* All of them, and nothing else. */
static bool check_unasked(const struct nat *n)
{
	uint32_t newer = 0, seen = 0, hosts = 0;

	for (uint32_t at = n->unasked.newest; at;) {
		const struct session *s = nat_session_at(n, at);
		const struct session_links *l = nat_links_at(n, at);

		if (!require(s->serial && s->list == HOST_UNASKED &&
				     l->recency[RECENCY_UNASKED].newer ==
					     newer &&
				     ++seen <= n->unasked.n,
			     "unasked sessions", at))
			return false;
		newer = at;
		at = l->recency[RECENCY_UNASKED].older;
	}
	for (uint32_t i = 1; i <= n->hosts.bump; i++)
		hosts += nat_host_at(n, i)->lists[HOST_UNASKED].n;
	return require(n->unasked.oldest == newer && seen == n->unasked.n &&
			       seen == hosts,
		       "count of unasked sessions", seen);
}

static bool check_wheel(const struct nat *n)
{
	uint32_t armed = 0;

	for (unsigned slot = 0; slot < NAT_TICKS; slot++) {
		uint32_t prev = 0;

		for (uint32_t id = n->wheel.heads[slot]; id;) {
			const struct nat_timer *t =
				id & NAT_ID_MAP
					? &nat_map_at(n, id & ~NAT_ID_MAP)
						   ->timer
					: &nat_links_at(n, id)->timer;

			if (!require(t->slot == slot + 1 && t->prev == prev &&
					     ++armed <= n->wheel.armed,
				     "wheel", id))
				return false;
			prev = id;
			id = t->next;
		}
		if (!require((n->wheel.busy[slot / 64] >> slot % 64 & 1) ==
				     !!n->wheel.heads[slot],
			     "wheel's slot", slot))
			return false;
	}
	return require(armed == n->wheel.armed, "wheel's count", armed);
}

static uint32_t count_bits(const uint64_t *words, unsigned n)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < n; i++)
		count += (uint32_t)__builtin_popcountll(words[i]);
	return count;
}

static bool check_maps(const struct nat *n)
{
	uint32_t live = 0;

	for (uint32_t i = 1; i <= n->maps.bump; i++) {
		if (!nat_map_at(n, i)->live) {
			if (!require(slab_is_clear(&n->maps, i),
				     "mapping that is free", i))
				return false;
			continue;
		}
		live++;
		if (!check_mapping(n, i))
			return false;
	}
	for (unsigned bits = 0; bits < GATE_BITS_PROTOS; bits++)
		if (!require(ports_check(&n->ports, bits,
					 n->claimed + bits * PORTS_WORDS),
			     "ports", bits))
			return false;
	return require(live == n->maps.used, "count of mappings", live) &&
	       require(count_bits(n->claimed, GATE_BITS_WORDS) == live,
		       "count of claims", live) &&
	       require(n->mappings[GATE_BITS_TCP] + n->mappings[GATE_BITS_UDP] +
				       n->mappings[GATE_BITS_ICMP] ==
			       live,
		       "mappings by protocol", live);
}

static bool check_all_sessions(const struct nat *n)
{
	uint32_t live = 0;

	for (uint32_t i = 1; i <= n->sessions.bump; i++) {
		if (!nat_session_at(n, i)->serial) {
			if (!require(slab_is_clear(&n->sessions, i),
				     "session that is free", i))
				return false;
			continue;
		}
		live++;
		if (!check_session(n, i))
			return false;
	}
	return require(live == n->sessions.used, "count of sessions", live);
}

static bool check_hash(const struct nat_hash *h, const struct slab *records,
		       const char *what)
{
	uint32_t n = nat_hash_count(h, records->used);

	return require(n == records->used, what, n);
}

static bool check_waiting(const struct nat *n)
{
	uint32_t used = n->bufs.out.n;

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < FRAG_SOURCES; i++)
			used += n->frags[side].sources[i].packets;
	for (uint16_t i = n->hold.oldest; i; i = n->hold.syns[i].newer)
		used++;
	return require(frag_check(&n->frags[SIDE_LAN]), "fragments",
		       SIDE_LAN) &&
	       require(frag_check(&n->frags[SIDE_WAN]), "fragments",
		       SIDE_WAN) &&
	       require(hold_check(&n->hold), "held SYNs", 0) &&
	       require(used == n->bufs.slab.used, "waiting packets", used);
}

bool nat_check(const struct nat *n)
{
	return check_hash(&n->map_hash, &n->maps, "hash of mappings") &&
	       check_hash(&n->session_hash, &n->sessions, "hash of sessions") &&
	       check_hash(&n->host_hash, &n->hosts, "hash of hosts") &&
	       check_maps(n) && check_all_sessions(n) && check_hosts(n) &&
	       check_unasked(n) && check_wheel(n) && check_waiting(n);
}
