/* mirror.h - a picture of the machine's links, addresses and routes, taken
 * whole.
 *
 * Notifications are not applied one by one: the kernel leaves some out (IPv4
 * routes that go with their link, routes replaced), so whoever hears one takes
 * a new picture and compares. Control thread only. */
#ifndef LINK_MIRROR_H
#define LINK_MIRROR_H

#include "ethtool.h"
#include "link.h"
#include "nlsock.h"

struct mirror {
	struct link_if *ifs;
	struct link_route *routes;
	unsigned ifs_n, ifs_cap;
	unsigned routes_n, routes_cap;
};

/* Takes a new picture into 'm', which holds an old one or is zeroed. 'et' may
 * be NULL. 0 or -errno, and then 'm' is incomplete. */
int mirror_take(struct mirror *m, struct nlsock *nl, struct ethtool *et);
void mirror_fini(struct mirror *m);
/* Bits of enum link_change. */
unsigned mirror_diff(const struct mirror *a, const struct mirror *b);

#endif
