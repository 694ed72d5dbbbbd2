/* lane_desk.h - the express lane on a desk: the gate's own maps and programs
 * (house.h), a NAT with flows, and the engine's side of the lane, whose clock
 * stands still until it is moved. No engine runs; packets of a flow are shown
 * to the programs by BPF_PROG_TEST_RUN.
 *
 *   flow k: host k % HOSTS, port 20000 + k  ─►  REMOTE, port 3000 + k */
#ifndef TEST_LANE_DESK_H
#define TEST_LANE_DESK_H

#include "house.h"
#include "packet.h"

#include "ctl/base/clock.h"
#include "ctl/engine/express/express_core.h"
#include "ctl/engine/packet/parse.h"
#include "ctl/engine/tap/capture.h"
#include "ctl/engine/tap/summary.h"

#define FLOWS	  192
#define HOSTS	  4
#define WAN_NEXT  "203.0.113.1"
#define WAN_OTHER "203.0.113.7"

struct desk_flow {
	uint32_t session;
	uint16_t outside; /* its port there */
};

struct desk {
	struct house *h;
	struct nat *nat;
	struct ports ports;
	struct mailbox mailbox;
	struct egress egress;
	struct express *x;
	struct engine_conf conf;
	uint64_t now;
	struct desk_flow flows[FLOWS];
};

static const struct mac next_mac = { { 2, 0, 0, 0, 1, 1 } };
static const struct mac other_mac = { { 2, 0, 0, 0, 1, 2 } };

static inline struct mac host_mac(unsigned k)
{
	return (struct mac){ { 2, 0, 0, 0, 2, (uint8_t)(k % HOSTS) } };
}

static inline __be32 host_addr(unsigned k)
{
	return htonl(0x0a4d0014 + k % HOSTS); /* 10.77.0.20 and on */
}

/* ---- packets */

struct ends {
	__be32 src, dst;
	uint16_t sport, dport;
};

static inline struct packet udp_packet(const struct ends *e, uint8_t ttl,
				       const struct mac *to,
				       const struct mac *from, unsigned k)
{
	struct packet p = { .l4 = ETHER + 20 };
	uint8_t *ip = p.b + ETHER, *l4 = p.b + p.l4;

	p.len = p.l4 + UDP_HEADER + 16 + k;
	memset(l4, (int)k, p.len - p.l4);
	memcpy(p.b, to->b, 6);
	memcpy(p.b + 6, from->b, 6);
	put16(p.b + 12, ETHERTYPE_IP);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(p.len - ETHER));
	ip[8] = ttl;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &e->src, 4);
	memcpy(ip + 16, &e->dst, 4);
	put16(l4, e->sport);
	put16(l4 + 2, e->dport);
	put16(l4 + 4, (uint16_t)(p.len - p.l4));
	finish_sums(&p);
	return p;
}

static inline struct ends ends_of(const struct desk *d, unsigned k, bool in,
				  bool outside)
{
	uint16_t remote = (uint16_t)(3000 + k);
	uint16_t local = outside ? d->flows[k].outside : (uint16_t)(20000 + k);
	__be32 at = outside ? v4_of(WAN) : host_addr(k);

	return in ? (struct ends){ v4_of(REMOTE), at, remote, local }
		  : (struct ends){ at, v4_of(REMOTE), local, remote };
}

/* What arrives of flow 'k', and what is to leave, made without the rewrite. */
static inline struct packet arriving(const struct desk *d, unsigned k, bool in)
{
	struct ends e = ends_of(d, k, in, in);
	struct mac from = in ? next_mac : host_mac(k);

	return udp_packet(&e, 64, in ? &wan_mac : &lan_mac, &from, k);
}

static inline struct packet leaving(const struct desk *d, unsigned k, bool in)
{
	struct ends e = ends_of(d, k, in, !in);
	struct mac to = in ? host_mac(k) : next_mac;

	return udp_packet(&e, 63, &to, in ? &lan_mac : &wan_mac, k);
}

/* Shows it to a program of the gate; 'p' is what that made of it. */
static inline int desk_run(const struct desk *d, enum face face, bool in,
			   struct packet *p)
{
	struct packet out = *p;
	uint32_t ifindex = in ? d->h->wan : d->h->lan;
	struct xdp_md xdp = { .data_end = p->len, .ingress_ifindex = ifindex };
	struct __sk_buff tc = { .ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = p->b,
		    .data_size_in = p->len, .data_out = out.b,
		    .data_size_out = sizeof(out.b), .ctx_in = &xdp,
		    .ctx_size_in = sizeof(xdp), .repeat = 1);
	int rc;

	if (face == TC) {
		o.ctx_in = &tc;
		o.ctx_size_in = sizeof(tc);
	}
	rc = bpf_prog_test_run_opts(house_prog(d->h, face, in), &o);
	*p = out;
	return rc;
}

/* ---- the flows */

static inline void desk_turn(struct desk *d)
{
	express_turn(d->x, &d->conf, &d->ports, d->now);
}

/* Until nobody leaves or rests any more. */
static inline void desk_rest(struct desk *d)
{
	d->now += EXPRESS_LEAVE_MS;
	while (d->x->leaving.first)
		desk_turn(d);
	d->now += EXPRESS_REST_MS;
	desk_turn(d);
}

static inline void desk_want(struct desk *d, unsigned k)
{
	express_want(d->x, d->flows[k].session);
}

/* All of the first 'n', as many a turn as the engine takes. */
static inline void desk_promote(struct desk *d, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		desk_want(d, k);
		desk_turn(d);
	}
}

static inline uint32_t pair_of(const struct desk *d, unsigned k)
{
	for (uint32_t i = 0; i < d->x->live_n; i++)
		if (d->x->pairs[d->x->live[i]].session == d->flows[k].session)
			return d->x->live[i];
	return 0;
}

