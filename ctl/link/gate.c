/* gate.c - see gate.h.
 *
 * The skeleton in gate.skel.h holds bpf/gate.bpf.c as compiled. Called by
 * gateway.c; the engine borrows the maps. What outlives the process is what is
 * pinned: the maps by name, an attachment as link_<ifindex>. */
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/log.h"
#include "bpf/abi.h"
#include "gate_pins.h"

/* bpftool's code casts a const away. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "gate.skel.h"
#pragma GCC diagnostic pop

#define BITS_BYTES (GATE_BITS_WORDS * sizeof(uint64_t))

_Static_assert((int)GATE_KIND_OWN == GATE_NET_OWN &&
		       (int)GATE_KIND_LAN == GATE_NET_LAN &&
		       (int)GATE_KIND_ROUTED == GATE_NET_ROUTED &&
		       (int)GATE_KIND_WAN == GATE_NET_WAN,
	       "gate_kind equals gate_net_kind");

/* The bitmaps that are mapped into memory. */
enum bits { BITS_CLAIMED, BITS_LOCAL_OPEN, BITS_LOCAL_OWN, BITS_MAPS };

struct attachment {
	uint32_t ifindex; /* 0: free */
	int link_fd;
};

struct gate {
	/* immutable once open */
	struct gate_bpf *skel;
	struct gate_pins pins;
	uint64_t *bits[BITS_MAPS];
	unsigned cpus;
	struct gate_count *percpu; /* room to read one row of 'drops' */
	/* attach, detach */
	struct attachment ports[GATE_PORTS_MAX];
	/* port_set */
	uint32_t generation;
};

/* libbpf's own words help who debugs, and nobody else. */
static __attribute__((format(printf, 2, 0))) int
on_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("gate: %s", line);
	return 0;
}

int gate_clean(const char *bpffs, const char *instance)
{
	struct gate_pins pins;
	int err = gate_pins_init(&pins, bpffs, instance);

	return err ? err : gate_pins_remove(&pins);
}

/* ---- open, close */

static int pins_open(struct gate *g, const char *bpffs, const char *instance,
		     struct error *err)
{
	int code = gate_pins_init(&g->pins, bpffs, instance);

	if (code)
		return error_set(err, code,
				 "gate: \"%s\" cannot name a folder of %s: "
				 "choose another --name",
				 instance, bpffs);
	code = gate_pins_remove(&g->pins);
	if (!code)
		code = gate_pins_make(&g->pins, bpffs);
	if (code == -ENODEV || code == -ENOENT)
		return error_set(err, code,
				 "gate: %s is no BPF filesystem: mount one "
				 "(mount -t bpf bpf %s)",
				 bpffs, bpffs);
	if (code)
		return error_set(err, code,
				 "gate: %s cannot be made anew: %s: remove it",
				 g->pins.root, strerror(-code));
	return 0;
}

static int programs_load(struct gate *g, struct error *err)
{
	int code;

	g->skel = gate_bpf__open_and_load();
	if (!g->skel) {
		code = -errno;
		if (code == -EPERM || code == -EACCES)
			return error_set(err, code,
					 "gate: the kernel lets us load no "
					 "eBPF program: run as root");
		return error_set(err, code,
				 "gate: the kernel refuses the eBPF programs: "
				 "%s: Linux 6.1 or newer is needed",
				 strerror(-code));
	}
	return 0;
}

static int maps_pin(struct gate *g, struct error *err)
{
	struct bpf_map *map;
	int code;

	bpf_object__for_each_map(map, g->skel->obj)
	{
		code = gate_pins_map(&g->pins, bpf_map__name(map),
				     bpf_map__fd(map));
		if (code)
			return error_set(err, code,
					 "gate: the map %s cannot be pinned in "
					 "%s: %s",
					 bpf_map__name(map), g->pins.dir,
					 strerror(-code));
	}
	return 0;
}

