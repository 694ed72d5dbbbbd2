/* gate_maps.c - what the classifier is told, and what it counted. See gate.h.
 *
 * Control thread only; the programs read while this writes, so a set is
 * replaced entry by entry, and what stays is never missing. */
#include "gate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "gate_priv.h"

#define KEY_BYTES_MAX 32

_Static_assert(GATE_MEMBER_MACS_MAX == GATE_MACS_MAX, "gate.h equals abi.h");

_Static_assert((int)GATE_KIND_OWN == GATE_NET_OWN &&
		       (int)GATE_KIND_LAN == GATE_NET_LAN &&
		       (int)GATE_KIND_ROUTED == GATE_NET_ROUTED &&
		       (int)GATE_KIND_WAN == GATE_NET_WAN,
	       "gate_kind equals gate_net_kind");
_Static_assert(sizeof(struct gate_net_key) <= KEY_BYTES_MAX &&
		       sizeof(struct gate_mac) <= KEY_BYTES_MAX,
	       "prune() has room for every key");

/* Deletes what is in the map and not among the 'n' 'keys', which it sorts. The
 * next key is asked for first: from a deleted one the walk would start over. */
static int prune(int map, void *keys, unsigned n, size_t size,
		 int (*compare)(const void *a, const void *b))
{
	char at[KEY_BYTES_MAX], next[KEY_BYTES_MAX];
	int end = bpf_map_get_next_key(map, NULL, at), err;

	qsort(keys, n, size, compare);
	while (!end) {
		end = bpf_map_get_next_key(map, at, next);
		if (!bsearch(at, keys, n, size, compare)) {
			err = bpf_map_delete_elem(map, at);
			if (err)
				return err;
		}
		memcpy(at, next, size);
	}
	return 0;
}

/* ---- ports */

int gate_port_set(struct gate *g, const struct gate_port_info *p)
{
	struct gate_port port = {
		.role = p->wan ? GATE_ROLE_WAN : GATE_ROLE_LAN,
		.slot = p->slot,
		.addr = p->addr,
		.net = p->net,
		.mask = p->mask,
		.wan_addr = p->wan_addr,
		.generation = ++g->generation,
		.l3 = p->l3,
		.behind_xdp = p->xdp && !p->punt,
		.punt = p->punt,
	};

	if (p->slot >= GATE_PORTS_MAX)
		return -EINVAL;
	memcpy(port.mac, p->mac.b, sizeof(port.mac));
	return bpf_map_update_elem(g->fds.port_info, &p->ifindex, &port,
				   BPF_ANY);
}

int gate_port_del(struct gate *g, uint32_t ifindex)
{
	return bpf_map_delete_elem(g->fds.port_info, &ifindex);
}

/* ---- networks */

static struct gate_net_key net_key(const struct prefix *p)
{
	struct prefix net = prefix_network(p);
	struct gate_net_key key = { .prefixlen = net.len };

	memcpy(key.addr, net.addr.b, sizeof(key.addr));
	return key;
}

static int net_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct gate_net_key));
}

int gate_nets_set(struct gate *g, const struct gate_prefix *nets, unsigned n)
{
	int map = g->fds.kernel_nets, err = 0;
	struct gate_net_key *keys;
	struct gate_net net;

	if (n > GATE_NETS_MAX)
		return -E2BIG;
	keys = calloc(n ? n : 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (unsigned i = 0; i < n && !err; i++) {
		net.kind = nets[i].kind;
		keys[i] = net_key(&nets[i].prefix);
		/* Looking first would find the network around it, too. */
		err = bpf_map_update_elem(map, &keys[i], &net, BPF_ANY);
	}
	if (!err)
		err = prune(map, keys, n, sizeof(*keys), net_compare);
	free(keys);
	return err;
}

/* ---- MAC addresses of bridge members */

static int mac_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct gate_mac));
}

int gate_macs_set(struct gate *g, const struct gate_member_mac *macs,
		  unsigned n)
{
	struct gate_mac keys[GATE_MACS_MAX];
	struct gate_member member;
	int err = 0;

	if (n > GATE_MACS_MAX)
		return -E2BIG;
	memset(keys, 0, sizeof(keys));
	for (unsigned i = 0; i < n && !err; i++) {
		memcpy(keys[i].mac, macs[i].mac.b, sizeof(keys[i].mac));
		member.ifindex = macs[i].ifindex;
		err = bpf_map_update_elem(g->fds.lan_macs, &keys[i], &member,
					  BPF_ANY);
	}
	return err ? err
		   : prune(g->fds.lan_macs, keys, n, sizeof(*keys),
			   mac_compare);
}

/* ---- counters */

unsigned gate_drops(const struct gate *g, struct drop_row *out, unsigned max)
{
	static const char *const names[DROP_REASONS] = {
#define X(id, name) [DROP_##id] = name,
		GATE_DROPS(X)
#undef X
	};
	int map = g->fds.drops;
	uint32_t i;

	for (i = 0; i < DROP_REASONS && i < max; i++) {
		out[i] = (struct drop_row){ .reason = names[i] };
		if (bpf_map_lookup_elem(map, &i, g->percpu))
			continue;
		for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
			out[i].packets += g->percpu[cpu].packets;
			out[i].bytes += g->percpu[cpu].bytes;
		}
	}
	return i;
}
