/* zones.h - names that are nobody's business upstream.
 *
 * Special-use names (RFC 6761, 6762, 7686, 8375, 9462, 9476, and "lan" and
 * "internal" by custom) and the reverse zones of private space (RFC 6303,
 * 7793). Pure; immutable after zones_init(). */
#ifndef DNS_ZONES_H
#define DNS_ZONES_H

#include "../proto/dns_name.h"

#define ZONES_MAX 128

struct zones {
	struct dns_name arpa;
	unsigned n;
	struct zone {
		struct dns_name name;
		bool in_arpa;
	} zone[ZONES_MAX];
};

void zones_init(struct zones *z);
/* The zone that 'name' is or is in, or NULL: it may go upstream. */
const struct zone *zones_find(const struct zones *z,
			      const struct dns_name *name);

#endif
