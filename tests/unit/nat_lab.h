/* nat_lab.h - a NAT on the bench: a LAN, a WAN, a clock that stands still until
 * it is moved, and packets made from a few words.
 *
 * Included by test_nat_*.c. Every packet that leaves is checked: whole, with
 * checksums that a full computation confirms, and the tables after it. */
#ifndef TESTS_NAT_LAB_H
#define TESTS_NAT_LAB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/abi.h"
#include "ctl/base/bytes.h"
#include "ctl/engine/packet/csum.h"
#include "ctl/engine/packet/icmp_error.h"
#include "ctl/engine/nat/nat.h"
#include "ctl/engine/nat/nat_tcp.h"
#include "ctl/engine/packet/parse.h"

#define IP(a, b, c, d)                                                         \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d))
#define GATEWAY	 IP(10, 77, 0, 1)
#define HOST_A	 IP(10, 77, 0, 2)
#define HOST_B	 IP(10, 77, 0, 3)
#define WAN	 IP(203, 0, 113, 10)
#define WAN_NEXT IP(203, 0, 113, 1)
#define REMOTE	 IP(198, 51, 100, 7)
#define STRANGER IP(192, 0, 2, 99)

#define SECOND	  1000u
#define MINUTE	  (60 * SECOND)
#define LAB_START (3600u * SECOND)
#define LAB_FRAME 9000

/* What a packet is to be; zero stands for the usual. */
struct spec {
	enum side side;
	uint32_t src, dst;
	uint16_t sport, dport; /* ICMP query: 'sport' is the identifier */
	uint8_t proto;	       /* 0: UDP */
	uint8_t flags;	       /* TCP */
	uint8_t type, code;    /* ICMP */
	uint8_t ttl;	       /* 0: 64 */
	uint16_t payload;      /* bytes */
	uint16_t id;
	uint16_t off;	/* of a fragment: bytes; L4 is left out */
	uint16_t whole; /* of a first fragment: the datagram's payload */
	uint16_t mss;
	bool more, df, no_csum, odd_mss, bad_csum;
	uint8_t options[40]; /* IPv4's */
	uint8_t options_n;
	const uint8_t *quote; /* ICMP error: what it is about; others: the
			       * payload's begin */
	uint16_t quote_n;
};

#define TUPLE(side_, src_, sport_, dst_, dport_)                               \
	.side = side_, .src = src_, .sport = sport_, .dst = dst_,              \
	.dport = dport_

struct lab {
	struct nat *n;
	struct engine_conf conf;
	uint64_t now;
	uint32_t us;  /* of the arrival */
	struct pkt p; /* the latest packet */
	uint8_t mem[PKT_HEADROOM + LAB_FRAME];
	uint8_t sent[LAB_FRAME]; /* its IPv4 as it went in */
	uint16_t sent_n;
	bool unchecked; /* big tables: leave nat_check() to the test */
	bool routed;	/* as nfqueue brings them */
	bool gso;
};

static inline __be32 net32(uint32_t a)
{
	return htonl(a);
}

static inline struct engine_conf lab_conf(void)
{
	return (struct engine_conf){
		.generation = 1,
		.wan = { .up = true,
			 .ifindex = 1,
			 .addr = net32(WAN),
			 .net = net32(IP(203, 0, 113, 0)),
			 .mask = net32(0xffffff00),
			 .gateway = net32(WAN_NEXT),
			 .mtu = 1500 },
		.lans_n = 1,
		.lans = { { .ifindex = 2,
			    .addr = net32(GATEWAY),
			    .net = net32(IP(10, 77, 0, 0)),
			    .mask = net32(0xffffff00),
			    .mtu = 1500 } },
		.timers = NAT_TIMERS_DEFAULT,
		.host_sessions = 16384,
	};
}

static inline struct lab *lab_with(struct engine_limits limits)
{
	static const struct hash_key key = { { 11, 22 } };
	struct lab *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->n = nat_new(&limits, &key, 33);
	assert_non_null(l->n);
	l->conf = lab_conf();
	l->now = LAB_START;
	return l;
}

static inline struct lab *lab_new(void)
{
	return lab_with((struct engine_limits){ 1024, 4096, 64 });
}

static inline void lab_free(struct lab *l)
{
	assert_true(nat_check(l->n));
	nat_free(l->n);
	free(l);
}

static inline int lab_setup(void **state)
{
	*state = lab_new();
	return 0;
}

