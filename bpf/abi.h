/* abi.h - the structs that the gate (eBPF) and userspace both see.
 *
 * Fixed width, padded by name, asserted below. Any change of a layout or of
 * the meaning of a field raises GATE_ABI: maps are pinned in a folder of that
 * number, so two binaries never read each other's. Included by bpf/, link/ and
 * engine/ only; bpf/ includes vmlinux.h before it. */
#ifndef GATE_ABI_H
#define GATE_ABI_H

#ifndef VMLINUX_H
#include <linux/types.h>
#endif

#include "rewrite.h"

#define GATE_ABI 7

#define GATE_PORTS_MAX	16   /* ports with programs, one slot each */
#define GATE_QUEUES_MAX 64   /* RX queues a port may have */
#define GATE_NETS_MAX	4096 /* routes and own addresses mirrored */
#define GATE_MACS_MAX	64   /* of bridge members */

/* clang-format off */
/* Every reason to drop, in the gate and in the engine: enum, JSON name. */
#define GATE_DROPS(X)                                                          \
	X(MALFORMED, "malformed")		/* header too short or lying */ \
	X(SPOOFED, "spoofed")			/* LAN source not of the port's net */ \
	X(WAN_CLOSED, "wan_closed")		/* nobody here asked for it */  \
	X(WAN_TO_LAN, "wan_to_lan")		/* WAN neighbour addresses the LAN */ \
	X(MARTIAN, "martian")			/* address that cannot be */    \
	X(IPV6_FORWARD, "ipv6_forward")		/* IPv6 is not forwarded yet */ \
	X(ENGINE_AWAY, "engine_away")		/* nobody at the queue's socket */ \
	X(NO_MAPPING, "no_mapping")		/* claimed port, mapping just gone */ \
	X(NO_WAN, "no_wan")			/* no WAN address or gateway */ \
	X(NO_PORT, "no_port")			/* outside ports exhausted */   \
	X(TABLE_FULL, "table_full")		/* sessions or mappings full */ \
	X(HOST_LIMIT, "host_limit")		/* one host over its share */   \
	X(BAD_CHECKSUM, "bad_checksum")                                        \
	X(BAD_STATE, "bad_state")		/* TCP segment that opens nothing */ \
	X(SYN_HELD, "syn_held")			/* unsolicited SYN, 6 s passed */ \
	X(TTL_EXCEEDED, "ttl_exceeded")                                        \
	X(TOO_BIG, "too_big")			/* larger than the way out, DF */ \
	X(FRAG_POOL, "frag_pool")		/* fragment pool full */        \
	X(FRAG_TIMEOUT, "frag_timeout")		/* first fragment never came */ \
	X(NEIGH_QUEUE, "neigh_queue")		/* too many wait for one MAC */ \
	X(NEIGH_FAILED, "neigh_failed")		/* nobody answers for next hop */ \
	X(RX_FULL, "rx_full")			/* engine too slow to take it */ \
	X(TX_FULL, "tx_full")			/* way out congested */         \
	X(NO_PROTOCOL, "no_protocol")		/* nothing translates it */     \
	X(UNTRANSLATED, "untranslated")		/* would leave as it came */

enum gate_drop {
#define X(id, name) DROP_##id,
	GATE_DROPS(X)
#undef X
	DROP_REASONS
};
/* clang-format on */

enum gate_role { GATE_ROLE_NONE, GATE_ROLE_LAN, GATE_ROLE_WAN };

/* port_info: ifindex -> what the classifier must know of the port. IPv4 in
 * network order. A member of a bridge carries the bridge's MAC and network. */
