/* ports.c - which ports there are, and what makes them a gateway's: roles,
 * bridge, address; again when one comes, goes or is replaced.
 * Called by gateway.c (start) and sync.c (changes). Control thread.
 * Every change is journalled by the functions of link/. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "gateway_priv.h"
#include "../link/guard.h"

#define UI_PORT	  80
#define DNS_PORT  53
#define DHCP_PORT 67

const char *ports_name(const struct gateway *g, uint32_t ifindex)
{
	const struct link_if *i = link_by_index(g->link, ifindex);

	return i ? i->name : "?";
}

/* Is the network that the owner wishes free? */
static int check_wish(const struct gateway *g, const struct plan_input *in,
		      struct error *err)
{
	char wish[PREFIX_STRLEN], theirs[PREFIX_STRLEN];
	struct prefix wan;

	if (!plan_overlap(in, &g->lan_net))
		return 0;
	plan_ipv4(in, g->roles.wan, &wan);
	return error_set(err, -EINVAL,
			 "the LAN's network %s overlaps the WAN's %s: choose "
			 "another with --lan-net",
			 prefix_format(&g->lan_net, wish),
			 prefix_format(&wan, theirs));
}

/* Nobody else's program may be where ours will be. */
static int check_foreign(struct gateway *g, struct error *err)
{
	int rc = 0;

	/* Where XDP is not asked for, it may stay before our hook. */
	if (g->options->path == PATH_NFQUEUE)
		return 0;
	if (g->roles.wan)
		rc = gate_foreign(GATE_BPFFS, g->instance.name, g->roles.wan,
				  ports_name(g, g->roles.wan), err);
	for (unsigned n = 0; !rc && n < g->roles.lan_n; n++)
		rc = gate_foreign(GATE_BPFFS, g->instance.name, g->roles.lan[n],
				  ports_name(g, g->roles.lan[n]), err);
	return rc;
}

/* By name, because a port that is replaced comes back with another index. */
static void remember_lan(struct gateway *g)
{
	g->lan_ifindex = g->roles.lan_n == 1 ? g->roles.lan[0] : 0;
	for (unsigned n = 0; n < g->roles.lan_n; n++)
		snprintf(g->lan_names[n], sizeof(g->lan_names[n]), "%s",
			 ports_name(g, g->roles.lan[n]));
	g->lan_names_n = g->roles.lan_n;
}

static int pick_roles(struct gateway *g, const struct leftovers *left,
		      struct error *err)
{
	struct roles_wish wish = g->options->ports;
	const struct link_route *routes;
	unsigned routes_n = link_routes(g->link, &routes);
	const struct link_if *ifs;
	unsigned ifs_n = link_ifs(g->link, &ifs);

	wish.own_lan = left->lan;
	return roles_pick(&wish, ifs, ifs_n, routes, routes_n, &g->roles, err);
}

/* Can the LAN that an earlier run made be gone on with? A bridge whose members
 * changed can, one that is no longer needed cannot. */
static bool still_fits(const struct gateway *g, const struct leftovers *left)
{
	const struct link_if *wan = link_by_index(g->link, g->roles.wan);

	if (!left->lan)
		return true;
	if (wan && (wan->master == left->lan || wan->ifindex == left->lan))
		return false;
	if (left->bridge || g->roles.lan_n > 1)
		return left->bridge && g->roles.lan_n > 1;
	return g->roles.lan[0] == left->lan;
}

/* Picks as an earlier run left things, or else from a clean machine. */
static int pick_from(struct gateway *g, struct leftovers *left,
		     struct error *err)
{
	int rc;

	if (g->adopting)
		*left = leftovers_read(g->journal, g->link, g->bridge_name);
	rc = pick_roles(g, left, err);
	if (rc || !g->adopting || still_fits(g, left))
		return rc;
	log_info("the ports are others now: undoing what an earlier run left");
	g->adopting = false;
	*left = (struct leftovers){ 0 };
	leftovers_undo(g->journal, &g->instance);
	rc = link_refresh(g->link);
	if (rc)
		return error_set(err, rc, "link: cannot be read anew: %s",
				 strerror(-rc));
	return pick_roles(g, left, err);
}

