/* pkt.h - a packet on its way through the engine.
 *
 * A carrier fills the first group, parse() the second, nat_process() the
 * third; port_send() obeys it. No owner but the burst it stands in. */
#ifndef ENGINE_PKT_H
#define ENGINE_PKT_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"

#define PKT_HEADROOM                                                           \
	64 /* bytes a carrier keeps free before 'l2', so that an               \
	    * ICMP error can be built in place */

/* Bytes that are here of a packet of which not all are: its headers, and as
 * much as an ICMP error quotes (RFC 1812 4.3.2.3). */
#define PKT_PARTIAL 640

#define PKT_NO_FRAME UINT64_MAX /* pkt.frame of a packet in other memory */

enum side { SIDE_LAN, SIDE_WAN };

enum verdict {
	VERDICT_DROP,	  /* counted under pkt.drop */
	VERDICT_FORWARD,  /* out of pkt.out_side to pkt.next_hop */
	VERDICT_LOCAL,	  /* unmodified, to the machine's own stack (TUN) */
	VERDICT_HELD,	  /* copied and kept (fragment, SYN); frame is free */
	VERDICT_ANSWERED, /* the frame is the answer: back where it came from */
};

enum pkt_flags {
	PKT_FRAG = 1,	    /* any fragment */
	PKT_FRAG_FIRST = 2, /* with the L4 header */
	PKT_FRAG_MORE = 4,
	PKT_DF = 8,
	PKT_OPTIONS = 16, /* IPv4 options, IPv6 extension headers */
	PKT_ICMP_ERROR = 32,
	PKT_HAIRPIN = 64, /* set by NAT: LAN to LAN over the WAN address; it is
			   * charged to the sender but crosses no boundary */
	PKT_ICMP_QUERY = 256, /* with an identifier: echo and its like */
	PKT_HEAVY = 1024,     /* set by NAT: its session may take the lane */
	PKT_REPLY = 128, /* set by NAT: the frame became our own ICMP error */
	PKT_IPV6 = 512,
	PKT_OPENED = 2048, /* set by NAT: it opened its session … */
	PKT_TIMED = 4096, /* … or ended a step of its handshake: rtt_us … */
	PKT_HELLO = 8192, /* … or may say which server is asked for … */
	PKT_DNS = 16384,  /* … or is between a host and a resolver */
};

struct pkt {
	/* carrier */
	uint8_t *data;	/* Ethernet header */
	uint32_t len;	/* from 'data'; includes link padding */
	uint32_t room;	/* bytes writable from 'data' on */
	uint8_t port;	/* index of the port it came by */
	uint8_t side;	/* enum side */
	uint8_t lan;	/* index in conf.lans when side is LAN */
	uint64_t frame; /* carrier's own handle */
	bool routed;	/* the kernel forwards it after us: TTL, Ethernet header
			 * and cutting to the MTU are its work. The Ethernet
			 * header in front is made up. A copy that is kept, and
			 * an ICMP error, are ours to send: not routed */
	bool gso;	/* several in one, taken apart after us: its length is
			 * not what an MTU is about */
	bool partial;	/* the headers alone are here, and some bytes behind
			 * them; 'len' is the whole packet's */
	uint32_t at_us; /* when it was received: low bits of clock_us() */
	bool csum_open; /* the L4 checksum covers the pseudo-header alone */

	/* parse */
	uint16_t l3, l4; /* offsets from 'data' */
	uint16_t l3_len; /* of the IP packet, the byte count of statistics */
	uint8_t proto;	 /* IPPROTO_* */
	uint8_t ttl;
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	uint16_t flags;	   /* enum pkt_flags */
	uint16_t frag_off; /* bytes */
	uint32_t ip_id;
	struct addr src, dst; /* as received */
	__be16 sport, dport;  /* ICMP query: the identifier in both */

	/* NAT */
	uint8_t verdict;
	uint8_t drop; /* enum gate_drop */
	uint8_t out_side;
	uint8_t out_lan;
	struct addr next_hop;
	struct addr device; /* LAN host this is charged to; zero: none */
	struct addr remote; /* its session's, whoever sent the packet */
	bool to_lan;	    /* direction of the charge: true is rx */
	uint32_t session;   /* index + 1; 0: none */
	uint32_t peer;	    /* hairpin: the receiver's session, likewise */
	uint32_t label;	    /* of its session: a name's number; 0: none */
	uint32_t rtt_us;    /* PKT_TIMED: by 'to_lan' of the WAN or the LAN */
	uint64_t hash;	    /* of its session's key; 0: not known */
	uint64_t map_hash;  /* of its inside end; 0: not known */
	uint64_t hash_of; /* … if it came through a mapping: which mappings */

	/* worker */
	struct mac host_mac; /* of the sender on the LAN, zero: unknown; when it
			      * left, of 'device' */
};

#endif
