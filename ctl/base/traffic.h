/* traffic.h - who moved how much with whom in a moment: the rows in which the
 * engine's ledger, history and analysis speak of it.
 *
 * rx is to the LAN. A byte is as in engine/stats.h. */
#ifndef BASE_TRAFFIC_H
#define BASE_TRAFFIC_H

#include <stdint.h>

#include "addr.h"

#define TRAFFIC_TICK_MS 100

struct traffic_sum {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
};

/* Each (host, remote, label) is in a tick once at most. */
struct traffic_row {
	struct mac host; /* zero: it is not known whose */
	uint8_t pad[2];
	uint32_t label; /* of the remote, a number of names.h; 0: it has none */
	uint32_t pad2;
	struct addr remote; /* all zero: others, see engine/ledger.h */
	struct traffic_sum sum;
};

/* What was counted from 'begin_ms' until 'end_ms', of clock_ms(); both are
 * multiples of TRAFFIC_TICK_MS. Longer than a tick: the reader was late. */
struct traffic_tick {
	uint64_t begin_ms, end_ms;
	unsigned n;
	const struct traffic_row *rows;
};

#endif
