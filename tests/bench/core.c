/* core.c - what the engine's core costs a packet, with no socket around it.
 *
 * Parse, NAT and rewrite over bursts of 64, as the worker does them, on packets
 * in memory; nanoseconds each, the best of several rounds. Prints one line of
 * JSON for each figure; tests/bench/README.md says what they mean. */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/tap/capture.h"
#include "ctl/engine/packet/csum.h"
#include "ctl/engine/nat/nat.h"
#include "ctl/engine/packet/parse.h"
#include "ctl/engine/tap/stats.h"

#define ETHER	   14
#define IPV4_BYTES 20
#define UDP_BYTES  8
#define PAYLOAD	   18
#define FRAME	   (ETHER + IPV4_BYTES + UDP_BYTES + PAYLOAD)
#define ROOM	   256
#define BURST	   64
#define WAN	   0xcb00710a
#define HOST	   0x0a4d0002 /* and those after it */
#define REMOTE	   0xc6330000 /* likewise */
#define ROUNDS	   5
#define PACKETS	   400000
#define STRIDE	   49999
#define SESSIONS   262144
#define MAPPINGS   65536

/* A flow by number: which host, which of its ports, which remote. */
struct flow {
	uint32_t host, remote;
	uint16_t port;
};

struct bench {
	struct nat *n;
	struct engine_conf conf;
	uint64_t now;
	struct pkt burst[BURST];
	uint8_t mem[BURST][PKT_HEADROOM + ROOM];
	unsigned dropped;
};

/* Of the processor, not of the day: others may use it meanwhile. */
static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct bench *bench_new(void)
{
	static const struct engine_limits limits = { MAPPINGS, SESSIONS, 64 };
	struct bench *b = calloc(1, sizeof(*b));
	struct hash_key key;

	hash_key_random(&key);
	b->n = nat_new(&limits, &key, key.k[0]);
	b->now = 1000000;
	b->conf = (struct engine_conf){
		.generation = 1,
		.wan = { .up = true,
			 .addr = htonl(WAN),
			 .net = htonl(WAN & 0xffffff00),
			 .mask = htonl(0xffffff00),
			 .gateway = htonl((WAN & 0xffffff00) | 1),
			 .mtu = 1500 },
		.lans_n = 1,
		.lans = { { .addr = htonl(0x0a4d0001),
			    .net = htonl(0x0a4d0000),
			    .mask = htonl(0xffff0000),
			    .mtu = 1500 } },
		.timers = NAT_TIMERS_DEFAULT,
		.host_sessions = SESSIONS,
	};
	return b;
}

static void bench_free(struct bench *b)
{
	nat_free(b->n);
	free(b);
}

/* Each host has 1024 ports, each port 'remotes' remotes. */
static struct flow flow_of(uint32_t i, uint32_t remotes)
{
	uint32_t map = i / remotes;

	return (struct flow){ .host = HOST + map / 1024,
			      .port = (uint16_t)(20000 + map % 1024 * 8 +
						 map / 1024 % 8),
			      .remote = REMOTE + i % remotes };
}

static void write_packet(struct bench *b, unsigned at, const struct flow *f,
			 bool in)
{
	uint8_t *data = b->mem[at] + PKT_HEADROOM, *ip = data + ETHER;
	struct wr out = wr_init(data, FRAME), *w = &out;
	uint16_t csum;

	wr_zero(w, 12);
	wr_be16(w, 0x0800);
	wr_be16(w, 0x4500);
	wr_be16(w, FRAME - ETHER);
	wr_be32(w, 0);
	wr_u8(w, 64);
	wr_u8(w, IPPROTO_UDP);
	wr_be16(w, 0);
	wr_be32(w, in ? f->remote : f->host);
	wr_be32(w, in ? WAN : f->remote);
	wr_be16(w, in ? 53 : f->port);
	wr_be16(w, in ? f->port : 53);
	wr_be16(w, UDP_BYTES + PAYLOAD);
	wr_be16(w, 0);
	wr_zero(w, PAYLOAD);
	csum = csum_of(ip, IPV4_BYTES);
	rewrite_store16(ip + IPV4_CSUM, csum);
	b->burst[at] = (struct pkt){ .data = data,
				     .len = FRAME,
				     .room = ROOM,
				     .side = in ? SIDE_WAN : SIDE_LAN };
}

