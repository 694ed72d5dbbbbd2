/* icmp_error.c - writes an ICMP error in front of the packet it is about.
 * Called by nat_path.c and worker.c. Engine thread only.
 * Invariant: what is quoted is what the sender sent, and at most as much of it
 * as makes a datagram of 576 bytes (RFC 1812 4.3.2.3). */
#include "icmp_error.h"

#include <netinet/in.h>
#include <string.h>

#include "../../base/bytes.h"
#include "csum.h"
#include "icmp6_error.h"

#define ETHER_HEADER 14
#define IPV4_HEADER  20
#define ICMP_HEADER  8
#define IPV4_DF	     0x4000
#define IPV4_MTU_MIN 68 /* RFC 791 */
#define ERROR_MAX    576
#define ERROR_TTL    64
#define TOS_CONTROL  0xc0 /* RFC 1812 4.3.2.5: precedence 6 */
#define LIMIT_BURST  100
#define NEW_HEADERS  (IPV4_HEADER + ICMP_HEADER)

_Static_assert(PKT_HEADROOM >= NEW_HEADERS, "an ICMP error is built in place");

struct ether {
	struct mac dst, src;
	__be16 type;
};

_Static_assert(sizeof(struct ether) == ETHER_HEADER, "as on the wire");

/* One token comes back each millisecond. */
static bool limit_take(struct icmp_limit *l, uint64_t now_ms)
{
	uint64_t passed = now_ms - l->last_ms;

	l->used = passed < l->used ? l->used - (uint32_t)passed : 0;
	l->last_ms = now_ms;
	if (l->used >= LIMIT_BURST)
		return false;
	l->used++;
	return true;
}

static bool is_group(const struct engine_conf *conf, __be32 a)
{
	if (ntohl(a) >= 0xe0000000 ||
	    conf_is_broadcast(conf->wan.net, conf->wan.mask, a))
		return true;
	for (unsigned i = 0; i < conf->lans_n; i++)
		if (conf_is_broadcast(conf->lans[i].net, conf->lans[i].mask, a))
			return true;
	return false;
}

static bool may_answer(const struct pkt *p, const struct engine_conf *conf)
{
	if (p->frag_off)
		return false;
	if (p->proto == IPPROTO_ICMP && !(p->flags & PKT_ICMP_QUERY))
		return false;
	return !is_group(conf, addr_to_v4(&p->dst)) &&
	       !is_group(conf, addr_to_v4(&p->src));
}

static __be32 own_address(const struct pkt *p, const struct engine_conf *conf)
{
	if (p->side == SIDE_WAN)
		return conf->wan.addr;
	return p->lan < conf->lans_n ? conf->lans[p->lan].addr : 0;
}

/* Undoes a translation, so that the quote can be recognized. */
static void restore(struct pkt *p)
{
	uint8_t *ip = p->data + p->l3, *l4 = p->data + p->l4;
	uint32_t room = p->l3_len - (uint32_t)(p->l4 - p->l3);
	struct rewrite_tuple was = { addr_to_v4(&p->src), addr_to_v4(&p->dst),
				     p->sport, p->dport };
	struct rewrite_tuple is = was;
	struct rewrite rw;

	memcpy(&is.src, ip + IPV4_SRC, sizeof(is.src));
	memcpy(&is.dst, ip + IPV4_DST, sizeof(is.dst));
	if (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP) {
		is.sport = rewrite_load16(l4 + PORTS_SRC);
		is.dport = rewrite_load16(l4 + PORTS_DST);
	} else if (p->proto == IPPROTO_ICMP) {
		is.sport = rewrite_load16(l4 + ICMP_ID);
	}
	rewrite_prepare(&rw, p->proto, &is, &was);
	rewrite_ipv4(ip, &rw);
	if (p->csum_open)
		csum_rewrite_open(l4, p->proto, &rw);
	else
		rewrite_l4(l4, room, p->proto, &rw);
	rewrite_ttl(ip, p->ttl);
}

/* The way back: off-link senders are behind the WAN's gateway. */
static struct addr hop_back(const struct pkt *p, const struct engine_conf *conf)
{
	__be32 to = addr_to_v4(&p->src);

	if (p->side == SIDE_WAN && (to & conf->wan.mask) != conf->wan.net &&
	    conf->wan.gateway)
		return addr_v4(conf->wan.gateway);
	return p->src;
}