static inline int lab_teardown(void **state)
{
	lab_free(*state);
	return 0;
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

/* ---- writing packets */

static inline uint16_t sum_l4(const uint8_t *ip, uint16_t hlen, uint16_t len,
			      uint8_t proto)
{
	uint8_t buf[12 + LAB_FRAME] = { 0 };

	memcpy(buf, ip + IPV4_SRC, 8);
	buf[9] = proto;
	buf[10] = (uint8_t)(len >> 8);
	buf[11] = (uint8_t)len;
	memcpy(buf + 12, ip + hlen, len);
	return csum_of(buf, 12u + len);
}

static inline void put_tcp(struct wr *w, const struct spec *s)
{
	uint8_t doff = s->mss ? (s->odd_mss ? 7 : 6) : 5;

	wr_be16(w, s->sport);
	wr_be16(w, s->dport);
	wr_be32(w, 1000);
	wr_be32(w, 2000);
	wr_u8(w, (uint8_t)(doff << 4));
	wr_u8(w, s->flags);
	wr_be16(w, 65535);
	wr_be32(w, 0);
	if (!s->mss)
		return;
	if (s->odd_mss)
		wr_u8(w, 1);
	wr_u8(w, 2);
	wr_u8(w, 4);
	wr_be16(w, s->mss);
	if (s->odd_mss)
		wr_zero(w, 3);
}

static inline void put_l4(struct wr *w, const struct spec *s)
{
	if (s->proto == IPPROTO_TCP) {
		put_tcp(w, s);
	} else if (s->proto == IPPROTO_UDP) {
		wr_be16(w, s->sport);
		wr_be16(w, s->dport);
		wr_be16(w, 8 + (s->whole ? s->whole : s->payload));
		wr_be16(w, 0);
	} else if (s->proto == IPPROTO_ICMP) {
		wr_u8(w, s->type);
		wr_u8(w, s->code);
		wr_be16(w, 0);
		wr_be16(w, s->quote ? 0 : s->sport);
		wr_be16(w, s->quote ? 0 : 1);
	}
}

static inline int csum_place(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return TCP_CSUM;
	case IPPROTO_UDP:
		return UDP_CSUM;
	case IPPROTO_ICMP:
		return ICMP_CSUM;
	}
	return -1;
}

static inline void seal(uint8_t *ip, uint16_t hlen, uint16_t len,
			const struct spec *s)
{
	int at = s->off || s->no_csum ? -1 : csum_place(s->proto);
	uint16_t csum;

	if (at >= 0) {
		csum = s->proto == IPPROTO_ICMP
			       ? csum_of(ip + hlen, len)
			       : sum_l4(ip, hlen, len, s->proto);
		if (s->bad_csum)
			csum ^= 0x5555;
		if (!csum && s->proto == IPPROTO_UDP)
			csum = 0xffff;
		rewrite_store16(ip + hlen + at, csum);
	}
	csum = csum_of(ip, hlen);
	rewrite_store16(ip + IPV4_CSUM, csum);
}

/* The IPv4 packet alone; returns its length. */
static inline uint16_t lab_write(uint8_t *out, size_t room,
				 const struct spec *spec)
{
	struct spec s = *spec;
	struct wr w = wr_init(out, room);
	uint16_t hlen = (uint16_t)(20 + s.options_n), len;

	s.proto = s.proto ? s.proto : IPPROTO_UDP;
	wr_u8(&w, (uint8_t)(0x40 | hlen / 4));
	wr_u8(&w, 0);
	wr_be16(&w, 0);
	wr_be16(&w, s.id);
	wr_be16(&w, (uint16_t)((s.df ? 0x4000 : 0) | (s.more ? 0x2000 : 0) |
			       s.off / 8));
	wr_u8(&w, s.ttl ? s.ttl : 64);
	wr_u8(&w, s.proto);
	wr_be16(&w, 0);
	wr_be32(&w, s.src);
	wr_be32(&w, s.dst);
	wr_bytes(&w, s.options, s.options_n);
	if (!s.off)
		put_l4(&w, &s);
	wr_bytes(&w, s.quote, s.quote_n);
	for (unsigned i = 0; i < s.payload; i++)
		wr_u8(&w, (uint8_t)(s.off + i));
	assert_false(w.bad);
	wr_patch_be16(&w, 2, (uint16_t)wr_len(&w));
	len = (uint16_t)wr_len(&w);
	seal(out, hlen, len - hlen, &s);
	return len;
}

/* ---- sending and reading */

static inline const uint8_t *lab_ip(const struct lab *l)
{
	return l->p.data + l->p.l3;
}

static inline uint32_t at32(const uint8_t *p)
{
	struct rd r = rd_init(p, 4);

	return rd_be32(&r);
}

static inline uint16_t at16(const uint8_t *p)
{
	struct rd r = rd_init(p, 2);

	return rd_be16(&r);
}

static inline uint32_t out_src(const struct lab *l)
{
	return at32(lab_ip(l) + IPV4_SRC);
}

static inline uint32_t out_dst(const struct lab *l)
{
	return at32(lab_ip(l) + IPV4_DST);
}

static inline uint16_t out_sport(const struct lab *l)
{
	return at16(l->p.data + l->p.l4);
}

static inline uint16_t out_dport(const struct lab *l)
{
	return at16(l->p.data + l->p.l4 + 2);
}

static inline uint16_t out_id(const struct lab *l)
{
	return at16(l->p.data + l->p.l4 + ICMP_ID);
}

