/* events.c - what one room tells and another must hear.
 * Called from the loop by link, engine and DHCP. Control thread. */
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "gateway_priv.h"

#define REPORTS_A_TURN 1024

static void tell_running(struct gateway *g)
{
	for (unsigned n = 0; g->engine_runs && n < g->carried_n; n++) {
		uint32_t ifindex = g->carried[n].ifindex;
		const struct link_if *i = link_by_index(g->link, ifindex);

		engine_set_running(g->engine, ifindex,
				   i && i->up && i->running);
	}
}

void events_on_change(void *arg, unsigned changes)
{
	/* At once: who took a program away has opened a door. */
	if (changes & (LINK_CHANGED_TC | LINK_CHANGED_IFS))
		kernel_keep(arg);
	if (changes & LINK_CHANGED_IFS)
		lane_sync(arg);
	if (changes == LINK_CHANGED_TC)
		return;
	tell_running(arg);
	sync_soon(arg);
}

/* ---- neighbours: kernel -> engine */

static bool engine_cares(const struct gateway *g, uint32_t ifindex)
{
	return ifindex &&
	       (ifindex == g->roles.wan || ifindex == g->lan_ifindex);
}

static void tell_neigh(struct gateway *g, const struct link_neigh *n)
{
	struct engine_command c = {
		.kind = CMD_NEIGH,
		.ifindex = n->ifindex,
		.addr = n->addr,
		.failed = n->failed,
	};

	if (n->valid)
		c.mac = n->mac;
	/* A full ring loses it; the engine asks again when it needs it. */
	(void)engine_command(g->engine, &c);
}

void events_on_neigh(void *arg, const struct link_neigh *n)
{
	struct gateway *g = arg;

	home_on_neigh(g, n);
	if (g->engine_runs && engine_cares(g, n->ifindex))
		tell_neigh(g, n);
}

/* What a full ring loses the next frame of the host makes good. */
void events_on_fdb(void *arg, uint32_t port, const struct mac *mac, bool gone)
{
	const struct engine_command c = {
		.kind = CMD_FDB, .ifindex = port, .mac = *mac, .gone = gone
	};
	struct gateway *g = arg;

	if (g->engine_runs)
		(void)engine_command(g->engine, &c);
}

static void each_neigh(void *arg, const struct link_neigh *n)
{
	tell_neigh(arg, n);
}

void events_tell_neighs(struct gateway *g)
{
	tell_running(g);
	if (g->roles.wan)
		link_neighs(g->link, g->roles.wan, each_neigh, g);
	link_neighs(g->link, g->lan_ifindex, each_neigh, g);
}

/* ---- engine -> kernel */

/* A port outside a bridge has no forwarding entries. */
static void on_fdb_used(struct gateway *g, const struct engine_event *e)
{
	const struct link_if *port = link_by_index(g->link, e->ifindex);

	if (port && port->master)
		link_fdb_use(g->link, e->ifindex, &e->mac);
}

/* What the engine reports of flows. */
static void on_report(struct gateway *g, const struct engine_report *r)
{
	look_at_report(g, r);
	/* How long a server thinks is no distance. */
	if (r->kind == REPORT_RTT && r->proto == IPPROTO_TCP)
		rtts_note(g->rtts, &r->mac, &r->remote.addr,
			  r->wan ? RTT_WAN : RTT_LAN, r->us, r->at_ms);
}

/* A flood of flows must not keep the loop from everything else. */
static void take_reports(struct gateway *g)
{
	struct engine_report r;

	for (unsigned n = 0; n < REPORTS_A_TURN; n++) {
		if (!engine_next_report(g->engine, &r))
			return;
		on_report(g, &r);
	}
	engine_more_reports(g->engine);
}

void events_on_engine(uv_poll_t *poll, int status, int events)
{
	struct gateway *g = poll->data;
	struct engine_event e;

	(void)status;
	(void)events;
	while (engine_next_event(g->engine, &e)) {
		switch (e.kind) {
		case EV_NEIGH_WANTED:
			link_neigh_resolve(g->link, e.ifindex, &e.addr);
			break;
		case EV_NEIGH_USED:
			link_neigh_use(g->link, e.ifindex, &e.addr);
			break;
		case EV_FDB_USED:
			on_fdb_used(g, &e);
			break;
		case EV_DUMPED:
		case EV_CAPTURED:
			break; /* the engine called back already */
		}
	}
	take_reports(g);
	flow_names_take(g);
	traffic_take(g);
}

/* ---- leases -> names */

/* Names that a device must not take: ours, and those that browsers and
 * resolvers trust by themselves. */
static bool reserved_name(const char *name)
{
	static const char *const names[] = { "portcullis", "localhost", "wpad",
					     "isatap" };

	for (unsigned n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (!strcmp(name, names[n]))
			return true;
	return false;
}

void events_on_lease(void *arg, const struct dhcp_lease *lease, bool gone)
{
	if (!gone)
		home_on_lease(arg, lease);
	events_name_lease(arg, lease, gone);
}

void events_name_lease(struct gateway *g, const struct dhcp_lease *lease,
		       bool gone)
{
	struct addr addr = addr_v4(lease->ip);

	/* A device that is not filtered is known by its lease. */
	if (settings_get(g->settings)->dns_unfiltered_n)
		sync_soon(g);
	if (!g->dns || !lease->hostname[0] || reserved_name(lease->hostname))
		return;
	if (gone)
		dns_name_del(g->dns, lease->hostname);
	else if (dns_name_set(g->dns, lease->hostname, &addr))
		log_warn("dns: %s cannot be named", lease->hostname);
}

void events_on_rival(void *arg, __be32 server, bool here)
{
	char text[ADDR_STRLEN];
	struct addr addr = addr_v4(server);

	(void)arg;
	if (here)
		log_warn("dhcp: %s serves this LAN already; ours stays silent "
			 "while it does",
			 addr_format(&addr, text));
	else
		log_info("dhcp: %s is gone; ours serves",
			 addr_format(&addr, text));
}

uint32_t events_port_of(void *arg, const struct mac *mac)
{
	struct gateway *g = arg;

	/* A LAN without a bridge is one port. */
	if (g->lan_names_n < 2)
		return g->lan_ifindex;
	return link_fdb_port(g->link, g->lan_ifindex, mac);
}
