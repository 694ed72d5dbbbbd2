/* express.h - the lane of heavy flows: what the engine decided, done here.
 *
 * The first question at every door. A packet of a promoted flow with nothing
 * special in its header is rewritten and sent on, on the core that it arrived
 * on; any other is EXPRESS_NONE, untouched, and the classifier's. Special are
 * SYN, FIN, RST, ICMP but for echoes, fragments, IP options, a TTL that ends
 * here, VLAN tags, what is larger than the way out, and what is not addressed
 * to the gateway.
 *
 * A slot has its flow's key again, for a program may have found the number of
 * one that is another flow's by the time it reads it. Both faces are here: XDP
 * writes bytes and redirects frames; tc leaves sums to the kernel's helpers and
 * keeps super-packets whole, which behind XDP are those that GRO has made of
 * the frames that XDP passed. Included by gate.bpf.c alone. */
#ifndef GATE_EXPRESS_H
#define GATE_EXPRESS_H

#include "face_tc.h"
#include "maps.h"
#include "parse.h"

#define EXPRESS_NONE (-2) /* neither an XDP action nor one of tc */

#define TCP_LENGTH_AT	  12
#define TCP_FLAGS_AT	  13
#define TCP_FLAGS_SPECIAL 0x07 /* FIN, SYN, RST */
#define IPV4_PLAIN	  0x45 /* version 4, no options */
#define IPV6_HOPS_AT	  7
#define L4_AT		  34 /* of IPv4 without options, behind Ethernet */

/* A packet's bytes, as far as they are verified, and its length. */
struct express_packet {
	__u8 *eth, *ip, *l4;
	__u32 bytes; /* of IP */
	__u32 headers;
	__u16 sport, dport; /* as in the key */
	__u8 proto;
	bool v6;
};

/* ---- is there anything special in its header? */

/* The other family's ICMP is a protocol like any that nobody promotes. */
static __always_inline bool express_is_icmp(const struct express_packet *p)
{
	return p->proto == (p->v6 ? NEXT_ICMPV6 : IPPROTO_ICMP);
}

/* Eight bytes are the header of UDP and of an echo, and a part of TCP's. Which
 * ICMP it is is the key's to say. */
static __always_inline bool express_l4(struct express_packet *p, void *end)
{
	if ((void *)(p->l4 + sizeof(struct udphdr)) > end)
		return false;
	p->sport = bpf_ntohs(rewrite_load16(p->l4 + PORTS_SRC));
	p->dport = bpf_ntohs(rewrite_load16(p->l4 + PORTS_DST));
	p->headers += sizeof(struct udphdr);
	if (p->proto == IPPROTO_UDP)
		return true;
	if (express_is_icmp(p)) {
		p->dport = p->sport;
		p->sport = bpf_ntohs(rewrite_load16(p->l4 + ICMP_ID));
		return true;
	}
	if (p->proto != IPPROTO_TCP ||
	    (void *)(p->l4 + sizeof(struct tcphdr)) > end ||
	    p->l4[TCP_FLAGS_AT] & TCP_FLAGS_SPECIAL)
		return false;
	p->headers += (p->l4[TCP_LENGTH_AT] >> 4) * 4 - sizeof(struct udphdr);
	return true;
}

static __always_inline bool express_ipv4(struct express_packet *p, void *end)
{
	struct iphdr *ip = (void *)p->ip;

	if ((void *)(ip + 1) > end)
		return false;
	p->l4 = (void *)(ip + 1);
	p->bytes = bpf_ntohs(ip->tot_len);
	p->headers = sizeof(*ip);
	p->proto = ip->protocol;
	p->v6 = false;
	return *p->ip == IPV4_PLAIN &&
	       !(ip->frag_off & bpf_htons(IPV4_FRAGMENT)) && ip->ttl > 1 &&
	       express_l4(p, end);
}

static __always_inline bool express_ipv6(struct express_packet *p, void *end)
{
	struct ipv6hdr *ip = (void *)p->ip;

	if ((void *)(ip + 1) > end)
		return false;
	p->l4 = (void *)(ip + 1);
	p->bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	p->headers = sizeof(*ip);
	p->proto = ip->nexthdr;
	p->v6 = true;
	return ip->version == 6 && ip->hop_limit > 1 && express_l4(p, end);
}

/* 'frame' bytes are there, though not all need be within reach of 'end'. */
static __always_inline bool express_parse(struct express_packet *p, void *data,
					  void *end, __u32 frame)
{
	struct ethhdr *eth = data;
	bool plain = false;

	if ((void *)(eth + 1) > end)
		return false;
	p->eth = data;
	p->ip = (void *)(eth + 1);
	if (eth->h_proto == bpf_htons(ETHERTYPE_IPV4))
		plain = express_ipv4(p, end);
	else if (eth->h_proto == bpf_htons(ETHERTYPE_IPV6))
		plain = express_ipv6(p, end);
	return plain && p->headers <= p->bytes &&
	       sizeof(*eth) + p->bytes <= frame;
}