/* As worker.c carries one. Nanoseconds. */
static uint64_t carry(struct bench *b, unsigned n)
{
	uint64_t begin = clock_ns();

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &b->burst[i];

		p->verdict = parse(p) ? VERDICT_FORWARD : VERDICT_DROP;
	}
	nat_prefetch(b->n, b->burst, n);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &b->burst[i];

		if (p->verdict == VERDICT_FORWARD)
			nat_process(b->n, &b->conf, p, b->now);
		b->dropped +=
			p->verdict != VERDICT_FORWARD || p->flags & PKT_REPLY;
	}
	return clock_ns() - begin;
}

/* 'count' packets of 'flows' flows from 'first' on, out or back, in an order
 * in which no neighbours follow each other; a millisecond passes for every
 * thousand. Nanoseconds each. */
static double run(struct bench *b, uint32_t first, uint32_t flows,
		  uint32_t count, uint32_t remotes, bool in)
{
	uint64_t ns = 0;
	uint32_t done = 0;

	while (done < count) {
		unsigned n = 0;

		for (; n < BURST && done < count; n++, done++) {
			uint32_t i =
				(uint32_t)((uint64_t)done * STRIDE % flows);
			struct flow f = flow_of(first + i, remotes);

			write_packet(b, n, &f, in);
		}
		ns += carry(b, n);
		b->now += done / 1000 - (done - n) / 1000;
	}
	return (double)ns / count;
}

static void print(const char *what, double value, const char *unit)
{
	printf("{\"row\": \"core\", \"figure\": \"%s\", \"value\": %.2f, "
	       "\"unit\": \"%s\"}\n",
	       what, value, unit);
	fflush(stdout);
}

static void print_dropped(const struct bench *b)
{
	if (b->dropped)
		fprintf(stderr, "core: %u packets were dropped\n", b->dropped);
}

static double least(double a, double b)
{
	return a && a < b ? a : b;
}

static void known_flows(const char *name, uint32_t flows, uint32_t remotes)
{
	struct bench *b = bench_new();
	double out = 0, in = 0;
	char what[64];

	run(b, 0, flows, flows, remotes, false);
	for (unsigned i = 0; i < ROUNDS; i++) {
		out = least(out, run(b, 0, flows, PACKETS, remotes, false));
		in = least(in, run(b, 0, flows, PACKETS, remotes, true));
	}
	snprintf(what, sizeof(what), "%s, out", name);
	print(what, out, "ns");
	snprintf(what, sizeof(what), "%s, in", name);
	print(what, in, "ns");
	print_dropped(b);
	bench_free(b);
}

/* Every record was used once and is free: what a page costs when it is first
 * touched is not asked here. */
static void wear_in(struct bench *b, uint32_t flows, uint32_t remotes)
{
	run(b, 0, flows, flows, remotes, false);
	for (unsigned i = 0; i < 2; i++) { /* ports rest a while, too */
		b->now += 3600000;
		while (!nat_expire(b->n, &b->conf, b->now, 64))
			;
	}
}

/* New flows on tables that hold 'fill' already. */
static double new_flows(uint32_t fill, uint32_t count, uint32_t remotes)
{
	double ns = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct bench *b = bench_new();

		wear_in(b, fill + count, remotes);
		if (fill)
			run(b, 0, fill, fill, remotes, false);
		ns = least(ns, run(b, fill, count, count, remotes, false));
		print_dropped(b);
		bench_free(b);
	}
	return ns;
}

static void filling(const char *name, uint32_t max, uint32_t remotes)
{
	uint32_t count = max / 25;
	uint32_t fill = (uint32_t)((uint64_t)max * 95 / 100) - count / 2;
	double empty = new_flows(0, count, remotes);
	double full = new_flows(fill, count, remotes);
	char what[64];

	snprintf(what, sizeof(what), "%s, empty", name);
	print(what, empty, "ns");
	snprintf(what, sizeof(what), "%s, 95 %% full", name);
	print(what, full, "ns");
	snprintf(what, sizeof(what), "%s, rate at 95 %% / empty", name);
	print(what, empty / full, "of 1");
}

static struct pkt counted_pkt(uint32_t i, unsigned hosts, unsigned each)
{
	uint32_t f = (uint32_t)((uint64_t)i * STRIDE % (hosts * each));

