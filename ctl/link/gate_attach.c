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

/* ATTACHMENTS_MAX: there is none. ifindex 0: a free one. */
static unsigned place_of(const struct gate *g, uint32_t ifindex)
{
	unsigned i = 0;

	while (i < ATTACHMENTS_MAX && g->ports[i].ifindex != ifindex)
		i++;
	return i;
}

static struct attachment *attachment_find(struct gate *g, uint32_t ifindex)
{
	unsigned i = place_of(g, ifindex);

	return i < ATTACHMENTS_MAX ? &g->ports[i] : NULL;
}

/* Nobody's, where the port has none: nothing is attached. */
static const struct attachment *attachment_at(const struct gate *g,
					      uint32_t ifindex)
{
	static const struct attachment none = { .link_fd = -1 };
	unsigned i = ifindex ? place_of(g, ifindex) : ATTACHMENTS_MAX;

	return i < ATTACHMENTS_MAX ? &g->ports[i] : &none;
}

struct attachment *gate_attachment(struct gate *g, uint32_t ifindex)
{
	return ifindex ? attachment_find(g, ifindex) : NULL;
}

/* The port's own, or a free one. */
static struct attachment *attachment_of(struct gate *g, uint32_t ifindex,
					const char *ifname, struct error *err)
{
	struct attachment *at = attachment_find(g, ifindex);

	if (at)
		return at;
	at = attachment_find(g, 0);
	if (!at) {
		error_set(err, -ENOSPC,
			  "%s: %d ports carry programs already: name fewer",
			  ifname, GATE_PORTS_MAX);
		return NULL;
	}
	*at = (struct attachment){ .ifindex = ifindex, .link_fd = -1 };
	return at;
}

/* ---- XDP */

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

static bool xdp_stands(const struct attachment *at)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	/* The kernel writes 0 there once the port let go. */
	return !bpf_obj_get_info_by_fd(at->link_fd, &info, &len) &&
	       info.xdp.ifindex == at->ifindex;
}

void gate_xdp_end(struct gate *g, struct attachment *at)
{
	if (at->link_fd >= 0)
		gate_pins_end(at->link_fd);
	at->link_fd = -1;
	(void)gate_pins_unlink(&g->pins, at->ifindex);
}

/* Takes the classifier off clsact. An earlier run may have left it, at a
 * priority that only it knew. */
static void in_end(struct attachment *at)
{
	struct nlsock nl;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return;
	if (tc_clsact_has(&nl, at->ifindex) == 1)
		(void)tc_programs_del(&nl, at->ifindex, false);
	at->in.prio = 0;
	nlsock_close(&nl);
}

int gate_xdp_set(struct gate *g, uint32_t ifindex, const char *ifname, int prog,
		 struct error *err)
{
	struct attachment *at = attachment_of(g, ifindex, ifname, err);
	int fd;

	if (!at)
		return -ENOSPC;
	/* One that was taken from the port is made anew. */
	if (at->link_fd >= 0 && !xdp_stands(at))
		gate_xdp_end(g, at);
	if (at->link_fd >= 0)
		close(at->link_fd);
	at->link_fd = -1;
	fd = attach_left(g, ifindex, prog);
	if (fd < 0)
		fd = attach_new(g, ifindex, ifname, prog, err);
	if (fd < 0)
		return fd;
	at->link_fd = fd;
	return 0;
}

int gate_attach(struct gate *g, uint32_t ifindex, const char *ifname, bool wan,
		struct error *err)
{
	int prog = g->fds.programs[wan ? GATE_WAN_XDP : GATE_LAN_XDP];
	int code = gate_xdp_set(g, ifindex, ifname, prog, err);

	if (!code)
		gate_punt_end(g, attachment_find(g, ifindex));
	return code;
}

/* ---- clsact */

/* Journals the hook and makes it, or takes over what an earlier run made. */
static int hook_make(struct journal *j, struct nlsock *nl, uint32_t ifindex,
		     const char *ifname)
{
	int has = tc_clsact_has(nl, ifindex), code;

	if (has < 0)
		return has;
	if (has && journal_keep(j, "clsact %s %u", ifname, ifindex))
		return 0;
	code = journal_add(j, "clsact %s %u %s", ifname, ifindex,
			   has ? "found" : "made");
	return code || has ? code : tc_clsact_add(nl, ifindex);
}

/* Before all others, or as early as their kinds of filters leave room. */
static int program_set(struct nlsock *nl, struct tc_place *at, int prog_fd,
		       const char *name)
{
	int code = -EINVAL;

	if (at->prio)
		return tc_program_set(nl, at, prog_fd, name);
	for (uint16_t prio = TC_PRIO_FIRST;
	     code == -EINVAL && prio <= TC_PRIO_LAST; prio++) {
		at->prio = prio;
		code = tc_program_set(nl, at, prog_fd, name);
	}
	if (code)
		at->prio = 0;
	return code;
}

