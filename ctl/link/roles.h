/* roles.h - which port is the WAN, which are the LAN, which network is free.
 *
 * Pure functions over the mirror: testable without a machine. */
#ifndef LINK_ROLES_H
#define LINK_ROLES_H

#include "link.h"

#define ROLES_LAN_PORTS_MAX 12
/* The largest MTU whose frames fit the one buffer XDP has for each. */
#define ROLES_MTU_MAX 1500

struct roles_wish {
	const char *wan; /* NULL: find it */
	const char *lan[ROLES_LAN_PORTS_MAX];
	unsigned lan_n;	  /* 0: find them */
	uint32_t own_lan; /* our bridge or one port; 0: none yet */
};

struct roles {
	uint32_t wan; /* 0: awaited */
	uint32_t lan[ROLES_LAN_PORTS_MAX];
	unsigned lan_n;
};

/* Applies design section 8. -EINVAL with a sentence: unknown interface (and
 * which there are), WAN = LAN, a port twice, no second port, loopback, a
 * member of another bridge, jumbo MTU; and, when neither
 * a default route nor --wan nor --lan tells, several ports that could be
 * either. */
int roles_pick(const struct roles_wish *wish, const struct link_if *ifs,
	       unsigned ifs_n, const struct link_route *routes,
	       unsigned routes_n, struct roles *out, struct error *err);

/* The first of 10.77.0.1/24, 10.78.0.1/24 … 10.99.0.1/24, 192.168.77.1/24 …
 * 192.168.99.1/24 that overlaps no address or non-default route but those on
 * 'own' (the LAN itself). */
int roles_pick_net(const struct link_if *ifs, unsigned ifs_n,
		   const struct link_route *routes, unsigned routes_n,
		   uint32_t own, struct prefix *out, struct error *err);

/* The main table's IPv4 default route of lowest metric, out of 'ifindex' or
 * (0) of any port; NULL: none. */
const struct link_route *roles_default_route(const struct link_route *routes,
					     unsigned routes_n,
					     uint32_t ifindex);

#endif
