/* fuzz_dns_reply.c - the resolver's answers as frames: to questions that came
 * as frames, and whatever else may stand in the ring while networks change.
 *
 * What leaves must be a packet that parses again, whole, from the gateway to a
 * host of that network, with the message in it and no more; all else is
 * dropped. */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/packet/csum.h"
#include "ctl/engine/packet/parse.h"
#include "ctl/engine/replies.h"
#include "ctl/engine/tap/dns_tap.h"

#define FRAME_MAX 2048
#define HEADERS	  42
#define GATEWAY	  0x0a4d0001
#define BRIDGE	  40
#define STEPS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worker *worker;
static struct bell bell;
static struct engine_conf conf;
static const struct answers_reply *sent; /* that is under way */
static bool usual[2];			 /* a network as homes have it */

/* ---- in place of the ports */

int ports_find(const struct ports *ps, uint32_t ifindex)
{
	(void)ps;
	return ifindex && ifindex < 4 ? (int)ifindex : PORT_NONE;
}

void stats_tap(struct stats *s, const struct pkt *p, uint64_t now_ms)
{
	(void)s;
	(void)now_ms;
	assert(p->verdict == VERDICT_ANSWERED || p->verdict == VERDICT_DROP);
}

static bool is_host(const struct conf_lan *l, const struct addr *a)
{
	uint32_t ip = ntohl(addr_to_v4(a)), mask = ntohl(l->mask);

	return addr_is_v4(a) && (ip & mask) == ntohl(l->net) &&
	       ip != ntohl(l->addr) && ip != ntohl(l->net) &&
	       (ip != (ntohl(l->net) | ~mask) || !mask || ~mask < 2);
}

static void check_frame(const struct pkt *p, const struct conf_lan *l)
{
	struct pkt again = { .data = p->data, .len = p->len, .room = p->room };
	const uint8_t *udp = p->data + 34;
	uint32_t sum;

	assert(p->len == HEADERS + sent->len && p->len <= p->room);
	assert(!(p->data[0] & 1) && !memcmp(p->data, sent->way.mac.b, 6));
	assert(!memcmp(p->data + 6, l->mac.b, 6));
	assert(!memcmp(p->data + HEADERS, sent->msg, sent->len));
	assert(is_host(l, &sent->to.addr));
	assert(rewrite_load16(udp + UDP_CSUM));
	sum = csum_partial(p->data + 26, 8);
	sum = csum_fold(sum) + htons(IPPROTO_UDP) + htons(8 + sent->len);
	sum += csum_fold(csum_partial(udp, 8 + sent->len));
	assert(csum_fold(sum) == 0xffff);
	if (!sent->to.port || !usual[p->lan])
		return; /* nobody's: parse() may drop it */
	assert(parse(&again) && again.proto == IPPROTO_UDP);
	assert(addr_eq(&again.src, &sent->from) && again.sport == htons(53));
	assert(addr_eq(&again.dst, &sent->to.addr));
	assert(again.dport == sent->to.port);
}

void egress_send(struct egress *e, const struct engine_conf *c, struct pkt *p,
		 uint64_t now_ms)
{
	(void)e;
	(void)now_ms;
	assert(c == &conf);
	if (p->verdict == VERDICT_DROP)
		return;
	assert(p->verdict == VERDICT_ANSWERED && p->side == SIDE_LAN);
	assert(p->lan == sent->way.lan && p->lan < conf.lans_n);
	assert(p->port < 4);
	check_frame(p, &conf.lans[p->lan]);
}

/* ---- steps */

static void begin(void)
{
	static const struct hash_key key;

	worker = calloc(1, sizeof(*worker));
	assert(worker && !bell_open(&bell));
	worker->answers = answers_new();
	worker->fdb = fdb_new(&key);
	worker->ports.n = 4;
	assert(worker->answers && worker->fdb);
	answers_set_bell(worker->answers, &bell);
}

