/* lan.h - the LAN side's policy: whose is what a device at home sends?
 *
 * The order of the questions is the policy; design.md section 3 has it in
 * words. One text for both faces: it sees a cursor, a tuple and the port, and
 * no carrier. Included by gate.bpf.c alone. */
#ifndef GATE_LAN_H
#define GATE_LAN_H

#include "link.h"
#include "nets.h"
#include "ports.h"
#include "verdict.h"

#define DNS_PORT 53

/* To the WAN address from inside: hairpin, or the gateway itself. */
static __noinline __u32 lan_to_wan_address(struct cursor *c, struct tuple *t)
{
	struct tuple q;

	if (t->fragment)
		return ENGINE;
	if (!parse_l4(c, t, WHOLE))
		return DROP_MALFORMED;
	if (is_icmp_error(t)) {
		if (!parse_quoted(c, &q))
			return DROP_MALFORMED;
		return is_quote_ours(t, &q) && is_claimed(&q, q.dport) ? ENGINE
								       : PASS;
	}
	/* Only an echo reply belongs to who holds the identifier. */
	if (t->proto == IPPROTO_ICMP && t->icmp_type != ICMP_TYPE_ECHO_REPLY)
		return PASS;
	return is_claimed(t, t->dport) ? ENGINE : PASS;
}

/* A question to the gateway's resolver, whole and plain. */
static __always_inline bool is_question(struct cursor *c, struct tuple *t)
{
	return t->proto == IPPROTO_UDP && !t->fragment &&
	       parse_l4(c, t, WHOLE) && t->dport == bpf_htons(DNS_PORT);
}

static __noinline __u32 lan_ipv4(struct cursor *c, struct tuple *t,
				 const struct gate_port *port)
{
	__u32 verdict = ENGINE;
	__be32 dst;

	if (!parse_ipv4(c, t, WHOLE))
		return DROP_MALFORMED;
	dst = v4(&t->dst);
	if (is_loopback_or_zero(dst))
		return DROP_MARTIAN;
	if (dst == port->wan_addr)
		verdict = lan_to_wan_address(c, t);
	else if (dst == port->addr)
		verdict = is_question(c, t) ? EITHERS : PASS;
	else if (is_multicast(dst) || is_broadcast(port, dst))
		return PASS;
	else if (is_kernels(&t->dst))
		verdict = PASS;
	/* The kernel must not answer strangers in our name either (BCP 38). */
	if (is_spoofed(port, v4(&t->src)))
		return DROP_SPOOFED;
	return verdict;
}

/* Hosts speak from the LAN's prefixes, to the gateway itself also from the
 * link's own addresses, which no router carries further (RFC 4291 2.5.6). */
static __noinline bool is_ipv6_spoofed(const struct address *src, bool onward)
{
	if (is_ipv6_link_local(src))
		return onward;
	return net_kind(src, 128) != GATE_NET_LAN;
}

static __noinline __u32 lan_ipv6(struct cursor *c, struct tuple *t)
{
	bool onward;

	if (!parse_ipv6(c, t))
		return DROP_MALFORMED;
	if (is_ipv6_martian(&t->dst))
		return DROP_MARTIAN;
	if (is_ipv6_link_local(&t->dst) || is_ipv6_multicast(&t->dst))
		return PASS;
	onward = !is_kernels(&t->dst);
	if (is_ipv6_spoofed(&t->src, onward))
		return DROP_SPOOFED;
	return onward ? ENGINE : PASS;
}

/* Is a frame from home for the machine? A bridge delivers to its own stack what
 * is sent to any of its members' addresses, too. */
static __always_inline bool is_for_lan(const struct gate_port *port,
				       const __u16 dmac[3])
{
	return port->l3 || is_ours(port, dmac) || is_members(dmac);
}

/* To everybody on the link: the bridge's, who carries it on. But the machine
 * would take a packet to an address of its own from such a frame, too, whoever
 * it says it is from, and nobody honest sends one. */
static __noinline __u32 lan_group(struct cursor *c, struct tuple *t, __u32 type)
{
	if (type == ETHERTYPE_IPV4
		    ? !parse_ipv4(c, t, WHOLE)
		    : type != ETHERTYPE_IPV6 || !parse_ipv6(c, t))
		return PASS;
	return net_kind(&t->dst, 128) == GATE_NET_OWN ? DROP_MARTIAN : PASS;
}

static __noinline __u32 lan_door(struct cursor *c, struct tuple *t,
				 const struct gate_port *port)
{
	__u16 dmac[3] = {};
	__u32 type = parse_link(c, port, dmac);

	t->bytes = c->left;
	if (type == ETHERTYPE_NONE)
		return DROP_MALFORMED;
	if (!port->l3 && is_group_mac(dmac))
		return lan_group(c, t, type);
	if (!is_for_lan(port, dmac))
		return PASS;
	if (type == ETHERTYPE_STACK)
		return DROP_MALFORMED;
	if (type == ETHERTYPE_IPV4)
		return lan_ipv4(c, t, port);
	if (type == ETHERTYPE_IPV6)
		return lan_ipv6(c, t);
	return PASS;
}

#endif
