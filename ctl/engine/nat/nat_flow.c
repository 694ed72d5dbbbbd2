/* nat_flow.c - finds a packet's session, or opens one if that is allowed.
 * Called by nat_route.c. Engine thread only. */
#include "nat_core.h"

#include <netinet/in.h>

/* Odd types above 12 ask, even ones answer (RFC 792, RFC 950). */
static bool is_request(uint8_t icmp_type)
{
	return icmp_type == 8 || (icmp_type > 12 && icmp_type & 1);
}

/* Endpoint-independent filtering: from outside, everything that can be a first
 * packet is one (RFC 4787 REQ-8, RFC 5382 REQ-3). */
static bool may_open(const struct pkt *p, enum nat_dir dir)
{
	if (p->proto == IPPROTO_TCP)
		return tcp_opens(dir, p->tcp_flags);
	if (p->proto == IPPROTO_ICMP)
		return is_request(p->icmp_type) == (dir == DIR_OUT);
	return true;
}

/* RFC 5508 REQ-8: the inside hears that there is nothing left. */
static struct session *exhausted(struct nat *n, struct pkt *p,
				 enum gate_drop why)
{
	nat_refuse(n, p, why, ICMP_UNREACHABLE, ICMP_PROHIBITED, 0);
	return NULL;
}

struct session *nat_flow_out(struct nat *n, struct pkt *p, enum gate_bits bits)
{
	struct session_key key = nat_key_out(p);
	uint64_t hash = p->hash ? p->hash : nat_session_hash(n, &key);
	struct session *s = nat_session_find(n, &key, hash);
	enum gate_drop why;
	struct mapping *m;
	uint64_t inside;
	bool fresh;

	if (s)
		return s;
	if (!may_open(p, DIR_OUT)) {
		nat_drop(p, DROP_BAD_STATE);
		return NULL;
	}
	inside = p->map_hash ? p->map_hash
			     : nat_map_hash(n, bits, &p->src, p->sport);
	m = nat_map_inside(n, bits, &p->src, p->sport, inside);
	fresh = !m;
	if (fresh)
		m = nat_map_open(n, bits, &p->src, p->sport, inside, &why);
	if (!m)
		return exhausted(n, p, why);
	s = nat_session_open(n, &key, hash, m, &m->inside, DIR_OUT, &why);
	if (!s) {
		if (fresh)
			nat_map_end(n, m);
		return exhausted(n, p, why);
	}
	if (bits == GATE_BITS_TCP &&
	    hold_release(&n->hold, &p->dst, p->dport, m->outside_port))
		n->counters.syn_used++;
	return s;
}

/* Two forwards to one inside end have the same sessions: the first to have a
 * remote keeps it. */
struct session *nat_flow_in(struct nat *n, struct pkt *p, struct mapping *m,
			    const struct addr *remote, __be16 port)
{
	struct session_key key = nat_key_mapped(m, remote, port);
	bool hashed =
		p->side == SIDE_WAN && p->hash && p->hash_of == n->ports_moved;
	uint64_t hash = hashed ? p->hash : nat_session_hash(n, &key);
	struct session *s = nat_session_find(n, &key, hash);
	enum gate_drop why = DROP_BAD_STATE;

	if (s && s->map != nat_map_number(n, m))
		s = NULL;
	else if (!s && may_open(p, DIR_IN))
		s = nat_session_open(n, &key, hash, m, &m->inside, DIR_IN,
				     &why);
	if (!s)
		nat_drop(p, why);
	return s;
}

struct session *nat_flow_passed_out(struct nat *n, struct pkt *p)
{
	struct session_key key = nat_key_passed(p->proto, &p->dst);
	uint64_t hash = nat_session_hash(n, &key);
	struct session *s = nat_session_find(n, &key, hash);
	enum gate_drop why = DROP_NO_PORT;

	if (!s)
		s = nat_session_open(n, &key, hash, NULL, &p->src, DIR_OUT,
				     &why);
	else if (!addr_eq(&s->owner, &p->src))
		s = NULL; /* another host has that remote */
	return s ? s : exhausted(n, p, why);
}