static int memory_map(struct gate *g, struct error *err)
{
	const struct bpf_map *maps[BITS_MAPS] = {
		[BITS_CLAIMED] = g->skel->maps.claimed,
		[BITS_LOCAL_OPEN] = g->skel->maps.local_open,
		[BITS_LOCAL_OWN] = g->skel->maps.local_own,
	};
	void *p;

	for (unsigned i = 0; i < BITS_MAPS; i++) {
		p = mmap(NULL, BITS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(maps[i]), 0);
		if (p == MAP_FAILED)
			return error_set(err, -errno,
					 "gate: the map %s cannot be mapped "
					 "into memory: %s",
					 bpf_map__name(maps[i]),
					 strerror(errno));
		g->bits[i] = p;
	}
	g->cpus = (unsigned)libbpf_num_possible_cpus();
	g->percpu = calloc(g->cpus, sizeof(*g->percpu));
	if (!g->percpu)
		return error_set(err, -ENOMEM, "gate: out of memory");
	return 0;
}

int gate_open(struct gate **out, const char *bpffs, const char *instance,
	      struct error *err)
{
	struct gate *g = calloc(1, sizeof(*g));
	int code;

	if (!g)
		return error_set(err, -ENOMEM, "gate: out of memory");
	libbpf_set_print(on_libbpf);
	code = pins_open(g, bpffs, instance, err);
	if (code) {
		free(g);
		return code;
	}
	code = programs_load(g, err);
	if (!code)
		code = maps_pin(g, err);
	if (!code)
		code = memory_map(g, err);
	if (code) {
		gate_close(g);
		return code;
	}
	*out = g;
	return 0;
}

void gate_close(struct gate *g)
{
	int err;

	for (unsigned i = 0; i < GATE_PORTS_MAX; i++)
		if (g->ports[i].ifindex)
			gate_detach(g, g->ports[i].ifindex);
	for (unsigned i = 0; i < BITS_MAPS; i++)
		if (g->bits[i])
			munmap(g->bits[i], BITS_BYTES);
	err = gate_pins_remove(&g->pins);
	if (err)
		log_warn("gate: %s is not removed: %s", g->pins.root,
			 strerror(-err));
	gate_bpf__destroy(g->skel);
	free(g->percpu);
	free(g);
}

int gate_xsks_fd(const struct gate *g)
{
	return bpf_map__fd(g->skel->maps.xsks);
}

uint64_t *gate_claimed(struct gate *g)
{
	return g->bits[BITS_CLAIMED];
}

uint64_t *gate_local_open(struct gate *g)
{
	return g->bits[BITS_LOCAL_OPEN];
}

uint64_t *gate_local_own(struct gate *g)
{
	return g->bits[BITS_LOCAL_OWN];
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
	};

	if (p->slot >= GATE_PORTS_MAX)
		return -EINVAL;
	memcpy(port.mac, p->mac.b, sizeof(port.mac));
	return bpf_map_update_elem(bpf_map__fd(g->skel->maps.port_info),
				   &p->ifindex, &port, BPF_ANY);
}

int gate_port_del(struct gate *g, uint32_t ifindex)
{
	return bpf_map_delete_elem(bpf_map__fd(g->skel->maps.port_info),
				   &ifindex);
}

/* ifindex 0: a free one. */
static struct attachment *attachment_find(struct gate *g, uint32_t ifindex)
{
	for (unsigned i = 0; i < GATE_PORTS_MAX; i++)
		if (g->ports[i].ifindex == ifindex)
			return &g->ports[i];
	return NULL;
}

int gate_foreign(uint32_t ifindex, const char *ifname, struct error *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, on);
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info), id;
	int fd;

	if (bpf_xdp_query((int)ifindex, 0, &on))
		return 0;
	if (on.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	id = on.prog_id;
	if (on.attach_mode == XDP_ATTACHED_MULTI)
		id = on.drv_prog_id ? on.drv_prog_id : on.skb_prog_id;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd >= 0) {
		(void)bpf_obj_get_info_by_fd(fd, &info, &len);
		close(fd);
	}
	return error_set(err, -EBUSY,
			 "%s: another XDP program is attached, \"%s\" (id %u): "
			 "detach it or choose another port",
			 ifname, info.name, id);
}

