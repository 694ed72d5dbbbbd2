/* nat_prefetch.c - brings what a burst will need close, all of it at once.
 * Called by worker.c between parse() and nat_process(). Engine thread only.
 *
 * A packet's way goes from bucket to record to record, each a wait of its own.
 * Here the burst goes step by step, so that the waits of its packets overlap.
 * Nothing is decided: what is found may be gone when the packet's turn comes.
 */
#include "nat_core.h"

#include <netinet/in.h>

/* Where a packet's session is looked for. */
struct step {
	uint64_t hash;
	uint64_t map_hash;     /* it seems to be a new one */
	uint32_t session, map; /* candidates; 0: none */
};

static void fetch(const void *at)
{
	__builtin_prefetch(at, 1);
}

static void fetch_session(const struct nat *n, uint32_t i)
{
	const struct session *s = nat_session_at(n, i);

	fetch(s);
	fetch(&s->owner);
	fetch(nat_links_at(n, i));
}

/* Has it a key that its own bytes tell? */
static bool has_key(const struct pkt *p)
{
	if (p->verdict != VERDICT_FORWARD || p->frag_off ||
	    p->flags & PKT_ICMP_ERROR)
		return false;
	return p->flags & PKT_IPV6 ||
	       (p->side == SIDE_LAN && nat_bits(p->proto) != GATE_BITS_PROTOS);
}

static uint32_t candidate(const struct nat_hash *h, uint64_t hash)
{
	struct nat_seek seek = nat_hash_seek(h, hash);

	return nat_seek_next(&seek);
}

/* The record that the 'skip'th new session from now will have. */
static void fetch_fresh(const struct nat *n, uint32_t skip)
{
	uint32_t i = slab_next(&n->sessions, skip);

	if (i > n->sessions.max)
		return;
	fetch_session(n, i);
}

/* ---- the steps */

static bool is_mapped(const struct pkt *p)
{
	return p->verdict == VERDICT_FORWARD && p->side == SIDE_WAN &&
	       !p->frag_off && !(p->flags & (PKT_ICMP_ERROR | PKT_IPV6)) &&
	       nat_bits(p->proto) != GATE_BITS_PROTOS;
}

static const uint32_t *outside_of(const struct nat *n, const struct pkt *p)
{
	return &n->outside[nat_bits(p->proto) * PORTS_SPACE + ntohs(p->dport)];
}

static void begin(const struct nat *n, struct pkt *p, struct step *s)
{
	struct session_key key;

	*s = (struct step){ 0 };
	if (has_key(p)) {
		key = p->side == SIDE_LAN ? nat_key_out(p) : nat_key_in6(p);
		s->hash = nat_session_hash(n, &key);
		p->hash = s->hash;
		fetch(nat_hash_bucket(&n->session_hash, s->hash));
	} else if (is_mapped(p)) {
		fetch(outside_of(n, p));
	}
}

static void find(const struct nat *n, struct pkt *p, struct step *s,
		 uint32_t *fresh)
{
	if (!s->hash) {
		s->map = is_mapped(p) ? *outside_of(n, p) : 0;
		fetch(nat_map_at(n, s->map));
		return;
	}
	s->session = candidate(&n->session_hash, s->hash);
	if (s->session) {
		fetch_session(n, s->session);
		return;
	}
	fetch_fresh(n, (*fresh)++);
	if (p->flags & PKT_IPV6)
		return;
	s->map_hash = nat_map_hash(n, nat_bits(p->proto), &p->src, p->sport);
	p->map_hash = s->map_hash;
	fetch(nat_hash_bucket(&n->map_hash, s->map_hash));
}

static void follow(const struct nat *n, struct pkt *p, struct step *s)
{
	struct session_key key;

	if (s->session) {
		fetch(nat_map_at(n, nat_session_at(n, s->session)->map));
	} else if (s->map_hash) {
		s->map = candidate(&n->map_hash, s->map_hash);
		fetch(nat_map_at(n, s->map));
	} else if (s->map) {
		key = nat_key_mapped(nat_map_at(n, s->map), &p->src, p->sport);
		s->hash = nat_session_hash(n, &key);
		p->hash = s->hash;
		p->hash_of = n->ports_moved;
		fetch(nat_hash_bucket(&n->session_hash, s->hash));
	}
}

static void arrive(const struct nat *n, const struct pkt *p,
		   const struct step *s, uint32_t *fresh)
{
	const struct mapping *m = nat_map_at(n, s->map);
	uint32_t i;

	if (s->map_hash && s->map) {
		fetch(nat_links_at(n, m->sessions));
	} else if (s->map_hash) {
		i = slab_next(&n->maps, (*fresh)++);
		if (i <= n->maps.max) {
			fetch(nat_map_at(n, i));
			fetch(&n->map_links[i]);
		}
		fetch(&n->outside[nat_bits(p->proto) * PORTS_SPACE +
				  ntohs(p->sport)]);
	} else if (s->map) {
		i = candidate(&n->session_hash, s->hash);
		if (i)
			fetch_session(n, i);
	}
}

void nat_prefetch(const struct nat *n, struct pkt *burst, unsigned count)
{
	struct step steps[NAT_BURST];
	uint32_t sessions = 0, maps = 0;

	for (; count > NAT_BURST; count -= NAT_BURST, burst += NAT_BURST)
		nat_prefetch(n, burst, NAT_BURST);
	for (unsigned i = 0; i < count; i++)
		begin(n, &burst[i], &steps[i]);
	for (unsigned i = 0; i < count; i++)
		find(n, &burst[i], &steps[i], &sessions);
	for (unsigned i = 0; i < count; i++)
		follow(n, &burst[i], &steps[i]);
	for (unsigned i = 0; i < count; i++)
		arrive(n, &burst[i], &steps[i], &maps);
}
