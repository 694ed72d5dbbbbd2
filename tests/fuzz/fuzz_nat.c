/* fuzz_nat.c - parse and NAT over a sequence of packets from both sides.
 *
 * An input is a script: frames as they are, frames mended so that they get past
 * the first checks, answers to and errors about what just left, time that
 * passes, a conf that changes. The tables must agree at its end, and what
 * leaves must be whole. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/csum.h"
#include "ctl/engine/nat.h"
#include "ctl/engine/parse.h"
#include "bpf/abi.h"

#define ETHER	  14
#define FRAME_MAX 2048
#define STEPS_MAX 256
#define WAN	  0xcb00710a /* 203.0.113.10 */
#define WAN_OTHER 0xcb00710b

enum op {
	OP_RAW,	   /* side, length, frame */
	OP_MENDED, /* likewise, and a choice of addresses */
	OP_ANSWER, /* the latest that left, turned round */
	OP_ERROR,  /* an ICMP error about it */
	OP_TIME,
	OP_CONF,
	OP_RELEASE,
	OPS
};

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
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void start(struct lab *l)
{
	static const struct engine_limits limits = { 48, 96, 16 };
	static const struct hash_key key = { { 1, 2 } };

	l->n = nat_new(&limits, &key, 3);
	require(l->n);
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
}

/* ---- what leaves */

/* Whole, its header sums up, and an ICMP error of ours does so too. */
static void left(struct lab *l)
{
	const struct pkt *p = &l->p;
	struct rd r = rd_init(p->data + p->l3, p->len - p->l3);
	uint16_t hlen, len;

	require(p->l3 == ETHER && p->len <= p->room);
	hlen = (rd_u8(&r) & 15) * 4;
	rd_skip(&r, 1);
	len = rd_be16(&r);
	require(!r.bad && hlen >= 20 && len >= hlen && len <= p->len - p->l3);
	require(!csum_of(p->data + p->l3, hlen));
	if (p->flags & (PKT_REPLY | PKT_ICMP_ERROR) && !(p->flags & PKT_FRAG))
		require(!csum_of(p->data + p->l4, len - hlen));
	if (p->verdict == VERDICT_LOCAL)
		return;
	require(len <= (p->out_side == SIDE_WAN
				? l->conf.wan.mtu
				: l->conf.lans[p->out_lan].mtu));
	l->left_n = p->len;
	l->left_side = p->out_side;
	memcpy(l->left, p->data, p->len);
}

static void release(struct lab *l)
{
	for (;;) {
		l->p.data = l->mem + PKT_HEADROOM;
		l->p.room = FRAME_MAX;
		if (!nat_released(l->n, &l->conf, &l->p, l->now))
			return;
		left(l);
	}
}

static void process(struct lab *l, enum side side, uint32_t len)
{
	enum verdict v;

	l->p = (struct pkt){ .data = l->mem + PKT_HEADROOM,
			     .len = len,
			     .room = FRAME_MAX,
			     .side = side };
	if (!parse(&l->p)) {
		require(l->p.drop < DROP_REASONS);
		return;
	}
	v = nat_process(l->n, &l->conf, &l->p, l->now);
	require(v == l->p.verdict);
	if (v == VERDICT_FORWARD || v == VERDICT_LOCAL)
		left(l);
	else
		require(v == VERDICT_HELD || l->p.drop < DROP_REASONS);
}

/* ---- what comes */

/* Lengths and checksums, so that the fuzzer need not guess them. */
static void mend(uint8_t *ip, uint32_t n)
{
	uint16_t hlen, csum;

	if (n < 20)
		return;
	if ((ip[0] & 15) < 5 || (ip[0] & 15) * 4u > n)
		ip[0] = 5;
	ip[0] = (ip[0] & 15) | 0x40;
	hlen = (ip[0] & 15) * 4;
	ip[2] = (uint8_t)(n >> 8);
	ip[3] = (uint8_t)n;
	rewrite_store16(ip + IPV4_CSUM, 0);
	csum = csum_of(ip, hlen);
	rewrite_store16(ip + IPV4_CSUM, csum);
	if (ip[9] != IPPROTO_ICMP || n < hlen + 8u)
		return;
	rewrite_store16(ip + hlen + ICMP_CSUM, 0);
	csum = csum_of(ip + hlen, n - hlen);
	rewrite_store16(ip + hlen + ICMP_CSUM, csum);
}

static void put_addr(uint8_t *at, uint32_t addr)
{
	rewrite_store32(at, htonl(addr));
}

