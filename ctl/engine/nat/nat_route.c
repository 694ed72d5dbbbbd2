/* nat_route.c - from the LAN out, from the WAN in, and round by the WAN
 * address. Called by nat.c and nat_frag.c. Engine thread only. Invariant:
 * sessions are touched when the packet is sure to go, so that the counters hold
 * what left. */
#include "nat_core.h"

#include <netinet/in.h>

/* ---- who may be here */

static const struct conf_lan *lan_with(const struct nat *n, __be32 addr)
{
	for (unsigned i = 0; i < n->conf->lans_n; i++)
		if ((addr & n->conf->lans[i].mask) == n->conf->lans[i].net)
			return &n->conf->lans[i];
	return NULL;
}

/* BCP 38: its own network's hosts, and none of the addresses that are not a
 * host's. */
static bool is_spoofed(const struct nat *n, const struct pkt *p)
{
	const struct conf_lan *lan = &n->conf->lans[p->lan];
	__be32 src = addr_to_v4(&p->src);

	return p->lan >= n->conf->lans_n || (src & lan->mask) != lan->net ||
	       src == lan->addr || src == lan->net ||
	       conf_is_broadcast(lan->net, lan->mask, src);
}

static bool admit_from_lan(const struct nat *n, struct pkt *p)
{
	const struct conf_wan *wan = &n->conf->wan;
	__be32 dst = addr_to_v4(&p->dst);
	enum gate_drop why;

	if (is_spoofed(n, p))
		why = DROP_SPOOFED;
	else if (ntohl(dst) >= 0xe0000000 || lan_with(n, dst) ||
		 conf_is_broadcast(wan->net, wan->mask, dst))
		why = DROP_MARTIAN;
	else
		return true;
	nat_drop(p, why);
	return false;
}

static bool admit_from_wan(const struct nat *n, struct pkt *p)
{
	const struct conf_wan *wan = &n->conf->wan;
	__be32 src = addr_to_v4(&p->src), dst = addr_to_v4(&p->dst);
	enum gate_drop why;

	if (lan_with(n, dst))
		why = DROP_WAN_TO_LAN;
	else if (dst != wan->addr)
		why = DROP_WAN_CLOSED;
	else if (lan_with(n, src) ||
		 conf_is_broadcast(wan->net, wan->mask, src))
		why = DROP_MARTIAN;
	else
		return true;
	nat_drop(p, why);
	return false;
}

bool nat_admit(struct nat *n, struct pkt *p)
{
	if (p->flags & PKT_IPV6)
		return nat_admit6(n, p);
	if (!n->conf->wan.up || !n->conf->wan.addr) {
		nat_drop(p, DROP_NO_WAN);
		return false;
	}
	return p->side == SIDE_LAN ? admit_from_lan(n, p)
				   : admit_from_wan(n, p);
}

/* ---- out */

static void outbound_passed(struct nat *n, struct pkt *p)
{
	struct rewrite_tuple to = { .src = n->conf->wan.addr,
				    .dst = addr_to_v4(&p->dst) };
	struct session *s = nat_flow_passed_out(n, p);

	if (!s)
		return;
	nat_charge(n, p, &p->src, DIR_OUT, s, NULL);
	nat_leave(n, p, &to);
	if (p->verdict == VERDICT_FORWARD)
		nat_session_touch(n, s, DIR_OUT, p);
}

static void outbound_mapped(struct nat *n, struct pkt *p, enum gate_bits bits)
{
	struct session *s = nat_flow_out(n, p, bits);
	struct rewrite_tuple to;
	__be16 outside;

	if (!s)
		return;
	outside = nat_map_at(n, s->map)->outside_port;
	to = (struct rewrite_tuple){ n->conf->wan.addr, addr_to_v4(&p->dst),
				     outside, p->dport };
	nat_charge(n, p, &p->src, DIR_OUT, s, NULL);
	nat_leave(n, p, &to);
	if (p->verdict == VERDICT_FORWARD)
		nat_session_touch(n, s, DIR_OUT, p);
}

static void outbound(struct nat *n, struct pkt *p)
{
	enum gate_bits bits = nat_bits(p->proto);

	if (bits == GATE_BITS_ICMP && !(p->flags & PKT_ICMP_QUERY)) {
		nat_drop(p, DROP_NO_PROTOCOL);
		return;
	}
	if (!nat_to_wan(n, p) || !nat_may_leave(n, p))
		return;
	if (bits == GATE_BITS_PROTOS)
		outbound_passed(n, p);
	else
		outbound_mapped(n, p, bits);
}

/* ---- in */

/* Our own, a SYN that may find its partner yet, or nobody's. What the gate
 * could not see, being in pieces, is told apart only here. */
static void unmapped(struct nat *n, struct pkt *p, enum gate_bits bits)
{
	bool syn = bits == GATE_BITS_TCP && tcp_opens(DIR_IN, p->tcp_flags);

	if (bits == GATE_BITS_ICMP || nat_is_local(n, bits, p->dport)) {
		nat_local(p);
		return;
	}
	if (p->flags & PKT_FRAG) {
		nat_drop(p, DROP_WAN_CLOSED);
		return;
	}
	if (!syn) {
		nat_drop(p, DROP_NO_MAPPING);
		return;
	}
	nat_drop(p, DROP_SYN_HELD);
	if (hold_put(&n->hold, p, n->now_ms + n->conf->timers.syn_hold))
		p->verdict = VERDICT_HELD;
}

