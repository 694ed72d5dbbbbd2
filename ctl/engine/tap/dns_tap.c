/* dns_tap.c - the resolver's arm on the data path.
 * Called by worker.c for every packet from the LAN, before the NAT. Engine
 * thread only.
 * Invariant: the words of an answer are dns_answer_write()'s, as they are by
 * the socket; what it cannot say the same way goes to the resolver. */
#include "dns_tap.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "../../../bpf/abi.h"
#include "../../base/clock.h"
#include "../../proto/dns_answer.h"
#include "../packet/csum.h"

#define DNS_PORT    53
#define IPV4_HEADER 20
#define UDP_HEADER  8
#define HEADERS	    (ETH_HLEN + IPV4_HEADER + UDP_HEADER)
#define ADDRESSES   12 /* offset in the IPv4 header */
#define IPV4_TTL    64
#define IPV4_DF	    0x4000

static bool is_to_us(const struct engine_conf *conf, const struct pkt *p)
{
	return p->dport == htons(DNS_PORT) && p->proto == IPPROTO_UDP &&
	       p->side == SIDE_LAN && !p->routed && p->lan < conf->lans_n &&
	       addr_is_v4(&p->dst) && conf->lans[p->lan].addr &&
	       addr_to_v4(&p->dst) == conf->lans[p->lan].addr;
}

/* Once more what the gate asked: nobody else's answers leave here; nor do any
 * to a group, which is nobody's source (IEEE 802.3 3.2.5) and would be told to
 * the whole network. */
static bool is_neighbour(const struct conf_lan *lan, const struct addr *addr,
			 const uint8_t *mac)
{
	__be32 src = addr_to_v4(addr);

	return !(mac[0] & 1) && (src & lan->mask) == lan->net &&
	       src != lan->addr && src != lan->net &&
	       !conf_is_broadcast(lan->net, lan->mask, src);
}

static uint16_t udp_len(const struct pkt *p)
{
	struct rd r = rd_init(p->data + p->l4 + 4, 2);

	return rd_be16(&r);
}

static uint32_t pseudo_sum(const struct pkt *p, uint16_t len)
{
	uint64_t sum = csum_partial(p->data + p->l3 + ADDRESSES, 8);

	sum += htons(IPPROTO_UDP) + htons(len);
	return csum_fold((uint32_t)((sum & 0xffffffff) + (sum >> 32)));
}

/* Guests of this machine leave the sum to hardware that is not there: then the
 * field holds that of the pseudo-header. */
static bool is_whole(const struct pkt *p, uint16_t len)
{
	const uint8_t *udp = p->data + p->l4;
	uint16_t field = rewrite_load16(udp + UDP_CSUM);
	uint32_t pseudo = pseudo_sum(p, len);
	uint64_t sum = (uint64_t)csum_partial(udp, len) + pseudo;

	if (!field || field == pseudo)
		return true;
	return csum_fold((uint32_t)((sum & 0xffffffff) + (sum >> 32))) ==
	       0xffff;
}

/* ---- the frame turned round */

static void write_ethernet(const struct conf_lan *lan, struct pkt *p)
{
	uint8_t *eth = p->data;

	memmove(eth, eth + ETH_ALEN, ETH_ALEN);
	memcpy(eth + ETH_ALEN, lan->mac.b, ETH_ALEN);
}

static void write_ipv4(struct pkt *p, uint16_t udp)
{
	uint8_t *ip = p->data + p->l3;
	struct wr w = wr_init(ip, p->room - p->l3);

	wr_be16(&w, 0x4500);
	wr_be16(&w, IPV4_HEADER + udp);
	wr_be16(&w, 0);
	wr_be16(&w, IPV4_DF);
	wr_u8(&w, IPV4_TTL);
	wr_u8(&w, IPPROTO_UDP);
	wr_be16(&w, 0);
	wr_bytes(&w, &p->dst.w[3], 4);
	wr_bytes(&w, &p->src.w[3], 4);
	rewrite_store16(ip + 10, csum_of(ip, IPV4_HEADER));
}

/* Behind the IPv4 header, which the checksum covers in part. */
static void write_udp(struct pkt *p, uint16_t len)
{
	uint8_t *udp = p->data + p->l4;
	struct wr w = wr_init(udp, p->room - p->l4);

	wr_be16(&w, DNS_PORT);
	wr_be16(&w, ntohs(p->sport));
	wr_be16(&w, len);
	wr_be16(&w, 0);
	rewrite_store16(udp + UDP_CSUM, (uint16_t)pseudo_sum(p, len));
	csum_close(udp, IPPROTO_UDP, len);
}

/* Its source becomes its destination and the other way round. */
static void write_headers(struct pkt *p, size_t len)
{
	uint16_t udp = (uint16_t)(UDP_HEADER + len);

	write_ipv4(p, udp);
	write_udp(p, udp);
	p->l3_len = IPV4_HEADER + udp;
	p->len = (uint32_t)p->l3 + p->l3_len;
	p->verdict = VERDICT_ANSWERED;
}

/* ---- questions */

/* What reply.c sends by UDP at most. */
static size_t limit(const struct dns_query *q)
{
	return q->udp_size < DNS_UDP_EDNS ? q->udp_size : DNS_UDP_EDNS;
}

