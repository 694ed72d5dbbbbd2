/* dhcp.h - the DHCPv4 server (RFC 2131) of one LAN.
 *
 * Sockets and timers on the control thread's loop. Leases are journalled and
 * fsync'ed before the ACK leaves (dhcp/leases.h). */
#ifndef DHCP_DHCP_H
#define DHCP_DHCP_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/drop.h"
#include "../base/error.h"

#define DHCP_DNS_MAX	 4
#define DHCP_STATICS_MAX 256

struct dhcp_static {
	struct mac mac;
	__be32 ip;
};

/* What the server hands out; copied by dhcp_start() and dhcp_configure(). */
struct dhcp_conf {
	uint32_t ifindex; /* LAN bridge or port */
	char ifname[16];
	__be32 addr, mask; /* ours: server id, router and DNS server */
	char domain[64];   /* "lan" */
	uint32_t lease_s;  /* 86400 */
	uint16_t mtu;	   /* option 26, 0: not sent */
	unsigned statics_n;
	struct dhcp_static statics[DHCP_STATICS_MAX];
};

struct dhcp_lease {
	struct mac mac;
	__be32 ip;
	char hostname[64]; /* cleaned, unique, lower case; "" : none */
	uint64_t expires_wall_s;
	bool is_static;
};

struct dhcp;

struct dhcp_events {
	void *arg;
	/* A lease came, changed or went: names and neighbours may follow. One
	 * that gets another name or MAC goes first, then comes. Not called for
	 * the leases read at start: see dhcp_leases(). */
	void (*on_lease)(void *arg, const struct dhcp_lease *lease, bool gone);
	/* Another server answers on this LAN; ours is silent while it does. */
	void (*on_rival)(void *arg, __be32 server, bool here);
};

/* 'path' is the lease journal (read at start). Port 67 in use: -EADDRINUSE, and
 * 'err' without the holder, which the caller adds. */
int dhcp_start(struct dhcp **out, uv_loop_t *loop, const struct dhcp_conf *conf,
	       const char *path, const struct dhcp_events *events,
	       struct error *err);
/* Leases outside a changed network are forgotten and NAKed when asked for. On
 * error nothing changed. */
int dhcp_configure(struct dhcp *d, const struct dhcp_conf *conf,
		   struct error *err);
/* Freed after the loop ran; NULL is fine. */
void dhcp_stop(struct dhcp *d);

/* Live leases (static ones that were never asked for excluded), by address.
 * Valid until the loop runs again. */
unsigned dhcp_leases(const struct dhcp *d, const struct dhcp_lease **out);
/* Messages that were not answered, by reason ("dhcp_…"), every reason listed.
 * Valid until the loop runs again. */
unsigned dhcp_drops(const struct dhcp *d, const struct drop_row **out);

#endif