	return (struct pkt){
		.l3_len = 60,
		.verdict = VERDICT_FORWARD,
		.host_mac = { { 2, 0, 0, 0, 0, (uint8_t)(f % hosts) } },
		.device = addr_v4(htonl(HOST + f % hosts)),
		.remote = addr_v4(htonl(REMOTE + f / hosts)),
		.to_lan = i & 1,
	};
}

/* Counting alone, as dispatch() does it: of 'hosts' with 'each' remotes, in
 * ticks of 'packets'. Nanoseconds a packet. */
static double counted(unsigned hosts, unsigned each, unsigned packets)
{
	uint64_t ns = 0, begin, now = 1000000;
	struct pkt burst[BURST];
	struct traffic_tick t;
	struct hash_key key;
	struct stats *s;
	uint32_t done = 0;

	hash_key_random(&key);
	s = stats_new(1024, &key);
	while (done < 20 * PACKETS) {
		for (unsigned i = 0; i < BURST; i++)
			burst[i] = counted_pkt(done + i, hosts, each);
		begin = clock_ns();
		ledger_turn(stats_ledger(s), now);
		for (unsigned i = 0; i < BURST; i++)
			stats_tap(s, &burst[i], now);
		ns += clock_ns() - begin;
		done += BURST;
		if (done / packets != (done - BURST) / packets)
			now += TRAFFIC_TICK_MS;
		if (ledger_next(stats_ledger(s), &t))
			ledger_done(stats_ledger(s));
	}
	stats_free(s);
	return (double)ns / done;
}

static void counting(void)
{
	print("counting, 64 pairs", counted(8, 8, 40000), "ns");
	print("counting, 20,000 pairs", counted(200, 100, 40000), "ns");
}

/* Packets of so many hosts in turn, as the LAN sends them and gets them, into
 * rings that are full; a turn is a burst. Nanoseconds each. */
static double kept(uint32_t hosts, uint32_t len)
{
	static uint8_t frames[BURST][2048];
	static struct engine_conf conf = { .capture_mib = 256, .lans_n = 1 };
	struct hash_key key;
	struct capture *c;
	double best = 0;
	uint64_t now = 1000;

	hash_key_random(&key);
	c = capture_new(&key);
	conf.generation++;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t begin = clock_ns();

		for (uint32_t i = 0; i < PACKETS; i++) {
			uint32_t host = i % hosts;
			struct pkt p = {
				.data = frames[i % BURST],
				.len = len,
				.room = sizeof(frames[0]),
				.host_mac = { { 2, 0, 0, 0,
						(uint8_t)(host >> 8),
						(uint8_t)host } },
				.verdict = VERDICT_FORWARD,
			};

			if (i % BURST == 0)
				capture_turn(c, &conf, ++now, 0);
			if (i & hosts)
				capture_in(c, &conf, &p, &p.host_mac);
			else
				capture_settle(c, capture_out(c, &conf, &p),
					       &p);
		}
		/* The first one only fills. */
		if (round)
			best = least(best,
				     (double)(clock_ns() - begin) / PACKETS);
	}
	capture_free(c);
	return best;
}

static void keeping(void)
{
	print("keeping, 60 bytes, one host", kept(1, 60), "ns");
	print("keeping, 60 bytes, 64 hosts", kept(64, 60), "ns");
	print("keeping, 1,400 bytes, one host", kept(1, 1400), "ns");
	print("keeping, 1,400 bytes, 64 hosts", kept(64, 1400), "ns");
}

/* All sessions end together: no call may take longer than a millisecond. */
static void expiry(void)
{
	struct bench *b = bench_new();
	uint64_t worst = 0, begin, due;

	run(b, 0, 250000, 250000, 4, false);
	b->now += 3600000;
	do {
		begin = clock_ns();
		due = nat_expire(b->n, &b->conf, b->now, 64);
		begin = clock_ns() - begin;
		if (begin > worst)
			worst = begin;
	} while (!due);
	print("worst call of nat_expire", (double)worst / 1000, "us");
	bench_free(b);
}

int main(void)
{
	known_flows("64 hot flows", 64, 64);
	known_flows("60,000 flows under as many mappings", 60000, 1);
	known_flows("100,000 flows", 100000, 4);
	filling("new session", 250000, 64);
	filling("new session with mapping", 60000, 1);
	counting();
	keeping();
	expiry();
	return 0;
}