/* Of the packet, as much as the error has room for. */
static uint16_t quote_len(const struct pkt *p, const struct engine_conf *conf)
{
	uint16_t most =
		p->side == SIDE_WAN ? conf->wan.mtu : conf->lans[p->lan].mtu;

	if (most > ERROR_MAX)
		most = ERROR_MAX;
	if (most < IPV4_MTU_MIN)
		most = IPV4_MTU_MIN;
	most -= NEW_HEADERS;
	return p->l3_len < most ? p->l3_len : most;
}

static void write_ipv4(uint8_t *ip, uint16_t len, __be32 src, __be32 dst)
{
	struct wr out = wr_init(ip, IPV4_HEADER), *w = &out;
	uint16_t csum;

	wr_u8(w, 4 << 4 | IPV4_HEADER / 4);
	wr_u8(w, TOS_CONTROL);
	wr_be16(w, len);
	wr_be16(w, 0);
	wr_be16(w, IPV4_DF); /* atomic: no identification (RFC 6864) */
	wr_u8(w, ERROR_TTL);
	wr_u8(w, IPPROTO_ICMP);
	wr_be16(w, 0);
	wr_bytes(w, &src, sizeof(src));
	wr_bytes(w, &dst, sizeof(dst));
	csum = csum_of(ip, IPV4_HEADER);
	rewrite_store16(ip + IPV4_CSUM, csum);
}

static void write_icmp(uint8_t *icmp, enum icmp_type type, enum icmp_code code,
		       uint16_t mtu, uint16_t quote)
{
	struct wr w = wr_init(icmp, ICMP_HEADER);
	uint16_t csum;

	wr_u8(&w, type);
	wr_u8(&w, code);
	wr_be16(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, mtu);
	csum = csum_of(icmp, ICMP_HEADER + quote);
	rewrite_store16(icmp + ICMP_CSUM, csum);
}

static void write_error(struct pkt *p, __be32 source, uint16_t quote,
			enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	struct rd r = rd_init(p->data, ETHER_HEADER);
	uint8_t *data = p->data + p->l3 - NEW_HEADERS - ETHER_HEADER;
	struct ether to, from;

	rd_bytes(&r, &from, sizeof(from));
	to = (struct ether){ from.src, from.dst, from.type };
	memcpy(data, &to, sizeof(to));
	write_ipv4(data + ETHER_HEADER, NEW_HEADERS + quote, source,
		   addr_to_v4(&p->src));
	write_icmp(data + ETHER_HEADER + IPV4_HEADER, type, code, mtu, quote);
	p->room += (uint32_t)(p->data - data);
	p->data = data;
}

static void build_ipv4(struct pkt *p, const struct engine_conf *conf,
		       enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	uint16_t quote = quote_len(p, conf);

	restore(p);
	write_error(p, own_address(p, conf), quote, type, code, mtu);
	p->l3 = ETHER_HEADER;
	p->l4 = ETHER_HEADER + IPV4_HEADER;
	p->l3_len = NEW_HEADERS + quote;
	p->len = ETHER_HEADER + p->l3_len;
	p->proto = IPPROTO_ICMP;
	p->next_hop = hop_back(p, conf);
}

static void build_ipv6(struct pkt *p, const struct engine_conf *conf,
		       enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	struct addr source = icmp6_error_source(p, conf);

	p->data[p->l3 + IPV6_HOPS] = p->ttl;
	icmp6_error_write(p, &source, type, code, mtu);
	p->proto = IPPROTO_ICMPV6;
	p->next_hop = icmp6_error_hop(p, conf);
}

static bool may_build(const struct pkt *p, const struct engine_conf *conf)
{
	struct addr source;

	if (p->flags & (PKT_ICMP_ERROR | PKT_REPLY) || p->data[0] & 1)
		return false;
	if (!(p->flags & PKT_IPV6))
		return own_address(p, conf) && may_answer(p, conf);
	source = icmp6_error_source(p, conf);
	return !addr_is_zero(&source) && icmp6_error_may(p);
}

bool icmp_error_build(struct pkt *p, const struct engine_conf *conf,
		      struct icmp_limit *limit, uint64_t now_ms,
		      enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	if (!may_build(p, conf) || !limit_take(limit, now_ms))
		return false;
	if (p->flags & PKT_IPV6)
		build_ipv6(p, conf, type, code, mtu);
	else
		build_ipv4(p, conf, type, code, mtu);
	p->flags = (p->flags & PKT_IPV6) | PKT_REPLY;
	p->verdict = VERDICT_FORWARD;
	p->out_side = p->side;
	p->out_lan = p->lan;
	p->device = (struct addr){ 0 };
	p->to_lan = false;
	p->session = 0;
	p->label = 0;
	p->peer = 0;
	p->routed = false;
	p->gso = false;
	p->csum_open = false;
	return true;
}
