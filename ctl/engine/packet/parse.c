/* parse.c - from a frame to a struct pkt.
 * Called by worker.c before anything else. Engine thread only.
 * Invariant: what passes has an IP header that is whole and sums up, and a
 * whole first L4 header if it is not a later fragment: the NAT may write there
 * without asking again. */
#include "parse.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "../../../bpf/abi.h"
#include "../../base/bytes.h"
#include "csum.h"
#include "icmp_error.h"
#include "parse_ipv6.h"

#define ETHER_ADDRS	  12
#define ETHER_TYPE_IPV4	  0x0800
#define ETHER_TYPE_IPV6	  0x86dd
#define ETHER_TYPE_VLAN	  0x8100
#define ETHER_TYPE_QINQ	  0x88a8
#define VLAN_ID		  0x0fff
#define VLAN_TAG	  4
#define PRIORITY_TAGS	  2 /* as many as the gate looks through */
#define IPV4_HEADER	  20
#define IPV4_DATAGRAM_MAX 65535
#define IPV4_DF		  0x4000
#define IPV4_MF		  0x2000
#define IPV4_OFFSET	  0x1fff
#define OPTION_END	  0
#define OPTION_NOP	  1
#define OPTION_LSRR	  131
#define OPTION_SSRR	  137
#define TCP_HEADER	  20
#define UDP_HEADER	  8
#define ICMP_HEADER	  8

static bool refuse(struct pkt *p, enum gate_drop why)
{
	p->drop = why;
	return false;
}

/* A priority tag says nothing about the network (IEEE 802.1Q, VID 0). */
static void strip_tags(struct pkt *p, unsigned tags)
{
	uint32_t gone = tags * VLAN_TAG;

	if (!tags)
		return;
	memmove(p->data + gone, p->data, ETHER_ADDRS);
	p->data += gone;
	p->len -= gone;
	p->room -= gone;
}

static bool parse_ethernet(struct pkt *p, uint16_t *out)
{
	struct rd r = rd_init(p->data, p->len);
	unsigned tags = 0;
	uint16_t type;

	rd_skip(&r, ETHER_ADDRS);
	type = rd_be16(&r);
	while (type == ETHER_TYPE_VLAN || type == ETHER_TYPE_QINQ) {
		if (rd_be16(&r) & VLAN_ID || ++tags > PRIORITY_TAGS)
			return refuse(p, DROP_NO_PROTOCOL);
		type = rd_be16(&r);
	}
	if (r.bad)
		return refuse(p, DROP_MALFORMED);
	if (type != ETHER_TYPE_IPV4 && type != ETHER_TYPE_IPV6)
		return refuse(p, DROP_NO_PROTOCOL);
	strip_tags(p, tags);
	p->l3 = ETHER_ADDRS + sizeof(type);
	*out = type;
	return true;
}

/* RFC 1122 3.2.1.3, RFC 6890: what never stands on a wire; and land, a packet
 * from its own destination. */
static bool is_martian(uint32_t src, uint32_t dst)
{
	uint32_t src_top = src >> 24, dst_top = dst >> 24;

	return !src_top || src_top == 127 || src_top >= 224 || !dst_top ||
	       dst_top == 127 || src == dst;
}

/* RFC 791 3.2, and RFC 1858: a TCP fragment at offset 8 is made to lie over
 * the flags of the first. */
static bool parse_fragment(struct pkt *p, uint16_t field, uint32_t payload)
{
	p->frag_off = (uint16_t)((field & IPV4_OFFSET) * 8);
	if (field & IPV4_DF)
		p->flags |= PKT_DF;
	if (!(field & (IPV4_MF | IPV4_OFFSET)))
		return true;
	p->flags |= PKT_FRAG;
	if (!p->frag_off)
		p->flags |= PKT_FRAG_FIRST;
	if (field & IPV4_MF) {
		p->flags |= PKT_FRAG_MORE;
		if (payload % 8)
			return false;
	}
	if (p->proto == IPPROTO_TCP && p->frag_off == 8)
		return false;
	return payload && p->frag_off + payload <= IPV4_DATAGRAM_MAX;
}

/* RFC 791 3.1. false: the list does not end where it should. */
static bool find_source_route(const uint8_t *options, uint32_t len, bool *found)
{
	struct rd r = rd_init(options, len);

	*found = false;
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r), size;

		if (type == OPTION_END)
			break;
		if (type == OPTION_NOP)
			continue;
		size = rd_u8(&r);
		if (size < 2)
			return false;
		rd_skip(&r, size - 2u);
		*found |= type == OPTION_LSRR || type == OPTION_SSRR;
	}
	return !r.bad;
}

/* RFC 7126 4.3, 4.4: nobody outside says by which way a packet goes on. */
static bool parse_options(struct pkt *p, uint16_t hlen)
{
	const uint8_t *options = p->data + p->l3 + IPV4_HEADER;
	bool routed;

	if (hlen == IPV4_HEADER)
		return true;
	p->flags |= PKT_OPTIONS;
	if (p->side != SIDE_WAN)
		return true;
	if (!find_source_route(options, hlen - IPV4_HEADER, &routed))
		return refuse(p, DROP_MALFORMED);
	return !routed || refuse(p, DROP_MARTIAN);
}

