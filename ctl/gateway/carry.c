/* carry.c - takes the ports up: what carries each, programs on them, the way
 * back into the machine, sockets in every queue, the engine. And lets them go.
 * Called by gateway.c and ports.c. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../link/guard.h"
#include "gateway_priv.h"

uint32_t carry_queues(const struct gateway *g, uint32_t ifindex)
{
	const struct link_if *i = link_by_index(g->link, ifindex);

	return i && i->rx_queues ? i->rx_queues : 1;
}

static void add_carried(struct gateway *g, uint32_t ifindex, bool wan)
{
	const struct link_if *i = link_by_index(g->link, ifindex);
	struct engine_port *p = &g->carried[g->carried_n];

	if (!i || g->carried_n == ENGINE_PORTS_MAX)
		return;
	*p = (struct engine_port){
		.ifindex = ifindex,
		/* Until it is known: a classifier at tc that is asked before
		 * then drops what is the engine's, and marks nothing. */
		.carrier = ENGINE_XDP,
		.wan = wan,
		.ip_only = !i->ethernet,
		.queues = carry_queues(g, ifindex),
	};
	snprintf(p->ifname, sizeof(p->ifname), "%s", i->name);
	g->carried_n++;
}

struct gate_port_info carry_port(const struct gateway *g,
				 const struct engine_port *p)
{
	struct gate_port_info info;

	plan_port(&g->conf, p, &info);
	info.punt = g->pairs[p->slot].near;
	return info;
}

bool carry_fits(const struct gateway *g)
{
	for (unsigned n = 0; n < g->carried_n; n++)
		if (!pair_fits(g, &g->carried[n]))
			return false;
	return true;
}

/* Tells the classifier of a port before its program runs, so that the first
 * frame meets the whole truth. */
static int describe(struct gateway *g, const struct engine_port *p,
		    struct error *err)
{
	struct gate_port_info info = carry_port(g, p);
	int rc = gate_port_set(g->gate, &info);

	return rc ? error_set(err, rc, "%s: cannot write port_info: %s",
			      p->ifname, strerror(-rc))
		  : 0;
}

static void carried_by(struct gateway *g, unsigned n, uint8_t carrier,
		       const char *why)
{
	struct engine_port *p = &g->carried[n];

	p->carrier = carrier;
	p->by_mark = carrier == ENGINE_NFQUEUE;
	if (carrier == ENGINE_NFQUEUE)
		p->queues = 0;
	g->why[n] = why;
}

/* What carries the port? Its driver is asked by trying. A program of somebody
 * else in the way is no property of the driver: it is told, by 'err'. */
static int choose(struct gateway *g, unsigned n, struct error *err)
{
	struct engine_port *p = &g->carried[n];
	enum gateway_path path = g->options->path;
	int rc;

	if (path == PATH_NFQUEUE) {
		carried_by(g, n, ENGINE_NFQUEUE, "--path nfqueue");
		return 0;
	}
	if (pair_take(g, p)) {
		carried_by(g, n, ENGINE_XDP, "xdp.at=pair");
		return 0;
	}
	rc = gate_attach(g->gate, p->ifindex, p->ifname, p->wan, err);
	if (!rc) {
		carried_by(g, n, ENGINE_XDP,
			   path == PATH_XDP ? "--path xdp"
					    : "its driver has native XDP");
		return 0;
	}
	if (path == PATH_XDP || rc == -EBUSY || rc == -ENOSPC)
		return rc;
	carried_by(g, n, ENGINE_NFQUEUE,
		   rc == -EOPNOTSUPP ? "its driver has no native XDP"
				     : "its driver refuses XDP");
	log_info("%s: %s: nfqueue carries it", p->ifname, g->why[n]);
	return 0;
}

/* A kernel without clsact has the express lane at XDP alone. */
static void attach_behind(struct gateway *g, const struct engine_port *p)
{
	struct error err = { "" };

	if (!p->ip_only && !pair_has(g, p) &&
	    gate_attach_behind(g->gate, g->journal, p->ifindex, p->ifname,
			       p->wan, &err))
		log_info("lane: %s", err.text);
}

