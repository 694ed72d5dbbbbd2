/* dns_rdata.h - what is inside a record: is it what its type says, and does it
 * name an address that has no business in a public answer. Pure. */
#ifndef PROTO_DNS_RDATA_H
#define PROTO_DNS_RDATA_H

#include "../base/addr.h"
#include "dns_msg.h"

/* Data of a known type fill their length exactly (RFC 9267, 5). Types that are
 * not known are opaque (RFC 3597) and always well formed. */
bool dns_rdata_well_formed(const uint8_t *msg, const struct dns_rr *rr);
/* An address record, or an address hint of SVCB and HTTPS (RFC 9460, 7.3), that
 * points into the home: private, loopback, link-local or unspecified, IPv4 as
 * such, mapped or behind the NAT64 prefix. The record is well formed. */
bool dns_rdata_private(const uint8_t *msg, const struct dns_rr *rr);

/* The same for networks of the caller's choice. */
bool dns_rdata_points_into(const uint8_t *msg, const struct dns_rr *rr,
			   const struct prefix *nets, size_t n);

/* Whether 'a' is an address of the home: see dns_rdata_private(). */
bool dns_addr_private(struct addr a);

#endif