/* ---- whose is it? */

static __always_inline bool is_same(const void *a, const void *b, int words)
{
	const __u32 *x = a, *y = b;
	__u32 differ = 0;

	for (int i = 0; i < words; i++)
		differ |= x[i] ^ y[i];
	return !differ;
}

static __always_inline bool is_owner(const struct express_flow *flow,
				     const struct express_packet *p)
{
	const __u16 *owner = (const __u16 *)flow->owner;
	const __u16 *to = (const __u16 *)p->eth;

	return !((owner[0] ^ to[0]) | (owner[1] ^ to[1]) | (owner[2] ^ to[2]));
}

static __always_inline struct express4_key
express4_key(const struct express_packet *p, __u32 ifindex)
{
	const struct iphdr *ip = (void *)p->ip;
	struct express4_key key = {
		.ifindex = ifindex,
		.sport = p->sport,
		.dport = p->dport,
		.proto = p->proto,
	};

	__builtin_memcpy(key.src, &ip->saddr, sizeof(key.src));
	__builtin_memcpy(key.dst, &ip->daddr, sizeof(key.dst));
	return key;
}

static __always_inline struct express6_key
express6_key(const struct express_packet *p, __u32 ifindex)
{
	const struct ipv6hdr *ip = (void *)p->ip;
	struct express6_key key = {
		.ifindex = ifindex,
		.sport = p->sport,
		.dport = p->dport,
		.proto = p->proto,
	};

	__builtin_memcpy(key.src, &ip->saddr, sizeof(key.src));
	__builtin_memcpy(key.dst, &ip->daddr, sizeof(key.dst));
	return key;
}

static __always_inline struct express_flow *
express4_find(const struct express_packet *p, __u32 ifindex, __u32 *slot)
{
	struct express4_key key = express4_key(p, ifindex);
	struct express_flow *flow;
	struct express_slot *at = bpf_map_lookup_elem(&express4, &key);

	if (!at)
		return NULL;
	*slot = at->slot;
	flow = bpf_map_lookup_elem(&express_flow, slot);
	return flow && is_same(&flow->key, &key, sizeof(key) / 4) ? flow : NULL;
}

static __always_inline struct express_flow *
express6_find(const struct express_packet *p, __u32 ifindex, __u32 *slot)
{
	struct express6_key key = express6_key(p, ifindex);
	struct express_flow *flow;
	struct express_slot *at = bpf_map_lookup_elem(&express6, &key);

	if (!at)
		return NULL;
	*slot = at->slot;
	flow = bpf_map_lookup_elem(&express_flow, slot);
	return flow && is_same(&flow->key6, &key, sizeof(key) / 4) ? flow
								   : NULL;
}

static __always_inline struct express_flow *
express_find(const struct express_packet *p, __u32 ifindex, __u32 *slot)
{
	struct express_flow *flow = p->v6 ? express6_find(p, ifindex, slot)
					  : express4_find(p, ifindex, slot);

	return flow && is_owner(flow, p) ? flow : NULL;
}

/* ---- off it goes */

static __always_inline void express_count(__u32 slot, __u32 packets,
					  __u32 bytes)
{
	struct express_stats *s = bpf_map_lookup_elem(&express_stats, &slot);
	__u64 now = bpf_ktime_get_coarse_ns();

	if (!s)
		return;
	__sync_fetch_and_add(&s->packets, packets);
	__sync_fetch_and_add(&s->bytes, bytes);
	if (s->seen_ns != now)
		s->seen_ns = now;
}

/* The next hop is read as one word: the engine may be replacing it. */
static __always_inline void express_ethernet(struct express_packet *p,
					     const struct express_flow *flow)
{
	__u64 to = *(const volatile __u64 *)flow->to;
	__u32 first = (__u32)to;
	__u16 last = to >> 32;

	__builtin_memcpy(p->eth, &first, sizeof(first));
	__builtin_memcpy(p->eth + 4, &last, sizeof(last));
	__builtin_memcpy(p->eth + 6, flow->from, sizeof(flow->from));
}