/* Devices at home know the network: an earlier run's stays while it can. */
static int pick_net(struct gateway *g, const struct leftovers *left,
		    struct error *err)
{
	struct plan_input in = { .roles = &g->roles,
				 .lan_ifindex = g->lan_ifindex };

	in.routes_n = link_routes(g->link, &in.routes);
	in.ifs_n = link_ifs(g->link, &in.ifs);
	if (g->options->has_lan_net) {
		g->lan_net = g->options->lan_net;
		return check_wish(g, &in, err);
	}
	if (left->has_net) {
		g->lan_net = left->net;
		if (!plan_overlap(&in, &g->lan_net))
			return 0;
	} else if (plan_ipv4(&in, g->lan_ifindex, &g->lan_net)) {
		/* A port that has an address shall keep it: it becomes the
		 * LAN's. */
		return check_wish(g, &in, err);
	}
	return roles_pick_net(in.ifs, in.ifs_n, in.routes, in.routes_n,
			      g->lan_ifindex, &g->lan_net, err);
}

int ports_pick(struct gateway *g, struct error *err)
{
	struct leftovers left = { 0 };
	int rc = pick_from(g, &left, err);

	if (!rc)
		rc = check_foreign(g, err);
	if (rc)
		return rc;
	remember_lan(g);
	if (left.bridge)
		g->lan_ifindex = left.lan;
	return pick_net(g, &left, err);
}

struct endpoint ports_ui_at(const struct gateway *g)
{
	if (g->options->has_ui)
		return g->options->ui;
	return (struct endpoint){ .addr = g->lan_net.addr,
				  .port = htons(UI_PORT) };
}

/* Tries to take a port as its service will, and gives it back. IP_FREEBIND: the
 * LAN address may not be there yet. */
static int try_bind(int type, const struct endpoint *at)
{
	int one = 1, rc = 0, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = at->port,
				  .sin_addr.s_addr = addr_to_v4(&at->addr) };

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    (type == SOCK_STREAM && listen(fd, 1)))
		rc = -errno;
	close(fd);
	return rc;
}

static int check_service(const char *what, const char *remedy, int type,
			 const struct endpoint *at, struct error *err)
{
	char holder[64];
	uint16_t port = ntohs(at->port);
	int proto = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	int rc = try_bind(type, at);

	if (rc == -EADDRINUSE) {
		sockdiag_holder(proto, port, holder, sizeof(holder));
		return error_set(err, rc, "%s: %s port %u is in use by %s: %s",
				 what, type == SOCK_STREAM ? "TCP" : "UDP",
				 port, holder, remedy);
	}
	if (rc)
		return error_set(err, rc, "%s: port %u: %s", what, port,
				 strerror(-rc));
	return 0;
}

int ports_check_services(struct gateway *g, struct error *err)
{
	const struct endpoint dns = { .addr = g->lan_net.addr,
				      .port = htons(DNS_PORT) };
	const struct endpoint dhcp = { .addr = addr_v4(INADDR_ANY),
				       .port = htons(DHCP_PORT) };
	const struct endpoint ui = ports_ui_at(g);
	int rc = check_service("dns", "stop it", SOCK_DGRAM, &dns, err);

	if (!rc)
		rc = check_service("dns", "stop it", SOCK_STREAM, &dns, err);
	if (!rc)
		rc = check_service("dhcp", "stop it", SOCK_DGRAM, &dhcp, err);
	if (!rc && addr_is_v4(&ui.addr))
		rc = check_service("ui", "stop it, or choose another with --ui",
				   SOCK_STREAM, &ui, err);
	return rc;
}

