/* icmp6_error.c - writes an ICMPv6 error in front of the packet it is about.
 * Called by icmp_error.c. Engine thread only.
 * Invariant: as much of the packet is quoted as the least MTU has room for. */
#include "icmp6_error.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "../../base/bytes.h"
#include "csum.h"
#include "parse_ipv6.h"

#define ETHER_HEADER 14
#define ICMP6_HEADER 8
#define IPV6_MTU_MIN 1280
#define ERROR_HOPS   64
#define NEW_HEADERS  (IPV6_HEADER + ICMP6_HEADER)

_Static_assert(PKT_HEADROOM >= NEW_HEADERS,
	       "an ICMPv6 error is built in place");

struct addr icmp6_error_source(const struct pkt *p,
			       const struct engine_conf *conf)
{
	if (p->side == SIDE_LAN)
		return p->lan < conf->lans_n ? conf->lans[p->lan].addr6
					     : (struct addr){ 0 };
	/* Any address of ours will do, and a WAN need not have one. */
	if (addr_is_zero(&conf->wan.addr6) && conf->lans_n)
		return conf->lans[0].addr6;
	return conf->wan.addr6;
}

/* RFC 4443 2.4 (e): errors, groups, and what is not one node's. */
bool icmp6_error_may(const struct pkt *p)
{
	return p->dst.b[0] != 0xff && p->src.b[0] != 0xff &&
	       !addr_is_zero(&p->src);
}

struct addr icmp6_error_hop(const struct pkt *p, const struct engine_conf *conf)
{
	const struct conf_nets6 *nets = &conf->wan.nets6;

	if (p->side == SIDE_LAN || addr_is_zero(&conf->wan.gateway6))
		return p->src;
	for (unsigned i = 0; i < nets->n; i++)
		if (prefix_has(&nets->nets[i], &p->src))
			return p->src;
	return conf->wan.gateway6;
}

/* The names in RFC 4443 3. */
static void name_of(enum icmp_type type, enum icmp_code code, uint8_t out[2])
{
	out[0] = ICMP6_DST_UNREACH;
	out[1] = ICMP6_DST_UNREACH_ADDR;
	if (type == ICMP_TIME_EXCEEDED) {
		out[0] = ICMP6_TIME_EXCEEDED;
		out[1] = ICMP6_TIME_EXCEED_TRANSIT;
	} else if (code == ICMP_FRAG_NEEDED) {
		out[0] = ICMP6_PACKET_TOO_BIG;
		out[1] = 0;
	} else if (code == ICMP_PROHIBITED) {
		out[1] = ICMP6_DST_UNREACH_ADMIN;
	} else if (code == ICMP_NO_ROUTE) {
		out[1] = ICMP6_DST_UNREACH_NOROUTE;
	}
}

static void write_icmp(uint8_t *ip, const uint8_t name[2], uint32_t mtu,
		       uint16_t quote)
{
	uint8_t *icmp = ip + IPV6_HEADER;
	struct wr w = wr_init(icmp, ICMP6_HEADER);

	wr_bytes(&w, name, 2);
	wr_be16(&w, 0);
	wr_be32(&w, mtu);
	rewrite_store16(icmp + ICMP_CSUM, csum_ipv6(ip, IPPROTO_ICMPV6, icmp,
						    ICMP6_HEADER + quote));
}

static void write_headers(struct wr *w, const struct pkt *p,
			  const struct addr *source, uint16_t payload)
{
	struct rd r = rd_init(p->data, ETHER_HEADER);
	struct mac to, from;
	uint16_t type;

	rd_bytes(&r, &to, sizeof(to));
	rd_bytes(&r, &from, sizeof(from));
	type = rd_be16(&r);
	wr_bytes(w, &from, sizeof(from));
	wr_bytes(w, &to, sizeof(to));
	wr_be16(w, type);
	wr_be32(w, 6u << 28);
	wr_be16(w, payload);
	wr_u8(w, IPPROTO_ICMPV6);
	wr_u8(w, ERROR_HOPS);
	wr_bytes(w, source, sizeof(*source));
	wr_bytes(w, &p->src, sizeof(p->src));
}

void icmp6_error_write(struct pkt *p, const struct addr *source,
		       enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	uint16_t quote = IPV6_MTU_MIN - NEW_HEADERS;
	uint8_t *data = p->data + p->l3 - NEW_HEADERS - ETHER_HEADER;
	uint8_t head[ETHER_HEADER + IPV6_HEADER], name[2];
	struct wr w = wr_init(head, sizeof(head));

	if (quote > p->l3_len)
		quote = p->l3_len;
	if (p->partial && quote > PKT_PARTIAL)
		quote = PKT_PARTIAL;
	name_of(type, code, name);
	write_headers(&w, p, source, ICMP6_HEADER + quote);
	memcpy(data, head, sizeof(head));
	write_icmp(data + ETHER_HEADER, name, mtu, quote);
	p->room += (uint32_t)(p->data - data);
	p->data = data;
	p->l3 = ETHER_HEADER;
	p->l4 = ETHER_HEADER + IPV6_HEADER;
	p->l3_len = NEW_HEADERS + quote;
	p->len = ETHER_HEADER + p->l3_len;
}
