/* express.c - who takes the lane, and for how long.
 * Called by worker.c, and by the NAT for sessions that end or expire. Engine
 * thread; opened and closed by engine.c.
 * Invariant: a live pair's session names the pair, and no other does. */
#include "express.h"

#include <stdlib.h>

#include "../tap/capture.h"
#include "../tap/summary.h"
#include "express_core.h"

struct express *express_new(struct nat *nat, struct egress *egress)
{
	struct express *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->nat = nat;
	x->egress = egress;
	x->express4_fd = -1;
	x->express6_fd = -1;
	return x;
}

void express_free(struct express *x)
{
	free(x);
}

/* ---- neighbours */

static void tell(const struct express *x, enum engine_event_kind kind,
		 uint32_t ifindex, const struct addr *addr,
		 const struct mac *mac)
{
	struct engine_event ev = { .kind = kind, .ifindex = ifindex };

	if (addr)
		ev.addr = *addr;
	if (mac)
		ev.mac = *mac;
	mailbox_event(x->egress->mailbox, &ev);
}

static void use_neigh(const struct express *x, uint32_t ifindex,
		      const struct addr *addr)
{
	struct neigh_hop hop =
		neigh_lookup(x->egress->neigh, ifindex, addr, x->now_ms);

	if (hop.ask)
		tell(x, EV_NEIGH_WANTED, ifindex, addr, NULL);
	if (hop.used)
		tell(x, EV_NEIGH_USED, ifindex, addr, NULL);
}

/* ---- promotion */

/* What the plan may have failed for. Where the kernel routes, nobody else asks.
 */
static void ask_for(const struct express *x, const struct nat_offer *o)
{
	if (!o->serial || x->conf->express.mode == EXPRESS_OFF)
		return;
	use_neigh(x, x->conf->wan.ifindex, &o->wan_hop);
	use_neigh(x, x->conf->lans[o->lan].ifindex, &o->inside.addr);
}

static void promote(struct express *x, uint32_t session)
{
	struct express_plan plan;
	uint32_t i;
	struct pair *p;

	if (!express_plan(x, session, false, &plan)) {
		ask_for(x, &plan.offer);
		return;
	}
	i = express_take(x);
	if (!i)
		return;
	p = &x->pairs[i];
	*p = (struct pair){
		.lan = plan.offer.lan,
		.lan_port = plan.lan_port,
		.session = session,
		.serial = plan.offer.serial,
		.generation = x->generation,
		.host = plan.host,
		.inside = plan.offer.inside.addr,
		.remote = plan.offer.remote.addr,
		.wan_hop = plan.offer.wan_hop,
		.active_ms = x->now_ms,
		.told_ms = x->now_ms,
	};
	if (express_enter(x, i, &plan))
		return;
	nat_promoted(x->nat, session, i);
	capture_promoted(x->egress->capture, i, &plan.host, &plan.offer);
}

void express_want(struct express *x, uint32_t session)
{
	if (x->wants_n < EXPRESS_WANTS && x->flows)
		x->wants[x->wants_n++] = session;
}

/* Waits for empty rings, but not for ever. */
static bool may_promote(struct express *x, bool drained)
{
	if (drained) {
		x->stuck_ms = 0;
		return true;
	}
	if (!x->stuck_ms)
		x->stuck_ms = x->now_ms;
	return x->now_ms - x->stuck_ms >= EXPRESS_PATIENCE_MS;
}

static void promote_some(struct express *x, bool drained)
{
	unsigned n = x->wants_n;

	if (!may_promote(x, drained))
		return;
	if (n > EXPRESS_PROMOTIONS)
		n = EXPRESS_PROMOTIONS;
	for (unsigned i = 0; i < n; i++)
		promote(x, x->wants[i]);
	x->wants_n -= n;
	memmove(x->wants, x->wants + n, x->wants_n * sizeof(*x->wants));
}

/* Of what is lost before we see it, most is heavy flows'. */
static void look_for_loss(struct express *x, const struct ports *ports)
{
	uint64_t rx, tx;

	if (x->now_ms - x->lost_ms < EXPRESS_LOST_MS)
		return;
	x->lost_ms = x->now_ms;
	ports_lost(ports, &rx, &tx);
	if (rx != x->lost)
		x->hurry_ms = x->now_ms + EXPRESS_HURRY_MS;
	x->lost = rx;
	nat_hurry(x->nat, x->now_ms < x->hurry_ms);
}

/* ---- demotion */

