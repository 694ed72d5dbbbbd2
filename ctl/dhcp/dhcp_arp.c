/* dhcp_arp.c - what the server asks by ARP, and what it hears.
 *
 * Called by arp_port.c and probe.c; wired up by dhcp.c. Loop's thread. */
#include <string.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "dhcp_priv.h"

void dhcp_on_probe_ask(void *arg, __be32 ip)
{
	struct dhcp *d = arg;
	int err = arp_port_probe(d->arp, ip);

	if (err)
		log_debug("dhcp: %s: cannot ask for an address: %s",
			  d->dora.conf.ifname, strerror(-err));
}

static void say_taken(struct dhcp *d, const struct probe_done *done)
{
	char text[ADDR_STRLEN], mac[MAC_STRLEN];
	struct addr ip = addr_v4(done->ip);

	log_warn("dhcp: %s is used by %s, which did not get it here; set aside",
		 addr_format(&ip, text), mac_format(&done->holder, mac));
	dhcp_note(d, DIARY_IN_USE, done->ip, NULL, &done->holder);
}

void dhcp_on_probe_done(void *arg, const struct probe_done *done)
{
	uint64_t now_ms = clock_ms();
	struct dhcp *d = arg;

	if (!done->taken) {
		pool_asked(d->dora.pool, done->ip, now_ms);
	} else {
		say_taken(d, done);
		pool_set_aside(d->dora.pool, done->ip, now_ms);
	}
	if (done->taken && now_ms - done->began_ms > PROBE_ALL_MS - PROBE_MS)
		dhcp_count_drop(d, DHCP_DROP_IN_USE, done->len);
	else
		dhcp_handle(d, done->msg, done->len, done->began_ms);
	dhcp_arm_expiry(d);
	commit_begin(d->commit);
}

static void say_conflict(struct dhcp *d, __be32 v4, const struct mac *mac,
			 const struct mac *other)
{
	char text[ADDR_STRLEN], one[MAC_STRLEN], two[MAC_STRLEN];
	struct addr ip = addr_v4(v4);

	log_warn("dhcp: conflict: %s and %s both use %s", mac_format(mac, one),
		 mac_format(other, two), addr_format(&ip, text));
	dhcp_note(d, DIARY_CONFLICT, v4, mac, other);
}

/* Somebody bears the gateway's own address: worse than any other conflict. */
static void heard_own(struct dhcp *d, const struct arp *a, uint64_t now_ms)
{
	if (d->own_told_ms && now_ms - d->own_told_ms < POOL_DECLINE_MS)
		return;
	d->own_told_ms = now_ms;
	say_conflict(d, a->sender_ip, arp_port_mac(d->arp), &a->sender);
}

static void on_arp(void *arg, const struct arp *a)
{
	struct dhcp *d = arg;
	uint64_t now_ms = clock_ms();
	const struct lease *l;

	if (a->sender.b[0] & 1 || mac_eq(&a->sender, arp_port_mac(d->arp)))
		return;
	if (d->events.on_arp)
		d->events.on_arp(d->events.arg, a);
	if (!a->sender_ip) { /* another one that asks (RFC 5227, 2.1.1) */
		if (a->op == ARP_REQUEST)
			probes_heard(d->probes, a->target_ip, &a->sender);
		return;
	}
	probes_heard(d->probes, a->sender_ip, &a->sender);
	if (a->sender_ip == d->dora.conf.addr) {
		heard_own(d, a, now_ms);
		return;
	}
	l = pool_heard(d->dora.pool, a->sender_ip, &a->sender, now_ms);
	if (d->dora.port_of &&
	    pool_lacks_port(d->dora.pool, a->sender_ip, &a->sender))
		pool_locate(d->dora.pool, a->sender_ip,
			    d->dora.port_of(d->dora.port_of_arg, &a->sender));
	if (l)
		say_conflict(d, l->ip, &l->mac, &l->other);
}

/* Without it the server serves on, and trusts clients to look themselves. */
void dhcp_open_arp(struct dhcp *d, const struct dhcp_conf *conf)
{
	int err;

	arp_port_close(d->arp);
	d->arp = NULL;
	err = arp_port_open(&d->arp, d->loop, conf->ifname, conf->ifindex,
			    on_arp, d);
	if (err)
		log_warn("dhcp: %s: cannot listen to ARP: %s; addresses are "
			 "offered without a look whether they are free",
			 conf->ifname, strerror(-err));
}
