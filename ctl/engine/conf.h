/* conf.h - what the engine is told: an immutable picture of the house.
 *
 * The control thread builds one, publishes it (engine_publish) and builds a
 * new one for every change; the engine loads it once a burst. Addresses are
 * IPv4 in network order, ports host order, times milliseconds. */
#ifndef ENGINE_CONF_H
#define ENGINE_CONF_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define ENGINE_LANS_MAX	    4
#define ENGINE_PORTS_MAX    16 /* equals GATE_PORTS_MAX, asserted in worker.c */
#define ENGINE_NETS6_MAX    8
#define ENGINE_FORWARDS_MAX 256
#define ENGINE_PINS_MAX	    64

/* All ones in the network's host part. /31 and /32 have no such address
 * (RFC 3021). */
static inline bool conf_is_broadcast(__be32 net, __be32 mask, __be32 addr)
{
	return mask && __builtin_bswap32(~mask) > 1 && addr == (net | ~mask);
}

/* IPv6 networks of one link, global ones alone. */
struct conf_nets6 {
	unsigned n;
	struct prefix nets[ENGINE_NETS6_MAX];
};

struct conf_wan {
	bool up; /* link, address and MAC are there */
	uint32_t ifindex;
	struct mac mac;
	__be32 addr;
	__be32 net, mask;	 /* on-link network */
	__be32 gateway;		 /* 0: on-link destinations only */
	struct conf_nets6 nets6; /* on-link */
	struct addr gateway6;	 /* zero: none */
	struct addr addr6;	 /* the gateway's own, zero: none */
	uint16_t mtu;
};

struct conf_lan {
	uint32_t ifindex; /* bridge, or the port itself */
	struct mac mac;
	__be32 addr; /* the gateway's own on this LAN */
	__be32 net, mask;
	struct conf_nets6 nets6; /* whose hosts may speak here */
	struct addr addr6;	 /* the gateway's own, zero: none */
	uint16_t mtu;
};

/* nat.md; milliseconds */
struct nat_timers {
	uint32_t udp;		  /* RFC 4787 REQ-5 */
	uint32_t icmp;		  /* RFC 5508 REQ-2 */
	uint32_t tcp_established; /* RFC 5382 REQ-5 */
	uint32_t tcp_transitory;
	uint32_t tcp_time_wait;
	uint32_t tcp_rst;
	uint32_t other;	    /* GRE, ESP, SCTP and the rest */
	uint32_t syn_hold;  /* unsolicited SYN kept silent */
	uint32_t hold_down; /* ended mapping's port for another host */
};

#define NAT_TIMERS_DEFAULT                                                     \
	{                                                                      \
		.udp = 300000, .icmp = 60000, .tcp_established = 7440000,      \
		.tcp_transitory = 240000, .tcp_time_wait = 240000,             \
		.tcp_rst = 240000, .other = 300000, .syn_hold = 6000,          \
		.hold_down = 120000                                            \
	}

/* A port of the WAN address that is always the same inside end's. */
struct conf_forward {
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;
	__be32 to;
	uint16_t to_port;
};

/* Who may carry heavy flows past the engine: each as measurement decides, one
 * face alone, or none. */
enum express_mode { EXPRESS_AUTO, EXPRESS_XDP, EXPRESS_TC, EXPRESS_OFF };

struct conf_express {
	uint8_t mode;	/* enum express_mode */
	uint16_t after; /* packets within a second make a flow heavy */
};

struct engine_conf {
	uint64_t generation; /* set by engine_publish() */
	struct conf_wan wan;
	unsigned lans_n;
	struct conf_lan lans[ENGINE_LANS_MAX];
	struct nat_timers timers;
	struct conf_express express;
	uint32_t host_sessions; /* one LAN host's share, nat.md 26 */
	/* What may be used of the tables; 0: all of it. */
	uint32_t sessions_max, mappings_max; /* of each protocol */
	/* The flight recorder's memory, 0: nothing is kept; and the hosts whose
	 * every packet is, as none of their flows takes the express lane. */
	uint32_t capture_mib;
	unsigned pins_n;
	struct mac pins[ENGINE_PINS_MAX];
	unsigned forwards_n;
	struct conf_forward forwards[ENGINE_FORWARDS_MAX];
	/* Outside ports that the NAT must not hand out: the machine's own
	 * ephemeral block, DHCP, every local listener and open socket. No
	 * forward's is among them. [0] TCP, [1] UDP; bit p%64 of word p/64. */
	uint64_t reserved[2][1024];
};

#endif
