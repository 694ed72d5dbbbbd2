/* icmp_error.h - ICMP errors of our own, built where the packet lies.
 *
 * Called by the NAT (TTL, size, exhaustion) and by the worker (a next hop that
 * nobody answers for). Engine thread only. */
#ifndef ENGINE_ICMP_ERROR_H
#define ENGINE_ICMP_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "../conf.h"
#include "pkt.h"

/* RFC 792, RFC 1812 5.2.7.1 */
enum icmp_type {
	ICMP_ECHO_ANSWER = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
};
enum icmp_code {
	ICMP_TTL = 0,	   /* of ICMP_TIME_EXCEEDED */
	ICMP_NO_ROUTE = 0, /* of ICMP_UNREACHABLE, like those below */
	ICMP_HOST = 1,
	ICMP_FRAG_NEEDED = 4,
	ICMP_PROHIBITED = 13,
};

/* Token bucket, RFC 1812 4.3.2.8: 1000 a second, 100 at once. All zero is a
 * full one. Whoever builds errors has one for each side, so that strangers
 * cannot use up what the LAN needs to hear. */
struct icmp_limit {
	uint32_t used;
	uint64_t last_ms;
};

/* Turns the packet into the error about it (IPv6: ICMPv6's of that meaning),
 * addressed to its sender, and sets VERDICT_FORWARD and PKT_REPLY; the session,
 * the device and 'l3_len' become the reply's. Headers that the NAT has
 * rewritten are put back first, so that the sender recognizes what it sent.
 * 'mtu' is for ICMP_FRAG_NEEDED, else 0. Takes PKT_HEADROOM before 'p->data',
 * which moves. false, and the packet is as it was: nothing may be said about it
 * (ICMP errors, later fragments, broadcast: RFC 1122 3.2.2), the bucket is
 * empty, or the side has no address. */
bool icmp_error_build(struct pkt *p, const struct engine_conf *conf,
		      struct icmp_limit *limit, uint64_t now_ms,
		      enum icmp_type type, enum icmp_code code, uint16_t mtu);

#endif