/* The answer that was found, in place of the question. False: no room. */
static bool give(struct pkt *p, const struct dns_query *q,
		 const struct answer *x, uint64_t now_ms, size_t *len)
{
	const struct dns_kept kept = {
		.msg = x->bytes + x->key_len,
		.len = x->msg_len,
		.ttl_at = x->ttl_at,
		.ttl_n = x->ttl_n,
	};
	const struct dns_age age = { (uint32_t)((now_ms - x->born_ms) / 1000),
				     DNS_TTL_MAX_S };
	uint8_t *out = p->data + p->l4 + UDP_HEADER;
	struct wr w = wr_init(out, limit(q));

	if (p->l4 + UDP_HEADER + limit(q) > p->room)
		return false;
	dns_answer_write(&w, q, &kept, age, limit(q));
	*len = wr_len(&w);
	return true;
}

static bool answer(struct answers *a, const struct conf_lan *lan, struct pkt *p,
		   size_t len, uint64_t now_ms)
{
	struct answers_hit hit = { .client = p->src, .at_ms = now_ms };
	struct dns_query q;
	struct dns_key key;
	struct answer x;

	if (dns_query_read(p->data + p->l4 + UDP_HEADER, len, &q))
		return false;
	key = dns_key(&q);
	if (!answers_find(a, key.b, key.len, now_ms, &x, &hit.place) ||
	    !give(p, &q, &x, now_ms, &len))
		return false;
	write_ethernet(lan, p);
	write_headers(p, len);
	hit.took_us = (uint32_t)clock_us() - p->at_us;
	answers_hit(a, &hit);
	return true;
}

/* No room where the question has a tag: the answer's frame would have none. */
static struct answers_way way_of(const struct conf_lan *lan,
				 const struct pkt *p, uint32_t ifindex)
{
	struct answers_way way = { .ifindex = ifindex, .lan = p->lan };

	memcpy(way.mac.b, p->data + ETH_ALEN, ETH_ALEN);
	if (p->l3 == ETH_HLEN && lan->mtu > IPV4_HEADER + UDP_HEADER)
		way.room = (uint16_t)(lan->mtu - IPV4_HEADER - UDP_HEADER);
	if (way.room > ANSWERS_MSG_MAX)
		way.room = ANSWERS_MSG_MAX;
	return way;
}

static void ask_on(struct answers *a, const struct conf_lan *lan, struct pkt *p,
		   uint32_t ifindex, size_t len)
{
	struct answers_question q;

	p->verdict = VERDICT_LOCAL;
	if (len > sizeof(q.msg))
		return;
	q.from = (struct endpoint){ p->src, p->sport };
	q.to = p->dst;
	q.way = way_of(lan, p, ifindex);
	q.len = (uint16_t)len;
	memcpy(q.msg, p->data + p->l4 + UDP_HEADER, len);
	p->verdict = VERDICT_HELD;
	/* The question is lost, and counted among those of DNS. */
	(void)answers_ask(a, &q);
}

bool dns_tap(struct answers *a, const struct engine_conf *conf, struct pkt *p,
	     uint32_t ifindex, uint64_t now_ms)
{
	const struct conf_lan *lan;
	uint16_t len;

	if (!a || !is_to_us(conf, p))
		return false;
	p->verdict = VERDICT_LOCAL;
	if (p->flags & (PKT_FRAG | PKT_OPTIONS))
		return true;
	lan = &conf->lans[p->lan];
	len = udp_len(p);
	p->verdict = VERDICT_DROP;
	p->drop = DROP_SPOOFED;
	if (!is_neighbour(lan, &p->src, p->data + ETH_ALEN))
		return true;
	p->drop = DROP_BAD_CHECKSUM;
	if (!is_whole(p, len))
		return true;
	len = (uint16_t)(len - UDP_HEADER);
	if (!answer(a, lan, p, len, now_ms))
		ask_on(a, lan, p, ifindex, len);
	return true;
}

/* ---- answers of the resolver */

static void make_ethernet(const struct conf_lan *lan, struct pkt *p,
			  const struct mac *to)
{
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };

	memcpy(eth.h_dest, to->b, ETH_ALEN);
	memcpy(eth.h_source, lan->mac.b, ETH_ALEN);
	memcpy(p->data, &eth, sizeof(eth));
}

bool dns_tap_reply(const struct engine_conf *conf,
		   const struct answers_reply *r, struct pkt *p)
{
	uint8_t lan = r->way.lan;
	const struct conf_lan *l;

	if (lan >= conf->lans_n)
		return false;
	l = &conf->lans[lan];
	if (!l->addr || !addr_is_v4(&r->from) || !addr_is_v4(&r->to.addr) ||
	    addr_to_v4(&r->from) != l->addr ||
	    !is_neighbour(l, &r->to.addr, r->way.mac.b) ||
	    p->room < HEADERS + (uint32_t)r->len)
		return false;
	p->side = SIDE_LAN;
	p->lan = lan;
	p->l3 = ETH_HLEN;
	p->l4 = ETH_HLEN + IPV4_HEADER;
	p->src = r->to.addr; /* as of the question */
	p->sport = r->to.port;
	p->dst = r->from;
	make_ethernet(l, p, &r->way.mac);
	memcpy(p->data + HEADERS, r->msg, r->len);
	write_headers(p, r->len);
	return true;
}
