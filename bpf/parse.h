/* parse.h - from a frame to the few fields that the gate decides by.
 *
 * Bytes are read through a cursor that knows two ends: that of the frame, on
 * which the verifier insists, and that of the packet, so that link padding is
 * never taken for payload. The parts are called one after the other, each
 * where the one before left the cursor, and only as far as a question needs.
 * Included by gate.bpf.c alone. */
#ifndef GATE_PARSE_H
#define GATE_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "address.h"

enum ethertype {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	/* Beyond what the wire can say: */
	ETHERTYPE_NONE = 0x10000, /* no Ethernet header */
	ETHERTYPE_STACK,	  /* tags without end, or cut off */
};

#define VLAN_ID	      0x0fff
#define PRIORITY_TAGS 2 /* looked through; more are a disguise */

#define IPV4_FRAGMENT 0x3fff /* "more fragments" and the offset */
#define IPV4_OFFSET   0x1fff
#define IPV6_FRAGMENT 0xfff9

/* IPv6 next headers, RFC 8200 section 4; the kernel's have no BTF. */
enum next_header {
	NEXT_HOP_BY_HOP = 0,
	NEXT_FRAGMENT = 44,
	NEXT_ICMPV6 = 58,
	NEXT_OPTIONS = 60,
};
#define IPV6_EXTENSIONS 4

enum icmp_type {
	ICMP_TYPE_ECHO_REPLY = 0,
	ICMP_TYPE_UNREACHABLE = 3,
	ICMP_TYPE_ECHO = 8,
	ICMP_TYPE_TIME_EXCEEDED = 11,
	ICMP_TYPE_PARAMETER = 12,
};

struct tuple {
	struct address src, dst;
	__be16 sport, dport; /* ICMP echo: the identifier in both */
	__u16 bytes;	     /* IP length */
	__u8 version;	     /* 4 or 6 */
	__u8 proto;	     /* IPv6: behind the extension headers */
	__u8 icmp_type;
	bool fragment; /* any part of a datagram that was cut; when quoted,
			* one without ports */
	bool syn;      /* without ACK */
};

struct cursor {
	void *at;
	void *end;  /* of the frame */
	__u32 left; /* bytes of the packet from 'at' on */
};

/* A packet may be quoted in an ICMP error: cut, but for its first bytes. */
enum form { WHOLE, QUOTED };

/* The next 'n' bytes; NULL: they are not there. */
static __always_inline void *cursor_take(struct cursor *c, __u32 n)
{
	void *at = c->at;

	if (n > c->left || at + n > c->end)
		return NULL;
	c->at = at + n;
	c->left -= n;
	return at;
}

/* Ethernet header and priority tags. A tag with a VLAN's number is given back
 * as the ethertype: such a frame is not for us. */
static __always_inline __u32 parse_ethernet(struct cursor *c, __u16 dmac[3])
{
	struct ethhdr *eth = cursor_take(c, sizeof(*eth));
	struct vlan_hdr *tag;
	__u16 type;

	if (!eth)
		return ETHERTYPE_NONE;
	__builtin_memcpy(dmac, eth->h_dest, sizeof(eth->h_dest));
	type = bpf_ntohs(eth->h_proto);
	for (int i = 0; i <= PRIORITY_TAGS; i++) {
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			return type;
		tag = cursor_take(c, sizeof(*tag));
		if (!tag)
			return ETHERTYPE_STACK;
		if (tag->h_vlan_TCI & bpf_htons(VLAN_ID))
			return ETHERTYPE_VLAN;
		type = bpf_ntohs(tag->h_vlan_encapsulated_proto);
	}
	return ETHERTYPE_STACK;
}

/* Where there is no link header, the packet itself says what it is. */
static __always_inline __u32 peek_ip(const struct cursor *c)
{
	__u8 *first = c->at;

	if (!c->left || (void *)(first + 1) > c->end)
		return ETHERTYPE_NONE;
	if (*first >> 4 == 4)
		return ETHERTYPE_IPV4;
	return *first >> 4 == 6 ? ETHERTYPE_IPV6 : 0;
}

/* false: the header is short or lies. Options are skipped. */
static __noinline bool parse_ipv4(struct cursor *c, struct tuple *t,
				  enum form form)
{
	struct iphdr *ip = cursor_take(c, sizeof(*ip));
	__u32 options, payload;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return false;
	options = ip->ihl * 4 - sizeof(*ip);
	if (bpf_ntohs(ip->tot_len) < sizeof(*ip) + options)
		return false;
	payload = bpf_ntohs(ip->tot_len) - sizeof(*ip);
	if (form == WHOLE && payload > c->left)
		return false;
	if (payload < c->left)
		c->left = payload;
	set_v4(&t->src, ip->saddr);
	set_v4(&t->dst, ip->daddr);
	t->bytes = bpf_ntohs(ip->tot_len);
	t->version = 4;
	t->proto = ip->protocol;
	t->fragment = ip->frag_off &
		      bpf_htons(form == WHOLE ? IPV4_FRAGMENT : IPV4_OFFSET);
	return cursor_take(c, options);
}

