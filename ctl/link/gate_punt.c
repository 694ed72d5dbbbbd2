/* gate_punt.c - ports whose gate stands at tc alone, with the engine's sockets
 * behind a pair of devices of our own. See gate.h and bpf/punt.h.
 * Control thread only. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "gate_priv.h"

/* Both ends know their port before anything comes to them. */
static int enter(struct gate *g, const struct gate_port_info *port,
		 const struct link_pair *pair, struct error *err)
{
	const struct gate_punt punt = { .ifindex = port->ifindex,
					.slot = port->slot };

	if (bpf_map_update_elem(g->fds.punts, &pair->near, &punt, BPF_ANY) ||
	    bpf_map_update_elem(g->fds.punts, &pair->far, &punt, BPF_ANY))
		return error_set(err, -errno, "%s: cannot write punts: %s",
				 pair->near_name, strerror(errno));
	return 0;
}

static int attach(struct gate *g, struct journal *j,
		  const struct gate_port_info *port, const char *ifname,
		  const struct link_pair *pair, struct error *err)
{
	int code = enter(g, port, pair, err);

	if (!code)
		code = gate_xdp_set(g, pair->far, pair->far_name,
				    g->fds.programs[GATE_PUNT_XDP], err);
	if (!code)
		code = gate_tc_set(g, j, pair->far, pair->far_name,
				   GATE_PUNT_SHUT_TC, err);
	if (!code)
		code = gate_tc_set(g, j, pair->near, pair->near_name,
				   GATE_PUNT_TC, err);
	if (!code)
		code = gate_tc_set(g, j, port->ifindex, ifname,
				   port->wan ? GATE_WAN_TC : GATE_LAN_TC, err);
	return code;
}

int gate_attach_punt(struct gate *g, struct journal *j,
		     const struct gate_port_info *port, const char *ifname,
		     const struct link_pair *pair, struct error *err)
{
	struct attachment *at = gate_attachment(g, port->ifindex);
	int code;

	/* Another pair than before: the devices were made anew. */
	if (at && at->near != pair->near)
		gate_punt_end(g, at);
	code = attach(g, j, port, ifname, pair, err);
	if (code) {
		(void)gate_detach(g, pair->near);
		(void)gate_detach(g, pair->far);
		return code;
	}
	at = gate_attachment(g, port->ifindex);
	at->near = pair->near;
	at->far = pair->far;
	/* It would take the packets before. */
	gate_xdp_end(g, at);
	return 0;
}

/* The next key is asked for first: from a deleted one the walk would start
 * over. */
void gate_punt_settle(struct gate *g)
{
	uint32_t at, next = 0;
	int end = bpf_map_get_next_key(g->fds.punts, NULL, &at);

	while (!end) {
		end = bpf_map_get_next_key(g->fds.punts, &at, &next);
		if (!gate_attachment(g, at))
			(void)bpf_map_delete_elem(g->fds.punts, &at);
		at = next;
	}
}

void gate_punt_end(struct gate *g, struct attachment *at)
{
	uint32_t ends[] = { at->near, at->far };

	at->near = at->far = 0;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (!ends[i])
			continue;
		(void)bpf_map_delete_elem(g->fds.punts, &ends[i]);
		(void)gate_detach(g, ends[i]);
	}
}