/* 'in' or 'out' of the port's attachment becomes 'which'. */
static int tc_attach(struct gate *g, struct journal *j, struct attachment *at,
		     const char *ifname, enum gate_program which)
{
	bool egress = which == GATE_EGRESS_TC || which == GATE_PUNT_SHUT_TC;
	static const char *const names[GATE_PROGRAMS] = {
		[GATE_LAN_TC] = "lan_tc",
		[GATE_WAN_TC] = "wan_tc",
		[GATE_EGRESS_TC] = "egress_tc",
		[GATE_PUNT_TC] = "punt_tc",
		[GATE_PUNT_SHUT_TC] = "punt_shut_tc",
	};
	struct tc_place *place = egress ? &at->out : &at->in;
	struct nlsock nl;
	int code = nlsock_open(&nl, NETLINK_ROUTE);

	if (code)
		return code;
	place->ifindex = at->ifindex;
	place->egress = egress;
	code = hook_make(j, &nl, at->ifindex, ifname);
	if (!code)
		code = program_set(&nl, place, g->fds.programs[which],
				   names[which]);
	nlsock_close(&nl);
	return code;
}

static int tc_error(int code, const char *ifname, struct error *err)
{
	if (code == -EEXIST)
		return error_set(err, code,
				 "%s: another \"ingress\" discipline is in the "
				 "way: make it clsact, or choose another port",
				 ifname);
	if (code == -ENOENT || code == -EOPNOTSUPP)
		return error_set(err, code,
				 "%s: this kernel has no clsact or no programs "
				 "in it: enable NET_SCH_INGRESS, NET_CLS_BPF",
				 ifname);
	return error_set(err, code,
			 "%s: no program can be put at its clsact: "
			 "%s",
			 ifname, strerror(-code));
}

int gate_tc_set(struct gate *g, struct journal *j, uint32_t ifindex,
		const char *ifname, enum gate_program which, struct error *err)
{
	struct attachment *at = attachment_of(g, ifindex, ifname, err);
	int code;

	if (!at)
		return -ENOSPC;
	code = tc_attach(g, j, at, ifname, which);
	return code ? tc_error(code, ifname, err) : 0;
}

int gate_attach_tc(struct gate *g, struct journal *j, uint32_t ifindex,
		   const char *ifname, bool wan, struct error *err)
{
	int code = gate_tc_set(g, j, ifindex, ifname,
			       wan ? GATE_WAN_TC : GATE_LAN_TC, err);

	if (code)
		return code;
	/* What an earlier run left at XDP would take the packets before. */
	gate_xdp_end(g, attachment_find(g, ifindex));
	gate_punt_end(g, attachment_find(g, ifindex));
	return 0;
}

int gate_attach_behind(struct gate *g, struct journal *j, uint32_t ifindex,
		       const char *ifname, bool wan, struct error *err)
{
	struct attachment *at = attachment_find(g, ifindex);
	int code;

	if (!at)
		return -ENOENT;
	code = tc_attach(g, j, at, ifname, wan ? GATE_WAN_TC : GATE_LAN_TC);
	if (!code)
		return 0;
	in_end(at);
	return tc_error(code, ifname, err);
}

bool gate_has_tc(const struct gate *g, uint32_t ifindex)
{
	return attachment_at(g, ifindex)->in.prio;
}

int gate_attach_egress(struct gate *g, struct journal *j, uint32_t ifindex,
		       const char *ifname, struct error *err)
{
	return gate_tc_set(g, j, ifindex, ifname, GATE_EGRESS_TC, err);
}

static void tc_end(struct attachment *at)
{
	struct nlsock nl;

	if ((!at->in.prio && !at->out.prio) || nlsock_open(&nl, NETLINK_ROUTE))
		return;
	if (at->in.prio)
		(void)tc_program_del(&nl, &at->in);
	if (at->out.prio)
		(void)tc_program_del(&nl, &at->out);
	nlsock_close(&nl);
}

static bool tc_stands(const struct attachment *at)
{
	struct nlsock nl;
	bool stands;

	if (!at->in.prio && !at->out.prio)
		return true;
	if (nlsock_open(&nl, NETLINK_ROUTE))
		return false;
	stands = (!at->in.prio || tc_program_has(&nl, &at->in) == 1) &&
		 (!at->out.prio || tc_program_has(&nl, &at->out) == 1);
	nlsock_close(&nl);
	return stands;
}

/* ---- both */

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
	gate_punt_settle(g);
}

int gate_detach(struct gate *g, uint32_t ifindex)
{
	struct attachment *at = ifindex ? attachment_find(g, ifindex) : NULL;

	if (!at)
		return -ENOENT;
	gate_punt_end(g, at);
	gate_xdp_end(g, at);
	tc_end(at);
	*at = (struct attachment){ 0 };
	return 0;
}

static bool stands(const struct attachment *at)
{
	if (at->link_fd < 0 && !at->in.prio)
		return false;
	return (at->link_fd < 0 || xdp_stands(at)) && tc_stands(at);
}

bool gate_attached(const struct gate *g, uint32_t ifindex)
{
	const struct attachment *at = attachment_at(g, ifindex);

	return stands(at) &&
	       (!at->near || stands(attachment_at(g, at->near))) &&
	       (!at->far || stands(attachment_at(g, at->far)));
}
