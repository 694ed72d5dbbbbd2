/* express.h - the express lane: hands heavy flows to eBPF and keeps their
 * books.
 *
 *   worker.c ── express_want() ─► promoted: two slots written, both keys in
 *      │                              │ often: packets charged to the
 *      └── express_turn() ────────────┤ session and the device, timers moved,
 *                                     │ next hops compared
 *   nat, idle, a change ──────────► demoted: keys deleted, where tc is behind
 *                                   XDP a while after XDP stopped; a second's
 *                                   rest, read once more, slots free
 *
 * The engine stays the only authority: eBPF does what a row says and counts.
 * A flow is promoted when it moved conf.express.after packets within a second,
 * or is a ping that was answered NAT_ECHOES times, and none of its frames is in
 * our rings any more, so that eBPF overtakes nothing. Engine thread, but for
 * what is marked. */
#ifndef ENGINE_EXPRESS_H
#define ENGINE_EXPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "../conf.h"

struct egress;
struct engine_gate;
struct express;
struct nat;
struct ports;

/* NULL: out of memory. 'egress' lends what it has. */
struct express *express_new(struct nat *nat, struct egress *egress);
void express_free(struct express *x);

/* ---- control thread, engine stopped */

/* Takes the maps. What is in them and fits a session goes on, the rest is
 * deleted. */
void express_open(struct express *x, const struct engine_gate *gate);
/* Their places are others now: none has an ability. */
void express_ports_changed(struct express *x);
/* Settles the accounts. The entries stay: eBPF carries on until who opens next
 * compares them, or the gate is closed. */
void express_close(struct express *x);

/* ---- control thread, at any time */

/* Flags of enum engine_lane, for the port in this place. */
void express_set_abilities(struct express *x, unsigned port, unsigned flags);
/* Something else that rows depend on: a port's carrier. */
void express_look_again(struct express *x);
/* See engine_express(). */
const char *express_face_of(const struct express *x, unsigned port,
			    const char **why);
/* Pairs promoted now. */
uint32_t express_live(const struct express *x);

/* ---- engine thread */

/* May a heavy flow that comes in by the port in this place take the lane? */
bool express_serves(const struct express *x, unsigned port);
/* The NAT found this session heavy. */
void express_want(struct express *x, uint32_t session);
/* Neighbours, ports or settings are others: every row is compared again. */
void express_changed(struct express *x);

/* Charges, promotes, demotes, a bit of each. Returns the milliseconds until the
 * next call is due. */
uint64_t express_turn(struct express *x, const struct engine_conf *conf,
		      struct ports *ports, uint64_t now_ms);

/* For the NAT. Pairs are numbers from 1. */
void express_settle(struct express *x, uint32_t pair);
void express_end(struct express *x, uint32_t pair);
struct express_due {
	uint64_t packets, bytes;
};
/* Carried and not yet charged, by enum nat_dir; and by which face. */
const char *express_pending(const struct express *x, uint32_t pair,
			    struct express_due due[2]);

#endif