static bool parse_ipv4(struct pkt *p)
{
	const uint8_t *ip = p->data + p->l3;
	struct rd r = rd_init(ip, p->len - p->l3);
	uint16_t field, hlen;
	uint32_t src, dst;
	uint8_t first;

	first = rd_u8(&r);
	rd_skip(&r, 1);
	p->l3_len = rd_be16(&r);
	p->ip_id = rd_be16(&r);
	field = rd_be16(&r);
	p->ttl = rd_u8(&r);
	p->proto = rd_u8(&r);
	rd_skip(&r, 2);
	src = rd_be32(&r);
	dst = rd_be32(&r);
	hlen = (first & 15) * 4;
	rd_skip(&r, hlen > IPV4_HEADER ? hlen - IPV4_HEADER : 0);
	if (r.bad || first >> 4 != 4 || hlen < IPV4_HEADER ||
	    p->l3_len < hlen || p->l3_len > p->len - p->l3)
		return refuse(p, DROP_MALFORMED);
	if (csum_of(ip, hlen))
		return refuse(p, DROP_BAD_CHECKSUM);
	if (is_martian(src, dst))
		return refuse(p, DROP_MARTIAN);
	if (!parse_options(p, hlen))
		return false;
	p->l4 = p->l3 + hlen;
	p->src = addr_v4(htonl(src));
	p->dst = addr_v4(htonl(dst));
	if (!parse_fragment(p, field, p->l3_len - hlen))
		return refuse(p, DROP_MALFORMED);
	return true;
}

/* Port 0 cannot be translated, nor answered (RFC 768, RFC 6335 6). */
static bool parse_tcp(struct pkt *p, struct rd *r, uint32_t left)
{
	uint32_t hlen;

	p->sport = htons(rd_be16(r));
	p->dport = htons(rd_be16(r));
	rd_skip(r, 8);
	hlen = (uint32_t)(rd_u8(r) >> 4) * 4;
	p->tcp_flags = rd_u8(r);
	rd_skip(r, 6);
	return p->sport && p->dport && hlen >= TCP_HEADER && hlen <= left;
}

/* The length may end before the packet does (RFC 9868 puts options there); a
 * first fragment's says how long the whole is. */
static bool parse_udp(struct pkt *p, struct rd *r, uint32_t left)
{
	uint16_t len;

	p->sport = htons(rd_be16(r));
	p->dport = htons(rd_be16(r));
	len = rd_be16(r);
	rd_skip(r, 2);
	if (!(p->flags & PKT_FRAG) && len > left)
		return false;
	return p->sport && p->dport && len >= UDP_HEADER;
}

/* Echo, timestamp, information, address mask and their answers. */
static bool is_icmp_query(uint8_t type)
{
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool is_icmp_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER;
}

/* RFC 4443 2.1: errors have the lower half of the types. */
static bool is_icmp6_query(uint8_t type)
{
	return type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
}

static bool is_icmp6_error(uint8_t type)
{
	return type < 128;
}

/* An error in fragments cannot be checked, and no router sends one. */
static bool parse_icmp(struct pkt *p, struct rd *r)
{
	bool ipv6 = p->flags & PKT_IPV6;

	p->icmp_type = rd_u8(r);
	p->icmp_code = rd_u8(r);
	rd_skip(r, 2);
	if (ipv6 ? is_icmp6_query(p->icmp_type) : is_icmp_query(p->icmp_type)) {
		p->sport = htons(rd_be16(r));
		p->dport = p->sport;
		p->flags |= PKT_ICMP_QUERY;
		rd_skip(r, 2);
		return true;
	}
	rd_skip(r, 4);
	if (!(ipv6 ? is_icmp6_error(p->icmp_type)
		   : is_icmp_error(p->icmp_type)))
		return true;
	p->flags |= PKT_ICMP_ERROR;
	return !(p->flags & PKT_FRAG);
}

static bool parse_l4(struct pkt *p)
{
	uint32_t left = p->l3_len - (p->l4 - p->l3);
	struct rd r = rd_init(p->data + p->l4, left);
	bool ok = true;

	if (p->frag_off)
		return true;
	if (p->proto == IPPROTO_TCP)
		ok = parse_tcp(p, &r, left);
	else if (p->proto == IPPROTO_UDP)
		ok = parse_udp(p, &r, left);
	else if (p->proto ==
		 (p->flags & PKT_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		ok = parse_icmp(p, &r);
	return (ok && !r.bad) || refuse(p, DROP_MALFORMED);
}

bool parse(struct pkt *p)
{
	uint16_t type;

	p->l3 = 0;
	p->l4 = 0;
	p->l3_len = 0;
	p->tcp_flags = 0;
	p->icmp_type = 0;
	p->icmp_code = 0;
	p->flags = 0;
	p->frag_off = 0;
	p->sport = 0;
	p->dport = 0;
	p->hash = 0;
	p->map_hash = 0;
	if (!parse_ethernet(p, &type))
		return false;
	/* What Linux calls BIG TCP: no header says how long it is. */
	if (p->len - p->l3 > IPV4_DATAGRAM_MAX)
		return refuse(p, DROP_TOO_BIG);
	return (type == ETHER_TYPE_IPV6 ? parse_ipv6(p) : parse_ipv4(p)) &&
	       parse_l4(p);
}
