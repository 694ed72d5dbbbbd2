/* house.c - what the API may ask of the house.
 * Called by api/ on the control thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../dns/catalog.h"
#include "gateway_priv.h"

#define DROP_ROWS_MAX 64

static const char *carrier_of(struct gateway *g, uint32_t ifindex)
{
	const char *carrier =
		g->engine_runs ? engine_carrier(g->engine, ifindex) : NULL;

	return carrier && gate_attached(g->gate, ifindex) ? carrier : "none";
}

static void wan_status(struct gateway *g, struct api_status *out)
{
	const struct link_if *i = link_by_index(g->link, g->roles.wan);
	const struct conf_wan *wan = &g->conf.wan;

	out->wan_carrier = carrier_of(g, g->roles.wan);
	out->wan_express = "off";
	if (!i)
		return;
	snprintf(out->wan_ifname, sizeof(out->wan_ifname), "%s", i->name);
	out->wan_up = wan->up;
	if (wan->addr)
		out->wan_addr = addr_v4(wan->addr);
	if (wan->gateway)
		out->wan_gateway = addr_v4(wan->gateway);
}

static void status(void *arg, struct api_status *out)
{
	struct gateway *g = arg;

	memset(out, 0, sizeof(*out));
	out->uptime_s = (clock_ms() - g->started_ms) / 1000;
	wan_status(g, out);
	out->lans_n = 1;
	snprintf(out->lans[0].name, sizeof(out->lans[0].name), "lan");
	out->lans[0].addr = g->lan_net;
	for (unsigned n = 0; n < g->lan_names_n; n++) {
		const struct link_if *i =
			link_by_name(g->link, g->lan_names[n]);
		struct api_port *port = &out->lans[0].ports[n];

		snprintf(port->ifname, sizeof(port->ifname), "%s",
			 g->lan_names[n]);
		port->carrier = carrier_of(g, i ? i->ifindex : 0);
		port->express = "off";
	}
	out->lans[0].ports_n = g->lan_names_n;
}

static struct engine *engine(void *arg)
{
	struct gateway *g = arg;

	return g->engine;
}

static unsigned leases(void *arg, const struct dhcp_lease **out)
{
	struct gateway *g = arg;

	return dhcp_leases(g->dhcp, out);
}

static void dhcp(void *arg, struct dhcp_fill *fill, const struct diary **diary)
{
	struct gateway *g = arg;

	dhcp_fill(g->dhcp, fill);
	*diary = dhcp_diary(g->dhcp);
}

static void add_row(struct drop_row *rows, unsigned *n, unsigned max,
		    const struct drop_row *row)
{
	for (unsigned i = 0; i < *n; i++) {
		if (strcmp(rows[i].reason, row->reason))
			continue;
		rows[i].packets += row->packets;
		rows[i].bytes += row->bytes;
		return;
	}
	if (*n < max)
		rows[(*n)++] = *row;
}

static unsigned drops(void *arg, struct drop_row *out, unsigned max)
{
	struct gateway *g = arg;
	struct drop_row rows[DROP_ROWS_MAX];
	const struct drop_row *dhcp;
	unsigned n = gate_drops(g->gate, out, max), more;

	more = engine_drops(g->engine, rows, DROP_ROWS_MAX);
	for (unsigned i = 0; i < more; i++)
		add_row(out, &n, max, &rows[i]);
	more = dns_drops(g->dns, rows, DROP_ROWS_MAX);
	for (unsigned i = 0; i < more; i++)
		add_row(out, &n, max, &rows[i]);
	more = dhcp_drops(g->dhcp, &dhcp);
	for (unsigned i = 0; i < more; i++)
		add_row(out, &n, max, &dhcp[i]);
	return n;
}

static struct dns *dns(void *arg)
{
	struct gateway *g = arg;

	return g->dns;
}

static struct settings_store *settings(void *arg)
{
	struct gateway *g = arg;

	return g->settings;
}

/* What a key's own check cannot know: where home is. */
int house_judges(void *arg, const struct settings *candidate, struct error *err)
{
	const struct gateway *g = arg;
	char text[ADDR_STRLEN], net[PREFIX_STRLEN];

	for (unsigned n = 0; n < candidate->dhcp_static_n; n++) {
		const struct addr *a = &candidate->dhcp_static[n].addr;

		if (prefix_has(&g->lan_net, a) && !addr_eq(a, &g->lan_net.addr))
			continue;
		return error_set(err, -EINVAL,
				 "dhcp.static: %s is not an address for a "
				 "device in %s",
				 addr_format(a, text),
				 prefix_format(&g->lan_net, net));
	}
	for (unsigned n = 0; n < candidate->dns_lists_n; n++)
		if (!catalog_source(candidate->dns_lists[n].text))
			return error_set(err, -EINVAL,
					 "dns.lists: no list is known as "
					 "'%.60s'; `portcullis dns` names them",
					 candidate->dns_lists[n].text);
	for (unsigned n = 0; n < candidate->dns_upstream_n; n++)
		if (addr_eq(&candidate->dns_upstream[n].at.addr,
			    &g->lan_net.addr))
			return error_set(err, -EINVAL,
					 "dns.upstream: %s is the gateway "
					 "itself",
					 addr_format(&g->lan_net.addr, text));
	return 0;
}

static void settings_changed(void *arg)
{
	struct error err = { "" };

	if (sync_all(arg, &err))
		log_warn("settings: %s", err.text);
}

struct api_house house_for_api(struct gateway *g)
{
	return (struct api_house){
		.arg = g,
		.status = status,
		.engine = engine,
		.leases = leases,
		.dhcp = dhcp,
		.drops = drops,
		.dns = dns,
		.settings = settings,
		.settings_changed = settings_changed,
	};
}