const char *ports_lan_device(const struct gateway *g)
{
	return g->lan_names_n > 1 ? g->bridge_name : g->lan_names[0];
}

/* A LAN of one port is that port; of several, a bridge with the first's MAC. */
static int prepare_bridge(struct gateway *g, struct error *err)
{
	const struct link_if *first = link_by_index(g->link, g->roles.lan[0]);
	struct mac mac = first ? first->mac : (struct mac){ 0 };
	int rc = 0;

	if (!g->lan_ifindex || g->adopting)
		rc = link_bridge_add(g->link, g->journal, g->bridge_name, &mac,
				     &g->lan_ifindex, err);
	for (unsigned n = 0; !rc && n < g->roles.lan_n; n++)
		rc = link_set_master(g->link, g->journal, g->roles.lan[n],
				     g->lan_ifindex, err);
	return rc;
}

/* A device at home that plays the router must not become ours. A kernel without
 * IPv6 has nothing to be told. */
static int prepare_ra(struct gateway *g, struct error *err)
{
	char path[80];
	int rc;

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra",
		 ports_lan_device(g));
	rc = guard_sysctl_set(g->journal, path, "0", err);
	return rc == -ENOENT ? 0 : rc;
}

static int prepare_nic(struct gateway *g, uint32_t ifindex, struct error *err)
{
	return guard_nic_prepare(g->journal, ifindex, ports_name(g, ifindex),
				 err);
}

/* The machine's own connections leave from a block that the NAT never uses,
 * however many of the other ports LAN hosts hold (nat.md 30). */
static int prepare_own_ports(struct gateway *g, struct error *err)
{
	char range[32];

	snprintf(range, sizeof(range), "%d %d", PLAN_OWN_PORT_FIRST,
		 PLAN_OWN_PORT_LAST);
	return guard_sysctl_set(g->journal, "net/ipv4/ip_local_port_range",
				range, err);
}

static int prepare_members(struct gateway *g, struct error *err)
{
	int rc = 0;

	/* Before the bridge takes them: it switches LRO off, and not on. */
	for (unsigned n = 0; !rc && n < g->roles.lan_n; n++)
		rc = prepare_nic(g, g->roles.lan[n], err);
	if (!rc && g->lan_names_n > 1)
		rc = prepare_bridge(g, err);
	return rc;
}

static int prepare_lan(struct gateway *g, struct error *err)
{
	int rc = prepare_members(g, err);

	if (!rc)
		rc = prepare_ra(g, err);
	for (unsigned n = 0; !rc && n < g->roles.lan_n; n++)
		rc = link_set_up(g->link, g->journal, g->roles.lan[n], err);
	if (!rc && g->lan_names_n > 1)
		rc = link_set_up(g->link, g->journal, g->lan_ifindex, err);
	if (!rc)
		rc = link_addr_add(g->link, g->journal, g->lan_ifindex,
				   &g->lan_net, err);
	return rc;
}

int ports_prepare(struct gateway *g, struct error *err)
{
	int rc = prepare_own_ports(g, err);

	if (!rc && g->roles.lan_n)
		rc = prepare_lan(g, err);
	if (!rc && g->roles.wan)
		rc = prepare_nic(g, g->roles.wan, err);
	if (!rc && g->roles.wan)
		rc = link_set_up(g->link, g->journal, g->roles.wan, err);
	return rc;
}

/* ---- ports come and go */

/* The WAN as it would be found now: the port named, or the Ethernet port of the
 * best default route; not one that could not be carried before. */
