/* gate.bpf.c - whose packet is this? The question at both doors of the house.
 *
 * Every frame that arrives on a LAN or WAN port is passed to the kernel
 * unmodified, given to the engine's AF_XDP socket, or dropped under a name.
 * The order of the questions is the policy; design.md section 3 has it in
 * words.
 *
 * Two rules hold everywhere. A port that the NAT claims never reaches the
 * kernel, which would answer for it. And on the WAN the kernel sees only what
 * it will not answer with "closed": a socket waits for it, or the owner opened
 * the port. Runs on every CPU at once and writes nothing but counters. */
#include "vmlinux.h"

#include "abi.h"
#include "parse.h"
#include "maps.h"
#include "ports.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* What becomes of a packet: a reason to drop it, or one of these. */
enum verdict { PASS = DROP_REASONS, ENGINE };

/* ICMPv6 types, RFC 4443, 2710, 4861, 3810. */
#define ICMPV6_ERRORS_END 5
#define ICMPV6_ECHO	  128
#define ICMPV6_ND_END	  138 /* echo, MLD, neighbour discovery: 128..137 */
#define ICMPV6_MLDV2	  143

/* ---- questions about addresses; those about ports are in ports.h */

/* Who answers for an address; 0: nobody we know. With 'len' under 128, the
 * network around it: a longer prefix than was asked for never matches. */
static __noinline __u32 net_kind(const struct address *a, __u32 len)
{
	struct gate_net_key key = { .prefixlen = len };
	struct gate_net *net;

	__builtin_memcpy(key.addr, a->w, sizeof(key.addr));
	net = bpf_map_lookup_elem(&kernel_nets, &key);
	return net ? net->kind : 0;
}

/* BCP 38: only hosts of the port's own network speak through it. */
static __always_inline bool is_spoofed(const struct gate_port *port, __be32 src)
{
	if (!port->addr || (src & port->mask) != port->net)
		return true;
	return src == port->addr || src == port->net || is_broadcast(port, src);
}

/* ---- ICMP errors: the packet that they quote decides */

/* Did the receiver of the error 't' send what it quotes? Errors about later
 * fragments are forbidden (RFC 1122 3.2.2), and tell nothing. */
static __always_inline bool is_quote_ours(const struct tuple *t,
					  const struct tuple *q)
{
	return !q->fragment && v4(&q->dst) == v4(&t->dst);
}

static __noinline __u32 icmp_error(struct xdp_md *ctx, struct cursor *c,
				   const struct tuple *t, bool translated)
{
	struct tuple q;

	if (!parse_quoted(c, &q))
		return DROP_MALFORMED;
	if (!is_quote_ours(t, &q))
		return DROP_WAN_CLOSED;
	if (translated && has_bit(&claimed, &q, q.dport))
		return ENGINE;
	if (q.proto == IPPROTO_TCP)
		return has_tcp_connection(ctx, &q) ? PASS : DROP_WAN_CLOSED;
	if (q.proto == IPPROTO_UDP)
		return has_udp_socket(ctx, &q) ? PASS : DROP_WAN_CLOSED;
	if (q.proto == IPPROTO_ICMP)
		return q.icmp_type == ICMP_TYPE_ECHO ? PASS : DROP_WAN_CLOSED;
	return translated ? ENGINE : DROP_WAN_CLOSED;
}

/* ---- the LAN side */

/* Delivered or routed without us. */
static __always_inline bool is_kernels(const struct address *dst)
{
	__u32 kind = net_kind(dst, 128);

	return kind == GATE_NET_OWN || kind == GATE_NET_LAN ||
	       kind == GATE_NET_ROUTED;
}

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
		return is_quote_ours(t, &q) && has_bit(&claimed, &q, q.dport)
			       ? ENGINE
			       : PASS;
	}
	/* Only an echo reply belongs to who holds the identifier. */
	if (t->proto == IPPROTO_ICMP && t->icmp_type != ICMP_TYPE_ECHO_REPLY)
		return PASS;
	return has_bit(&claimed, t, t->dport) ? ENGINE : PASS;
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
	else if (is_multicast(dst) || is_broadcast(port, dst))
		return PASS;
	else if (is_kernels(&t->dst))
		verdict = PASS;
	/* The kernel must not answer strangers in our name either (BCP 38). */
	if (is_spoofed(port, v4(&t->src)))
		return DROP_SPOOFED;
	return verdict;
}

