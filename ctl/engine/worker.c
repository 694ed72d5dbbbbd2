/* worker.c - the engine's loop: receive, parse, translate, send, count.
 * Started by engine.c; runs in the thread "engine".
 * Invariant: between two turns every frame is free or with the kernel, and no
 * packet is in hand but those that wait for a neighbour. */
#include "worker.h"

#include <limits.h>
#include <linux/if_ether.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/clock.h"
#include "commands.h"
#include "tap/dns_tap.h"
#include "port/mark.h"
#include "packet/parse.h"
#include "replies.h"

#define EXPIRED_A_TURN 64
#define RETRY_MS       1 /* a device, or the control thread, has no room */

_Static_assert(ENGINE_PORTS_MAX == GATE_PORTS_MAX,
	       "conf.h and abi.h agree on the ports");

/* ---- life */

static void free_picture(struct snapshot_node *node)
{
	free(node);
}

int worker_init(struct worker *w, const struct engine_limits *limits,
		const struct engine_tables *tables)
{
	struct hash_key key, seed;
	int rc = mailbox_init(&w->mailbox);

	if (rc)
		return rc;
	hash_key_random(&key);
	hash_key_random(&seed);
	w->nat = tables ? nat_new_kept(limits, &key, seed.k[0], tables,
				       clock_ms())
			: nat_new(limits, &key, seed.k[0]);
	w->neigh = neigh_new(&key);
	w->fdb = fdb_new(&key);
	w->stats = stats_new(limits->devices, &key);
	w->capture = capture_new(&key);
	if (w->capture && tables)
		capture_set_names(w->capture, tables->names);
	w->summary = summary_new();
	snapshot_init(&w->conf, free_picture);
	w->dumps_end = &w->dumps;
	w->reads_end = &w->reads;
	w->ports = (struct ports)PORTS_CLOSED;
	w->egress = (struct egress){
		.ports = &w->ports,
		.neigh = w->neigh,
		.fdb = w->fdb,
		.mailbox = &w->mailbox,
		.stats = w->stats,
		.capture = w->capture,
		.summary = w->summary,
		.tun_fd = -1,
		.heard.key = key,
	};
	w->express = express_new(w->nat, &w->egress);
	w->labels = labels_new(&key);
	w->asked.key = key;
	w->hellos = (struct samples){ .key = key,
				      .most = SAMPLE_MOST,
				      .host_most = SAMPLE_HOST_MOST };
	w->told = (struct samples){ .key = key,
				    .most = SAMPLE_ANSWERS_MOST,
				    .host_most = SAMPLE_ANSWERS_HOST_MOST };
	if (w->nat && w->neigh && w->fdb && w->stats && w->capture &&
	    w->summary && w->express && w->labels) {
		w->ledger = stats_ledger(w->stats);
		nat_bind_express(w->nat, w->express);
		nat_bind_labels(w->nat, w->labels);
		return 0;
	}
	worker_fini(w);
	return -ENOMEM;
}

void worker_fini(struct worker *w)
{
	snapshot_fini(&w->conf);
	labels_free(w->labels);
	express_free(w->express);
	summary_free(w->summary);
	capture_free(w->capture);
	stats_free(w->stats);
	fdb_free(w->fdb);
	neigh_free(w->neigh);
	nat_free(w->nat);
	mailbox_fini(&w->mailbox);
}

/* ---- settings */

static void wan_changed(struct worker *w, const struct engine_conf *conf,
			uint64_t now_ms)
{
	neigh_flush(w->neigh, w->wan_seen.ifindex);
	nat_wan_changed(w->nat, conf, now_ms);
	w->wan_seen = conf->wan;
}

/* The picture of this turn. A WAN that lost its address and gets the same one
 * back has not changed: its sessions go on. */
static const struct engine_conf *look(struct worker *w, uint64_t now_ms)
{
	struct snapshot_node *node = snapshot_load(&w->conf);
	const struct engine_conf *conf = &((struct conf_picture *)node)->conf;
	struct addr gateway;

	if (conf->generation == w->conf_seen)
		return conf;
	w->conf_seen = conf->generation;
	gateway = addr_v4(conf->wan.gateway);
	neigh_pin(w->neigh, conf->wan.ifindex, &gateway);
	neigh_pin(w->neigh, conf->wan.ifindex, &conf->wan.gateway6);
	if (conf->wan.addr && conf->wan.addr != w->wan_seen.addr)
		wan_changed(w, conf, now_ms);
	return conf;
}

