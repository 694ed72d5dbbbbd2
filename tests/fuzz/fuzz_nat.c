/* fuzz_nat.c - parse and NAT over a sequence of packets from both sides.
 *
 * An input is a script: frames of both families as they are, frames mended so
 * that they get past the first checks, answers to and errors about what just
 * left, time that passes, a conf that changes, a process that ends and leaves
 * its records, whole or broken, to the next. Every few steps and at the end the
 * tables must agree; what leaves must be whole, and the sessions must have
 * counted it. */
#include "fuzz_nat.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