static __noinline __u32 lan_ipv6(struct cursor *c, struct tuple *t)
{
	if (!parse_ipv6(c, t))
		return DROP_MALFORMED;
	if (is_ipv6_martian(&t->dst))
		return DROP_MARTIAN;
	if (is_ipv6_link_local(&t->dst) || is_ipv6_multicast(&t->dst) ||
	    is_kernels(&t->dst))
		return PASS;
	return DROP_IPV6_FORWARD;
}

/* ---- the WAN side */

static __noinline __u32 wan_tcp(struct xdp_md *ctx, const struct tuple *t,
				bool translated)
{
	if (has_bit(&local_open, t, t->dport) || has_tcp_connection(ctx, t))
		return PASS;
	/* RFC 5382 REQ-4: the engine holds it, for the inside may open too. */
	return translated && t->syn ? ENGINE : DROP_WAN_CLOSED;
}

static __noinline __u32 wan_udp(struct xdp_md *ctx, const struct tuple *t)
{
	if (has_bit(&local_open, t, t->dport))
		return PASS;
	/* Without a socket the kernel would answer that the port is closed. */
	if ((has_bit(&local_own, t, t->dport) || is_dhcp_reply(t)) &&
	    has_udp_socket(ctx, t))
		return PASS;
	return DROP_WAN_CLOSED;
}

static __noinline __u32 wan_icmp(struct xdp_md *ctx, struct cursor *c,
				 const struct tuple *t, bool translated)
{
	if (is_icmp_error(t))
		return icmp_error(ctx, c, t, translated);
	if (t->icmp_type == ICMP_TYPE_ECHO)
		return PASS;
	if (t->icmp_type != ICMP_TYPE_ECHO_REPLY)
		return DROP_WAN_CLOSED;
	return translated && has_bit(&claimed, t, t->dport) ? ENGINE : PASS;
}

/* To an address of ours; 'translated': to the one that the NAT shares. */
static __noinline __u32 wan_to_own(struct xdp_md *ctx, struct cursor *c,
				   struct tuple *t, bool translated)
{
	if (t->fragment)
		return ENGINE;
	if (!parse_l4(c, t, WHOLE))
		return DROP_MALFORMED;
	if (t->proto == IPPROTO_ICMP)
		return wan_icmp(ctx, c, t, translated);
	if (translated && has_bit(&claimed, t, t->dport))
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
	return t->proto == IPPROTO_UDP && has_bit(&local_open, t, t->dport)
		       ? PASS
		       : DROP_WAN_CLOSED;
}

