/* nat6_lab.h - IPv6 packets from a few words, through the NAT of nat_lab.h.
 *
 * What leaves is checked to be what came in, but for the hop limit: nothing is
 * translated. */
#ifndef TESTS_NAT6_LAB_H
#define TESTS_NAT6_LAB_H

#include "nat_lab.h"

#include <netinet/icmp6.h>

#define ETHER	    14
#define IPV6_HEADER 40

/* Addresses by their first and last groups. */
#define LAN6	  0x20010db8000a0000ull
#define WAN6	  0x20010db800ff0000ull
#define FAR6	  0x20010db800010000ull
#define GATEWAY6  addr6(LAN6, 1)
#define HOST6_A	  addr6(LAN6, 0xa)
#define HOST6_B	  addr6(LAN6, 0xb)
#define REMOTE6	  addr6(FAR6, 7)
#define STRANGER6 addr6(FAR6, 0x99)
#define NEXT6	  addr6(0xfe80000000000000ull, 1)

struct spec6 {
	enum side side;
	struct addr src, dst;
	uint16_t sport, dport; /* ICMPv6 query: 'sport' is the identifier */
	uint8_t proto;	       /* 0: UDP */
	uint8_t flags;	       /* TCP */
	uint8_t type, code;    /* ICMPv6 */
	uint8_t hops;	       /* 0: 64 */
	uint16_t payload;
	uint16_t mss;
	const uint8_t *extend; /* extension headers, the last names the proto */
	uint16_t extend_n;
	uint8_t first; /* type of the first of them */
	bool fragment, more;
	uint16_t off;
	uint32_t id;
	uint8_t mac; /* last byte of the sender's, 0: unknown */
	const uint8_t *quote;
	uint16_t quote_n;
	bool bad_csum;
};

static inline struct addr addr6(uint64_t net, uint64_t host)
{
	struct addr a;

	a.q[0] = htobe64(net);
	a.q[1] = htobe64(host);
	return a;
}

static inline bool is_addr(const struct addr *a, struct addr b)
{
	return addr_eq(a, &b);
}

static inline struct lab *lab6_new(void)
{
	struct lab *l = lab_new();
	struct conf_wan *wan = &l->conf.wan;
	struct conf_lan *lan = &l->conf.lans[0];

	lan->addr6 = GATEWAY6;
	lan->nets6.n = 1;
	lan->nets6.nets[0] = (struct prefix){ addr6(LAN6, 0), 64 };
	wan->addr6 = addr6(WAN6, 1);
	wan->nets6.n = 1;
	wan->nets6.nets[0] = (struct prefix){ addr6(WAN6, 0), 64 };
	wan->gateway6 = NEXT6;
	return l;
}

static inline int lab6_setup(void **state)
{
	*state = lab6_new();
	return 0;
}

#define lab6_test(f)                                                           \
	cmocka_unit_test_setup_teardown(f, lab6_setup, lab_teardown)

static inline void put6_l4(struct wr *w, const struct spec6 *s)
{
	struct spec v4 = { .sport = s->sport,
			   .dport = s->dport,
			   .proto = s->proto,
			   .flags = s->flags,
			   .payload = s->payload,
			   .mss = s->mss,
			   .type = s->type,
			   .code = s->code,
			   .quote = s->quote };

	if (s->proto == IPPROTO_ICMPV6)
		v4.proto = IPPROTO_ICMP;
	put_l4(w, &v4);
}

