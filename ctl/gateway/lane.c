/* lane.c - which ports can take part in the express lane, and by which face.
 * Called by carry.c when ports were opened, and every few seconds: a driver's
 * abilities change with what is at the other end of a cable, or a switch that
 * somebody throws. Control thread. */
#include "gateway_priv.h"
#include "../link/netdev.h"

static unsigned abilities_of(const struct gateway *g,
			     const struct engine_port *p)
{
	unsigned lane;

	if (p->ip_only || !gate_attached(g->gate, p->ifindex))
		return 0;
	lane = ENGINE_TC_OUT;
	lane |= p->carrier == ENGINE_XDP ? ENGINE_XDP_IN : ENGINE_TC_IN;
	if (netdev_can_transmit(p->ifindex))
		lane |= ENGINE_XDP_OUT;
	return lane;
}

/* A device must be in the map before a flow leaves by it, and flows must go
 * before the device does. */
void lane_sync(struct gateway *g)
{
	for (unsigned n = 0; g->engine_runs && n < g->carried_n; n++) {
		const struct engine_port *p = &g->carried[n];
		unsigned lane = abilities_of(g, p);
		bool out = lane & ENGINE_XDP_OUT;

		if (out && gate_tx_set(g->gate, p->ifindex, true))
			lane &= ~(unsigned)ENGINE_XDP_OUT;
		engine_set_lane(g->engine, p->ifindex, lane);
		if (!out)
			(void)gate_tx_set(g->gate, p->ifindex, false);
	}
}