/* A source that cannot be out there: ours, the LAN's, or nobody's. */
static __noinline bool wan_martian(const struct tuple *t,
				   const struct gate_port *port, bool group)
{
	__be32 src = v4(&t->src);
	__u32 kind;

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

static __noinline __u32 wan_ipv4(struct xdp_md *ctx, struct cursor *c,
				 struct tuple *t, const struct gate_port *port)
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
	kind = translated ? GATE_NET_OWN : net_kind(&t->dst, 128);
	/* The gateway's own address on the LAN counts as the LAN. */
	if (kind == GATE_NET_OWN && !translated &&
	    net_kind(&t->dst, 127) == GATE_NET_LAN)
		kind = GATE_NET_LAN;
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

static __noinline __u32 wan_ipv6(struct xdp_md *ctx, struct cursor *c,
				 struct tuple *t)
{
	if (!parse_ipv6(c, t))
		return DROP_MALFORMED;
	if (is_ipv6_martian(&t->src) || is_ipv6_martian(&t->dst) ||
	    is_ipv6_multicast(&t->src) ||
	    net_kind(&t->src, 128) == GATE_NET_LAN)
		return DROP_MARTIAN;
	if (!is_ipv6_link_local(&t->dst) && !is_ipv6_multicast(&t->dst) &&
	    net_kind(&t->dst, 128) != GATE_NET_OWN)
		return DROP_IPV6_FORWARD;
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

/* ---- the doors */

static __always_inline int drop(__u32 reason, __u32 bytes)
{
	struct gate_count *count = bpf_map_lookup_elem(&drops, &reason);

	if (count) {
		count->packets++;
		count->bytes += bytes;
	}
	return XDP_DROP;
}

/* Fails closed: with nobody at the socket the packet is dropped. */
static __always_inline int to_engine(struct xdp_md *ctx, __u32 slot,
				     __u32 bytes)
{
	__u32 queue = ctx->rx_queue_index;
	long action = XDP_DROP;

	if (queue < GATE_QUEUES_MAX)
		action = bpf_redirect_map(&xsks, slot * GATE_QUEUES_MAX + queue,
					  XDP_DROP);
	return action == XDP_REDIRECT ? action : drop(DROP_ENGINE_AWAY, bytes);
}

static __always_inline int act(struct xdp_md *ctx, const struct gate_port *port,
			       __u32 verdict, __u32 bytes)
{
	if (verdict == PASS)
		return XDP_PASS;
	if (verdict == ENGINE)
		return to_engine(ctx, port->slot, bytes);
	return drop(verdict, bytes);
}

/* Is the frame for the port's owner? Both are aligned to two bytes. */
static __always_inline bool is_ours(const struct gate_port *port,
				    const __u16 dmac[3])
{
	const __u16 *mac = (const __u16 *)port->mac;

	return dmac[0] == mac[0] && dmac[1] == mac[1] && dmac[2] == mac[2];
}

static __always_inline bool is_group_mac(const __u16 dmac[3])
{
	return dmac[0] & bpf_htons(0x0100);
}

static __always_inline struct gate_port *port_of(struct xdp_md *ctx)
{
	__u32 ifindex = ctx->ingress_ifindex;

	return bpf_map_lookup_elem(&port_info, &ifindex);
}

SEC("xdp")
int lan_xdp(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct gate_port *port = port_of(ctx);
	__u32 verdict = PASS;
	struct tuple t = {};
	__u16 dmac[3];
	__u32 type;

	if (!port)
		return drop(DROP_ENGINE_AWAY, c.left);
	type = parse_ethernet(&c, dmac);
	t.bytes = c.left;
	if (type == ETHERTYPE_NONE)
		verdict = DROP_MALFORMED;
	else if (!is_ours(port, dmac))
		verdict = PASS;
	else if (type == ETHERTYPE_STACK)
		verdict = DROP_MALFORMED;
	else if (type == ETHERTYPE_IPV4)
		verdict = lan_ipv4(&c, &t, port);
	else if (type == ETHERTYPE_IPV6)
		verdict = lan_ipv6(&c, &t);
	return act(ctx, port, verdict, t.bytes);
}

SEC("xdp")
int wan_xdp(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct gate_port *port = port_of(ctx);
	__u32 verdict = PASS;
	struct tuple t = {};
	__u16 dmac[3];
	__u32 type;

	if (!port)
		return drop(DROP_ENGINE_AWAY, c.left);
	type = parse_ethernet(&c, dmac);
	t.bytes = c.left;
	if (type == ETHERTYPE_NONE)
		verdict = DROP_MALFORMED;
	else if (!is_ours(port, dmac) && !is_group_mac(dmac))
		verdict = PASS;
	else if (type == ETHERTYPE_STACK)
		verdict = DROP_MALFORMED;
	else if (type == ETHERTYPE_IPV4)
		verdict = wan_ipv4(ctx, &c, &t, port);
	else if (type == ETHERTYPE_IPV6)
		verdict = wan_ipv6(ctx, &c, &t);
	return act(ctx, port, verdict, t.bytes);
}
