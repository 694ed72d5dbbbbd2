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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/log.h"
#include "bpf/abi.h"
#include "gate_adopt.h"
#include "gate_priv.h"

/* bpftool's code casts a const away. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "gate.skel.h"
#pragma GCC diagnostic pop

#define BITS_BYTES (GATE_BITS_WORDS * sizeof(uint64_t))

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

enum gate_left gate_left(const char *bpffs, const char *instance)
{
	struct gate_pins pins;

	if (gate_pins_init(&pins, bpffs, instance))
		return GATE_LEFT_NOTHING;
	if (gate_pins_left_other(&pins))
		return GATE_LEFT_OTHER;
	return gate_pins_left(&pins) ? GATE_LEFT_OURS : GATE_LEFT_NOTHING;
}

/* ---- open, close */

static int pins_anew(struct gate *g, const char *bpffs, struct error *err)
{
	int code = gate_pins_remove(&g->pins);

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

static int pins_open(struct gate *g, const char *bpffs, const char *instance,
		     struct error *err)
{
	int code = gate_pins_init(&g->pins, bpffs, instance);

	if (code)
		return error_set(err, code,
				 "gate: \"%s\" cannot name a folder of %s: "
				 "choose another --name",
				 instance, bpffs);
	if (gate_pins_left(&g->pins))
		return 0;
	return pins_anew(g, bpffs, err);
}

static int object_open(struct gate *g)
{
	size_t len;
	const void *elf = gate_bpf__elf_bytes(&len);

	g->hash = gate_adopt_hash(elf, len);
	g->skel = gate_bpf__open();
	return g->skel ? 0 : -errno;
}

/* With the maps of an earlier run, if they are all there and of our form;
 * else everything anew. */
static int object_adopt(struct gate *g, const char *bpffs, struct error *err)
{
	int code = object_open(g);

	if (!code && gate_adopt_maps(&g->pins, g->skel->obj)) {
		gate_bpf__destroy(g->skel);
		g->skel = NULL;
		code = pins_anew(g, bpffs, err);
		if (code)
			return code;
		code = object_open(g);
	} else if (!code) {
		(void)gate_adopt_programs(&g->pins, g->skel->obj, g->hash);
	}
	if (code)
		error_set(err, code, "gate: the programs cannot be read: %s",
			  strerror(-code));
	return code;
}

static int programs_load(struct gate *g, struct error *err)
{
	int code = gate_bpf__load(g->skel);

	if (code == -EPERM || code == -EACCES)
		return error_set(err, code,
				 "gate: the kernel lets us load no eBPF "
				 "program: run as root");
	if (code)
		return error_set(err, code,
				 "gate: the kernel refuses the eBPF programs: "
				 "%s: Linux 6.1 or newer is needed",
				 strerror(-code));
	return 0;
}

static void maps_take(struct gate *g)
{
	const struct gate_bpf *b = g->skel;

	g->fds.kernel_nets = bpf_map__fd(b->maps.kernel_nets);
	g->fds.port_info = bpf_map__fd(b->maps.port_info);
	g->fds.punts = bpf_map__fd(b->maps.punts);
	g->fds.lan_macs = bpf_map__fd(b->maps.lan_macs);
	g->fds.drops = bpf_map__fd(b->maps.drops);
	g->fds.express4 = bpf_map__fd(b->maps.express4);
	g->fds.express6 = bpf_map__fd(b->maps.express6);
	g->fds.express_flow = bpf_map__fd(b->maps.express_flow);
	g->fds.express_stats = bpf_map__fd(b->maps.express_stats);
	g->fds.tx_ports = bpf_map__fd(b->maps.tx_ports);
}

static int programs_take(struct gate *g)
{
	const struct gate_bpf *b = g->skel;
	const struct bpf_program *programs[GATE_PROGRAMS] = {
		[GATE_LAN_XDP] = b->progs.lan_xdp,
		[GATE_WAN_XDP] = b->progs.wan_xdp,
		[GATE_LAN_TC] = b->progs.lan_tc,
		[GATE_WAN_TC] = b->progs.wan_tc,
		[GATE_EGRESS_TC] = b->progs.egress_tc,
		[GATE_PUNT_XDP] = b->progs.punt_xdp,
		[GATE_PUNT_TC] = b->progs.punt_tc,
		[GATE_PUNT_SHUT_TC] = b->progs.punt_shut_tc,
	};

	for (unsigned i = 0; i < GATE_PROGRAMS; i++) {
		g->fds.programs[i] =
			gate_adopt_program(&g->pins, programs[i], g->hash);
		if (g->fds.programs[i] < 0)
			return g->fds.programs[i];
	}
	return 0;
}

static int object_pin(struct gate *g, struct error *err)
{
	const char *what = "";
	int code = gate_adopt_pin(&g->pins, g->skel->obj, g->hash, &what);

	if (code)
		return error_set(err, code,
				 "gate: %s cannot be pinned in %s: %s", what,
				 g->pins.dir, strerror(-code));
	maps_take(g);
	code = programs_take(g);
	if (code)
		return error_set(err, code,
				 "gate: a program pinned in %s cannot be used: "
				 "remove it",
				 g->pins.dir);
	return 0;
}

static int memory_map(struct gate *g, struct error *err)
{
	const struct bpf_map *maps[BITS_MAPS] = {
		[BITS_CLAIMED] = g->skel->maps.claimed,
		[BITS_LOCAL_OPEN] = g->skel->maps.local_open,
		[BITS_LOCAL_OWN] = g->skel->maps.local_own,
	};
	int code;
	void *p;

	code = gate_express_map(g);
	if (code)
		return error_set(err, code,
				 "gate: the express lane cannot be mapped "
				 "into memory: %s",
				 strerror(-code));
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
	for (unsigned i = 0; i < GATE_PROGRAMS; i++)
		g->fds.programs[i] = -1;
	libbpf_set_print(on_libbpf);
	code = pins_open(g, bpffs, instance, err);
	if (code) {
		free(g);
		return code;
	}
	code = object_adopt(g, bpffs, err);
	if (!code)
		code = programs_load(g, err);
	if (!code)
		code = object_pin(g, err);
	if (!code)
		code = memory_map(g, err);
	if (code) {
		gate_close(g);
		return code;
	}
	*out = g;
	return 0;
}

static void gate_free(struct gate *g)
{
	for (unsigned i = 0; i < BITS_MAPS; i++)
		if (g->bits[i])
			munmap(g->bits[i], BITS_BYTES);
	gate_express_unmap(g);
	for (unsigned i = 0; i < GATE_PROGRAMS; i++)
		if (g->fds.programs[i] >= 0)
			close(g->fds.programs[i]);
	gate_bpf__destroy(g->skel);
	free(g->percpu);
	free(g);
}

void gate_close(struct gate *g)
{
	int err;

	for (unsigned i = 0; i < ATTACHMENTS_MAX; i++)
		if (g->ports[i].ifindex)
			gate_detach(g, g->ports[i].ifindex);
	err = gate_pins_remove(&g->pins);
	if (err)
		log_warn("gate: %s is not removed: %s", g->pins.root,
			 strerror(-err));
	gate_free(g);
}

void gate_leave(struct gate *g)
{
	for (unsigned i = 0; i < ATTACHMENTS_MAX; i++)
		if (g->ports[i].ifindex && g->ports[i].link_fd >= 0)
			close(g->ports[i].link_fd);
	gate_free(g);
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

int gate_program(const struct gate *g, enum gate_program which)
{
	return g->fds.programs[which];
}