/* Whole, and every checksum that can be computed is right. */
static inline void lab_intact(const struct pkt *p)
{
	const uint8_t *ip = p->data + p->l3;
	uint16_t hlen = (uint16_t)((ip[0] & 15) * 4), len = at16(ip + 2);
	uint8_t proto = ip[9];

	assert_in_range(len, hlen, p->len - p->l3);
	assert_int_equal(csum_of(ip, hlen), 0);
	if (at16(ip + 6) & 0x3fff || csum_place(proto) < 0)
		return;
	if (proto == IPPROTO_ICMP)
		assert_int_equal(csum_of(ip + hlen, len - hlen), 0);
	else if (proto == IPPROTO_TCP || at16(ip + hlen + UDP_CSUM))
		assert_int_equal(sum_l4(ip, hlen, len - hlen, proto), 0);
}

static inline void lab_frame(struct lab *l, const struct spec *s)
{
	static const uint8_t ether[14] = { 2, 0, 0, 0, 0, 1, 2,
					   0, 0, 0, 0, 2, 8, 0 };
	uint8_t *data = l->mem + PKT_HEADROOM;

	memset(l->mem, 0, sizeof(l->mem));
	memcpy(data, ether, sizeof(ether));
	l->sent_n = lab_write(data + 14, LAB_FRAME - 14, s);
	memcpy(l->sent, data + 14, l->sent_n);
	l->p = (struct pkt){ .data = data,
			     .len = 14u + l->sent_n,
			     .room = LAB_FRAME,
			     .side = s->side,
			     .at_us = l->us,
			     .routed = l->routed,
			     .gso = l->gso };
}

static inline enum verdict lab_process(struct lab *l)
{
	enum verdict v;

	assert_true(parse(&l->p));
	v = nat_process(l->n, &l->conf, &l->p, l->now);
	assert_int_equal(v, l->p.verdict);
	if (v == VERDICT_LOCAL)
		assert_memory_equal(lab_ip(l), l->sent, l->sent_n);
	if (!l->unchecked)
		assert_true(nat_check(l->n));
	return v;
}

/* 'true' is a checksum that the sender got wrong on purpose. */
static inline enum verdict lab_send(struct lab *l, struct spec s)
{
	enum verdict v;

	lab_frame(l, &s);
	v = lab_process(l);
	if (v == VERDICT_FORWARD && !s.bad_csum)
		lab_intact(&l->p);
	return v;
}

static inline bool lab_released(struct lab *l)
{
	l->p.data = l->mem + PKT_HEADROOM;
	l->p.room = LAB_FRAME;
	if (!nat_released(l->n, &l->conf, &l->p, l->now))
		return false;
	if (l->p.verdict == VERDICT_FORWARD)
		lab_intact(&l->p);
	assert_true(nat_check(l->n));
	return true;
}

/* Moves the clock on as the worker would: expiry whenever it is due. */
static inline void lab_wait(struct lab *l, uint64_t ms)
{
	uint64_t end = l->now + ms;

	while (l->now < end) {
		uint64_t due = nat_expire(l->n, &l->conf, l->now, 64);

		l->now = due > end - l->now ? end : l->now + due;
	}
	while (!nat_expire(l->n, &l->conf, l->now, 64))
		;
	if (!l->unchecked)
		assert_true(nat_check(l->n));
}

static inline enum verdict lab_out(struct lab *l, uint32_t src, uint16_t sport,
				   uint32_t dst, uint16_t dport)
{
	return lab_send(l,
			(struct spec){ TUPLE(SIDE_LAN, src, sport, dst, dport),
				       .payload = 10 });
}

static inline enum verdict lab_in(struct lab *l, uint32_t src, uint16_t sport,
				  uint16_t dport)
{
	return lab_send(l,
			(struct spec){ TUPLE(SIDE_WAN, src, sport, WAN, dport),
				       .payload = 10 });
}

static inline enum verdict lab_tcp(struct lab *l, enum side side, uint32_t src,
				   uint16_t sport, uint32_t dst, uint16_t dport,
				   uint8_t flags)
{
	return lab_send(l,
			(struct spec){ TUPLE(side, src, sport, dst, dport),
				       .proto = IPPROTO_TCP, .flags = flags });
}

static inline uint32_t lab_mappings(const struct lab *l)
{
	uint32_t mappings, sessions;

	nat_totals(l->n, &mappings, &sessions);
	return mappings;
}

static inline uint32_t lab_sessions(const struct lab *l)
{
	uint32_t mappings, sessions;

	nat_totals(l->n, &mappings, &sessions);
	return sessions;
}

static inline uint64_t lab_drops(struct lab *l, enum gate_drop why)
{
	struct drop_row rows[DROP_REASONS];

	nat_drops(l->n, rows, DROP_REASONS);
	return rows[why].packets;
}

/* The first row; the test says that there is one. */
static inline struct flow_row lab_flow(const struct lab *l)
{
	struct flow_row row = { 0 };
	uint32_t cursor = 0;
	unsigned n;

	nat_flows(l->n, &cursor, &row, 1, 1000000, &n, l->now);
	assert_int_equal(n, 1);
	return row;
}

#endif