static void demote(struct express *x, uint32_t pair)
{
	struct pair *p = &x->pairs[pair];

	express_charge(x, pair);
	express_leave(x, pair);
	capture_demoted(x->egress->capture, pair, &p->host);
	nat_demoted(x->nat, p->session, p->serial);
}

void express_end(struct express *x, uint32_t pair)
{
	if (x->flows && x->pairs[pair].state == PAIR_LIVE)
		demote(x, pair);
}

void express_settle(struct express *x, uint32_t pair)
{
	if (x->flows && x->pairs[pair].state == PAIR_LIVE)
		express_charge(x, pair);
}

/* ---- looking after those on the lane */

void express_changed(struct express *x)
{
	x->generation++;
	x->round_ms = 0; /* the next one begins at once */
}

/* Frames that bypass both us and the kernel teach neither of us anything. */
static void tell_use(struct express *x, struct pair *p)
{
	const struct conf_lan *lan = &x->conf->lans[p->lan];
	uint32_t port = x->egress->ports->ports[p->lan_port].info.ifindex;

	if (x->now_ms - p->told_ms < EXPRESS_TELL_MS ||
	    p->active_ms <= p->told_ms || p->generation != x->generation)
		return;
	p->told_ms = x->now_ms;
	use_neigh(x, x->conf->wan.ifindex, &p->wan_hop);
	use_neigh(x, lan->ifindex, &p->inside);
	if (port != lan->ifindex &&
	    fdb_learn(x->egress->fdb, p->lan, &p->host, p->lan_port, x->now_ms))
		tell(x, EV_FDB_USED, port, NULL, &p->host);
}

/* Rows of an earlier run are believed until the neighbours are known, but not
 * against the session's own word: its address may be another's by now. */
static bool has_grace(const struct express *x, const struct pair *p)
{
	struct nat_offer o;

	return x->now_ms < x->grace_ms &&
	       x->conf->express.mode != EXPRESS_OFF &&
	       nat_offer(x->nat, p->session, true, &o) && o.serial == p->serial;
}

/* Are its rows still what they should be? */
static bool is_true(struct express *x, uint32_t pair)
{
	struct pair *p = &x->pairs[pair];
	struct express_plan plan;

	if (p->generation == x->generation)
		return true;
	if (!express_plan(x, p->session, true, &plan))
		return has_grace(x, p);
	if (plan.offer.serial != p->serial || !express_follow(x, pair, &plan))
		return false;
	p->generation = x->generation;
	p->host = plan.host;
	p->lan = plan.offer.lan;
	p->lan_port = plan.lan_port;
	p->wan_hop = plan.offer.wan_hop;
	return true;
}

/* true: it went. */
static bool look_at(struct express *x, uint32_t pair)
{
	struct pair *p = &x->pairs[pair];

	express_charge(x, pair);
	if (x->now_ms - p->active_ms < EXPRESS_IDLE_MS && is_true(x, pair)) {
		tell_use(x, p);
		return false;
	}
	demote(x, pair);
	return true;
}

static unsigned round_ms(const struct express *x)
{
	if (x->live_n <= EXPRESS_FEW)
		return EXPRESS_FEW_ROUND_MS;
	return summary_wanted(x->egress->summary) ? EXPRESS_TOLD_ROUND_MS
						  : EXPRESS_ROUND_MS;
}

/* Goes on where the last turn stopped. From the end: who goes is replaced by
 * one that was looked at. Returns when the next round begins, 0: at once. */
static uint64_t scan(struct express *x)
{
	unsigned budget = EXPRESS_SCAN, gone = 0;

	if (!x->scanned) {
		if (x->now_ms - x->round_ms < round_ms(x))
			return x->round_ms + round_ms(x);
		x->round_ms = x->now_ms;
		x->scanned = x->live_n;
	}
	if (x->scanned > x->live_n)
		x->scanned = x->live_n;
	while (x->scanned && budget-- && gone < EXPRESS_DEMOTIONS)
		gone += look_at(x, x->live[--x->scanned]);
	return x->scanned ? 0 : x->round_ms + round_ms(x);
}

static void look_around(struct express *x)
{
	if (x->opened)
		x->grace_ms = x->now_ms + EXPRESS_GRACE_MS;
	x->opened = false;
	if (x->conf->generation != x->conf_seen ||
	    fdb_moves(x->egress->fdb) != x->moves_seen ||
	    atomic_exchange_explicit(&x->abilities_new, false,
				     memory_order_relaxed))
		express_changed(x);
	x->conf_seen = x->conf->generation;
	x->moves_seen = fdb_moves(x->egress->fdb);
	atomic_store_explicit(&x->mode, x->conf->express.mode,
			      memory_order_relaxed);
}

