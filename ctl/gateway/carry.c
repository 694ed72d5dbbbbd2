/* carry.c - takes the ports up: guard, programs on every port, the way back
 * into the machine, sockets in every queue, the engine. And lets them go.
 * Called by gateway.c and ports.c. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/log.h"
#include "../link/guard.h"
#include "gateway_priv.h"

/* What the kernel must not forward behind the gate's back. */
int carry_guard(struct gateway *g, struct error *err)
{
	struct prefix net = prefix_network(&g->lan_net);
	int rc;

	if (!g->roles.wan)
		return 0;
	rc = guard_rules_set(g->journal, g->instance.name,
			     ports_name(g, g->roles.wan), ports_lan_device(g),
			     &net, 1, err);
	if (rc == -EOPNOTSUPP) {
		log_warn("guard: this kernel has no nf_tables; without a "
			 "program on the WAN nothing stops forwarding");
		return 0;
	}
	return rc;
}

static void add_carried(struct gateway *g, uint32_t ifindex, bool wan)
{
	const struct link_if *i = link_by_index(g->link, ifindex);
	struct engine_port *p = &g->carried[g->carried_n];

	if (!i || g->carried_n == ENGINE_PORTS_MAX)
		return;
	*p = (struct engine_port){
		.ifindex = ifindex,
		.slot = (uint8_t)g->carried_n,
		.wan = wan,
		.ip_only = !i->ethernet,
		.queues = i->rx_queues ? i->rx_queues : 1,
	};
	snprintf(p->ifname, sizeof(p->ifname), "%s", i->name);
	g->carried_n++;
}

/* Tells the classifier of a port before its program runs, so that the first
 * frame meets the whole truth. */
static int attach(struct gateway *g, const struct engine_port *p,
		  struct error *err)
{
	struct gate_port_info info;
	int rc;

	plan_port(&g->conf, p, &info);
	rc = gate_port_set(g->gate, &info);
	if (rc)
		return error_set(err, rc, "%s: cannot write port_info: %s",
				 p->ifname, strerror(-rc));
	return gate_attach(g->gate, p->ifindex, p->ifname, p->wan, err);
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

static int start_engine(struct gateway *g, struct error *err)
{
	const struct engine_gate lent = {
		.xsks_fd = gate_xsks_fd(g->gate),
		.claimed = gate_claimed(g->gate),
		.local_open = gate_local_open(g->gate),
		.local_own = gate_local_own(g->gate),
	};
	int tun, rc = open_tun(g, &tun, err);

	if (rc)
		return rc;
	rc = engine_open_ports(g->engine, g->carried, g->carried_n, &lent, tun,
			       err);
	if (rc)
		return rc;
	rc = engine_start(g->engine);
	if (rc) {
		engine_close_ports(g->engine);
		return error_set(err, rc, "engine: cannot start: %s",
				 strerror(-rc));
	}
	g->engine_runs = true;
	return 0;
}

int carry_start(struct gateway *g, struct error *err)
{
	int rc = carry_guard(g, err);

	g->carried_n = 0;
	if (g->roles.wan)
		add_carried(g, g->roles.wan, true);
	for (unsigned n = 0; n < g->roles.lan_n; n++)
		add_carried(g, g->roles.lan[n], false);
	for (unsigned n = 0; !rc && n < g->carried_n; n++)
		rc = attach(g, &g->carried[n], err);
	if (!rc && g->carried_n)
		rc = start_engine(g, err);
	if (!rc)
		events_tell_neighs(g);
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

static bool is_ours(const struct gateway *g, const struct engine_port *p)
{
	if (p->wan)
		return p->ifindex == g->roles.wan;
	for (unsigned n = 0; n < g->roles.lan_n; n++)
		if (p->ifindex == g->roles.lan[n])
			return true;
	return false;
}

void carry_let_go(struct gateway *g)
{
	carry_halt(g);
	for (unsigned n = 0; n < g->carried_n; n++) {
		if (is_ours(g, &g->carried[n]))
			continue;
		gate_detach(g->gate, g->carried[n].ifindex);
		gate_port_del(g->gate, g->carried[n].ifindex);
	}
	g->carried_n = 0;
}
