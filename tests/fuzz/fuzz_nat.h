/* fuzz_nat.h - the NAT that fuzz_nat.c drives, and what must hold of every
 * packet that leaves it.
 *
 * Included by fuzz_nat.c alone. */
#ifndef TESTS_FUZZ_NAT_H
#define TESTS_FUZZ_NAT_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/packet/csum.h"
#include "ctl/engine/nat/nat_core.h"
#include "ctl/engine/packet/parse.h"

#define ETHER	  14
#define FRAME_MAX 2048
#define STEPS_MAX 256
#define WAN	  0xcb00710a /* 203.0.113.10 */
#define WAN_OTHER 0xcb00710b

#define NET6 0x20010db800000000ull /* and who it is of */

/* What a session should have counted. */
struct tally {
	uint32_t serial;
	uint64_t packets[2], bytes[2];
};

#define SESSIONS 96

struct lab {
	struct nat *n;
	struct engine_conf conf;
	uint64_t now;
	struct pkt p;
	uint8_t mem[PKT_HEADROOM + FRAME_MAX];
	/* the latest that left, from its Ethernet header */
	uint8_t left[FRAME_MAX];
	uint32_t left_n;
	enum side left_side; /* by which it left */
	bool routed, gso;
	unsigned adoptions;
	struct tally tally[SESSIONS + 1];

	/* a packet that was looked at, and waits for its turn */
	bool postpone, postponed;
	struct pkt later;
	uint8_t later_mem[PKT_HEADROOM + FRAME_MAX];
};

static inline void require_at(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_nat.c:%d does not hold\n", line);
	abort();
}

#define require(holds) require_at(holds, __LINE__)

static inline struct nat *make_nat(void)
{
	static const struct engine_limits limits = { 48, SESSIONS, 16 };
	static const struct hash_key key = { { 1, 2 } };
	struct nat *n = nat_new(&limits, &key, 3);

	require(n);
	return n;
}

static inline struct addr addr6(unsigned net, unsigned host)
{
	struct addr a = { .q = { htobe64(NET6 | (uint64_t)net << 16),
				 htobe64(host) } };

	return a;
}

static inline void start(struct lab *l)
{
	l->n = make_nat();
	l->now = 1000000;
	l->conf = (struct engine_conf){
		.generation = 1,
		.wan = { .up = true,
			 .addr = htonl(WAN),
			 .net = htonl(0xcb007100),
			 .mask = htonl(0xffffff00),
			 .gateway = htonl(0xcb007101),
			 .mtu = 1500 },
		.lans_n = 1,
		.lans = { { .addr = htonl(0x0a4d0001),
			    .net = htonl(0x0a4d0000),
			    .mask = htonl(0xffffff00),
			    .mtu = 1500 } },
		.timers = NAT_TIMERS_DEFAULT,
		.host_sessions = 40,
	};
	l->conf.lans[0].addr6 = addr6(1, 1);
	l->conf.lans[0].nets6.nets[0] = (struct prefix){ addr6(1, 0), 64 };
	l->conf.lans[0].nets6.n = 1;
	l->conf.wan.nets6.nets[0] = (struct prefix){ addr6(2, 0), 64 };
	l->conf.wan.nets6.n = 1;
	l->conf.wan.gateway6 = addr6(2, 9);
}

/* ---- what leaves */

static inline void count_one(struct lab *l, uint32_t session, enum nat_dir dir)
{
	const struct session *s = nat_session_at(l->n, session);
	struct tally *t = &l->tally[session];

	if (!session)
		return;
	if (t->serial != s->serial)
		*t = (struct tally){ .serial = s->serial };
	t->packets[dir]++;
	t->bytes[dir] += l->p.l3_len;
}

static inline void count(struct lab *l)
{
	if (l->p.flags & PKT_REPLY)
		return;
	count_one(l, l->p.session, l->p.to_lan ? DIR_IN : DIR_OUT);
	count_one(l, l->p.peer, DIR_IN);
}

