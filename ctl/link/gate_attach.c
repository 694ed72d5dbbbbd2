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
	int prog = g->fds.programs[wan ? GATE_WAN_XDP : GATE_LAN_XDP];
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
