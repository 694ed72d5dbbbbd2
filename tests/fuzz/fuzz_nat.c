/* fuzz_nat.c - parse and NAT over a sequence of packets from both sides.
 *
 * An input is a script: frames of both families as they are, frames mended so
 * that they get past the first checks, answers to and errors about what just
 * left, time that passes, a conf that changes, a process that ends and leaves
 * its records, whole or broken, to the next. Every few steps and at the end the
 * tables must agree; what leaves must be whole, and the sessions must have
 * counted it. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/csum.h"
#include "ctl/engine/nat_core.h"
#include "ctl/engine/parse.h"

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
	OP_MENDED6, /* like OP_MENDED, IPv6 */
	OP_CARRIER, /* who routes the next ones, and whether they are several */
	OP_FORWARDS,
	OP_ADOPT, /* the process ends, its records get new values here and there
		   */
	OP_LATER, /* the next packet waits in its burst for the one after it */
	OPS
};

#define CHECK_EVERY   4
#define ADOPTIONS_MAX 2
#define NET6	      0x20010db800000000ull /* and who it is of */

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_at(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_nat.c:%d does not hold\n", line);
	abort();
}

#define require(holds) require_at(holds, __LINE__)

static struct nat *make_nat(void)
{
	static const struct engine_limits limits = { 48, SESSIONS, 16 };
	static const struct hash_key key = { { 1, 2 } };
	struct nat *n = nat_new(&limits, &key, 3);

	require(n);
	return n;
}

static struct addr addr6(unsigned net, unsigned host)
{
	struct addr a = { .q = { htobe64(NET6 | (uint64_t)net << 16),
				 htobe64(host) } };

	return a;
}

static void start(struct lab *l)
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

static void count_one(struct lab *l, uint32_t session, enum nat_dir dir)
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

static void count(struct lab *l)
{
	if (l->p.flags & PKT_REPLY)
		return;
	count_one(l, l->p.session, l->p.to_lan ? DIR_IN : DIR_OUT);
	count_one(l, l->p.peer, DIR_IN);
}

static void check_counts(const struct lab *l)
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

static uint16_t whole_ipv4(const struct pkt *p)
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

static uint16_t whole_ipv6(const struct pkt *p)
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
static void left(struct lab *l)
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

static void decide(struct lab *l)
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
static void catch_up(struct lab *l)
{
	if (!l->postponed)
		return;
	l->postponed = false;
	l->p = l->later;
	decide(l);
}

static void process(struct lab *l, enum side side, uint32_t len)
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

/* Likewise with IPv6's. */
static void mend6(uint8_t *ip, uint32_t n)
{
	uint8_t *icmp = ip + 40;

	ip[0] = 0x60 | (ip[0] & 15);
	ip[4] = (uint8_t)((n - 40) >> 8);
	ip[5] = (uint8_t)(n - 40);
	if (ip[6] != IPPROTO_ICMPV6 || n < 48)
		return;
	rewrite_store16(icmp + ICMP_CSUM, 0);
	rewrite_store16(icmp + ICMP_CSUM,
			csum_ipv6(ip, IPPROTO_ICMPV6, icmp, n - 40));
}

