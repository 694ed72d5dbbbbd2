/* gate_attach.c - programs onto ports, and off them. See gate.h.
 *
 * An XDP program sits there by a pinned bpf_link. Control thread only. */
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "gate_priv.h"

/* ifindex 0: a free one. */
static struct attachment *attachment_find(struct gate *g, uint32_t ifindex)
{
	for (unsigned i = 0; i < GATE_PORTS_MAX; i++)
		if (g->ports[i].ifindex == ifindex)
			return &g->ports[i];
	return NULL;
}

/* The id of the XDP program on the port, 0: none. */
static uint32_t program_on(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, on);

	if (bpf_xdp_query((int)ifindex, 0, &on) ||
	    on.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	if (on.attach_mode == XDP_ATTACHED_MULTI)
		return on.drv_prog_id ? on.drv_prog_id : on.skb_prog_id;
	return on.prog_id;
}

/* The link that an earlier run left on the port and that still holds it. The
 * program's id tells it from one of the same number in another network
 * namespace. -ENOENT: none. */
static int link_left(const struct gate_pins *p, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = gate_pins_link_get(p, ifindex);

	if (fd < 0)
		return -ENOENT;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) &&
	    info.xdp.ifindex == ifindex && info.prog_id == program_on(ifindex))
		return fd;
	close(fd);
	return -ENOENT;
}

static int foreign(const struct gate_pins *p, uint32_t ifindex,
		   const char *ifname, struct error *err)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info), id = program_on(ifindex);
	int fd;

	if (!id)
		return 0;
	fd = link_left(p, ifindex);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
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

int gate_foreign(const char *bpffs, const char *instance, uint32_t ifindex,
		 const char *ifname, struct error *err)
{
	struct gate_pins pins;

	/* A name that cannot be is complained of by gate_open(). */
	if (gate_pins_init(&pins, bpffs, instance))
		return 0;
	return foreign(&pins, ifindex, ifname, err);
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

/* Replaces the program of a link that an earlier run left. -ENOENT: none. */
static int attach_left(struct gate *g, uint32_t ifindex, int prog)
{
	int fd = link_left(&g->pins, ifindex), code;

	if (fd < 0)
		return fd;
	code = bpf_link_update(fd, prog, NULL);
	if (!code)
		return fd;
	close(fd);
	return code;
}

static int attach_new(struct gate *g, uint32_t ifindex, const char *ifname,
		      int prog, struct error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd, code;

	code = foreign(&g->pins, ifindex, ifname, err);
	if (code)
		return code;
	/* One that lost its port, or its own number to another. */
	(void)gate_pins_unlink(&g->pins, ifindex);
	fd = bpf_link_create(prog, (int)ifindex, BPF_XDP, &opts);
	if (fd < 0)
		return attach_error(fd, ifname, err);
	code = gate_pins_link(&g->pins, ifindex, fd);
	if (code) {
		gate_pins_end(fd);
		return error_set(err, code,
				 "%s: its program cannot be pinned in %s: %s",
				 ifname, g->pins.dir, strerror(-code));
	}
	return fd;
}

int gate_attach(struct gate *g, uint32_t ifindex, const char *ifname, bool wan,
		struct error *err)
{
	int fd, prog = g->fds.programs[wan ? GATE_WAN_XDP : GATE_LAN_XDP];
	struct attachment *at;

	/* One that was taken from the port is made anew. */
	if (!gate_attached(g, ifindex))
		(void)gate_detach(g, ifindex);
	at = attachment_find(g, ifindex);
	if (at)
		close(at->link_fd);
	else
		at = attachment_find(g, 0);
	if (!at)
		return error_set(err, -ENOSPC,
				 "%s: %d ports carry programs already: name "
				 "fewer",
				 ifname, GATE_PORTS_MAX);
	*at = (struct attachment){ 0 };
	fd = attach_left(g, ifindex, prog);
	if (fd < 0)
		fd = attach_new(g, ifindex, ifname, prog, err);
	if (fd < 0)
		return fd;
	*at = (struct attachment){ .ifindex = ifindex, .link_fd = fd };
	return 0;
}

static void settle_one(void *arg, uint32_t ifindex)
{
	struct gate *g = arg;

	if (ifindex && attachment_find(g, ifindex))
		return;
	(void)gate_pins_unlink(&g->pins, ifindex);
	(void)gate_port_del(g, ifindex);
}

void gate_settle(struct gate *g)
{
	gate_pins_links(&g->pins, settle_one, g);
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