struct gate_port {
	__u8 role;   /* enum gate_role */
	__u8 slot;   /* row in xsks: slot * GATE_QUEUES_MAX + queue */
	__u8 mac[6]; /* of the layer-3 owner */
	__be32 addr; /* gateway's own address on this port, 0: none yet */
	__be32 net;  /* LAN: the network; WAN: its on-link network */
	__be32 mask;
	__be32 wan_addr;  /* the WAN address, for hairpin; 0: no WAN */
	__u32 generation; /* another after every change */
	__u8 l3;	  /* packets begin at IP (a TUN), there is no MAC */
	__u8 behind_xdp;  /* at tc: the port's XDP program was asked before */
	__u8 zero[2];
	__u32 punt; /* at tc: what is the engine's goes to it; 0: by mark */
};

/* punts: either end of a punt pair (punt.h) -> the port that it belongs to. */
struct gate_punt {
	__u32 ifindex;
	__u8 slot; /* that port's row in xsks */
	__u8 zero[3];
};

/* lan_macs: every MAC address that a LAN's bridge delivers to its own stack,
 * though its ports carry the bridge's -> its member. */
struct gate_mac {
	__u8 mac[6];
	__u8 zero[2];
};

struct gate_member {
	__u32 ifindex;
};

/* kernel_nets: prefix -> who answers for it. Longest match wins. */
enum gate_net_kind {
	GATE_NET_OWN = 1, /* an address of this machine: local delivery */
	GATE_NET_LAN,	  /* a network that we serve */
	GATE_NET_ROUTED,  /* the kernel routes it elsewhere (VPN, other LAN) */
	GATE_NET_WAN,	  /* on the WAN side after all: the engine's */
};

struct gate_net_key {
	__u32 prefixlen; /* of the 16-byte form: IPv4 /24 is 120 */
	__u8 addr[16];
};

struct gate_net {
	__u32 kind; /* enum gate_net_kind */
};

/* claimed, local_open, local_own: bitmaps over (protocol, port), one 64-bit
 * word an entry; ICMP's "port" is the echo identifier. */
enum gate_bits {
	GATE_BITS_TCP,
	GATE_BITS_UDP,
	GATE_BITS_ICMP,
	GATE_BITS_PROTOS
};
#define GATE_BITS_WORDS (GATE_BITS_PROTOS * 65536 / 64)

static inline __u32 gate_bits_word(__u32 proto, __u32 port)
{
	return proto * 1024 + port / 64;
}

static inline __u64 gate_bits_mask(__u32 port)
{
	return 1ULL << (port % 64);
}

/* Marks on packets that go through the kernel (nfqueue and the tc face). The
 * top nibble says what the rest means:
 *   PASS    asked about at the WAN, and the kernel's; rules take it off again
 *   ENGINE  slot of the port; the classifier's: to be queued
 *   DONE    the engine's verdict: rewritten, go
 *   OUT     port: the source becomes the WAN address and this port
 *   IN      host << 16 | port: likewise the destination, on the LAN
 *   OWN     sent by the engine itself
 *   LANE    rewritten by the tc face of the express lane, on its way out
 * Rules behind the queue write what OUT and IN say: 'port' is the two bytes on
 * the wire, 'host' the host's part of its address. A mark with another nibble
 * is somebody else's and stays as it is. */
#define GATE_MARK_MASK	 0xf0000000u
#define GATE_MARK_PASS	 0x90000000u
#define GATE_MARK_ENGINE 0xa0000000u
#define GATE_MARK_DONE	 0xb0000000u
#define GATE_MARK_OUT	 0xc0000000u
#define GATE_MARK_IN	 0xd0000000u
#define GATE_MARK_OWN	 0xe0000000u
#define GATE_MARK_LANE	 0xf0000000u

/* Numbers of nfqueue, one for each port that has no native XDP, so that a flood
 * at one starves no other: GATE_QUEUE + slot. It is the only one that rules
 * name: where the engine sees no more than the headers, it sends on to
 * GATE_QUEUE_WHOLE + slot what it wants to see whole. */
#define GATE_QUEUE	 0x5000
#define GATE_QUEUE_WHOLE 0x5010

/* drops: reason -> counters, one a CPU. */
struct gate_count {
	__u64 packets;
	__u64 bytes; /* IP length */
};

