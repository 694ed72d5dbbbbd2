/* summary.h - a line for every packet that crosses the boundary, while somebody
 * watches.
 *
 * Nobody watching costs one look at a flag a packet. The ring holds what comes
 * within one reading by far; what finds no room is counted. */
#ifndef ENGINE_SUMMARY_H
#define ENGINE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "../engine.h"
#include "../nat/nat.h"
#include "../packet/pkt.h"

#define SUMMARY_ROWS 8192

struct summary;

/* NULL: out of memory. */
struct summary *summary_new(void);
void summary_free(struct summary *s);

/* ---- engine thread */

bool summary_wanted(const struct summary *s);
/* 'p' has left, or not; what crossed nothing is left out, as in stats.h. */
void summary_packet(struct summary *s, const struct nat *nat,
		    const struct pkt *p, uint64_t now_ms);
/* What the express lane carried of a flow. */
void summary_carried(struct summary *s, const struct packet_row *row);

/* ---- control thread */

/* What was not taken before is gone. */
void summary_watch(struct summary *s, bool on);
bool summary_next(struct summary *s, struct packet_row *out);
/* Packets for which there was no room, since the last call. */
uint64_t summary_lost(struct summary *s);

#endif