/* The programs at clsact: the classifier of ports without XDP, and, as soon as
 * there is one such port, the guard at every way out; and the classifier behind
 * XDP. */
static int attach_tc(struct gateway *g, struct error *err)
{
	bool kernel = false;
	int rc = 0;

	for (unsigned n = 0; n < g->carried_n; n++)
		kernel |= g->carried[n].carrier == ENGINE_NFQUEUE;
	for (unsigned n = 0; kernel && !rc && n < g->carried_n; n++) {
		const struct engine_port *p = &g->carried[n];

		rc = gate_attach_egress(g->gate, g->journal, p->ifindex,
					p->ifname, err);
		if (!rc && p->carrier == ENGINE_NFQUEUE)
			rc = gate_attach_tc(g->gate, g->journal, p->ifindex,
					    p->ifname, p->wan, err);
	}
	for (unsigned n = 0; !rc && n < g->carried_n; n++)
		if (g->carried[n].carrier == ENGINE_XDP)
			attach_behind(g, &g->carried[n]);
	return rc;
}

/* Rules stand before anything is marked, and the kernel routes last. */
static int attach_all(struct gateway *g, struct error *err)
{
	int rc = 0;

	for (unsigned n = 0; !rc && n < g->carried_n; n++) {
		pair_prepare(g, &g->carried[n]);
		rc = describe(g, &g->carried[n], err);
		if (!rc)
			rc = choose(g, n, err);
		/* Now it is known what carries it. */
		if (!rc)
			rc = describe(g, &g->carried[n], err);
	}
	if (!rc)
		rc = kernel_guard(g, err);
	if (!rc)
		rc = attach_tc(g, err);
	return rc ? rc : kernel_forward(g, err);
}

void carry_keep(struct gateway *g)
{
	struct error err = { "" };

	for (unsigned n = 0; n < g->carried_n; n++) {
		const struct engine_port *p = &g->carried[n];
		int rc = 0;

		pair_keep(g, p);
		if (gate_attached(g->gate, p->ifindex) ||
		    !link_by_index(g->link, p->ifindex))
			continue;
		log_warn("%s: somebody took our program off it: putting it "
			 "back",
			 p->ifname);
		if (pair_has(g, p))
			rc = pair_attach(g, p, &err);
		else if (p->carrier == ENGINE_XDP)
			rc = gate_attach(g->gate, p->ifindex, p->ifname, p->wan,
					 &err);
		if (!rc)
			rc = attach_tc(g, &err);
		if (!rc)
			continue;
		/* Something else may carry it: ports are taken up anew. */
		log_warn("%s", err.text);
		if (!g->failed_ms)
			g->failed_ms = clock_ms();
	}
}

/* The way back into the machine's own stack. Packets come in by it whose source
 * the WAN routes to: reverse-path filtering must be loose, and even then it
 * wants an address on the device. 192.0.0.8 is the dummy one (RFC 7600). */
static int prepare_tun(struct gateway *g, uint32_t ifindex, struct error *err)
{
	struct prefix dummy;
	char path[64];
	int rc;

	prefix_parse("192.0.0.8/32", &dummy);
	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", g->tun_name);
	rc = guard_sysctl_set(g->journal, path, "2", err);
	if (rc)
		return rc;
	return link_addr_add(g->link, g->journal, ifindex, &dummy, err);
}

static int open_tun(struct gateway *g, int *fd, struct error *err)
{
	uint32_t ifindex;
	int rc = link_tun_open(g->link, g->tun_name, fd, &ifindex, err);

	if (rc)
		return rc;
	rc = prepare_tun(g, ifindex, err);
	if (rc)
		close(*fd);
	return rc;
}

