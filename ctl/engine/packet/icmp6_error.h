/* icmp6_error.h - ICMPv6 errors of our own (RFC 4443 2.4, 3).
 * icmp_error.c asks first whether and how often anything may be said. */
#ifndef ENGINE_ICMP6_ERROR_H
#define ENGINE_ICMP6_ERROR_H

#include "icmp_error.h"

/* Zero: there is no address to send it from. */
struct addr icmp6_error_source(const struct pkt *p,
			       const struct engine_conf *conf);
bool icmp6_error_may(const struct pkt *p);
/* Writes it in front of the packet, from 'source'; 'type' and 'code' are
 * IPv4's names for it. Sets 'data', offsets and lengths. */
void icmp6_error_write(struct pkt *p, const struct addr *source,
		       enum icmp_type type, enum icmp_code code, uint16_t mtu);
struct addr icmp6_error_hop(const struct pkt *p,
			    const struct engine_conf *conf);

#endif