static void op_frame(struct lab *l, struct rd *r, bool mended)
{
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER;
	uint8_t how = rd_u8(r);
	enum side side = how & 1 ? SIDE_WAN : SIDE_LAN;
	uint32_t n = rd_be16(r) % (FRAME_MAX - ETHER);
	uint32_t have = (uint32_t)rd_left(r);
	uint32_t remote = 0xc6336400 | (how >> 4 & 3);

	have = have < n ? have : n;
	if (!mended) {
		rd_bytes(r, data, have);
		process(l, side, have);
		return;
	}
	/* The rest of a long one is whatever lay there. */
	memset(data, 2, ETHER);
	data[12] = 8;
	data[13] = 0;
	rd_bytes(r, ip, have < 64 ? have : 64);
	if (n >= 20) {
		uint32_t inside = 0x0a4d0002 | (how >> 2 & 1);
		uint32_t wan = ntohl(l->conf.wan.addr);

		put_addr(ip + IPV4_SRC, side == SIDE_LAN ? inside : remote);
		put_addr(ip + IPV4_DST,
			 side == SIDE_WAN || how & 2 ? wan : remote);
	}
	mend(ip, n);
	process(l, side, ETHER + n);
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

static void op_answer(struct lab *l, struct rd *r)
{
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER, *l4;
	uint8_t flags = rd_u8(r);
	uint32_t hlen;

	if (l->left_n < ETHER + 28)
		return;
	memcpy(data, l->left, l->left_n);
	hlen = (ip[0] & 15) * 4u;
	if (l->left_n < ETHER + hlen + 20)
		return;
	l4 = ip + hlen;
	swap(ip + IPV4_SRC, ip + IPV4_DST, 4);
	if (ip[9] == IPPROTO_TCP || ip[9] == IPPROTO_UDP)
		swap(l4, l4 + 2, 2);
	if (ip[9] == IPPROTO_TCP)
		l4[13] = flags;
	if (ip[9] == IPPROTO_ICMP)
		l4[0] = l4[0] == 8 ? 0 : 8;
	ip[IPV4_TTL] = flags & 0x80 ? 1 : 64;
	mend(ip, l->left_n - ETHER);
	process(l, l->left_side, l->left_n);
}

static void op_error(struct lab *l, struct rd *r)
{
	static const uint8_t types[4] = { 3, 11, 12, 5 };
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER;
	uint8_t how = rd_u8(r), at = rd_u8(r), with = rd_u8(r);
	uint32_t quote = l->left_n > ETHER ? l->left_n - ETHER : 0;

	if (quote < 28)
		return;
	if (quote > 28u + how)
		quote = 28u + how;
	memset(data, 2, ETHER);
	data[12] = 8;
	data[13] = 0;
	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[IPV4_TTL] = 64;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + IPV4_SRC, l->left + ETHER + IPV4_DST, 4);
	memcpy(ip + IPV4_DST, l->left + ETHER + IPV4_SRC, 4);
	ip[20] = types[how & 3];
	memcpy(ip + 28, l->left + ETHER, quote);
	if (at < quote)
		ip[28 + at] ^= with;
	mend(ip, 28 + quote);
	process(l, l->left_side, ETHER + 28 + quote);
}

static void op_time(struct lab *l, struct rd *r)
{
	l->now += (uint64_t)rd_u8(r) << (rd_u8(r) % 16);
	nat_expire(l->n, &l->conf, l->now, rd_u8(r));
}

static void op_conf(struct lab *l, struct rd *r)
{
	uint8_t what = rd_u8(r), value = rd_u8(r);

	release(l); /* what was cut fits the conf it was cut for */
	l->conf.generation++;
	switch (what % 6) {
	case 0:
		l->conf.wan.addr = htonl(value & 1 ? WAN : WAN_OTHER);
		if (value & 2)
			nat_wan_changed(l->n, &l->conf, l->now);
		break;
	case 1:
		l->conf.wan.mtu = 68 + value * 6;
		break;
	case 2:
		l->conf.lans[0].mtu = 68 + value * 6;
		break;
	case 3:
		l->conf.reserved[value & 1][rd_be16(r) % 1024] = ~0ULL;
		break;
	case 4:
		l->conf.host_sessions = value % 64;
		break;
	case 5:
		memset(l->conf.reserved[value & 1], value & 2 ? 0xff : 0,
		       sizeof(l->conf.reserved[0]));
		break;
	}
}

static void step(struct lab *l, struct rd *r)
{
	switch ((enum op)(rd_u8(r) % OPS)) {
	case OP_RAW:
		op_frame(l, r, false);
		break;
	case OP_MENDED:
		op_frame(l, r, true);
		break;
	case OP_ANSWER:
		op_answer(l, r);
		break;
	case OP_ERROR:
		op_error(l, r);
		break;
	case OP_TIME:
		op_time(l, r);
		break;
	case OP_CONF:
		op_conf(l, r);
		break;
	case OP_RELEASE:
	case OPS:
		release(l);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct rd r = rd_init(data, size);

	require(l);
	start(l);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&r); i++)
		step(l, &r);
	require(nat_check(l->n));
	release(l);
	require(nat_check(l->n));
	nat_free(l->n);
	free(l);
	return 0;
}
