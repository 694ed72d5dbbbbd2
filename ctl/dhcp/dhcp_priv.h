/* dhcp_priv.h - the server's own state, shared by its files:
 *
 *   dhcp.c        starting, changing, ending; what others may ask and hear
 *   dhcp_serve.c  a client's message on its way through
 *   dhcp_arp.c    what is asked by ARP, and what is heard
 *
 * Loop's thread only. */
#ifndef DHCP_DHCP_PRIV_H
#define DHCP_DHCP_PRIV_H

#include "arp_port.h"
#include "commit.h"
#include "dhcp.h"
#include "dora.h"
#include "leases.h"
#include "pool.h"
#include "port67.h"
#include "probe.h"
#include "rival.h"

struct dhcp {
	/* Fixed after dhcp_start(). */
	uv_loop_t *loop;
	struct dhcp_events events;
	struct leases *leases;
	struct commit *commit;
	struct probes *probes;
	struct rival *rival;

	/* The loop's. */
	struct dora dora; /* has the pool and the settings */
	struct port67 *port;
	struct arp_port *arp;
	uv_timer_t quiet, expiry;
	unsigned open; /* parts that are not closed yet */
	bool listening;
	__be32 rival_ip; /* 0: none is here */
	uint64_t own_told_ms;
	struct diary own, *diary; /* 'own', or whose events it tells */
	struct drop_row drops[DHCP_DROP_REASONS]; /* [0] is none */
	struct dhcp_lease *view; /* LEASE_TABLE_MAX, touched as used */
};

/* dhcp_serve.c */
void dhcp_count_drop(struct dhcp *d, enum dhcp_drop drop, size_t len);
void dhcp_note(struct dhcp *d, enum diary_kind kind, __be32 ip,
	       const struct mac *mac, const struct mac *other);
void dhcp_handle(struct dhcp *d, const uint8_t *data, size_t len,
		 uint64_t began_ms);
void dhcp_arm_expiry(struct dhcp *d);
/* 'arg' is the server. */
void dhcp_on_ready(void *arg);
void dhcp_on_commit_send(void *arg, const struct dora_reply *reply);
void dhcp_on_commit_lost(void *arg, enum dhcp_drop why, size_t len);

/* dhcp_arp.c */
void dhcp_open_arp(struct dhcp *d, const struct dhcp_conf *conf);
void dhcp_on_probe_ask(void *arg, __be32 ip);
void dhcp_on_probe_done(void *arg, const struct probe_done *done);

#endif
