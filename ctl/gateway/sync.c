/* sync.c - keeps gate, engine, DHCP and DNS in step with what the
 * kernel and the owner say.
 * Called by the callbacks of link, engine, DHCP and settings. Control thread.
 * Invariant: after sync_all() every room works from the same picture. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "gateway_priv.h"

#define NETS_MAX 1024

static struct plan_input plan_of(struct gateway *g)
{
	struct plan_input in = {
		.roles = &g->roles,
		.lan_ifindex = g->lan_ifindex,
		.lan_net = g->lan_net,
		.settings = settings_get(g->settings),
		.sockets = &g->sockets,
		.servers_udp = g->servers_udp,
		.ssh_port = g->ssh_open ? g->ssh_port : 0,
	};

	in.ifs_n = link_ifs(g->link, &in.ifs);
	in.routes_n = link_routes(g->link, &in.routes);
	return in;
}

/* ---- the gate's maps */

static void sync_bits(struct gateway *g, const struct plan_input *in)
{
	static uint64_t open_now[PLAN_BITS_WORDS], own_now[PLAN_BITS_WORDS];
	uint64_t *open_map = gate_local_open(g->gate);
	uint64_t *own_map = gate_local_own(g->gate);

	plan_bits(in, open_now, own_now);
	for (unsigned w = 0; w < PLAN_BITS_WORDS; w++) {
		__atomic_store_n(&open_map[w], open_now[w], __ATOMIC_RELAXED);
		__atomic_store_n(&own_map[w], own_now[w], __ATOMIC_RELAXED);
	}
}

static int sync_nets(struct gateway *g, const struct plan_input *in)
{
	struct gate_prefix *nets = calloc(NETS_MAX, sizeof(*nets));
	int rc;

	if (!nets)
		return -ENOMEM;
	rc = gate_nets_set(g->gate, nets, plan_nets(in, nets, NETS_MAX));
	free(nets);
	return rc;
}

static int sync_gate(struct gateway *g, const struct plan_input *in)
{
	struct gate_member_mac macs[GATE_MEMBER_MACS_MAX];
	int rc = sync_nets(g, in);

	if (!rc)
		rc = gate_macs_set(g->gate, macs,
				   plan_macs(in, macs, GATE_MEMBER_MACS_MAX));
	for (unsigned n = 0; !rc && n < g->carried_n; n++) {
		struct gate_port_info info = carry_port(g, &g->carried[n]);

		rc = gate_port_set(g->gate, &info);
	}
	sync_bits(g, in);
	return rc;
}

/* ---- the engine's snapshot */

static void tell_wan(const struct conf_wan *was, const struct conf_wan *now)
{
	char text[ADDR_STRLEN];
	struct addr a = addr_v4(now->addr);

	if (was->addr == now->addr && was->up == now->up)
		return;
	if (now->up)
		log_info("wan: up, %s", addr_format(&a, text));
	else
		log_warn("wan: %s", now->addr ? "down" : "no address yet");
}

/* They hold the WAN's address. */
static int sync_rules(struct gateway *g)
{
	struct error err = { "" };
	int rc = g->guarded ? kernel_guard(g, &err) : 0;

	if (rc)
		log_warn("%s", err.text);
	return rc;
}

static int sync_engine(struct gateway *g, const struct plan_input *in)
{
	struct engine_conf *fresh = malloc(sizeof(*fresh));
	bool moved;
	int rc = 0;

	if (!fresh)
		return -ENOMEM;
	plan_engine(in, fresh);
	moved = fresh->wan.addr != g->conf.wan.addr;
	if (memcmp(fresh, &g->conf, sizeof(*fresh))) {
		tell_wan(&g->conf.wan, &fresh->wan);
		rc = engine_publish(g->engine, fresh);
		if (!rc)
			g->conf = *fresh;
	}
	free(fresh);
	return rc || !moved ? rc : sync_rules(g);
}

/* ---- DHCP and the page */

static int sync_dhcp(struct gateway *g, struct error *err)
{
	static struct dhcp_conf fresh;
	const struct dhcp_events events = { .arg = g,
					    .on_lease = events_on_lease,
					    .on_rival = events_on_rival,
					    .on_arp = home_on_arp,
					    .diary = &g->diary,
					    .on_diary = look_at_diary,
					    .port_of = events_port_of };
	char path[512];
	int rc;

	plan_dhcp(g, &fresh);
	/* Without a LAN there is nobody to serve; the old promises stand. */
	if (g->dhcp &&
	    (!g->conf.lans_n || !memcmp(&fresh, &g->dhcp_conf, sizeof(fresh))))
		return 0;
	snprintf(path, sizeof(path), "%s/leases", g->options->state_dir);
	rc = g->dhcp ? dhcp_configure(g->dhcp, &fresh, err)
		     : dhcp_start(&g->dhcp, &g->loop, &fresh, path, &events,
				  err);
	if (!rc)
		g->dhcp_conf = fresh;
	return rc;
}

static int sync_ui(struct gateway *g, struct error *err)
{
	struct endpoint at = ports_ui_at(g);

	if (g->ui && addr_eq(&at.addr, &g->ui_at.addr))
		return 0;
	if (g->ui)
		http_close(g->ui);
	g->ui = NULL;
	g->ui_at = at;
	return http_listen_tcp(&g->ui, &g->loop, &at, api_handle, g->api, err);
}

/* ---- all of it */

static int follow_lan(struct gateway *g, const struct plan_input *in,
		      struct error *err)
{
	int rc;

	if (!plan_overlap(in, &g->lan_net))
		return 0;
	rc = ports_move_lan(g, err);
	if (!rc)
		sync_soon(g);
	return rc;
}

int sync_all(struct gateway *g, struct error *err)
{
	struct plan_input in = plan_of(g);
	int rc = follow_lan(g, &in, err);

	if (rc)
		return rc;
	rc = sync_engine(g, &in);
	if (!rc)
		rc = sync_gate(g, &in);
	if (rc)
		return error_set(err, rc, "gate: cannot be kept in step: %s",
				 strerror(-rc));
	rc = sync_dhcp(g, err);
	if (!rc)
		rc = sync_dns(g, err);
	if (!rc)
		rc = sync_ui(g, err);
	return rc;
}

static void on_sync(uv_timer_t *timer)
{
	struct gateway *g = timer->data;
	struct error err = { "" };

	if (ports_changed(g))
		ports_again(g);
	if (sync_all(g, &err))
		log_warn("%s", err.text);
}

void sync_soon(struct gateway *g)
{
	if (!g->stopping && !uv_is_active((uv_handle_t *)&g->sync_soon))
		uv_timer_start(&g->sync_soon, on_sync, SYNC_DELAY_MS, 0);
}

/* Which ports our own sockets hold: the NAT must not hand them out. */
void sync_sockets(struct gateway *g)
{
	static struct sockdiag_ports now;
	int rc = sockdiag_ports(&now);

	if (rc) {
		log_warn("sockets: cannot be listed: %s", strerror(-rc));
		return;
	}
	if (!memcmp(&now, &g->sockets, sizeof(now)))
		return;
	g->sockets = now;
	sync_soon(g);
}