static void inbound_passed(struct nat *n, struct pkt *p)
{
	struct session_key key = nat_key_passed(p->proto, &p->src);
	struct session *s =
		nat_session_find(n, &key, nat_session_hash(n, &key));
	struct rewrite_tuple to = { .src = addr_to_v4(&p->src) };

	if (!s) {
		nat_drop(p, DROP_WAN_CLOSED);
		return;
	}
	if (!nat_to_lan(n, p, &s->owner) || !nat_may_leave(n, p))
		return;
	to.dst = addr_to_v4(&s->owner);
	nat_charge(n, p, &s->owner, DIR_IN, s, NULL);
	nat_leave(n, p, &to);
	if (p->verdict == VERDICT_FORWARD)
		nat_session_touch(n, s, DIR_IN, p);
}

static void inbound_mapped(struct nat *n, struct pkt *p, struct mapping *m)
{
	struct rewrite_tuple to = { addr_to_v4(&p->src), addr_to_v4(&m->inside),
				    p->sport, m->inside_port };
	struct session *s;

	if (m->bits == GATE_BITS_ICMP)
		to.sport = m->inside_port;
	if (!nat_to_lan(n, p, &m->inside) || !nat_may_leave(n, p))
		return;
	s = nat_flow_in(n, p, m, &p->src, p->sport);
	if (!s)
		return;
	nat_charge(n, p, &m->inside, DIR_IN, s, NULL);
	nat_leave(n, p, &to);
	if (p->verdict == VERDICT_FORWARD)
		nat_session_touch(n, s, DIR_IN, p);
}

/* Whoever pings the WAN address pings the gateway. It answers nothing else
 * (RFC 1122 3.2.2.7 to 3.2.2.9 leave that free). */
static void asked(struct pkt *p)
{
	if (p->icmp_type == ICMP_ECHO)
		nat_local(p);
	else
		nat_drop(p, DROP_WAN_CLOSED);
}

/* Answers belong to who holds the identifier. */
static bool is_answer(uint8_t icmp_type)
{
	return !icmp_type || (icmp_type > 12 && !(icmp_type & 1));
}

static void inbound(struct nat *n, struct pkt *p)
{
	enum gate_bits bits = nat_bits(p->proto);
	struct mapping *m;

	if (bits == GATE_BITS_PROTOS) {
		inbound_passed(n, p);
		return;
	}
	if (bits == GATE_BITS_ICMP && !(p->flags & PKT_ICMP_QUERY)) {
		nat_drop(p, DROP_NO_PROTOCOL);
		return;
	}
	if (bits == GATE_BITS_ICMP && !is_answer(p->icmp_type)) {
		asked(p);
		return;
	}
	m = nat_map_outside(n, bits, p->dport);
	if (m)
		inbound_mapped(n, p, m);
	else
		unmapped(n, p, bits);
}

/* ---- hairpin: RFC 4787 REQ-9, external source address and port */

/* Both sessions, each of which may cost the host one that it had: what was
 * found before is looked at again. */
static bool hairpin_flows(struct nat *n, struct pkt *p, enum gate_bits bits,
			  struct session **from, struct session **to)
{
	struct mapping *source, *target;
	uint32_t serial;

	*from = nat_flow_out(n, p, bits);
	if (!*from)
		return false;
	serial = (*from)->serial;
	source = nat_map_at(n, (*from)->map);
	target = nat_map_outside(n, bits, p->dport);
	if (!target || target == source) {
		nat_drop(p, target ? DROP_MARTIAN : DROP_NO_MAPPING);
		return false;
	}
	*to = nat_flow_in(n, p, target, &p->dst, source->outside_port);
	if (!*to)
		return false;
	if ((*from)->serial == serial)
		return true;
	nat_drop(p, DROP_HOST_LIMIT);
	return false;
}

static void hairpin_mapped(struct nat *n, struct pkt *p, enum gate_bits bits,
			   const struct mapping *target)
{
	struct session *from, *to;
	struct rewrite_tuple tuple;

	if (!nat_to_lan(n, p, &target->inside) || !nat_may_leave(n, p) ||
	    !hairpin_flows(n, p, bits, &from, &to))
		return;
	target = nat_map_at(n, to->map);
	tuple = (struct rewrite_tuple){ n->conf->wan.addr,
					addr_to_v4(&target->inside),
					nat_map_at(n, from->map)->outside_port,
					target->inside_port };
	p->flags |= PKT_HAIRPIN;
	nat_charge(n, p, &p->src, DIR_OUT, from, to);
	nat_leave(n, p, &tuple);
	if (p->verdict != VERDICT_FORWARD)
		return;
	nat_session_touch(n, from, DIR_OUT, p);
	nat_session_touch(n, to, DIR_IN, p);
}

static void hairpin(struct nat *n, struct pkt *p)
{
	enum gate_bits bits = nat_bits(p->proto);
	struct mapping *target;

	if (bits != GATE_BITS_TCP && bits != GATE_BITS_UDP) {
		nat_local(p);
		return;
	}
	target = nat_map_outside(n, bits, p->dport);
	if (target)
		hairpin_mapped(n, p, bits, target);
	else if (p->flags & PKT_FRAG || nat_is_local(n, bits, p->dport))
		nat_local(p);
	else
		nat_drop(p, DROP_NO_MAPPING);
}

void nat_route(struct nat *n, struct pkt *p)
{
	if (p->flags & PKT_IPV6)
		nat_route6(n, p);
	else if (p->flags & PKT_ICMP_ERROR)
		nat_icmp_error(n, p);
	else if (p->side == SIDE_WAN)
		inbound(n, p);
	else if (addr_to_v4(&p->dst) == n->conf->wan.addr)
		hairpin(n, p);
	else
		outbound(n, p);
}
