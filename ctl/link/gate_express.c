/* gate_express.c - the express lane's maps, for the engine to write. See
 * gate.h.
 * Control thread only; the engine's thread uses what it is lent. */
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "gate_priv.h"

#define FLOW_BYTES  (GATE_EXPRESS_SLOTS * sizeof(struct express_flow))
#define STATS_BYTES (GATE_EXPRESS_SLOTS * sizeof(struct express_stats))

static void *map_rows(int fd, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int gate_express_map(struct gate *g)
{
	g->express = (struct gate_express){
		.express4_fd = g->fds.express4,
		.express6_fd = g->fds.express6,
		.flows = map_rows(g->fds.express_flow, FLOW_BYTES),
		.stats = map_rows(g->fds.express_stats, STATS_BYTES),
	};
	return g->express.flows && g->express.stats ? 0 : -errno;
}

void gate_express_unmap(struct gate *g)
{
	if (g->express.flows)
		munmap(g->express.flows, FLOW_BYTES);
	if (g->express.stats)
		munmap(g->express.stats, STATS_BYTES);
	g->express = (struct gate_express){ 0 };
}

void gate_express(const struct gate *g, struct gate_express *out)
{
	*out = g->express;
}

int gate_tx_set(struct gate *g, uint32_t ifindex, bool can)
{
	int rc = can ? bpf_map_update_elem(g->fds.tx_ports, &ifindex, &ifindex,
					   BPF_ANY)
		     : bpf_map_delete_elem(g->fds.tx_ports, &ifindex);

	return rc && errno != ENOENT ? -errno : 0;
}
