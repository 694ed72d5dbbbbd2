/* sync_dns.c - tells DNS what the kernel and the owner say.
 * Called by sync.c. Control thread. */
#include <stdio.h>
#include <string.h>

#include "../base/log.h"
#include "gateway_priv.h"
#include "resolv.h"

#define CACHE_BYTES (32u << 20)

/* A machine that asks its own gateway must not make the gateway ask itself. */
static void drop_ourselves(struct gateway *g, struct dns_conf *c)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < c->upstreams_n; n++)
		if (!addr_eq(&c->upstreams[n].at.addr, &g->lan_net.addr))
			c->upstreams[kept++] = c->upstreams[n];
	c->upstreams_n = kept;
}

/* The owner's wish first, then the command line, then what the machine uses. */
static void plan_upstreams(struct gateway *g, struct dns_conf *c)
{
	const struct settings *s = settings_get(g->settings);

	if (s->dns_upstream_n) {
		c->upstreams_n = s->dns_upstream_n;
		memcpy(c->upstreams, s->dns_upstream,
		       s->dns_upstream_n * sizeof(*c->upstreams));
		return;
	}
	if (g->options->dns_n) {
		c->upstreams_n = g->options->dns_n;
		memcpy(c->upstreams, g->options->dns,
		       g->options->dns_n * sizeof(*c->upstreams));
		return;
	}
	c->upstreams_n = resolv_read(c->upstreams, DNS_UPSTREAMS_MAX);
	drop_ourselves(g, c);
}

static void unfilter(struct dns_conf *c, const struct addr *a)
{
	if (c->unfiltered_n < DNS_UNFILTERED_MAX)
		c->unfiltered[c->unfiltered_n++] = *a;
}

/* The addresses that a device has by its lease. */
static void unfilter_mac(struct gateway *g, struct dns_conf *c,
			 const struct mac *mac)
{
	const struct dhcp_lease *leases;
	unsigned n = dhcp_leases(g->dhcp, &leases);

	while (n--) {
		struct addr a = addr_v4(leases[n].ip);

		if (mac_eq(&leases[n].mac, mac))
			unfilter(c, &a);
	}
}

static void plan_filter(struct gateway *g, struct dns_conf *c)
{
	const struct settings *s = settings_get(g->settings);

	c->blocked_nxdomain = !strcmp(s->dns_blocked_answer, "nxdomain");
	c->lists_n = s->dns_lists_n;
	memcpy(c->lists, s->dns_lists, s->dns_lists_n * sizeof(*c->lists));
	c->allow_n = s->dns_allow_n;
	memcpy(c->allow, s->dns_allow, s->dns_allow_n * sizeof(*c->allow));
	c->block_n = s->dns_block_n;
	memcpy(c->block, s->dns_block, s->dns_block_n * sizeof(*c->block));
	c->rebind_allow_n = s->dns_rebind_allow_n;
	memcpy(c->rebind_allow, s->dns_rebind_allow,
	       s->dns_rebind_allow_n * sizeof(*c->rebind_allow));
	for (unsigned n = 0; n < s->dns_unfiltered_n; n++) {
		const struct settings_device *d = &s->dns_unfiltered[n];

		if (mac_is_zero(&d->mac))
			unfilter(c, &d->addr);
		else
			unfilter_mac(g, c, &d->mac);
	}
}

static struct prefix wan_prefix(const struct conf_wan *wan)
{
	if (!wan->addr)
		return (struct prefix){ 0 };
	return (struct prefix){ addr_v4(wan->addr),
				96 + __builtin_popcount(wan->mask) };
}

static void plan_dns(struct gateway *g, struct dns_conf *c)
{
	const struct settings *s = settings_get(g->settings);
	const struct conf_lan *lan = &g->conf.lans[0];

	memset(c, 0, sizeof(*c));
	snprintf(c->domain, sizeof(c->domain), "%s", s->dns_domain);
	snprintf(c->lists_dir, sizeof(c->lists_dir), "%s/lists",
		 g->options->state_dir);
	c->cache_bytes = CACHE_BYTES;
	c->client_rate = s->dns_client_rate;
	c->log = !strcmp(s->dns_log, "on");
	c->wan = wan_prefix(&g->conf.wan);
	plan_upstreams(g, c);
	plan_filter(g, c);
	if (!g->conf.lans_n)
		return;
	c->listen_n = 1;
	c->listen[0] = addr_v4(lan->addr);
	c->clients[0] = prefix_network(&g->lan_net);
}

/* Leases of an earlier run are there before DNS is. */
static void name_leases(struct gateway *g)
{
	const struct dhcp_lease *leases;
	unsigned leases_n = dhcp_leases(g->dhcp, &leases);

	for (unsigned n = 0; n < leases_n; n++)
		events_name_lease(g, &leases[n], false);
}

int sync_dns(struct gateway *g, struct error *err)
{
	static struct dns_conf fresh;
	int rc;

	plan_dns(g, &fresh);
	if (g->dns && !memcmp(&fresh, &g->dns_conf, sizeof(fresh)))
		return 0;
	if (!fresh.upstreams_n)
		log_warn("dns: no upstream known; name one with --dns or "
			 "`portcullis set dns.upstream=ADDR`");
	if (g->dns) {
		rc = dns_configure(g->dns, &fresh, err);
	} else {
		rc = dns_start(&g->dns, &g->loop, &fresh, g->answers, err);
		if (!rc) {
			name_leases(g);
			dns_hear(g->dns, flow_names_on_told, g);
		}
	}
	if (!rc)
		g->dns_conf = fresh;
	if (!rc && fresh.listen_n)
		rc = dns_name_set(g->dns, "portcullis", &fresh.listen[0]);
	return rc;
}