/* ---- packets */

/* Who sent this, and behind which port of a bridge. */
static void learn(struct worker *w, const struct engine_conf *conf,
		  struct pkt *p, uint64_t now_ms)
{
	const struct engine_port *port = &w->ports.ports[p->port].info;
	struct engine_event ev = { .kind = EV_FDB_USED,
				   .ifindex = port->ifindex };
	struct rd r = rd_init(p->data, p->len);

	if (p->side != SIDE_LAN)
		return;
	rd_skip(&r, ETH_ALEN);
	rd_bytes(&r, &p->host_mac, sizeof(p->host_mac));
	if (p->lan >= conf->lans_n ||
	    conf->lans[p->lan].ifindex == port->ifindex)
		return;
	if (!fdb_learn(w->fdb, p->lan, &p->host_mac, p->port, now_ms))
		return;
	ev.mac = p->host_mac;
	mailbox_event(&w->mailbox, &ev);
}

/* A packet of which the control thread is told more than the counters say. */
static void report(struct worker *w, const struct pkt *p, uint64_t now_ms)
{
	struct engine_report r = {
		.kind = p->flags & PKT_OPENED ? REPORT_OPENED : REPORT_RTT,
		.at_ms = now_ms,
		.mac = p->host_mac,
		.outbound = !p->to_lan,
		.wan = p->to_lan,
		.us = p->rtt_us,
	};

	if (nat_ends(w->nat, p, &r))
		mailbox_report(&w->mailbox, &r);
}

/* Shows the control thread its payload, if 'who' has not had more than its
 * part. */
static void sample(struct worker *w, struct samples *of, const struct mac *who,
		   const struct pkt *p, uint64_t now_ms)
{
	struct engine_sample *s;

	if (!sample_admit(of, who, now_ms)) {
		mailbox_sample_lost(&w->mailbox);
		return;
	}
	s = mailbox_sample(&w->mailbox);
	if (!s)
		return;
	s->answer = p->flags & PKT_DNS;
	s->session = p->session;
	s->serial = nat_serial(w->nat, p->session);
	s->mac = p->host_mac;
	s->device = p->device;
	s->at_ms = now_ms;
	sample_copy(s, p);
	mailbox_sample_done(&w->mailbox);
}

/* Who asked is not known by a MAC address yet: that comes with the next hop. */
static void dns(struct worker *w, const struct pkt *p, uint64_t now_ms)
{
	const struct addr *owner = nat_owner(w->nat, p->session);
	uint32_t serial = nat_serial(w->nat, p->session);
	struct mac who;

	if (!p->to_lan) {
		asked_note(&w->asked, owner, serial, p, now_ms);
		return;
	}
	if (!asked_answered(&w->asked, owner, serial, p, now_ms))
		return;
	memcpy(&who, &owner->b[10], sizeof(who));
	sample(w, &w->told, &who, p, now_ms);
}

/* What it says besides where it goes. Once, even if it has to wait. */
static void read_payload(struct worker *w, struct pkt *p, uint64_t now_ms)
{
	if (p->flags & PKT_DNS)
		dns(w, p, now_ms);
	else
		sample(w, &w->hellos, &p->host_mac, p, now_ms);
	p->flags &= (uint16_t) ~(PKT_HELLO | PKT_DNS);
}

/* Sends, and counts what became of it. */
static void dispatch(struct worker *w, const struct engine_conf *conf,
		     struct pkt *p, uint64_t now_ms)
{
	if (p->flags & (PKT_HELLO | PKT_DNS))
		read_payload(w, p, now_ms);
	egress_send(&w->egress, conf, p, now_ms);
	stats_tap(w->stats, p, now_ms);
	if (summary_wanted(w->summary))
		summary_packet(w->summary, w->nat, p, now_ms);
	if (p->flags & PKT_HEAVY && p->verdict == VERDICT_FORWARD)
		express_want(w->express, p->session);
	if (p->flags & (PKT_OPENED | PKT_TIMED) &&
	    p->verdict == VERDICT_FORWARD)
		report(w, p, now_ms);
}

