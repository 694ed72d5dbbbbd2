/* wan.h - the WAN side's policy: what of the world's may come in?
 *
 * Two rules hold everywhere. A port that the NAT claims never reaches the
 * kernel, which would answer for it. And the kernel sees only what it will not
 * answer with "closed": a socket waits for it, or the owner opened the port.
 * 'ctx' is whatever the face has; the socket tables are asked through it.
 * Included by gate.bpf.c alone. */
#ifndef GATE_WAN_H
#define GATE_WAN_H

#include "link.h"
#include "nets.h"
#include "ports.h"
#include "verdict.h"

/* ICMPv6 types, RFC 4443, 2710, 4861, 3810. */
#define ICMPV6_ERRORS_END 5
#define ICMPV6_ECHO	  128
#define ICMPV6_ND_END	  138 /* echo, MLD, neighbour discovery: 128..137 */
#define ICMPV6_MLDV2	  143

static __noinline __u32 icmp_error(void *ctx, struct cursor *c,
				   const struct tuple *t, bool translated)
{
	struct tuple q;

	if (!parse_quoted(c, &q))
		return DROP_MALFORMED;
	if (!is_quote_ours(t, &q))
		return DROP_WAN_CLOSED;
	if (translated && is_claimed(&q, q.dport))
		return ENGINE;
	if (q.proto == IPPROTO_TCP)
		return has_tcp_connection(ctx, &q) ? PASS : DROP_WAN_CLOSED;
	if (q.proto == IPPROTO_UDP)
		return has_udp_socket(ctx, &q) ? PASS : DROP_WAN_CLOSED;
	if (q.proto == IPPROTO_ICMP)
		return q.icmp_type == ICMP_TYPE_ECHO ? PASS : DROP_WAN_CLOSED;
	return translated ? ENGINE : DROP_WAN_CLOSED;
}

static __noinline __u32 wan_tcp(void *ctx, const struct tuple *t,
				bool translated)
{
	if (is_opened(t, t->dport) || has_tcp_connection(ctx, t))
		return PASS;
	/* RFC 5382 REQ-4: the engine holds it, for the inside may open too. */
	return translated && t->syn ? ENGINE : DROP_WAN_CLOSED;
}

static __noinline __u32 wan_udp(void *ctx, const struct tuple *t)
{
	if (is_opened(t, t->dport))
		return PASS;
	/* Without a socket the kernel would answer that the port is closed. */
	if ((is_own_clients(t, t->dport) || is_dhcp_reply(t)) &&
	    has_udp_socket(ctx, t))
		return PASS;
	return DROP_WAN_CLOSED;
}

static __noinline __u32 wan_icmp(void *ctx, struct cursor *c,
				 const struct tuple *t, bool translated)
{
	if (is_icmp_error(t))
		return icmp_error(ctx, c, t, translated);
	if (t->icmp_type == ICMP_TYPE_ECHO)
		return PASS;
	if (t->icmp_type != ICMP_TYPE_ECHO_REPLY)
		return DROP_WAN_CLOSED;
	return translated && is_claimed(t, t->dport) ? ENGINE : PASS;
}

/* To an address of ours; 'translated': to the one that the NAT shares. */
static __noinline __u32 wan_to_own(void *ctx, struct cursor *c, struct tuple *t,
				   bool translated)
{
	if (t->fragment)
		return ENGINE;
	if (!parse_l4(c, t, WHOLE))
		return DROP_MALFORMED;
	if (t->proto == IPPROTO_ICMP)
		return wan_icmp(ctx, c, t, translated);
	if (translated && is_claimed(t, t->dport))
		return ENGINE;
	if (t->proto == IPPROTO_TCP)
		return wan_tcp(ctx, t, translated);
	if (t->proto == IPPROTO_UDP)
		return wan_udp(ctx, t);
	if (t->proto == IPPROTO_IGMP)
		return PASS;
	return translated ? ENGINE : DROP_WAN_CLOSED;
}

/* Broadcast, multicast, or an address that a DHCP server is about to give us:
 * its offer comes before the address is ours. */
static __noinline __u32 wan_to_others(struct cursor *c, struct tuple *t,
				      bool group)
{
	if (t->fragment)
		return DROP_WAN_CLOSED;
	if (!parse_l4(c, t, WHOLE))
		return DROP_MALFORMED;
	if (is_dhcp_reply(t))
		return PASS;
	if (!group)
		return DROP_WAN_CLOSED;
	if (t->proto == IPPROTO_IGMP)
		return PASS;
	return t->proto == IPPROTO_UDP && is_opened(t, t->dport)
		       ? PASS
		       : DROP_WAN_CLOSED;
}

/* A source that cannot be out there: ours, the LAN's, or nobody's. */
__noinline bool wan_martian(const struct tuple *t, const struct gate_port *port,
			    bool group)
{
	__be32 src;
	__u32 kind;

	if (!t || !port)
		return true;
	src = v4(&t->src);
	if (is_loopback_or_zero(src))
		return src || !group;
	if (is_multicast(src) || is_broadcast(port, src))
		return true;
	kind = net_kind(&t->src, 128);
	return kind == GATE_NET_OWN || kind == GATE_NET_LAN;
}

