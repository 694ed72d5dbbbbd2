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
#include "../proto/arp.h"
#include "diary.h"

#define DHCP_STATICS_MAX 256
#define DHCP_NAMES_MAX	 256
#define DHCP_OPTIONS_MAX 48
#define DHCP_ID_MAX	 255

/* An address that belongs to one device: known by its client identifier or,
 * id_len being 0, by its hardware address. */
struct dhcp_static {
	struct mac mac;
	uint8_t id_len;
	uint8_t id[DHCP_ID_MAX];
	__be32 ip;
};

/* What the owner calls a device, fit for DNS: comes before what it calls
 * itself. */
struct dhcp_name {
	struct mac mac;
	char label[64];
};

/* An option beyond those that the server makes by itself, ready for the wire;
 * it comes before one of the same code that the server would make. */
struct dhcp_extra {
	uint8_t code, len;
	bool always; /* also to clients that do not ask for it */
	uint8_t value[255];
};

/* For clients that boot over the network; the file "": none do. */
struct dhcp_boot {
	char file[128];	 /* longest: 127 bytes */
	char server[64]; /* its name or address as text; "": ourselves */
	__be32 addr;	 /* the server's, 0: known by name alone */
};

/* What the server hands out; copied by dhcp_start() and dhcp_configure(). */
struct dhcp_conf {
	uint32_t ifindex; /* LAN bridge or port */
	char ifname[16];
	__be32 addr, mask; /* ours: server id, router and DNS server */
	char domain[64];   /* "lan" */
	uint32_t lease_s;  /* 86400 */
	uint16_t mtu;	   /* option 26, 0: not sent */
	bool probe;	   /* ask by ARP before a first offer */
	struct dhcp_boot boot;
	unsigned statics_n, names_n, extras_n;
	struct dhcp_static statics[DHCP_STATICS_MAX];
	struct dhcp_name names[DHCP_NAMES_MAX];
	struct dhcp_extra extras[DHCP_OPTIONS_MAX];
};

struct dhcp_lease {
	struct mac mac;
	__be32 ip;
	char hostname[64]; /* cleaned, unique, lower case; "" : none */
	uint64_t expires_wall_s;
	uint64_t renews_wall_s; /* when the client will ask again */
	bool is_static;
	uint8_t id_len; /* the client identifier */
	uint8_t id[DHCP_ID_MAX];
};

/* How full the pool is, and who else serves. */
struct dhcp_fill {
	unsigned size;	   /* addresses for clients */
	unsigned bound;	   /* in use */
	unsigned offered;  /* held for an answer */
	unsigned declined; /* set aside: someone else has them */
	unsigned fixed;	   /* belong to a device by the owner's word */
	unsigned waiting;  /* free, but remembered for their last holder */
	bool rival;	   /* another server is here, ours is silent */
	__be32 rival_ip;
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
	/* Where it is written what an owner should know; outlives the server.
	 * NULL: the server has one of its own. */
	struct diary *diary;
	/* It has just been. May be NULL. */
	void (*on_diary)(void *arg, const struct diary_entry *e);
	/* Every ARP message of a host on the LAN. May be NULL. */
	void (*on_arp)(void *arg, const struct arp *a);
	/* The port of the machine that 'mac' was last heard on, 0: unknown. May
	 * be NULL: all hosts are then behind one. */
	uint32_t (*port_of)(void *arg, const struct mac *mac);
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
void dhcp_fill(const struct dhcp *d, struct dhcp_fill *out);
/* What happened lately that an owner should know. */
const struct diary *dhcp_diary(const struct dhcp *d);
/* Messages that were not answered, by reason ("dhcp_…"), every reason listed.
 * Valid until the loop runs again. */
unsigned dhcp_drops(const struct dhcp *d, const struct drop_row **out);

#endif
