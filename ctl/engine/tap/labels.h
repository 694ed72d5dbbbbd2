/* labels.h - which name a LAN host was told an address for.
 *
 * Fed with DNS answers, asked when a session opens. A host is known by its MAC
 * address, so that who asks by IPv4 and connects by IPv6 is one; where there is
 * none, by its address. Names are numbers (base/names.h).
 *
 * The table has a fixed size; what is told when its place is full takes that of
 * the answer that ends next, of the same host's first: who is told without end
 * leaves the others theirs. Engine thread only. */
#ifndef ENGINE_LABELS_H
#define ENGINE_LABELS_H

#include <stdint.h>

#include "../../base/addr.h"
#include "../../base/hash.h"

#define LABELS_MAX 65536 /* answers: a megabyte */

/* Programs go on with an address for longer than its time to live says. */
#define LABELS_LEAST_S 3600
#define LABELS_MOST_S  86400

struct labels;

/* NULL: out of memory. */
struct labels *labels_new(const struct hash_key *key);
void labels_free(struct labels *l);

/* The host at 'mac' (zero: unknown) and 'host' was told that 'name' is at
 * 'remote', for 'ttl_s'. The latest name of an address is the one. */
void labels_learn(struct labels *l, const struct mac *mac,
		  const struct addr *host, const struct addr *remote,
		  uint32_t name, uint32_t ttl_s, uint64_t now_ms);
/* 0: none. */
uint32_t labels_find(const struct labels *l, const struct mac *mac,
		     const struct addr *host, const struct addr *remote,
		     uint64_t now_ms);

#endif