static void op_frame6(struct lab *l, struct rd *r)
{
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER;
	uint8_t how = rd_u8(r);
	enum side side = how & 1 ? SIDE_WAN : SIDE_LAN;
	uint32_t n = 40 + rd_be16(r) % (FRAME_MAX - ETHER - 40);
	uint32_t have = (uint32_t)rd_left(r);
	struct addr inside = addr6(1, 2 + (how >> 2 & 1));
	struct addr remote = addr6(how & 2 ? 2 : 3, how >> 4 & 3);

	memset(data, 2, ETHER);
	data[12] = 0x86;
	data[13] = 0xdd;
	have = have < n ? have : n;
	rd_bytes(r, ip, have < 96 ? have : 96);
	memcpy(ip + 8, side == SIDE_LAN ? &inside : &remote, 16);
	memcpy(ip + 24, side == SIDE_LAN ? &remote : &inside, 16);
	mend6(ip, n);
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

static void answer6(struct lab *l, uint8_t *ip, uint8_t flags)
{
	uint8_t *l4 = ip + 40;

	if (l->left_n < ETHER + 60)
		return;
	swap(ip + 8, ip + 24, 16);
	if (ip[6] == IPPROTO_TCP || ip[6] == IPPROTO_UDP)
		swap(l4, l4 + 2, 2);
	if (ip[6] == IPPROTO_TCP)
		l4[13] = flags;
	if (ip[6] == IPPROTO_ICMPV6)
		l4[0] ^= 1;
	ip[7] = flags & 0x80 ? 1 : 64;
	mend6(ip, l->left_n - ETHER);
	process(l, l->left_side, l->left_n);
}

static void op_answer(struct lab *l, struct rd *r)
{
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER, *l4;
	uint8_t flags = rd_u8(r);
	uint32_t hlen;

	if (l->left_n < ETHER + 28)
		return;
	memcpy(data, l->left, l->left_n);
	if (ip[0] >> 4 == 6) {
		answer6(l, ip, flags);
		return;
	}
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

static void error6(struct lab *l, uint32_t quote, uint8_t how, uint8_t at,
		   uint8_t with)
{
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER;

	if (quote > 44u + how)
		quote = 44u + how;
	memcpy(data, l->left, ETHER);
	memset(ip, 0, 48);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 64;
	memcpy(ip + 8, l->left + ETHER + 24, 16);
	memcpy(ip + 24, l->left + ETHER + 8, 16);
	ip[40] = (uint8_t)(1 + how % 5);
	memcpy(ip + 48, l->left + ETHER, quote);
	if (at < quote)
		ip[48 + at] ^= with;
	mend6(ip, 48 + quote);
	process(l, l->left_side, ETHER + 48 + quote);
}

static void op_error(struct lab *l, struct rd *r)
{
	static const uint8_t types[4] = { 3, 11, 12, 5 };
	uint8_t *data = l->mem + PKT_HEADROOM, *ip = data + ETHER;
	uint8_t how = rd_u8(r), at = rd_u8(r), with = rd_u8(r);
	uint32_t quote = l->left_n > ETHER ? l->left_n - ETHER : 0;

	if (quote < 28)
		return;
	if (l->left[ETHER] >> 4 == 6) {
		error6(l, quote, how, at, with);
		return;
	}
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

	catch_up(l);
	release(l); /* what was cut fits the conf it was cut for */
	l->conf.generation++;
	switch (what % 10) {
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
	case 6:
		l->conf.sessions_max = value % 128;
		break;
	case 7:
		l->conf.mappings_max = value % 64;
		break;
	case 8:
		l->conf.wan.nets6.n = value & 1;
		l->conf.lans[0].nets6.n = value >> 1 & 1;
		l->conf.wan.gateway6 =
			value & 4 ? addr6(2, 9) : (struct addr){ 0 };
		break;
	case 9:
		l->conf.timers.udp = (value & 15) * 1000;
		l->conf.timers.hold_down = (uint32_t)(value >> 4) * 1000;
		break;
	}
}

static void op_forwards(struct lab *l, struct rd *r)
{
	unsigned n = rd_u8(r) % 4;

	catch_up(l);
	release(l);
	l->conf.generation++;
	l->conf.forwards_n = 0;
	for (unsigned i = 0; i < n; i++) {
		uint8_t what = rd_u8(r);
		uint16_t port = rd_be16(r);
		struct conf_forward f = {
			what & 1 ? IPPROTO_TCP : IPPROTO_UDP,
			port ? port : 1,
			htonl(0x0a4d0002 | (what >> 1 & 1)),
			what & 4 ? 53 : 80,
		};
		bool taken = false;

		for (unsigned j = 0; j < l->conf.forwards_n; j++)
			taken |= l->conf.forwards[j].proto == f.proto &&
				 l->conf.forwards[j].port == f.port;
		if (!taken)
			l->conf.forwards[l->conf.forwards_n++] = f;
	}
}

/* Values that a file may hold, in place of what the engine wrote. */
static void spoil(struct lab *l, struct rd *r)
{
	uint8_t how = rd_u8(r), i = rd_u8(r), at = rd_u8(r), with = rd_u8(r);
	uint8_t *record;

	if (how & 1) {
		record = (uint8_t *)&l->n->file.mappings[i % 145];
		record[at % sizeof(struct mapping)] = with;
	} else if (how & 2) {
		record = (uint8_t *)&l->n->file.holds[i << 8 | at];
		record[how >> 2 & 15] = with;
	} else {
		record = (uint8_t *)&l->n->file.sessions[i % (SESSIONS + 1)];
		record[at % sizeof(struct session)] = with;
	}
}

static void op_adopt(struct lab *l, struct rd *r)
{
	unsigned spoilt = rd_u8(r) % 16;
	struct nat *next;

	if (l->adoptions++ == ADOPTIONS_MAX) /* it takes its time */
		return;
	next = make_nat();

	catch_up(l);
	release(l);
	for (unsigned i = 0; i < spoilt; i++)
		spoil(l, r);
	require(!nat_adopt(next, &l->n->file, l->now));
	nat_free(l->n);
	l->n = next;
	memset(l->tally, 0, sizeof(l->tally));
	for (uint32_t i = 1; i <= next->sessions.bump; i++) {
		const struct session *s = nat_session_at(next, i);

		l->tally[i].serial = s->serial;
		memcpy(l->tally[i].packets, s->packets, sizeof(s->packets));
		memcpy(l->tally[i].bytes, s->bytes, sizeof(s->bytes));
	}
}

static void step(struct lab *l, struct rd *r)
{
	uint8_t how;

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
		release(l);
		break;
	case OP_MENDED6:
		op_frame6(l, r);
		break;
	case OP_CARRIER:
		how = rd_u8(r);
		l->routed = how & 1;
		l->gso = how & 2;
		break;
	case OP_FORWARDS:
		op_forwards(l, r);
		break;
	case OP_ADOPT:
		op_adopt(l, r);
		break;
	case OP_LATER:
	case OPS:
		l->postpone = true;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct rd r = rd_init(data, size);

	require(l);
	start(l);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&r); i++) {
		step(l, &r);
		require(i % CHECK_EVERY || nat_check(l->n));
	}
	catch_up(l);
	require(nat_check(l->n));
	release(l);
	require(nat_check(l->n));
	check_counts(l);
	nat_free(l->n);
	free(l);
	return 0;
}