static uint32_t find_wan(struct gateway *g)
{
	const char *named = g->options->ports.wan;
	const struct link_if *i = NULL, *port;
	const struct link_route *routes;
	unsigned routes_n = link_routes(g->link, &routes);
	uint32_t metric = UINT32_MAX;

	if (named)
		i = link_by_name(g->link, named);
	for (unsigned n = 0; !named && n < routes_n; n++) {
		if (!plan_is_default(&routes[n]) || routes[n].metric >= metric)
			continue;
		port = link_by_index(g->link, routes[n].ifindex);
		if (!port || !port->ethernet || port->loopback ||
		    port->ifindex == g->lan_ifindex || port->master)
			continue;
		metric = routes[n].metric;
		i = port;
	}
	return i && i->ifindex != g->wan_refused ? i->ifindex : 0;
}

/* The ports that should be carried now. */
static struct roles find_roles(struct gateway *g)
{
	struct roles now = { .wan = g->roles.wan };

	if (!link_by_index(g->link, now.wan))
		now.wan = find_wan(g);
	for (unsigned n = 0; n < g->lan_names_n; n++) {
		const struct link_if *i =
			link_by_name(g->link, g->lan_names[n]);

		if (i)
			now.lan[now.lan_n++] = i->ifindex;
	}
	return now;
}

bool ports_changed(struct gateway *g)
{
	struct roles now = find_roles(g);

	if (now.wan != g->roles.wan || now.lan_n != g->roles.lan_n ||
	    memcmp(now.lan, g->roles.lan, sizeof(now.lan)))
		return true;
	if (!carry_fits(g))
		return true;
	return g->failed_ms && clock_ms() - g->failed_ms >= RETRY_MS;
}

static void tell_ports(struct gateway *g)
{
	for (unsigned n = 0; n < g->carried_n; n++)
		if (!link_by_index(g->link, g->carried[n].ifindex))
			log_warn("%s: the port is gone", g->carried[n].ifname);
}

/* Carries what there is; without the WAN if it is the WAN that cannot be. */
static int carry_what_goes(struct gateway *g, struct error *err)
{
	int rc = carry_start(g, err);

	if (!rc || !g->roles.wan || g->options->ports.wan)
		return rc;
	log_warn("%s", err->text);
	g->wan_refused = g->roles.wan;
	g->roles.wan = 0;
	carry_let_go(g);
	return carry_start(g, err);
}

void ports_again(struct gateway *g)
{
	struct error err = { "" };
	int rc;

	tell_ports(g);
	if (!link_by_index(g->link, g->wan_refused))
		g->wan_refused = 0;
	g->roles = find_roles(g);
	if (g->lan_names_n == 1)
		g->lan_ifindex = g->roles.lan_n ? g->roles.lan[0] : 0;
	carry_let_go(g);
	rc = ports_prepare(g, &err);
	if (!rc)
		rc = carry_what_goes(g, &err);
	g->failed_ms = rc ? clock_ms() : 0;
	/* What runs goes on meanwhile. */
	if (rc)
		log_warn("%s", err.text);
	link_refresh(g->link);
}

int ports_move_lan(struct gateway *g, struct error *err)
{
	const struct link_route *routes;
	const struct link_if *ifs;
	unsigned routes_n = link_routes(g->link, &routes);
	unsigned ifs_n = link_ifs(g->link, &ifs);
	char was[PREFIX_STRLEN], now[PREFIX_STRLEN];
	struct prefix old = g->lan_net, fresh;
	int rc = roles_pick_net(ifs, ifs_n, routes, routes_n, g->lan_ifindex,
				&fresh, err);

	if (rc)
		return rc;
	rc = link_addr_add(g->link, g->journal, g->lan_ifindex, &fresh, err);
	if (rc)
		return rc;
	g->lan_net = fresh;
	rc = link_addr_del(g->link, g->journal, g->lan_ifindex, &old);
	if (rc)
		log_warn("lan: cannot take %s away: %s",
			 prefix_format(&old, was), strerror(-rc));
	log_warn("lan: the WAN uses %s too; the LAN moved to %s and its "
		 "devices will ask for new addresses",
		 prefix_format(&old, was), prefix_format(&fresh, now));
	return kernel_guard(g, err);
}