static int open_ports(struct gateway *g, struct error *err)
{
	struct gate_express lane;
	struct engine_gate lent = {
		.xsks_fd = gate_xsks_fd(g->gate),
		.claimed = gate_claimed(g->gate),
		.local_open = gate_local_open(g->gate),
		.local_own = gate_local_own(g->gate),
	};
	int tun, rc = open_tun(g, &tun, err);

	if (rc)
		return rc;
	gate_express(g->gate, &lane);
	lent.express4_fd = lane.express4_fd;
	lent.express6_fd = lane.express6_fd;
	lent.express_flow = lane.flows;
	lent.express_stats = lane.stats;
	return engine_open_ports(g->engine, g->carried, g->carried_n, &lent,
				 tun, err);
}

/* What waits in the queues of the ports that stay is carried a moment later. */
static int change_ports(struct gateway *g, struct error *err)
{
	int rc;

	engine_stop(g->engine);
	rc = engine_change_ports(g->engine, g->carried, g->carried_n, err);
	if (rc != -EAGAIN)
		return rc;
	g->engine_runs = false;
	engine_close_ports(g->engine);
	return open_ports(g, err);
}

static int start_engine(struct gateway *g, struct error *err)
{
	int rc = g->engine_runs ? change_ports(g, err) : open_ports(g, err);
	int started;

	/* A port that cannot be opened does not keep the others from it. */
	if (rc && !g->engine_runs)
		return rc;
	started = engine_start(g->engine);
	g->engine_runs = !started;
	if (!started)
		return rc;
	engine_close_ports(g->engine);
	return error_set(err, started, "engine: cannot start: %s",
			 strerror(-started));
}

static const struct engine_port *find_port(const struct engine_port *ports,
					   unsigned n, uint32_t ifindex,
					   bool wan)
{
	for (unsigned i = 0; i < n; i++)
		if (ports[i].ifindex == ifindex && ports[i].wan == wan)
			return &ports[i];
	return NULL;
}

/* A port keeps the row it has; the others take what is free. */
static void give_slots(struct gateway *g, const struct engine_port *was,
		       unsigned was_n)
{
	const struct engine_port *old[ENGINE_PORTS_MAX];
	uint32_t taken = 0;
	uint8_t slot = 0;

	for (unsigned n = 0; n < g->carried_n; n++) {
		struct engine_port *p = &g->carried[n];

		old[n] = find_port(was, was_n, p->ifindex, p->wan);
		if (!old[n])
			continue;
		p->slot = old[n]->slot;
		taken |= 1u << p->slot;
	}
	for (unsigned n = 0; n < g->carried_n; n++) {
		if (old[n])
			continue;
		while (taken & 1u << slot)
			slot++;
		g->carried[n].slot = slot++;
	}
}

static void list_carried(struct gateway *g)
{
	struct engine_port was[ENGINE_PORTS_MAX];
	unsigned was_n = g->carried_n;

	memcpy(was, g->carried, sizeof(was));
	g->carried_n = 0;
	if (g->roles.wan)
		add_carried(g, g->roles.wan, true);
	for (unsigned n = 0; n < g->roles.lan_n; n++)
		add_carried(g, g->roles.lan[n], false);
	give_slots(g, was, was_n);
}

int carry_start(struct gateway *g, struct error *err)
{
	int rc;

	list_carried(g);
	rc = attach_all(g, err);
	if (!g->carried_n)
		carry_halt(g);
	else if (!rc)
		rc = start_engine(g, err);
	if (g->engine_runs) {
		events_tell_neighs(g);
		lane_sync(g);
	}
	return rc;
}

void carry_halt(struct gateway *g)
{
	if (!g->engine_runs)
		return;
	engine_stop(g->engine);
	engine_close_ports(g->engine);
	g->engine_runs = false;
}

void carry_let_go(struct gateway *g)
{
	for (unsigned n = 0; n < g->carried_n; n++) {
		const struct engine_port *p = &g->carried[n];
		bool ours = p->wan && p->ifindex == g->roles.wan;

		for (unsigned i = 0; !p->wan && i < g->roles.lan_n; i++)
			ours |= p->ifindex == g->roles.lan[i];
		if (ours)
			continue;
		gate_detach(g->gate, p->ifindex);
		gate_port_del(g->gate, p->ifindex);
		pair_end(g, p->slot);
	}
}