static int attach_error(int code, const char *ifname, struct error *err)
{
	if (code == -EOPNOTSUPP)
		return error_set(err, code,
				 "%s: its driver has no native XDP: choose "
				 "another port",
				 ifname);
	if (code == -EBUSY || code == -EEXIST)
		return error_set(err, -EBUSY,
				 "%s: another XDP program is attached: detach "
				 "it or choose another port",
				 ifname);
	return error_set(err, code,
			 "%s: its driver refuses XDP: %s: an MTU above 1500 is "
			 "the usual cause, lower it",
			 ifname, strerror(-code));
}

int gate_attach(struct gate *g, uint32_t ifindex, const char *ifname, bool wan,
		struct error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	const struct bpf_program *prog =
		wan ? g->skel->progs.wan_xdp : g->skel->progs.lan_xdp;
	struct attachment *at;
	int fd, code;

	/* One that was taken from the port is made anew. */
	(void)gate_detach(g, ifindex);
	at = attachment_find(g, 0);
	if (!at)
		return error_set(err, -ENOSPC,
				 "%s: %d ports carry programs already: name "
				 "fewer",
				 ifname, GATE_PORTS_MAX);
	code = gate_foreign(ifindex, ifname, err);
	if (code)
		return code;
	fd = bpf_link_create(bpf_program__fd(prog), (int)ifindex, BPF_XDP,
			     &opts);
	if (fd < 0)
		return attach_error(fd, ifname, err);
	code = gate_pins_link(&g->pins, ifindex, fd);
	if (code) {
		gate_pins_end(fd);
		return error_set(err, code,
				 "%s: its program cannot be pinned in %s: %s",
				 ifname, g->pins.dir, strerror(-code));
	}
	*at = (struct attachment){ .ifindex = ifindex, .link_fd = fd };
	return 0;
}

int gate_detach(struct gate *g, uint32_t ifindex)
{
	struct attachment *at = ifindex ? attachment_find(g, ifindex) : NULL;

	if (!at)
		return -ENOENT;
	gate_pins_end(at->link_fd);
	*at = (struct attachment){ 0 };
	return gate_pins_unlink(&g->pins, ifindex);
}

bool gate_attached(const struct gate *g, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	for (unsigned i = 0; i < GATE_PORTS_MAX; i++) {
		if (!ifindex || g->ports[i].ifindex != ifindex)
			continue;
		/* The kernel writes 0 there once the port let go. */
		return !bpf_obj_get_info_by_fd(g->ports[i].link_fd, &info,
					       &len) &&
		       info.xdp.ifindex == ifindex;
	}
	return false;
}

/* ---- networks */

static struct gate_net_key net_key(const struct prefix *p)
{
	struct prefix net = prefix_network(p);
	struct gate_net_key key = { .prefixlen = net.len };

	memcpy(key.addr, net.addr.b, sizeof(key.addr));
	return key;
}

static int key_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct gate_net_key));
}

/* Deletes what is in the map and not among the 'n' sorted 'keys'. The next
 * key is asked for first: from a deleted one the walk would start over. */
static int nets_prune(int map, const struct gate_net_key *keys, unsigned n)
{
	struct gate_net_key at, next;
	int end = bpf_map_get_next_key(map, NULL, &at), err;

	while (!end) {
		end = bpf_map_get_next_key(map, &at, &next);
		if (!bsearch(&at, keys, n, sizeof(*keys), key_compare)) {
			err = bpf_map_delete_elem(map, &at);
			if (err)
				return err;
		}
		at = next;
	}
	return 0;
}

int gate_nets_set(struct gate *g, const struct gate_prefix *nets, unsigned n)
{
	int map = bpf_map__fd(g->skel->maps.kernel_nets), err = 0;
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
	if (!err) {
		qsort(keys, n, sizeof(*keys), key_compare);
		err = nets_prune(map, keys, n);
	}
	free(keys);
	return err;
}

/* ---- counters */

unsigned gate_drops(const struct gate *g, struct drop_row *out, unsigned max)
{
	static const char *const names[DROP_REASONS] = {
#define X(id, name) [DROP_##id] = name,
		GATE_DROPS(X)
#undef X
	};
	int map = bpf_map__fd(g->skel->maps.drops);
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
