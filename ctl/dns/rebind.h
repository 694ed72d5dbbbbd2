/* rebind.h - may a name of the outside point into the home?
 *
 * A page from outside could reach devices here under its own name (DNS
 * rebinding). Private addresses are refused, except from an upstream that is
 * itself in a private network, which may speak of others there. What nobody may
 * name: our own LANs, the network of the WAN, where the provider's router is,
 * the upstream itself, and loopback, link-local and unspecified addresses. The
 * owner's exceptions are let through. Pure. Control thread. */
#ifndef DNS_REBIND_H
#define DNS_REBIND_H

#include "../base/nameserver.h"
#include "../proto/dns_answer.h"
#include "nameset.h"

struct rebind {
	unsigned homes_n;
	struct prefix homes[4];	  /* our LANs */
	struct prefix wan;	  /* length 0: not known */
	struct nameset *excepted; /* names below which anything goes, or NULL */
};

/* 'k' is what 'upstream' answered to 'name', and has a private address. */
bool rebind_refuses(const struct rebind *r, const struct dns_name *name,
		    const struct dns_kept *k,
		    const struct nameserver *upstream);

#endif