/* What the packet just processed set free. */
static void send_released(struct worker *w, const struct engine_conf *conf,
			  uint64_t now_ms)
{
	for (;;) {
		struct pkt p = {
			.data = w->released + PKT_HEADROOM,
			.room = sizeof(w->released) - PKT_HEADROOM,
			.frame = PKT_NO_FRAME,
		};

		if (!nat_released(w->nat, conf, &p, now_ms))
			return;
		dispatch(w, conf, &p, now_ms);
	}
}

/* VERDICT_FORWARD: it is the NAT's to decide. */
static enum verdict look_at(struct worker *w, const struct engine_conf *conf,
			    struct pkt *p)
{
	if (!parse(p))
		return VERDICT_DROP;
	if (p->partial &&
	    (!mark_suffices(conf, p) || nat_wants_whole(w->nat, p) ||
	     capture_wants_whole(conf, p,
				 express_serves(w->express, p->port)))) {
		port_see_whole(&w->ports, p);
		return VERDICT_HELD;
	}
	return VERDICT_FORWARD;
}

static unsigned carry_burst(struct worker *w, const struct engine_conf *conf,
			    unsigned line, uint64_t now_ms)
{
	const uint32_t ifindex =
		w->ports.ports[w->ports.lines[line].port].info.ifindex;
	struct pkt burst[PORT_BURST];
	unsigned n = port_recv(&w->ports, line, burst);
	uint32_t at_us = n ? (uint32_t)clock_us() : 0, questions = 0;

	if (n)
		capture_turn(w->capture, conf, now_ms, clock_wall_ns());
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &burst[i];

		if (i + 1 < n)
			__builtin_prefetch(p[1].data);
		p->at_us = at_us;
		learn(w, conf, p, now_ms);
		p->verdict = look_at(w, conf, p);
	}
	nat_prefetch(w->nat, burst, n);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &burst[i];
		struct capture_mark mark = { 0 };
		/* What is the gateway's own by the socket, too, is not
		 * captured: no more than its answer is. */
		bool ours = p->verdict == VERDICT_FORWARD &&
			    dns_tap(w->answers, conf, p, ifindex, now_ms);

		questions += ours;
		if (!ours && p->side == SIDE_LAN && p->verdict != VERDICT_HELD)
			mark = capture_out(w->capture, conf, p);
		if (!ours && p->verdict == VERDICT_FORWARD)
			nat_process(w->nat, conf, p, now_ms);
		dispatch(w, conf, p, now_ms);
		capture_settle(w->capture, mark, p);
		send_released(w, conf, now_ms);
	}
	if (n)
		pace_count(&w->pace, questions, at_us);
	return n;
}

/* A burst from every line. True: there may be more. */
static bool carry(struct worker *w, const struct engine_conf *conf,
		  uint64_t now_ms)
{
	bool more = false;

	for (unsigned i = 0; i < w->ports.lines_n; i++) {
		unsigned n = carry_burst(w, conf, i, now_ms);

		more |= port_has_more(&w->ports, i, n);
	}
	return more;
}

/* Packets whose next hop was found, or given up. */
static void carry_waiting(struct worker *w, const struct engine_conf *conf,
			  uint64_t now_ms)
{
	struct waiting *x;

	while ((x = neigh_done(w->neigh))) {
		dispatch(w, conf, &x->pkt, now_ms);
		neigh_done_free(w->neigh, x);
	}
}

/* ---- the rest of a turn */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something ends. */
static uint64_t expire(struct worker *w, const struct engine_conf *conf,
		       uint64_t now_ms)
{
	struct drop_row rows[DROP_REASONS] = { 0 };
	uint64_t nat_ms = nat_expire(w->nat, conf, now_ms, EXPIRED_A_TURN);
	uint64_t neigh_ms = neigh_expire(w->neigh, now_ms);

	nat_drops(w->nat, rows, DROP_REASONS);
	for (unsigned i = 0; i < DROP_REASONS; i++)
		if (rows[i].packets)
			stats_drop(w->stats, i, rows[i].packets, rows[i].bytes);
	return sooner(nat_ms, neigh_ms);
}

/* Copies a bit of the first dump. Returns the milliseconds until it wants to
 * go on. */