/* ---- the express lane: heavy flows that the engine handed to eBPF
 *
 * A flow is a pair: slot i carries what leaves the LAN, i +
 * GATE_EXPRESS_PAIRS what comes back. Both stand in 'express4' or 'express6',
 * and both have a row in 'express_flow' and 'express_stats'. */
#define GATE_EXPRESS_PAIRS 32768
#define GATE_EXPRESS_SLOTS (2 * GATE_EXPRESS_PAIRS)

/* What a packet looks like when it comes in. Ports are in host order, so that
 * a dump of the map can be read. An ICMP echo has its identifier in 'sport',
 * its type and code in 'dport'. */
struct express4_key {
	__u32 ifindex; /* the port it came by: a host that roams misses */
	__u8 src[4], dst[4];
	__u16 sport, dport;
	__u32 proto;
};

struct express6_key {
	__u32 ifindex;
	__u8 src[16], dst[16];
	__u16 sport, dport;
	__u32 proto;
};

struct express_slot {
	__u32 slot;
};

/* Who carries it: the port's XDP program, or the one at tc, to which XDP passes
 * it on. A port without XDP has tc alone. Of a flow that is leaving XDP passes
 * nothing on any more, and tc carries what it passed before. Replaced while
 * packets fly. */
enum express_face { EXPRESS_FACE_XDP, EXPRESS_FACE_TC, EXPRESS_FACE_LEAVING };

/* express_flow, by slot: what becomes of it. All that IPv4 needs is in the
 * first cache line. 'to' and 'mtu' are replaced at once, as one word. */
struct express_flow {
	struct express4_key key; /* again: the slot may be another's by now */
	__u32 out_ifindex;
	struct rewrite rewrite; /* IPv6: none */
	__u8 to[6];		/* next hop */
	__u16 mtu;		/* of the way out: IP bytes */
	__u8 from[6];		/* the gateway, on the way out */
	__u8 face;		/* enum express_face */
	__u8 pad;
	__u8 owner[6]; /* the gateway, on the way in */
	__u8 pad2[2];
	struct express6_key key6;
	__u8 pad3[20];
};

/* express_stats, by slot. The programs add, the engine reads; what it has
 * charged so far stands beside it, for the engine that comes after a crash. */
struct express_stats {
	__u64 packets, bytes; /* IP length */
	__u64 seen_ns;	      /* CLOCK_MONOTONIC_COARSE */
	__u64 charged_packets, charged_bytes;
	__u64 pad[3];
};

_Static_assert(GATE_QUEUE + GATE_PORTS_MAX <= GATE_QUEUE_WHOLE,
	       "a queue for each slot");
_Static_assert(sizeof(struct gate_port) == 36, "gate_port is ABI");
_Static_assert(sizeof(struct gate_punt) == 8, "gate_punt is ABI");
_Static_assert(sizeof(struct gate_mac) == 8, "gate_mac is ABI");
_Static_assert(sizeof(struct gate_member) == 4, "gate_member is ABI");
_Static_assert(sizeof(struct gate_net_key) == 20, "gate_net_key is ABI");
_Static_assert(sizeof(struct gate_net) == 4, "gate_net is ABI");
_Static_assert(sizeof(struct gate_count) == 16, "gate_count is ABI");
_Static_assert(sizeof(struct express4_key) == 20, "express4_key is ABI");
_Static_assert(sizeof(struct express6_key) == 44, "express6_key is ABI");
_Static_assert(sizeof(struct rewrite) == 16, "rewrite is ABI");
_Static_assert(__builtin_offsetof(struct express_flow, to) == 40,
	       "one aligned word");
_Static_assert(__builtin_offsetof(struct express_flow, key6) == 64,
	       "IPv4 in one cache line");
_Static_assert(sizeof(struct express_flow) == 128, "express_flow is ABI");
_Static_assert(sizeof(struct express_stats) == 64, "no line is shared");

#endif
