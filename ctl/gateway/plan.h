/* plan.h - from what the kernel and the owner say to what the gate and
 * the engine are told. Pure: no syscalls, testable without a machine. */
#ifndef GATEWAY_PLAN_H
#define GATEWAY_PLAN_H

#include "../engine/engine.h"
#include "../link/gate.h"
#include "../link/link.h"
#include "../link/roles.h"
#include "../link/sockdiag.h"
#include "../state/settings.h"

/* The machine's own ephemeral ports: a block that few clients choose from and
 * that the NAT never hands out. */
#define PLAN_OWN_PORT_FIRST 24576
#define PLAN_OWN_PORT_LAST  32767

/* What the plans are made from; borrowed. */
struct plan_input {
	const struct link_if *ifs;
	unsigned ifs_n;
	const struct link_route *routes;
	unsigned routes_n;
	const struct roles *roles;
	uint32_t lan_ifindex;  /* 0: its port is gone */
	struct prefix lan_net; /* the gateway's own address in it */
	const struct settings *settings;
	const struct sockdiag_ports *sockets;
	/* UDP ports of our own block that somebody held before it was ours:
	 * servers, which stay closed unless the owner opens them. */
	const uint64_t *servers_udp; /* 1024 words; NULL: none */
	uint16_t ssh_port;	     /* kept open on the WAN, 0: none */
};

/* The first IPv4 address of 'ifindex' and its network; false: none. */
bool plan_ipv4(const struct plan_input *in, uint32_t ifindex,
	       struct prefix *out);
/* An IPv4 default route of the main table. */
bool plan_is_default(const struct link_route *r);
/* Everything but 'generation'. */
void plan_engine(const struct plan_input *in, struct engine_conf *out);
/* Own addresses, served networks, routes of the main table that leave another
 * way; at most 'max', one an address range. Returns how many. */
unsigned plan_nets(const struct plan_input *in, struct gate_prefix *out,
		   unsigned max);
/* One port as the classifier must know it. */
void plan_port(const struct engine_conf *conf, const struct engine_port *port,
	       struct gate_port_info *out);
/* The MAC addresses by which the LAN's device may be reached: its own and its
 * bridge members'. At most 'max'; returns how many. */
unsigned plan_macs(const struct plan_input *in, struct gate_member_mac *out,
		   unsigned max);
/* The bitmaps of abi.h: what the owner opened, what is our own client's. Both
 * hold PLAN_BITS_WORDS words, cleared first. */
#define PLAN_BITS_WORDS 3072
#define PLAN_UDP_WORD	1024 /* TCP's come first */
void plan_bits(const struct plan_input *in, uint64_t *local_open,
	       uint64_t *local_own);
/* Do the WAN's network and 'lan' overlap? */
bool plan_overlap(const struct plan_input *in, const struct prefix *lan);

#endif