/* The fixed header alone. */
static __noinline bool parse_ipv6(struct cursor *c, struct tuple *t)
{
	struct ipv6hdr *ip = cursor_take(c, sizeof(*ip));
	__u32 payload;

	if (!ip || ip->version != 6)
		return false;
	payload = bpf_ntohs(ip->payload_len);
	if (payload > c->left)
		return false;
	c->left = payload;
	__builtin_memcpy(&t->src, &ip->saddr, sizeof(t->src));
	__builtin_memcpy(&t->dst, &ip->daddr, sizeof(t->dst));
	t->bytes = sizeof(*ip) + payload;
	t->version = 6;
	t->proto = ip->nexthdr;
	t->fragment = false;
	return true;
}

/* Walks to the header behind hop-by-hop, destination options and a fragment
 * header that cuts nothing (RFC 6946). false: too short. What it does not know
 * or reach stays in 'proto', and nobody knows that protocol. */
static __noinline bool parse_ipv6_extensions(struct cursor *c, struct tuple *t)
{
	struct ipv6_opt_hdr *opt;
	struct frag_hdr *frag;

	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		if (t->proto == NEXT_FRAGMENT) {
			frag = cursor_take(c, sizeof(*frag));
			if (!frag)
				return false;
			t->proto = frag->nexthdr;
			t->fragment = frag->frag_off & bpf_htons(IPV6_FRAGMENT);
			if (t->fragment)
				return true;
			continue;
		}
		if (t->proto != NEXT_HOP_BY_HOP && t->proto != NEXT_OPTIONS)
			return true;
		opt = cursor_take(c, sizeof(*opt));
		if (!opt || !cursor_take(c, opt->hdrlen * 8 + 6))
			return false;
		t->proto = opt->nexthdr;
	}
	return true;
}

static __always_inline bool parse_icmp(struct cursor *c, struct tuple *t)
{
	struct icmphdr *icmp = cursor_take(c, sizeof(*icmp));

	if (!icmp)
		return false;
	t->icmp_type = icmp->type;
	if (icmp->type == ICMP_TYPE_ECHO ||
	    icmp->type == ICMP_TYPE_ECHO_REPLY) {
		t->sport = icmp->un.echo.id;
		t->dport = icmp->un.echo.id;
	}
	return true;
}

/* Ports, ICMP type and identifier. false: too short. A quoted TCP header need
 * not reach to its flags (RFC 792: eight bytes). */
static __noinline bool parse_l4(struct cursor *c, struct tuple *t,
				enum form form)
{
	__u8 icmp = t->version == 4 ? IPPROTO_ICMP : NEXT_ICMPV6;
	struct udphdr *ports;
	struct tcphdr *tcp;

	t->sport = 0;
	t->dport = 0;
	t->icmp_type = 0;
	t->syn = false;
	if (t->proto == IPPROTO_TCP && form == WHOLE) {
		tcp = cursor_take(c, sizeof(*tcp));
		if (!tcp)
			return false;
		t->sport = tcp->source;
		t->dport = tcp->dest;
		t->syn = tcp->syn && !tcp->ack;
		return true;
	}
	if (t->proto == IPPROTO_TCP || t->proto == IPPROTO_UDP) {
		ports = cursor_take(c, sizeof(*ports));
		if (!ports)
			return false;
		t->sport = ports->source;
		t->dport = ports->dest;
		return true;
	}
	return t->proto != icmp || parse_icmp(c, t);
}

static __always_inline bool is_icmp_error(const struct tuple *t)
{
	return t->proto == IPPROTO_ICMP &&
	       (t->icmp_type == ICMP_TYPE_UNREACHABLE ||
		t->icmp_type == ICMP_TYPE_TIME_EXCEEDED ||
		t->icmp_type == ICMP_TYPE_PARAMETER);
}

/* Reads the packet that was sent from here, and turns it round: 'q' becomes the
 * tuple of its answer. false: too short. */
static __noinline bool parse_quoted(struct cursor *c, struct tuple *q)
{
	struct address local;
	__be16 port;

	if (!parse_ipv4(c, q, QUOTED) || !parse_l4(c, q, QUOTED))
		return false;
	local = q->src;
	q->src = q->dst;
	q->dst = local;
	port = q->sport;
	q->sport = q->dport;
	q->dport = port;
	return true;
}

/* The packet that the ICMP error 't' quotes decides whose the error is. Did its
 * receiver send that? Errors about later fragments are forbidden (RFC 1122
 * 3.2.2), and tell nothing. */
static __always_inline bool is_quote_ours(const struct tuple *t,
					  const struct tuple *q)
{
	return !q->fragment && v4(&q->dst) == v4(&t->dst);
}

#endif
