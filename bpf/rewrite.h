/* rewrite.h - one flow's translation, applied to header bytes.
 *
 * Freestanding: the engine and the eBPF programs include the same file. The
 * includer provides __u8 … __be32 (vmlinux.h or <linux/types.h>). XDP and the
 * engine write bytes. tc gives the differences to the kernel's helpers, because
 * an sk_buff's sum may be unfinished; rewrite_ports_delta() is for it alone.
 * Checksums are kept by difference, RFC 1624 equation 3, so that a packet that
 * came in broken goes out broken and its receiver still sees it. Sums are taken
 * over 16-bit words as they lie in memory; one's complement does not care which
 * byte order that is (RFC 1071, 2.B). */
#ifndef GATE_REWRITE_H
#define GATE_REWRITE_H

/* Offsets in the headers. */
enum rewrite_offset {
	IPV4_TTL = 8, /* and the protocol, one word */
	IPV4_CSUM = 10,
	IPV4_SRC = 12,
	IPV4_DST = 16,
	IPV6_HOPS = 7,
	IPV6_SRC = 8,
	PORTS_SRC = 0, /* TCP, UDP and their kin */
	PORTS_DST = 2,
	TCP_CSUM = 16,
	UDP_CSUM = 6, /* DCCP's and UDP-Lite's too */
	ICMP_CSUM = 2,
	ICMP_ID = 4,
};

enum rewrite_proto {
	REWRITE_ICMP = 1,
	REWRITE_TCP = 6,
	REWRITE_UDP = 17,
	REWRITE_DCCP = 33,
	REWRITE_UDPLITE = 136,
};

/* An ICMP query has its identifier in 'sport' and 'dport'. */
struct rewrite_tuple {
	__be32 src, dst;
	__be16 sport, dport;
};

/* What one direction of a flow becomes, and by how much its sums change. */
struct rewrite {
	struct rewrite_tuple to;
	__u16 ip_delta;
	__u16 l4_delta;
};

static inline __u16 rewrite_load16(const __u8 *at)
{
	__u16 v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

static inline void rewrite_store16(__u8 *at, __u16 v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

static inline void rewrite_store32(__u8 *at, __be32 v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

/* Two folds hold what 65,535 words can carry. */
static inline __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)(sum + (sum >> 16));
}

/* The difference that replacing 'from' by 'to' makes, to be summed up. */
static inline __u32 csum_diff16(__be16 from, __be16 to)
{
	return (__u32)(__u16)~from + (__u16)to;
}

static inline __u32 csum_diff32(__be32 from, __be32 to)
{
	return csum_diff16((__be16)(from & 0xffff), (__be16)(to & 0xffff)) +
	       csum_diff16((__be16)(from >> 16), (__be16)(to >> 16));
}

static inline __u16 csum_apply(__u16 csum, __u16 delta)
{
	return (__u16)~csum_fold((__u32)(__u16)~csum + delta);
}

static inline void csum_apply_at(__u8 *at, __u16 delta)
{
	rewrite_store16(at, csum_apply(rewrite_load16(at), delta));
}

/* RFC 768: 0 says that there is no checksum, and stays; a sum that comes out
 * as 0 is sent as its other form. */
static inline void csum_apply_udp(__u8 *at, __u16 delta)
{
	__u16 csum = rewrite_load16(at);

	if (!csum)
		return;
	csum = csum_apply(csum, delta);
	rewrite_store16(at, csum ? csum : 0xffff);
}

static inline void rewrite_prepare(struct rewrite *rw, __u8 proto,
				   const struct rewrite_tuple *from,
				   const struct rewrite_tuple *to)
{
	__u32 addrs = csum_diff32(from->src, to->src) +
		      csum_diff32(from->dst, to->dst);
	__u32 sport = csum_diff16(from->sport, to->sport);

	rw->to = *to;
	rw->ip_delta = csum_fold(addrs);
	if (proto == REWRITE_ICMP) /* no pseudo-header, one identifier */
		rw->l4_delta = csum_fold(sport);
	else
		rw->l4_delta = csum_fold(addrs + sport +
					 csum_diff16(from->dport, to->dport));
}

/* What of 'l4_delta' is the ports'; 0: nothing. */
static inline __u16 rewrite_ports_delta(const struct rewrite *rw)
{
	__u16 delta = csum_fold((__u32)rw->l4_delta + (__u16)~rw->ip_delta);

	return delta == 0xffff ? 0 : delta;
}

/* The word is not read back: a load waits for a smaller store. */
static inline void rewrite_ttl(__u8 *ip, __u8 ttl)
{
	__u16 old = rewrite_load16(ip + IPV4_TTL);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u16 now = (__u16)((old & 0xff00) | ttl);
#else
	__u16 now = (__u16)((old & 0xff) | ttl << 8);
#endif

	ip[IPV4_TTL] = ttl;
	csum_apply_at(ip + IPV4_CSUM, csum_fold(csum_diff16(old, now)));
}

static inline void rewrite_ipv4(__u8 *ip, const struct rewrite *rw)
{
	rewrite_store32(ip + IPV4_SRC, rw->to.src);
	rewrite_store32(ip + IPV4_DST, rw->to.dst);
	csum_apply_at(ip + IPV4_CSUM, rw->ip_delta);
}

static inline void rewrite_ports(__u8 *l4, const struct rewrite *rw)
{
	rewrite_store16(l4 + PORTS_SRC, rw->to.sport);
	rewrite_store16(l4 + PORTS_DST, rw->to.dport);
}

/* The header behind IPv4's, of which 'room' bytes are there: less than a whole
 * one when it is quoted in an ICMP error. Protocols without a known checksum
 * or port are left alone. */
static inline void rewrite_l4(__u8 *l4, __u32 room, __u8 proto,
			      const struct rewrite *rw)
{
	if (room < 8)
		return;
	switch (proto) {
	case REWRITE_TCP:
		rewrite_ports(l4, rw);
		if (room >= TCP_CSUM + 2)
			csum_apply_at(l4 + TCP_CSUM, rw->l4_delta);
		break;
	case REWRITE_UDP:
		rewrite_ports(l4, rw);
		csum_apply_udp(l4 + UDP_CSUM, rw->l4_delta);
		break;
	case REWRITE_ICMP:
		rewrite_store16(l4 + ICMP_ID, rw->to.sport);
		csum_apply_at(l4 + ICMP_CSUM, rw->l4_delta);
		break;
	case REWRITE_DCCP:
	case REWRITE_UDPLITE:
		csum_apply_at(l4 + UDP_CSUM, rw->ip_delta);
		break;
	}
}

#endif