uint64_t express_turn(struct express *x, const struct engine_conf *conf,
		      struct ports *ports, uint64_t now_ms)
{
	uint64_t due, next;

	if (!x->flows)
		return UINT64_MAX;
	x->conf = conf;
	x->now_ms = now_ms;
	look_around(x);
	look_for_loss(x, ports);
	if (x->wants_n)
		promote_some(x, ports_drained(ports));
	due = express_rested(x);
	next = x->live_n ? scan(x) : UINT64_MAX;
	x->conf = NULL;
	if (next < due)
		due = next;
	if (x->wants_n && due > now_ms + 1)
		due = now_ms + 1;
	if (due == UINT64_MAX)
		return due;
	return due > now_ms ? due - now_ms : 0;
}

/* ---- open and close */

void express_ports_changed(struct express *x)
{
	for (unsigned i = 0; i < ENGINE_PORTS_MAX; i++)
		express_set_abilities(x, i, 0);
	x->opened = true;
	express_changed(x);
}

void express_open(struct express *x, const struct engine_gate *gate)
{
	x->express4_fd = gate->express4_fd;
	x->express6_fd = gate->express6_fd;
	x->flows = gate->express_flow;
	x->stats = gate->express_stats;
	express_ports_changed(x);
	if (x->flows && !x->used)
		express_adopt(x);
}

void express_close(struct express *x)
{
	if (!x->flows)
		return;
	for (uint32_t i = 0; i < x->live_n; i++)
		express_charge(x, x->live[i]);
	for (uint32_t i = x->leaving.first; i; i = x->pairs[i].next)
		express_charge(x, i);
	x->wants_n = 0;
	x->flows = NULL;
	x->stats = NULL;
}

void express_set_abilities(struct express *x, unsigned port, unsigned flags)
{
	if (atomic_exchange_explicit(&x->abilities[port], (uint8_t)flags,
				     memory_order_relaxed) != flags)
		atomic_store_explicit(&x->abilities_new, true,
				      memory_order_relaxed);
}

void express_look_again(struct express *x)
{
	atomic_store_explicit(&x->abilities_new, true, memory_order_relaxed);
}

/* ---- what people see */

uint32_t express_live(const struct express *x)
{
	return x->live_n;
}

/* Can what comes in by this port leave by one on the other side? */
static bool has_way_out(const struct express *x, unsigned port, unsigned out)
{
	const struct ports *ps = x->egress->ports;

	for (unsigned i = 0; i < ps->n; i++)
		if (ps->ports[i].info.wan != ps->ports[port].info.wan &&
		    x->abilities[i] & out)
			return true;
	return false;
}

static const char no_way_out[] = "no driver on the other side is known to "
				 "transmit what XDP redirects";

static const char *off_because(const struct express *x, unsigned port)
{
	unsigned can = x->abilities[port], mode = x->mode;

	if (mode == EXPRESS_OFF)
		return "express.mode is off";
	if (!(can & (ENGINE_XDP_IN | ENGINE_TC_IN)))
		return "only Ethernet ports take part";
	if (!(can & ENGINE_TC_IN) && mode == EXPRESS_TC)
		return "express.mode is tc, and nothing sits at the port's "
		       "clsact";
	if (!(can & ENGINE_XDP_IN) && mode == EXPRESS_XDP)
		return "express.mode is xdp, and no XDP program is at the "
		       "port";
	return no_way_out;
}

/* Why it is that face, where there is one. */
static const char *on_because(unsigned can, unsigned mode, bool xdp)
{
	if (!(can & ENGINE_XDP_IN))
		return "no XDP program is at the port";
	if (!xdp)
		return mode == EXPRESS_TC ? "express.mode is tc" : no_way_out;
	return "XDP carries the port";
}

bool express_serves(const struct express *x, unsigned port)
{
	const char *why;

	return strcmp(express_face_of(x, port, &why), "off") != 0;
}

const char *express_face_of(const struct express *x, unsigned port,
			    const char **why)
{
	unsigned can = x->abilities[port], mode = x->mode;
	bool xdp = can & ENGINE_XDP_IN && mode != EXPRESS_TC &&
		   has_way_out(x, port, ENGINE_XDP_OUT);
	bool tc = can & ENGINE_TC_IN && mode != EXPRESS_XDP &&
		  has_way_out(x, port, ENGINE_TC_OUT);

	if (mode == EXPRESS_OFF || !(xdp || tc)) {
		*why = off_because(x, port);
		return "off";
	}
	*why = on_because(can, mode, xdp);
	return xdp ? "xdp" : "tc";
}
