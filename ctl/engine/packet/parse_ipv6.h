/* parse_ipv6.h - the IPv6 header and what stands between it and the upper layer
 * (RFC 8200 4). Called by parse.c, and by nat_icmp6.c for what errors quote. */
#ifndef ENGINE_PARSE_IPV6_H
#define ENGINE_PARSE_IPV6_H

#include "../../base/bytes.h"
#include "pkt.h"

#define IPV6_HEADER 40

/* What the extension headers lead to. */
struct ipv6_chain {
	uint8_t proto;	   /* IPPROTO_* */
	bool routed;	   /* a routing header that gives the way (RFC 5095) */
	bool extended;	   /* there are any */
	bool fragment;	   /* not the whole of a datagram (RFC 6946) */
	uint16_t frag_off; /* bytes */
	bool more;
	uint32_t id;
};

/* 'r' stands behind the fixed header, whose next header is 'next', and then at
 * the upper layer; of a later fragment at its payload. false: they end too
 * early, or never. */
bool ipv6_chain(struct rd *r, uint8_t next, struct ipv6_chain *out);

/* Fills what parse() fills before the upper layer. */
bool parse_ipv6(struct pkt *p);

#endif
