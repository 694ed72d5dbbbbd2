/* lane.c - which ports can take part in the express lane, and by which face.
 * A driver's abilities change with what is at the other end of a veth, or a
 * switch that somebody throws. The kernel tells, or is asked: by carry.c when
 * ports were opened, at changes of links, and every few seconds. Control
 * thread. */
#include <errno.h>
#include <string.h>

#include "gateway_priv.h"
#include "../base/log.h"
#include "../link/netdev.h"

static unsigned abilities_of(const struct gateway *g,
			     const struct engine_port *p)
{
	unsigned lane;

	if (p->ip_only || !gate_attached(g->gate, p->ifindex))
		return 0;
	lane = ENGINE_TC_OUT;
	if (p->carrier == ENGINE_XDP && !pair_has(g, p))
		lane |= ENGINE_XDP_IN;
	lane |= gate_has_tc(g->gate, p->ifindex) ? ENGINE_TC_IN : 0;
	if (netdev_can_transmit(p->ifindex))
		lane |= ENGINE_XDP_OUT;
	return lane;
}

/* A device is in the map before a flow leaves by it. It goes out of it before
 * the flows do: without it eBPF leaves their frames to the engine, at once,
 * whereas the driver loses them. */
void lane_sync(struct gateway *g)
{
	for (unsigned n = 0; g->engine_runs && n < g->carried_n; n++) {
		const struct engine_port *p = &g->carried[n];
		unsigned lane = abilities_of(g, p);
		bool out = lane & ENGINE_XDP_OUT;

		if (gate_tx_set(g->gate, p->ifindex, out))
			lane &= ~(unsigned)ENGINE_XDP_OUT;
		engine_set_lane(g->engine, p->ifindex, lane);
	}
}

static void on_drivers(void *arg)
{
	lane_sync(arg);
}

void lane_watch(struct gateway *g)
{
	int rc = netdev_watch(&g->drivers, &g->loop, on_drivers, g);

	if (rc && rc != -ENOENT)
		log_warn("lane: what drivers can do is asked every %d s only: "
			 "%s",
			 SOCKETS_MS / 1000, strerror(-rc));
}
