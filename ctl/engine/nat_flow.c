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

/* An identifier is the mapping's own, not the remote's. */
static __be16 remote_port(const struct mapping *m, __be16 port)
{
	return m->bits == GATE_BITS_ICMP ? 0 : port;
}

static struct session *find(struct nat *n, const struct mapping *m,
			    const struct addr *remote, __be16 port)
{
	struct session_key key =
		nat_key_mapped(n, m, remote, remote_port(m, port));

	return nat_session_find(n, &key);
}

static struct session *open_session(struct nat *n, struct mapping *m,
				    const struct addr *remote, __be16 port,
				    enum nat_dir dir, enum gate_drop *why)
{
	struct session_key key =
		nat_key_mapped(n, m, remote, remote_port(m, port));

	return nat_session_open(n, &key, m, &m->inside, dir, why);
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
	struct mapping *m = nat_map_inside(n, bits, &p->src, p->sport);
	struct session *s = m ? find(n, m, &p->dst, p->dport) : NULL;
	bool fresh = !m;
	enum gate_drop why;

	if (s)
		return s;
	if (!may_open(p, DIR_OUT)) {
		nat_drop(p, DROP_BAD_STATE);
		return NULL;
	}
	if (fresh)
		m = nat_map_open(n, bits, &p->src, p->sport, &why);
	if (!m)
		return exhausted(n, p, why);
	s = open_session(n, m, &p->dst, p->dport, DIR_OUT, &why);
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

struct session *nat_flow_in(struct nat *n, struct pkt *p, struct mapping *m,
			    const struct addr *remote, __be16 port)
{
	struct session *s = find(n, m, remote, port);
	enum gate_drop why = DROP_BAD_STATE;

	if (!s && may_open(p, DIR_IN))
		s = open_session(n, m, remote, port, DIR_IN, &why);
	if (!s)
		nat_drop(p, why);
	return s;
}

struct session *nat_flow_passed_out(struct nat *n, struct pkt *p)
{
	struct session_key key = nat_key_passed(p->proto, &p->dst);
	struct session *s = nat_session_find(n, &key);
	enum gate_drop why = DROP_NO_PORT;

	if (!s)
		s = nat_session_open(n, &key, NULL, &p->src, DIR_OUT, &why);
	else if (!addr_eq(&s->inside, &p->src))
		s = NULL; /* another host has that remote */
	return s ? s : exhausted(n, p, why);
}
