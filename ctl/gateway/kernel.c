/* kernel.c - what the kernel must do for ports that are carried through it, and
 * must not do behind the gate's back: rules, forwarding, other firewalls.
 *
 * All of it can be taken away by anybody, so it is looked after: whoever
 * changes nftables or traffic control makes us look again. Called by carry.c
 * and gateway.c. Control thread. */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "../base/log.h"
#include "../link/guard.h"
#include "gateway_priv.h"

static uint32_t queued_slots(const struct gateway *g)
{
	uint32_t slots = 0;

	for (unsigned n = 0; n < g->carried_n; n++)
		if (g->carried[n].carrier == ENGINE_NFQUEUE)
			slots |= 1u << g->carried[n].slot;
	return slots;
}

/* Where the classifier stands at tc alone. */
static bool wan_marked(const struct gateway *g)
{
	for (unsigned n = 0; n < g->carried_n; n++)
		if (g->carried[n].wan)
			return g->carried[n].carrier == ENGINE_NFQUEUE ||
			       pair_has(g, &g->carried[n]);
	return false;
}

/* The layer-3 devices that ports carried by nfqueue belong to. */
static unsigned kernel_devices(const struct gateway *g, const char *names[2])
{
	bool wan = false, lan = false;
	unsigned n = 0;

	for (unsigned i = 0; i < g->carried_n; i++) {
		if (g->carried[i].carrier != ENGINE_NFQUEUE)
			continue;
		wan |= g->carried[i].wan;
		lan |= !g->carried[i].wan;
	}
	if (wan)
		names[n++] = ports_name(g, g->roles.wan);
	if (lan)
		names[n++] = ports_lan_device(g);
	return n;
}

int kernel_guard(struct gateway *g, struct error *err)
{
	struct prefix net = prefix_network(&g->lan_net);
	struct guard_house house = {
		.instance = g->instance.name,
		.wan = g->roles.wan ? ports_name(g, g->roles.wan) : NULL,
		.lan = ports_lan_device(g),
		.nets = &net,
		.nets_n = 1,
		.queued = queued_slots(g),
		.wan_marked = wan_marked(g),
		.wan_addr = g->conf.wan.addr,
	};
	const char *names[2];
	int rc;

	if (!house.wan && !house.queued)
		return 0;
	house.closed_n = kernel_devices(g, names);
	for (unsigned n = 0; n < house.closed_n; n++)
		house.closed[n] = guard_forward_closed(g->journal, names[n]);
	rc = guard_rules_set(g->journal, &house, err);
	if (rc == -EOPNOTSUPP && !house.queued) {
		log_warn("guard: this kernel has no nf_tables; without a "
			 "program on the WAN nothing stops forwarding");
		return 0;
	}
	g->guarded = !rc;
	return rc;
}

int kernel_forward(struct gateway *g, struct error *err)
{
	const char *names[2];
	unsigned names_n = kernel_devices(g, names);
	int rc = 0;

	if (!names_n)
		return 0;
	if (g->lan_names_n > 1)
		rc = guard_bridge_nf(g->journal, err);
	for (unsigned n = 0; !rc && n < names_n; n++)
		rc = guard_forward(g->journal, names[n], ports_lan_device(g),
				   err);
	if (!rc)
		guard_foreign_pass(g->journal, g->instance.name);
	return rc;
}

/* ---- and keeping it so */

static void keep_rules(struct gateway *g)
{
	struct error err = { "" };

	if (!g->guarded || guard_rules_stand(g->instance.name))
		return;
	log_warn("guard: somebody changed our table inet %s of nftables: "
		 "putting it back",
		 g->instance.name);
	if (kernel_guard(g, &err))
		log_warn("%s", err.text);
}

void kernel_keep(struct gateway *g)
{
	struct error err = { "" };

	if (g->stopping || !g->carried_n)
		return;
	carry_keep(g);
	keep_rules(g);
	if (!queued_slots(g))
		return;
	if (g->lan_names_n > 1 && guard_bridge_nf(g->journal, &err))
		log_warn("%s", err.text);
	guard_foreign_pass(g->journal, g->instance.name);
}

static void on_nft_change(void *arg)
{
	kernel_keep(arg);
}

int kernel_watch(struct gateway *g, struct error *err)
{
	int rc = nlwatch_open(&g->nft, &g->loop, NETLINK_NETFILTER,
			      NFNLGRP_NFTABLES, on_nft_change, g);

	if (!rc || rc == -EOPNOTSUPP)
		return 0;
	return error_set(err, rc,
			 "guard: changes of nftables cannot be followed: %s",
			 strerror(-rc));
}