static inline void check_counts(const struct lab *l)
{
	for (uint32_t i = 1; i <= l->n->sessions.bump; i++) {
		const struct session *s = nat_session_at(l->n, i);
		const struct tally *t = &l->tally[i];

		if (!s->serial || s->serial != t->serial ||
		    nat_session_is_stale(l->n, s))
			continue;
		require(!memcmp(s->packets, t->packets, sizeof(t->packets)) &&
			!memcmp(s->bytes, t->bytes, sizeof(t->bytes)));
	}
}

static inline uint16_t whole_ipv4(const struct pkt *p)
{
	struct rd r = rd_init(p->data + p->l3, p->len - p->l3);
	uint16_t hlen, len;

	hlen = (rd_u8(&r) & 15) * 4;
	rd_skip(&r, 1);
	len = rd_be16(&r);
	require(!r.bad && hlen >= 20 && len >= hlen && len <= p->len - p->l3);
	require(!csum_of(p->data + p->l3, hlen));
	if (p->flags & (PKT_REPLY | PKT_ICMP_ERROR) && !(p->flags & PKT_FRAG))
		require(!csum_of(p->data + p->l4, len - hlen));
	return len;
}

static inline uint16_t whole_ipv6(const struct pkt *p)
{
	struct rd r = rd_init(p->data + p->l3, p->len - p->l3);
	uint16_t len;

	require(rd_u8(&r) >> 4 == 6);
	rd_skip(&r, 3);
	len = 40 + rd_be16(&r);
	require(!r.bad && len <= p->len - p->l3 && p->l4 >= p->l3 + 40);
	if (p->flags & (PKT_REPLY | PKT_ICMP_ERROR))
		require(!csum_ipv6(p->data + p->l3, IPPROTO_ICMPV6,
				   p->data + p->l4,
				   len - (uint32_t)(p->l4 - p->l3)));
	return len;
}

/* Whole, its header sums up, and an ICMP error of ours does so too. */
static inline void left(struct lab *l)
{
	const struct pkt *p = &l->p;
	uint16_t len;

	require(p->l3 == ETHER && p->len <= p->room);
	len = p->flags & PKT_IPV6 ? whole_ipv6(p) : whole_ipv4(p);
	require(len == p->l3_len);
	if (p->verdict == VERDICT_LOCAL)
		return;
	count(l);
	require(p->routed || p->gso || p->flags & PKT_REPLY ||
		len <= (p->out_side == SIDE_WAN
				? l->conf.wan.mtu
				: l->conf.lans[p->out_lan].mtu));
	l->left_n = p->len;
	l->left_side = p->out_side;
	memcpy(l->left, p->data, p->len);
}

static inline void release(struct lab *l)
{
	for (;;) {
		l->p.data = l->mem + PKT_HEADROOM;
		l->p.room = FRAME_MAX;
		if (!nat_released(l->n, &l->conf, &l->p, l->now))
			return;
		left(l);
	}
}

static inline void decide(struct lab *l)
{
	enum verdict v = nat_process(l->n, &l->conf, &l->p, l->now);

	require(v == l->p.verdict);
	if (v == VERDICT_FORWARD || v == VERDICT_LOCAL)
		left(l);
	else
		require(v == VERDICT_HELD || l->p.drop < DROP_REASONS);
	release(l);
}

/* The one that waited has its turn; its bytes are where they were. */
static inline void catch_up(struct lab *l)
{
	if (!l->postponed)
		return;
	l->postponed = false;
	l->p = l->later;
	decide(l);
}

static inline void process(struct lab *l, enum side side, uint32_t len)
{
	l->p = (struct pkt){ .data = l->mem + PKT_HEADROOM,
			     .len = len,
			     .room = FRAME_MAX,
			     .side = side,
			     .routed = l->routed,
			     .gso = l->gso };
	if (l->postpone && !l->postponed) {
		memcpy(l->later_mem, l->mem, sizeof(l->mem));
		l->p.data = l->later_mem + PKT_HEADROOM;
	}
	if (!parse(&l->p)) {
		require(l->p.drop < DROP_REASONS);
		return;
	}
	l->p.verdict = VERDICT_FORWARD;
	nat_prefetch(l->n, &l->p, 1);
	if (l->postpone && !l->postponed) {
		l->later = l->p;
		l->postponed = true;
		l->postpone = false;
		return;
	}
	decide(l);
	catch_up(l);
}

#endif
