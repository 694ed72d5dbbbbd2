/* stats.h - who moved how much, and what was dropped.
 *
 * The engine writes, the control thread reads at any time, with atomics and no
 * lock. A byte is a byte of IP (total length) of a packet that has left by the
 * carrier. Counted as the boundary, and for the LAN host: every packet that
 * crossed between LAN and WAN. Not counted: what the engine sends of its own
 * (ICMP errors), what goes to the machine's own stack, and hairpin, which
 * crosses nothing; so the devices' sum is the boundary's total for as long as
 * the table has room. A host that moved nothing is not in it. */
#ifndef ENGINE_STATS_H
#define ENGINE_STATS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../../bpf/abi.h"
#include "../../base/hash.h"
#include "../engine.h"
#include "ledger.h"
#include "../packet/pkt.h"

/* A full table gives a new host the slot of the one that is unseen the longest
 * among those that moved less than this: made-up addresses are cheap, and must
 * not keep a new host out. Are there none, it is the slot of a host unseen for
 * STATS_STALE_MS; until there is one the new host is in the totals only. */
#define STATS_SLIGHT_BYTES 8192
#define STATS_STALE_MS	   600000

struct stats;

/* What a LAN host moved. Zero addresses: not known. */
struct stats_charge {
	const struct mac *mac;
	const struct addr *addr, *remote;
	uint32_t label; /* of the remote */
	bool to_lan;
	uint64_t packets, bytes;
};

/* NULL: out of memory. */
struct stats *stats_new(uint32_t devices_max, const struct hash_key *key);
void stats_free(struct stats *s);
/* Where every charge goes, too. */
struct ledger *stats_ledger(struct stats *s);

/* ---- engine */

/* Counts by the packet's fate: forwarded or dropped, the others are nothing
 * yet. 'p->host_mac' names the LAN host. */
void stats_tap(struct stats *s, const struct pkt *p, uint64_t now_ms);
/* What eBPF carried for a LAN host. */
void stats_carried(struct stats *s, const struct stats_charge *c,
		   uint64_t now_ms);
void stats_drop(struct stats *s, enum gate_drop reason, uint64_t packets,
		uint64_t bytes);

/* ---- control */

/* The four boundary counters; the rest of 'out' is left alone. */
void stats_totals(const struct stats *s, struct engine_totals *out);
unsigned stats_devices(const struct stats *s, struct device_row *out,
		       unsigned max);
/* By enum gate_drop; NULL: there is none. Static storage. */
const char *stats_drop_reason(unsigned reason);
/* One row a reason, zero or not, in the order of enum gate_drop. */
unsigned stats_drops(const struct stats *s, struct drop_row *out, unsigned max);

#endif