static uint64_t dump(struct worker *w, const struct engine_conf *conf,
		     uint64_t now_ms)
{
	struct dump *d = w->dumps, *next;
	const struct engine_event ev = { .kind = EV_DUMPED, .dump = d };

	if (!d)
		return UINT64_MAX;
	if (!dump_step(d, w->nat, conf, now_ms))
		return 0;
	next = d->next;
	if (!mailbox_offer(&w->mailbox, &ev))
		return RETRY_MS;
	/* From here on 'd' is the control thread's. */
	w->dumps = next;
	if (!next)
		w->dumps_end = &w->dumps;
	return next ? 0 : UINT64_MAX;
}

/* Copies what one of those who wait for packets is due, as dump() does. */
static uint64_t read_capture(struct worker *w)
{
	struct capture_read *r = w->reads, *next;
	const struct engine_event ev = { .kind = EV_CAPTURED, .dump = r };

	if (!r)
		return UINT64_MAX;
	next = r->next;
	if (!r->copied)
		capture_copy(w->capture, r);
	r->copied = true;
	if (!mailbox_offer(&w->mailbox, &ev))
		return RETRY_MS;
	/* From here on 'r' is the control thread's. */
	w->reads = next;
	if (!next)
		w->reads_end = &w->reads;
	return next ? 0 : UINT64_MAX;
}

static void publish_counts(struct worker *w)
{
	uint32_t mappings, sessions;
	struct nat_counters c;

	nat_totals(w->nat, &mappings, &sessions);
	nat_counters(w->nat, &c);
	atomic_store_explicit(&w->mappings, mappings, memory_order_relaxed);
	atomic_store_explicit(&w->sessions, sessions, memory_order_relaxed);
	atomic_store_explicit(&w->evicted, c.evicted, memory_order_relaxed);
	atomic_store_explicit(&w->hold_yielded, c.hold_yielded,
			      memory_order_relaxed);
	atomic_store_explicit(&w->moved, c.moved, memory_order_relaxed);
	atomic_store_explicit(&w->syn_used, c.syn_used, memory_order_relaxed);
}

/* Returns for how long there is nothing to do, 0: go on at once. */
static uint64_t turn(struct worker *w)
{
	uint64_t now_ms = clock_ms(), idle_ms;
	const struct engine_conf *conf = look(w, now_ms);
	bool more = commands_take(w, now_ms);

	if (ledger_turn(w->ledger, now_ms))
		bell_ring(&w->mailbox.ready);
	capture_turn(w->capture, conf, now_ms, clock_wall_ns());
	carry_waiting(w, conf, now_ms);
	more |= replies_send(w, conf, now_ms);
	more |= carry(w, conf, now_ms);
	idle_ms = expire(w, conf, now_ms);
	carry_waiting(w, conf, now_ms);
	if (ports_flush(&w->ports))
		idle_ms = sooner(idle_ms, RETRY_MS);
	idle_ms = sooner(idle_ms,
			 express_turn(w->express, conf, &w->ports, now_ms));
	idle_ms = sooner(idle_ms, dump(w, conf, now_ms));
	idle_ms = sooner(idle_ms, ledger_due(w->ledger, now_ms));
	if (w->answers)
		idle_ms = sooner(idle_ms, answers_turn(w->answers, now_ms));
	idle_ms = sooner(idle_ms, read_capture(w));
	publish_counts(w);
	mailbox_tell(&w->mailbox);
	urgency_turn(&w->urgency, now_ms);
	return more ? 0 : idle_ms;
}

static void rest(struct worker *w, uint64_t idle_ms)
{
	int timeout = idle_ms > INT_MAX ? INT_MAX : (int)idle_ms;

	ports_unpolled(&w->ports);
	if (!idle_ms)
		return;
	if (pace_wants_nap(&w->pace)) {
		pace_nap();
		return;
	}
	if (idle_ms == UINT64_MAX)
		timeout = -1;
	if (poll(w->poll_set, 1 + w->ports.lines_n, timeout) < 0)
		return;
	if (w->poll_set[0].revents)
		bell_answer(&w->mailbox.wake);
	ports_polled(&w->ports, w->poll_set + 1);
}

void *worker_run(void *worker)
{
	struct worker *w = worker;

	pace_begin();
	while (!atomic_load(&w->stop))
		rest(w, turn(w));
	return NULL;
}

void worker_end(struct worker *w)
{
	while (commands_take(w, clock_ms()))
		;
}
