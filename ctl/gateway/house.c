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

static const char *why_of(struct gateway *g, uint32_t ifindex)
{
	for (unsigned n = 0; ifindex && n < g->carried_n; n++)
		if (g->carried[n].ifindex == ifindex)
			return g->why[n];
	return "";
}

static const char *express_of(struct gateway *g, uint32_t ifindex,
			      const char **why)
{
	const char *face = NULL;

	*why = "";
	if (g->engine_runs)
		face = engine_express(g->engine, ifindex, why);
	return face ? face : "off";
}

static void wan_status(struct gateway *g, struct api_status *out)
{
	const struct link_if *i = link_by_index(g->link, g->roles.wan);
	const struct conf_wan *wan = &g->conf.wan;

	out->wan_carrier = carrier_of(g, g->roles.wan);
	out->wan_why = why_of(g, g->roles.wan);
	out->wan_express = express_of(g, g->roles.wan, &out->wan_express_why);
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
	look_line(g, &out->wan_latency_ms, &out->wan_loss);
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
		port->why = why_of(g, i ? i->ifindex : 0);
		port->express =
			express_of(g, i ? i->ifindex : 0, &port->express_why);
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
	*diary = &g->diary;
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

static const struct devices *devices(void *arg)
{
	struct gateway *g = arg;

	return g->devices;
}

static const struct names *names(void *arg)
{
	struct gateway *g = arg;

	return g->names;
}

static const struct events *events(void *arg)
{
	struct gateway *g = arg;

	return analysis_events(g->analysis);
}

static const struct evidence *evidence(void *arg)
{
	struct gateway *g = arg;

	return analysis_evidence(g->analysis);
}

static struct history *history(void *arg)
{
	return traffic_history(arg);
}

static const struct rtts *rtts(void *arg)
{
	struct gateway *g = arg;

	return g->rtts;
}

static struct countries *countries(void *arg)
{
	struct gateway *g = arg;

	return g->countries;
}

static struct settings_store *settings(void *arg)
{
	struct gateway *g = arg;

	return g->settings;
}

/* It was chosen before, in a house that may have changed since: what it is now
 * is no reason to refuse another setting. */
static bool is_kept(const struct gateway *g, const struct settings_forward *f)
{
	const struct settings *now = settings_get(g->settings);

	for (unsigned n = 0; n < now->nat_forwards_n; n++)
		if (!memcmp(&now->nat_forwards[n], f, sizeof(*f)))
			return true;
	return false;
}

static bool is_home(const struct gateway *g, const struct addr *a)
{
	return prefix_has(&g->lan_net, a) && !addr_eq(a, &g->lan_net.addr);
}

/* NULL: the outside port is free to be given away. */
static const char *port_conflict(const struct gateway *g,
				 const struct settings *s,
				 const struct settings_forward *f,
				 char holder[64])
{
	bool udp = f->proto == IPPROTO_UDP;

	for (unsigned n = 0; n < s->wan_open_n; n++)
		if (s->wan_open[n].proto == f->proto &&
		    s->wan_open[n].port == f->port)
			return "wan.open has it, which keeps it for this "
			       "machine";
	if (is_kept(g, f))
		return NULL;
	if (f->port >= PLAN_OWN_PORT_FIRST && f->port <= PLAN_OWN_PORT_LAST)
		return "24576 to 32767 are the gateway's own, choose another";
	if (!udp && f->port == g->ssh_port)
		return "the SSH session that this gateway was started from "
		       "comes in by it";
	if (udp && (f->port == 67 || f->port == 68 || f->port == 546))
		return "DHCP needs it";
	if (!(g->sockets.everywhere[udp][f->port / 64] >> f->port % 64 & 1))
		return NULL;
	sockdiag_holder(f->proto, f->port, holder, 64);
	return holder;
}

static int judge_forwards(const struct gateway *g, const struct settings *s,
			  struct error *err)
{
	for (unsigned n = 0; n < s->nat_forwards_n; n++) {
		const struct settings_forward *f = &s->nat_forwards[n];
		char to[ADDR_STRLEN], net[PREFIX_STRLEN], holder[64];
		const char *why = port_conflict(g, s, f, holder);

		if (why)
			return error_set(err, -EINVAL,
					 "nat.forwards: %s:%u cannot be "
					 "forwarded: %s%s",
					 f->proto == IPPROTO_UDP ? "udp"
								 : "tcp",
					 f->port, why,
					 why == holder ? " listens there" : "");
		if (!is_kept(g, f) && !is_home(g, &f->to.addr))
			return error_set(err, -EINVAL,
					 "nat.forwards: %s is not an address "
					 "for a device in %s",
					 addr_format(&f->to.addr, to),
					 prefix_format(&g->lan_net, net));
	}
	return 0;
}

/* What a key's own check cannot know: where home is. */
int house_judges(void *arg, const struct settings *candidate, struct error *err)
{
	const struct gateway *g = arg;
	char text[ADDR_STRLEN], net[PREFIX_STRLEN];

	for (unsigned n = 0; n < candidate->dhcp_static_n; n++) {
		const struct addr *a = &candidate->dhcp_static[n].addr;

		if (is_home(g, a))
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
	return judge_forwards(g, candidate, err);
}

static void settings_changed(void *arg)
{
	struct error err = { "" };

	if (sync_all(arg, &err))
		log_warn("settings: %s", err.text);
	/* Ports are taken up anew when whoever asked has their answer. */
	if (!carry_fits(arg))
		sync_soon(arg);
}

struct api_house house_for_api(struct gateway *g)
{
	return (struct api_house){
		.arg = g,
		.password_path = g->password_path,
		.sessions_path = g->sessions_path,
		.status = status,
		.engine = engine,
		.leases = leases,
		.dhcp = dhcp,
		.drops = drops,
		.dns = dns,
		.devices = devices,
		.names = names,
		.events = events,
		.evidence = evidence,
		.history = history,
		.rtts = rtts,
		.countries = countries,
		.settings = settings,
		.settings_changed = settings_changed,
	};
}