static inline const struct express_flow *row_of(const struct desk *d,
						unsigned k, unsigned way)
{
	uint32_t pair = pair_of(d, k);

	assert_true(pair);
	return &d->x->flows[express_slot(pair, way)];
}

static inline void desk_know(struct desk *d, uint32_t ifindex, __be32 addr,
			     const struct mac *mac)
{
	struct addr a = addr_v4(addr);

	neigh_lookup(d->egress.neigh, ifindex, &a, d->now);
	neigh_learn(d->egress.neigh, ifindex, &a, mac, d->now);
}

static inline void desk_open_flow(struct desk *d, unsigned k)
{
	struct packet first = arriving(d, k, false);
	struct pkt p = { .data = first.b,
			 .len = first.len,
			 .room = sizeof(first.b),
			 .side = SIDE_LAN,
			 .frame = PKT_NO_FRAME };
	struct nat_offer o;

	assert_true(parse(&p));
	assert_int_equal(nat_process(d->nat, &d->conf, &p, d->now),
			 VERDICT_FORWARD);
	assert_true(nat_offer(d->nat, p.session, true, &o));
	d->flows[k] = (struct desk_flow){ p.session, ntohs(o.outside.port) };
}

/* ---- the desk */

static inline void desk_conf(struct desk *d)
{
	d->conf = (struct engine_conf){
		.generation = 1,
		.wan = { .up = true,
			 .ifindex = d->h->wan,
			 .mac = wan_mac,
			 .addr = v4_of(WAN),
			 .net = v4_of("203.0.113.0"),
			 .mask = v4_of("255.255.255.0"),
			 .gateway = v4_of(WAN_NEXT),
			 .mtu = MTU },
		.lans_n = 1,
		.lans = { { .ifindex = d->h->lan,
			    .mac = lan_mac,
			    .addr = v4_of(LAN_GW),
			    .net = v4_of("10.77.0.0"),
			    .mask = v4_of("255.255.255.0"),
			    .mtu = MTU } },
		.timers = NAT_TIMERS_DEFAULT,
		.host_sessions = 16384,
		.express = { .mode = EXPRESS_AUTO, .after = 32 },
	};
}

static inline void desk_ports(struct desk *d)
{
	d->ports = (struct ports)PORTS_CLOSED;
	d->ports.n = 2;
	d->ports.wan = 1;
	d->ports.ports[0].info = (struct engine_port){ .ifindex = d->h->lan };
	d->ports.ports[1].info =
		(struct engine_port){ .ifindex = d->h->wan, .wan = true };
}

/* A new one, as after a start. */
static inline void desk_lane(struct desk *d)
{
	struct engine_gate gate = { .xsks_fd = -1 };
	struct gate_express lent;

	gate_express(d->h->gate, &lent);
	gate.express4_fd = lent.express4_fd;
	gate.express6_fd = lent.express6_fd;
	gate.express_flow = lent.flows;
	gate.express_stats = lent.stats;
	d->x = express_new(d->nat, &d->egress);
	assert_non_null(d->x);
	nat_bind_express(d->nat, d->x);
	express_open(d->x, &gate);
	for (unsigned port = 0; port < 2; port++)
		express_set_abilities(d->x, port,
				      ENGINE_XDP_IN | ENGINE_XDP_OUT |
					      ENGINE_TC_IN | ENGINE_TC_OUT);
}

static inline void desk_egress(struct desk *d, const struct hash_key *key)
{
	d->egress = (struct egress){ .ports = &d->ports,
				     .neigh = neigh_new(key),
				     .fdb = fdb_new(key),
				     .mailbox = &d->mailbox,
				     .stats = stats_new(64, key),
				     .capture = capture_new(key),
				     .summary = summary_new(),
				     .tun_fd = -1 };
}

static inline int desk_open(void **state)
{
	static const struct hash_key key = { { 11, 22 } };
	const struct engine_limits limits = { 1024, 4096, 64 };
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->h = *state;	     /* the group's */
	d->now = clock_ms(); /* by which programs tell when */
	desk_conf(d);
	desk_ports(d);
	assert_int_equal(mailbox_init(&d->mailbox), 0);
	d->nat = nat_new(&limits, &key, 33);
	desk_egress(d, &key);
	desk_lane(d);
	desk_know(d, d->h->wan, v4_of(WAN_NEXT), &next_mac);
	for (unsigned k = 0; k < HOSTS; k++) {
		struct mac mac = host_mac(k);

		desk_know(d, d->h->lan, host_addr(k), &mac);
	}
	for (unsigned k = 0; k < FLOWS; k++)
		desk_open_flow(d, k);
	desk_turn(d);
	d->now += EXPRESS_GRACE_MS + 1; /* nothing is believed any more */
	*state = d;
	return 0;
}

/* Leaves the maps as they were: the next test finds no key. */
static inline int desk_close(void **state)
{
	struct desk *d = *state;

	while (d->x->live_n)
		express_end(d->x, d->x->live[0]);
	desk_rest(d);
	express_close(d->x);
	express_free(d->x);
	summary_free(d->egress.summary);
	capture_free(d->egress.capture);
	stats_free(d->egress.stats);
	fdb_free(d->egress.fdb);
	neigh_free(d->egress.neigh);
	nat_free(d->nat);
	mailbox_fini(&d->mailbox);
	*state = d->h;
	free(d);
	return 0;
}

#define desk_test(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

static inline int desk_house(void **state)
{
	struct house *h;

	if (house_open(state))
		return -1;
	h = *state;
	assert_int_equal(gate_tx_set(h->gate, h->wan, true), 0);
	assert_int_equal(gate_tx_set(h->gate, h->lan, true), 0);
	return 0;
}

#endif