/* Before the WAN has an address nothing is out of place: the provider may hand
 * out a network that is the LAN's so far, whereupon the LAN moves (RFC 4787
 * REQ-7). */
static __noinline bool is_first_lease(const struct cursor *c,
				      const struct tuple *t,
				      const struct gate_port *port)
{
	struct cursor l4 = *c;
	struct tuple reply = *t;

	return !port->addr && !t->fragment && t->proto == IPPROTO_UDP &&
	       parse_l4(&l4, &reply, WHOLE) && is_dhcp_reply(&reply);
}

static __noinline __u32 wan_ipv4(void *ctx, struct cursor *c, struct tuple *t,
				 const struct gate_port *port)
{
	bool translated, group;
	__u32 kind;
	__be32 dst;

	if (!parse_ipv4(c, t, WHOLE))
		return DROP_MALFORMED;
	dst = v4(&t->dst);
	if (is_loopback_or_zero(dst))
		return DROP_MARTIAN;
	group = is_multicast(dst) || is_broadcast(port, dst);
	translated = dst == port->addr;
	kind = translated ? GATE_NET_OWN : net_kind_from_wan(&t->dst);
	if (is_first_lease(c, t, port))
		return PASS;
	if (kind == GATE_NET_LAN)
		return DROP_WAN_TO_LAN;
	if (wan_martian(t, port, group))
		return DROP_MARTIAN;
	if (kind == GATE_NET_OWN)
		return wan_to_own(ctx, c, t, translated);
	if (kind == GATE_NET_ROUTED)
		return DROP_WAN_CLOSED;
	return wan_to_others(c, t, group);
}

static __always_inline bool is_icmpv6_wanted(const struct tuple *t)
{
	return (t->icmp_type && t->icmp_type < ICMPV6_ERRORS_END) ||
	       (t->icmp_type >= ICMPV6_ECHO && t->icmp_type < ICMPV6_ND_END) ||
	       t->icmp_type == ICMPV6_MLDV2;
}

__noinline bool wan_ipv6_martian(const struct tuple *t)
{
	if (!t || is_ipv6_martian(&t->src) || is_ipv6_martian(&t->dst) ||
	    is_ipv6_multicast(&t->src))
		return true;
	return !is_ipv6_link_local(&t->src) &&
	       net_kind(&t->src, 128) == GATE_NET_LAN;
}

/* Only an address that the whole world may know can ask for a host at home. */
__noinline __u32 wan_ipv6_to_lan(const struct tuple *t)
{
	if (!t || is_ipv6_link_local(&t->src) || is_ipv6_unspecified(&t->src) ||
	    net_kind(&t->src, 128) == GATE_NET_OWN)
		return DROP_MARTIAN;
	return ENGINE;
}

/* To an address or a group of the machine itself. */
static __noinline __u32 wan_ipv6_to_own(void *ctx, struct cursor *c,
					struct tuple *t)
{
	if (!parse_ipv6_extensions(c, t))
		return DROP_MALFORMED;
	if (t->fragment)
		return DROP_WAN_CLOSED;
	if (!parse_l4(c, t, WHOLE))
		return DROP_MALFORMED;
	if (t->proto == NEXT_ICMPV6)
		return is_icmpv6_wanted(t) ? PASS : DROP_WAN_CLOSED;
	if (t->proto == IPPROTO_TCP)
		return wan_tcp(ctx, t, false);
	if (t->proto == IPPROTO_UDP)
		return wan_udp(ctx, t);
	return DROP_WAN_CLOSED;
}

static __noinline __u32 wan_ipv6(void *ctx, struct cursor *c, struct tuple *t)
{
	__u32 kind = GATE_NET_OWN;

	if (!parse_ipv6(c, t))
		return DROP_MALFORMED;
	if (wan_ipv6_martian(t))
		return DROP_MARTIAN;
	if (!is_ipv6_link_local(&t->dst) && !is_ipv6_multicast(&t->dst))
		kind = net_kind(&t->dst, 128);
	if (kind == GATE_NET_LAN)
		return wan_ipv6_to_lan(t);
	return kind == GATE_NET_OWN ? wan_ipv6_to_own(ctx, c, t)
				    : DROP_WAN_CLOSED;
}

static __always_inline bool is_for_wan(const struct gate_port *port,
				       const __u16 dmac[3])
{
	return port->l3 || is_ours(port, dmac) || is_group_mac(dmac);
}

static __noinline __u32 wan_door(void *ctx, struct cursor *c, struct tuple *t,
				 const struct gate_port *port)
{
	__u16 dmac[3] = {};
	__u32 type = parse_link(c, port, dmac);

	t->bytes = c->left;
	if (type == ETHERTYPE_NONE)
		return DROP_MALFORMED;
	if (!is_for_wan(port, dmac))
		return PASS;
	if (type == ETHERTYPE_STACK)
		return DROP_MALFORMED;
	if (type == ETHERTYPE_IPV4)
		return wan_ipv4(ctx, c, t, port);
	if (type == ETHERTYPE_IPV6)
		return wan_ipv6(ctx, c, t);
	return PASS;
}

#endif