static __always_inline void express_write_xdp(struct express_packet *p,
					      const struct express_flow *flow)
{
	const struct rewrite *rw = &flow->rewrite;
	struct iphdr *ip = (void *)p->ip;

	express_ethernet(p, flow);
	if (p->v6) {
		p->ip[IPV6_HOPS_AT]--;
		return;
	}
	rewrite_ttl(p->ip, ip->ttl - 1);
	rewrite_ipv4(p->ip, rw);
	if (express_is_icmp(p)) {
		rewrite_store16(p->l4 + ICMP_ID, rw->to.sport);
		csum_apply_at(p->l4 + ICMP_CSUM, rw->l4_delta);
		return;
	}
	rewrite_ports(p->l4, rw);
	if (p->proto == IPPROTO_TCP)
		csum_apply_at(p->l4 + TCP_CSUM, rw->l4_delta);
	else
		csum_apply_udp(p->l4 + UDP_CSUM, rw->l4_delta);
}

static __always_inline int express_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct express_packet p;
	struct express_flow *flow;
	__u32 slot;
	__u8 face;

	if (!express_parse(&p, data, end, end - data))
		return EXPRESS_NONE;
	flow = express_find(&p, ctx->ingress_ifindex, &slot);
	if (!flow || p.bytes > flow->mtu)
		return EXPRESS_NONE;
	face = *(volatile __u8 *)&flow->face; /* once: it may change */
	if (face != EXPRESS_FACE_XDP)
		return face == EXPRESS_FACE_TC ? XDP_PASS : EXPRESS_NONE;
	/* Asked before the bytes are changed: without it there is a way back.
	 */
	if (bpf_redirect_map(&tx_ports, flow->out_ifindex, XDP_ABORTED) !=
	    XDP_REDIRECT)
		return EXPRESS_NONE;
	express_write_xdp(&p, flow);
	express_count(slot, 1, p.bytes);
	return XDP_REDIRECT;
}

/* ---- the same at tc */

/* Bytes first, for the helpers take the verified pointers away. The IP header's
 * sum is whole and of no weight in that of the sk_buff. */
static __always_inline void express_write_skb(struct __sk_buff *skb,
					      struct express_packet *p,
					      const struct express_flow *flow)
{
	const struct rewrite *rw = &flow->rewrite;
	__u16 ports = rewrite_ports_delta(rw), addrs = rw->ip_delta, hops;
	bool tcp = p->proto == IPPROTO_TCP;
	__u32 at = L4_AT + (tcp ? TCP_CSUM : UDP_CSUM);
	__u64 zero = tcp ? 0 : BPF_F_MARK_MANGLED_0;

	express_ethernet(p, flow);
	if (p->v6) {
		hops = rewrite_load16(p->ip + IPV6_HOPS_AT - 1);
		p->ip[IPV6_HOPS_AT]--;
		bpf_csum_update(
			skb,
			csum_diff16(hops,
				    rewrite_load16(p->ip + IPV6_HOPS_AT - 1)));
		return;
	}
	rewrite_ttl(p->ip, ((struct iphdr *)(void *)p->ip)->ttl - 1);
	rewrite_ipv4(p->ip, rw);
	if (express_is_icmp(p)) {
		rewrite_store16(p->l4 + ICMP_ID, rw->to.sport);
		bpf_l4_csum_replace(skb, L4_AT + ICMP_CSUM, 0, rw->l4_delta, 0);
		return;
	}
	rewrite_ports(p->l4, rw);
	bpf_l4_csum_replace(skb, at, 0, addrs, zero | BPF_F_PSEUDO_HDR);
	if (ports)
		bpf_l4_csum_replace(skb, at, 0, ports, zero);
}

/* How many packets it will be on the wire, and their bytes; false: one of them
 * is larger than the way out. */
static __always_inline bool express_sizes(const struct __sk_buff *skb,
					  const struct express_packet *p,
					  __u16 mtu, __u32 *packets,
					  __u32 *bytes)
{
	__u32 size = skb->gso_size, n = skb->gso_segs;

	*packets = 1;
	*bytes = p->bytes;
	if (!size)
		return p->bytes <= mtu;
	if (!n) /* from a sender who did not count */
		n = (p->bytes - p->headers + size - 1) / size;
	if (n > 1) {
		*packets = n;
		*bytes += (n - 1) * p->headers;
	}
	return size + p->headers <= mtu;
}

static __always_inline int express_tc(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct express_packet p;
	struct express_flow *flow;
	__u32 packets, bytes, out, slot;

	if (skb->vlan_present || !express_parse(&p, data, end, skb->len))
		return EXPRESS_NONE;
	flow = express_find(&p, skb->ifindex, &slot);
	if (!flow || !express_sizes(skb, &p, flow->mtu, &packets, &bytes))
		return EXPRESS_NONE;
	out = flow->out_ifindex;
	express_write_skb(skb, &p, flow);
	express_count(slot, packets, bytes);
	skb->mark = GATE_MARK_LANE; /* egress.h need not look at it */
	return bpf_redirect(out, 0);
}

#endif
