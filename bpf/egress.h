/* egress.h - the last word at the way out: nothing leaves untranslated.
 *
 * Where packets go through the kernel to the engine, nftables queues them and
 * stops what did not pass there. But a table can be flushed by anybody, at any
 * time; then what the classifier marked for the engine would be routed on as it
 * is. This is the program at clsact egress of such a house's ports; as long as
 * the table stands it drops nothing. AF_XDP sends past it. Included by
 * gate.bpf.c alone. */
#ifndef GATE_EGRESS_H
#define GATE_EGRESS_H

#include "face_tc.h"
#include "link.h"
#include "nets.h"
#include "ports.h"

/* The kernel itself never speaks from a port that the NAT holds: that would be
 * the answer to what should have gone to a device at home. */
static __noinline bool speaks_for_mapping(struct cursor *c, struct tuple *t)
{
	if (t->fragment || (t->proto != IPPROTO_TCP && t->proto != IPPROTO_UDP))
		return false;
	return !parse_l4(c, t, WHOLE) || is_claimed(t, t->sport);
}

/* 'ours': the engine let it go. Even so its rewrite may be missing, if it was
 * left to rules that are gone. */
static __noinline bool is_leak_ipv4(struct cursor *c, struct tuple *t,
				    const struct gate_port *port, bool ours)
{
	if (!parse_ipv4(c, t, WHOLE) ||
	    net_kind_from_wan(&t->src) == GATE_NET_LAN)
		return true;
	return !ours && v4(&t->src) == port->addr && speaks_for_mapping(c, t);
}

static __noinline bool is_leak_ipv6(struct cursor *c, struct tuple *t,
				    bool ours)
{
	if (!parse_ipv6(c, t))
		return true;
	return !ours && !is_ipv6_link_local(&t->src) &&
	       net_kind(&t->src, 128) == GATE_NET_LAN;
}

static __always_inline bool is_let_go(const struct __sk_buff *skb)
{
	__u32 kind = skb->mark & GATE_MARK_MASK;

	return kind >= GATE_MARK_DONE && kind <= GATE_MARK_OWN;
}

static __noinline bool is_leak(struct __sk_buff *skb, struct tuple *t,
			       const struct gate_port *port)
{
	struct cursor c = tc_cursor(skb);
	__u16 dmac[3] = {};
	__u32 type = parse_link(&c, port, dmac);

	t->bytes = c.left;
	if (type == ETHERTYPE_IPV4)
		return is_leak_ipv4(&c, t, port, is_let_go(skb));
	if (type == ETHERTYPE_IPV6)
		return is_leak_ipv6(&c, t, is_let_go(skb));
	return false;
}

static __always_inline int egress_act(struct __sk_buff *skb)
{
	struct gate_port *port;
	struct tuple t = {};

	if (skb->mark == GATE_MARK_LANE)
		return TC_UNSPEC;
	port = port_of(skb->ifindex);
	if (!port)
		return TC_UNSPEC;
	if ((skb->mark & GATE_MARK_MASK) == GATE_MARK_ENGINE)
		return tc_drop(DROP_UNTRANSLATED, skb->len);
	if (port->role != GATE_ROLE_WAN || is_vlans(skb))
		return TC_UNSPEC;
	tc_pull(skb);
	if (!is_leak(skb, &t, port))
		return TC_UNSPEC;
	return tc_drop(DROP_UNTRANSLATED, t.bytes);
}

#endif
