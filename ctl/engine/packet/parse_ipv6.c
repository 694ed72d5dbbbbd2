/* parse_ipv6.c - through a bounded cursor, to the upper layer.
 * Called by parse.c and nat_icmp6.c. Engine thread only.
 * Invariant: what passes has its fixed header, every extension header and, as
 * RFC 7112 demands, all of them in the first fragment. */
#include "parse_ipv6.h"

#include <netinet/in.h>

#include "../../../bpf/abi.h"

#define IPV6_DATAGRAM_MAX 65535
#define HEADERS_MAX	  8 /* more than these no host sends */
#define HOP_BY_HOP	  0
#define ROUTING		  43
#define FRAGMENT	  44
#define DESTINATION	  60
#define ROUTING_SOURCE	  0 /* RFC 5095 */
#define FRAGMENT_MORE	  1
#define FRAGMENT_OFFSET	  0xfff8
#define TCP_FLAGS_END	  16 /* a later fragment that begins before lies */

static bool refuse(struct pkt *p, enum gate_drop why)
{
	p->drop = why;
	return false;
}

/* ---- extension headers */

/* RFC 8200 4.5. An atomic one is whole. */
static uint8_t read_fragment(struct rd *r, struct ipv6_chain *out)
{
	uint8_t next = rd_u8(r);
	uint16_t field;

	rd_skip(r, 1);
	field = rd_be16(r);
	out->id = rd_be32(r);
	out->frag_off = field & FRAGMENT_OFFSET;
	out->more = field & FRAGMENT_MORE;
	out->fragment = out->frag_off || out->more;
	return next;
}

static uint8_t read_options(struct rd *r, uint8_t type, struct ipv6_chain *out)
{
	uint8_t next = rd_u8(r);
	uint8_t len = rd_u8(r), routing, left;

	if (type == ROUTING) {
		routing = rd_u8(r);
		left = rd_u8(r);
		out->routed |= routing == ROUTING_SOURCE && left;
		rd_skip(r, 4);
	} else {
		rd_skip(r, 6);
	}
	rd_skip(r, len * 8u);
	return next;
}

bool ipv6_chain(struct rd *r, uint8_t next, struct ipv6_chain *out)
{
	unsigned seen = 0;

	*out = (struct ipv6_chain){ 0 };
	for (; !r->bad; seen++) {
		uint8_t type = next;

		if (type != HOP_BY_HOP && type != ROUTING && type != FRAGMENT &&
		    type != DESTINATION)
			break;
		if (seen == HEADERS_MAX || (type == HOP_BY_HOP && seen) ||
		    (type == FRAGMENT && out->fragment))
			return false;
		next = type == FRAGMENT ? read_fragment(r, out)
					: read_options(r, type, out);
		if (out->frag_off)
			break;
	}
	out->proto = next;
	out->extended = seen;
	return !r->bad;
}

/* ---- the fixed header */

/* RFC 4291 2.5, RFC 6890: what never stands on a wire; IPv4 in disguise, which
 * no table of ours may take for IPv4; and land. */
static bool is_martian(const struct addr *src, const struct addr *dst)
{
	static const struct addr any, loopback = { .b = { [15] = 1 } };

	return addr_eq(src, &any) || addr_eq(dst, &any) ||
	       addr_eq(src, &loopback) || addr_eq(dst, &loopback) ||
	       src->b[0] == 0xff || addr_is_v4(src) || addr_is_v4(dst) ||
	       addr_eq(src, dst);
}

static bool note_fragment(struct pkt *p, const struct ipv6_chain *c,
			  size_t payload)
{
	p->ip_id = c->id;
	p->frag_off = c->frag_off;
	p->flags |= PKT_FRAG;
	if (!c->frag_off)
		p->flags |= PKT_FRAG_FIRST;
	if (c->more)
		p->flags |= PKT_FRAG_MORE;
	if (c->more && payload % 8)
		return false;
	if (c->proto == IPPROTO_TCP && c->frag_off &&
	    c->frag_off < TCP_FLAGS_END)
		return false;
	return payload && c->frag_off + payload <= IPV6_DATAGRAM_MAX;
}

bool parse_ipv6(struct pkt *p)
{
	struct rd all = rd_init(p->data + p->l3, p->len - p->l3), r;
	uint8_t first = rd_u8(&all), next;
	struct ipv6_chain c;
	uint32_t len;

	rd_skip(&all, 3);
	len = IPV6_HEADER + (uint32_t)rd_be16(&all);
	next = rd_u8(&all);
	p->ttl = rd_u8(&all);
	rd_bytes(&all, &p->src, sizeof(p->src));
	rd_bytes(&all, &p->dst, sizeof(p->dst));
	r = rd_sub(&all, len - IPV6_HEADER);
	if (r.bad || first >> 4 != 6 || len > IPV6_DATAGRAM_MAX)
		return refuse(p, DROP_MALFORMED);
	p->l3_len = (uint16_t)len;
	p->flags |= PKT_IPV6 | PKT_DF; /* routers cut nothing (RFC 8200 5) */
	if (is_martian(&p->src, &p->dst))
		return refuse(p, DROP_MARTIAN);
	if (!ipv6_chain(&r, next, &c))
		return refuse(p, DROP_MALFORMED);
	if (c.routed)
		return refuse(p, DROP_MARTIAN);
	if (c.extended)
		p->flags |= PKT_OPTIONS;
	p->proto = c.proto;
	p->l4 = (uint16_t)(p->l3 + len - rd_left(&r));
	if (c.fragment && !note_fragment(p, &c, rd_left(&r)))
		return refuse(p, DROP_MALFORMED);
	return true;
}