/* The IPv6 packet alone; returns its length. */
static inline uint16_t lab6_write(uint8_t *out, size_t room,
				  const struct spec6 *spec)
{
	struct spec6 s = *spec;
	struct wr w = wr_init(out, room);
	uint8_t next;
	size_t l4;
	int at;

	s.proto = s.proto ? s.proto : IPPROTO_UDP;
	next = s.fragment ? 44 : s.proto;
	wr_be32(&w, 6u << 28);
	wr_be16(&w, 0);
	wr_u8(&w, s.extend_n ? s.first : next);
	wr_u8(&w, s.hops ? s.hops : 64);
	wr_bytes(&w, &s.src, 16);
	wr_bytes(&w, &s.dst, 16);
	wr_bytes(&w, s.extend, s.extend_n);
	if (s.fragment) {
		wr_u8(&w, s.proto);
		wr_u8(&w, 0);
		wr_be16(&w, (uint16_t)(s.off | s.more));
		wr_be32(&w, s.id);
	}
	l4 = wr_len(&w);
	if (!s.off)
		put6_l4(&w, &s);
	wr_bytes(&w, s.quote, s.quote_n);
	for (unsigned i = 0; i < s.payload; i++)
		wr_u8(&w, (uint8_t)(s.off + i));
	assert_false(w.bad);
	wr_patch_be16(&w, 4, (uint16_t)(wr_len(&w) - IPV6_HEADER));
	at = s.proto == IPPROTO_ICMPV6 ? ICMP_CSUM : csum_place(s.proto);
	if (at >= 0 && !s.fragment) {
		uint16_t csum = csum_ipv6(out, s.proto, out + l4,
					  (uint32_t)(wr_len(&w) - l4));

		rewrite_store16(out + l4 + at,
				s.bad_csum ? (uint16_t)(csum ^ 0x55) : csum);
	}
	return (uint16_t)wr_len(&w);
}

static inline void lab6_frame(struct lab *l, const struct spec6 *s)
{
	static const uint8_t ether[ETHER] = { 2, 0, 0, 0, 0,	1,    2,
					      0, 0, 0, 0, 0x42, 0x86, 0xdd };
	uint8_t *data = l->mem + PKT_HEADROOM;

	memset(l->mem, 0, sizeof(l->mem));
	memcpy(data, ether, sizeof(ether));
	l->sent_n = lab6_write(data + ETHER, LAB_FRAME - ETHER, s);
	memcpy(l->sent, data + ETHER, l->sent_n);
	l->p = (struct pkt){ .data = data,
			     .len = (uint32_t)(ETHER + l->sent_n),
			     .room = LAB_FRAME,
			     .side = s->side,
			     .routed = l->routed,
			     .gso = l->gso };
	if (s->mac)
		l->p.host_mac = (struct mac){ { 2, 0, 0, 0, 0, s->mac } };
}

static inline void lab6_same(const struct lab *l)
{
	uint8_t sent[LAB_FRAME];

	memcpy(sent, l->sent, l->sent_n);
	if (!l->routed)
		sent[IPV6_HOPS]--;
	assert_memory_equal(lab_ip(l), sent, l->sent_n);
}

static inline enum verdict lab6_send(struct lab *l, struct spec6 s)
{
	enum verdict v;

	lab6_frame(l, &s);
	v = lab_process(l);
	if (v == VERDICT_FORWARD && !(l->p.flags & PKT_REPLY) && !s.mss)
		lab6_same(l);
	return v;
}

static inline enum verdict lab6_out(struct lab *l, struct addr src,
				    uint16_t sport, struct addr dst,
				    uint16_t dport)
{
	return lab6_send(
		l, (struct spec6){ TUPLE(SIDE_LAN, src, sport, dst, dport),
				   .payload = 10 });
}

static inline enum verdict lab6_in(struct lab *l, struct addr src,
				   uint16_t sport, struct addr dst,
				   uint16_t dport)
{
	return lab6_send(
		l, (struct spec6){ TUPLE(SIDE_WAN, src, sport, dst, dport),
				   .payload = 10 });
}

static inline enum verdict lab6_tcp(struct lab *l, enum side side,
				    struct addr src, uint16_t sport,
				    struct addr dst, uint16_t dport,
				    uint8_t flags)
{
	return lab6_send(l, (struct spec6){ TUPLE(side, src, sport, dst, dport),
					    .proto = IPPROTO_TCP,
					    .flags = flags });
}

#endif
