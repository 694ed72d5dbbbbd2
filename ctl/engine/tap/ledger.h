/* ledger.h - who moved how much with whom, every tenth of a second.
 *
 * Filled where stats.h is charged, so that the rows of all ticks add up to the
 * boundary's totals, byte for byte. When a tick is over its rows are handed to
 * the control thread, whole; while that thread is still at the one before, the
 * tick grows longer and nothing is lost.
 *
 *   engine    ledger_charge, ledger_turn ──► rows of the next tick
 *                                 │ handed over, given back
 *   control   ledger_next, ledger_done ◄── rows of the last one
 *
 * A tick that is full keeps what more there is as others: a row of the host
 * with remote and label zero; beyond LEDGER_HOSTS of these, as nobody's. */
#ifndef ENGINE_LEDGER_H
#define ENGINE_LEDGER_H

#include <stdbool.h>

#include "../../base/hash.h"
#include "../../base/traffic.h"

#define LEDGER_PAIRS 31000 /* of host, remote and label, in a tick */
#define LEDGER_HOSTS 1024  /* that may have others besides */

struct ledger;

/* NULL: out of memory. */
struct ledger *ledger_new(const struct hash_key *key);
void ledger_free(struct ledger *l);

/* ---- engine */

/* 'host' may be zero. What is charged before the first ledger_turn() is of the
 * tick at 0. */
void ledger_charge(struct ledger *l, const struct mac *host,
		   const struct addr *remote, uint32_t label, bool to_lan,
		   uint64_t packets, uint64_t bytes);
/* Before anything of 'now_ms' is charged. true: a tick was handed over. */
bool ledger_turn(struct ledger *l, uint64_t now_ms);
/* Milliseconds until the next call is due, UINT64_MAX: there is nothing. */
uint64_t ledger_due(const struct ledger *l, uint64_t now_ms);

/* ---- control */

/* The tick that waits, which is the caller's until ledger_done(). */
bool ledger_next(struct ledger *l, struct traffic_tick *out);
void ledger_done(struct ledger *l);

/* ---- control, while there is no engine thread */

/* Hands over what there is, be the tick over or not; false: nothing is left, or
 * the last one is not done. */
bool ledger_close(struct ledger *l, uint64_t now_ms);

#endif
