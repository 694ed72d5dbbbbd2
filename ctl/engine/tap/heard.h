/* heard.h - from which MAC address a LAN host last spoke.
 *
 * Only to charge it with what the kernel brings to it: where that goes, the
 * kernel alone decides, and the neighbour table hears of it later. Never
 * believed for anything else, because a sender writes it. Lossy by design: two
 * hosts of one place overwrite each other. Engine thread only. */
#ifndef ENGINE_HEARD_H
#define ENGINE_HEARD_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"
#include "../../base/hash.h"

#define HEARD_PLACES 4096

struct heard {
	struct hash_key key;
	struct heard_place {
		struct addr addr;
		struct mac mac;
	} places[HEARD_PLACES];
};

static inline struct heard_place *heard_place(struct heard *h,
					      const struct addr *addr)
{
	return &h->places[hash_bytes(&h->key, addr, sizeof(*addr)) %
			  HEARD_PLACES];
}

static inline void heard_note(struct heard *h, const struct addr *addr,
			      const struct mac *mac)
{
	*heard_place(h, addr) = (struct heard_place){ *addr, *mac };
}

/* A zero address: nothing was heard. */
static inline struct mac heard_from(struct heard *h, const struct addr *addr)
{
	const struct heard_place *p = heard_place(h, addr);

	return addr_eq(&p->addr, addr) ? p->mac : (struct mac){ 0 };
}

#endif
