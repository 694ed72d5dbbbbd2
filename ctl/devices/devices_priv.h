/* devices_priv.h - the table of devices as its three files see it:
 *
 *   devices.c       who is in it, and what is known of them
 *   devices_addr.c  who has which address
 *   devices_file.c  as bytes that outlast us
 *
 * Control thread only. */
#ifndef DEVICES_DEVICES_PRIV_H
#define DEVICES_DEVICES_PRIV_H

#include "../base/hash.h"
#include "devices.h"

#define DEVICES_BUCKETS 2048
#define DEVICES_ADDRS	(DEVICES_MAX * DEVICE_ADDRS_MAX)

_Static_assert(DEVICES_ADDRS < UINT16_MAX, "a place's number + 1 fits");

struct devices {
	struct hash_key key;
	unsigned n, fresh_n;
	uint64_t began_ms;
	bool changed;
	uint16_t buckets[DEVICES_BUCKETS];    /* row + 1; 0: none */
	uint16_t next[DEVICES_MAX];	      /* the same */
	uint16_t addr_buckets[DEVICES_ADDRS]; /* place + 1; 0: none */
	uint16_t addr_next[DEVICES_ADDRS];
	struct device rows[DEVICES_MAX];
};

/* devices.c: a row that bears 'mac' and nothing else; no other does. NULL: no
 * place is left. */
struct device *devices_add(struct devices *d, const struct mac *mac);

/* devices_addr.c */
void devices_addr_put(struct devices *d, struct device *row, unsigned place,
		      const struct device_addr *addr);
/* All of a row's, after it was filled; before it is emptied. */
void devices_addrs_link(struct devices *d, const struct device *row);
void devices_addrs_unlink(struct devices *d, const struct device *row);

#endif