/* Two networks, the second behind a bridge; prefixes from /0 to /32. */
static void configure(struct rd *r)
{
	conf.lans_n = rd_u8(r) % 3;
	for (unsigned i = 0; i < 2; i++) {
		struct conf_lan *l = &conf.lans[i];
		unsigned bits = rd_u8(r);
		uint32_t addr = bits & 128 ? rd_be32(r) : GATEWAY + (i << 16);

		usual[i] = !(bits & 192);
		bits = bits & 64 ? bits % 33 : 24;
		l->mask = htonl(bits ? ~0u << (32 - bits) : 0);
		l->addr = htonl(addr);
		l->net = l->addr & l->mask;
		l->ifindex = i ? BRIDGE : 1;
		l->mac = (struct mac){ .b = { 2, 0, 0, 0, 9, (uint8_t)i } };
		l->mtu = i ? rd_be16(r) : 1500;
	}
}

/* The frames of one reply, then of none. */
static void give(const struct answers_reply *reply)
{
	struct answers_reply *at = answers_reply(worker->answers);

	assert(at);
	*at = *reply;
	sent = reply;
	answers_reply_done(worker->answers);
	answers_replied(worker->answers);
	replies_send(worker, &conf, 1000);
	bell_answer(&bell);
	assert(!answers_next_reply(worker->answers, at));
}

static void fill(struct answers_reply *x, size_t len, struct rd *r)
{
	size_t have = rd_left(r);

	have = have < 32 ? have : 32;
	have = have < len ? have : len;
	x->len = (uint16_t)len;
	memset(x->msg, 0x5a, len);
	rd_bytes(r, x->msg, have);
}

static void anything(struct rd *r)
{
	static struct answers_reply x;
	uint8_t how = rd_u8(r);

	x.way.ifindex = how & 1 ? BRIDGE : rd_u8(r) % 5;
	x.way.lan = how & 2 ? rd_u8(r) : how >> 2 & 1;
	x.way.room = rd_be16(r);
	rd_bytes(r, x.way.mac.b, sizeof(x.way.mac.b));
	if (how & 8)
		x.way.mac.b[0] &= 0xfe;
	x.to.port = rd_be16(r);
	x.to.addr = addr_v4(htonl(GATEWAY + rd_u8(r)));
	x.from = addr_v4(conf.lans[how >> 2 & 1].addr);
	if (how & 16)
		rd_bytes(r, x.to.addr.b, sizeof(x.to.addr.b));
	if (how & 32)
		rd_bytes(r, x.from.b, sizeof(x.from.b));
	if (how & 64)
		fdb_learn(worker->fdb, x.way.lan, &x.way.mac, how & 7, 1000);
	fill(&x, rd_be16(r) % (ANSWERS_MSG_MAX + 1), r);
	give(&x);
}

/* A question, and as long an answer as its way has room for, or shorter. */
static void question(struct rd *r)
{
	static uint8_t frame[FRAME_MAX];
	static struct answers_question q;
	static struct answers_reply x;
	struct pkt p = { .data = frame, .room = FRAME_MAX };
	size_t n = rd_be16(r) % (FRAME_MAX + 1), cut = rd_u8(r);

	n = n < rd_left(r) ? n : rd_left(r);
	rd_bytes(r, frame, n);
	p.len = (uint32_t)n;
	p.lan = cut & 1;
	if (!parse(&p) || !dns_tap(worker->answers, &conf, &p, 1 + p.lan, 1000))
		return;
	if (!answers_next_question(worker->answers, &q))
		return;
	assert(p.verdict == VERDICT_HELD && q.len <= ANSWERS_ASK_MAX);
	assert(q.way.room <= ANSWERS_MSG_MAX && q.way.lan == p.lan);
	x.way = q.way;
	x.to = q.from;
	x.from = q.to;
	fill(&x, q.way.room > cut ? q.way.room - cut : q.way.room, r);
	assert(!x.len || x.len + 28u <= conf.lans[p.lan].mtu);
	give(&x);
	answers_turn(worker->answers, 1000);
	answers_heard(worker->answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	if (!worker)
		begin();
	configure(&r);
	fdb_clear(worker->fdb);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&r); i++) {
		switch (rd_u8(&r) % 4) {
		case 0:
			question(&r);
			break;
		case 1:
			configure(&r);
			break;
		default:
			anything(&r);
		}
	}
	return 0;
}
