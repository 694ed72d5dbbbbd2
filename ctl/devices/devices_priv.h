/* devices_priv.h - the table of devices as its two files see it:
 *
 *   devices.c       who is in it, and what is known of them
 *   devices_file.c  as bytes that outlast us
 *
 * Control thread only. */
#ifndef DEVICES_DEVICES_PRIV_H
#define DEVICES_DEVICES_PRIV_H

#include "../base/hash.h"
#include "devices.h"

#define DEVICES_BUCKETS 2048

struct devices {
	struct hash_key key;
	unsigned n, fresh_n;
	uint64_t began_ms;
	bool changed;
	uint16_t buckets[DEVICES_BUCKETS]; /* row + 1; 0: none */
	uint16_t next[DEVICES_MAX];	   /* the same */
	struct device rows[DEVICES_MAX];
};

/* devices.c: a row that bears 'mac' and nothing else; no other does. NULL: no
 * place is left. */
struct device *devices_add(struct devices *d, const struct mac *mac);

#endif
