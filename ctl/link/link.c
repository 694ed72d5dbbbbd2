/* link.c - follows the machine's links and keeps the mirror of them.
 *
 * A monitor socket hears that something changed; the mirror is then taken anew
 * and compared, and on_change tells what differs. Neighbours and forwarding
 * entries are not mirrored: each message goes straight to on_neigh or on_fdb.
 * Opened by gateway.c; control thread only, on its libuv loop. */
#include "link.h"
#include "link_priv.h"
#include "roles.h"
#include "rtnl.h"

#include "../base/log.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MONITOR_GROUPS                                                         \
	(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_TC | RTMGRP_IPV4_IFADDR |         \
	 RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE)
/* A burst of neighbours on a large LAN; used only while it lasts. */
#define MONITOR_RCVBUF (4 << 20)
/* Reads in one turn of the loop: others want their turn, too. */
#define MONITOR_READS 32

/* What one reading of the monitor brought. */
struct heard {
	bool changed;
	bool tc;
	bool lost;
};

static int monitor_open(struct link *l)
{
	int size = MONITOR_RCVBUF;
	int fd;

	l->monitor =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!l->monitor)
		return -errno;
	fd = mnl_socket_get_fd(l->monitor);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(l->monitor, MONITOR_GROUPS, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

/* Of disciplines, classes and filters; and of a filter's chain. */
static bool is_tc(uint16_t type)
{
	return (type >= RTM_NEWQDISC && type <= RTM_GETTFILTER) ||
	       (type >= RTM_NEWCHAIN && type <= RTM_GETCHAIN);
}

static void hear(struct link *l, const struct nlmsghdr *nlh, struct heard *h)
{
	struct link_neigh neigh;

	if (is_tc(nlh->nlmsg_type))
		h->tc = true;
	else if (nlh->nlmsg_type != RTM_NEWNEIGH &&
		 nlh->nlmsg_type != RTM_DELNEIGH)
		h->changed = true;
	else if (link_fdb_hear(l, nlh))
		return;
	else if (rtnl_parse_neigh(nlh, &neigh))
		l->events.on_neigh(l->events.arg, &neigh);
}

static struct heard monitor_read(struct link *l)
{
	alignas(struct nlmsghdr) char buf[NLSOCK_BUF];
	struct heard h = { 0 };
	const struct nlmsghdr *nlh;
	unsigned reads;
	ssize_t n;
	int left;

	for (reads = 0; reads < MONITOR_READS; reads++) {
		n = mnl_socket_recvfrom(l->monitor, buf, sizeof(buf));
		if (n < 0 && errno == ENOBUFS)
			h.lost = true;
		else if (n < 0 && errno != EINTR)
			break;
		left = n < 0 ? 0 : (int)n;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			hear(l, nlh, &h);
	}
	return h;
}

static int mirror_renew(struct link *l)
{
	struct mirror old = l->now;
	unsigned changes;
	int err;

	err = mirror_take(&l->next, &l->ask,
			  l->has_ethtool ? &l->ethtool : NULL);
	if (err) {
		log_warn("link: cannot read the machine's links: %s",
			 strerror(-err));
		return err;
	}
	l->now = l->next;
	l->next = old;
	changes = mirror_diff(&old, &l->now);
	if (changes)
		l->events.on_change(l->events.arg, changes);
	return 0;
}

static int catch_up(struct link *l, bool whatever)
{
	struct heard h = monitor_read(l);
	int err = 0;

	if (h.lost) {
		log_info("link: too many changes at once: looking anew");
		link_neighs_tell(l);
	}
	if (h.changed || h.lost || whatever)
		err = mirror_renew(l);
	if (h.tc || h.lost)
		l->events.on_change(l->events.arg, LINK_CHANGED_TC);
	return err;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct link *l = poll->data;

	(void)events;
	catch_up(l, false);
	/* libuv takes the overrun of a socket for its end and stops. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
}

int link_refresh(struct link *l)
{
	return catch_up(l, true);
}

static void link_free(struct link *l)
{
	mirror_fini(&l->now);
	mirror_fini(&l->next);
	if (l->has_ethtool)
		ethtool_close(&l->ethtool);
	nlsock_close(&l->ask);
	if (l->monitor)
		mnl_socket_close(l->monitor);
	free(l);
}

static void on_closed(uv_handle_t *handle)
{
	link_free(handle->data);
}

void link_close(struct link *l)
{
	uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}

/* The monitor listens before the first picture is taken: nothing falls
 * between the two. */
static int sockets_open(struct link *l)
{
	int err = monitor_open(l);

	if (err)
		return err;
	err = nlsock_open(&l->ask, NETLINK_ROUTE);
	if (err)
		return err;
	l->has_ethtool = !ethtool_open(&l->ethtool);
	return mirror_take(&l->now, &l->ask,
			   l->has_ethtool ? &l->ethtool : NULL);
}

int link_open(struct link **out, uv_loop_t *loop,
	      const struct link_events *events, struct error *err)
{
	struct link *l = calloc(1, sizeof(*l));
	int code;

	if (!l)
		return error_set(err, -ENOMEM, "link: no memory");
	l->events = *events;
	code = sockets_open(l);
	if (!code)
		code = uv_poll_init(loop, &l->poll,
				    mnl_socket_get_fd(l->monitor));
	if (code) {
		link_free(l);
		return error_set(err, code,
				 "link: the kernel does not tell its network "
				 "interfaces over netlink: %s",
				 strerror(-code));
	}
	l->poll.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_readable);
	*out = l;
	return 0;
}

unsigned link_ifs(const struct link *l, const struct link_if **out)
{
	*out = l->now.ifs;
	return l->now.ifs_n;
}

const struct link_if *link_by_name(const struct link *l, const char *name)
{
	const struct link_if *lif = l->now.ifs;

	for (; lif < l->now.ifs + l->now.ifs_n; lif++)
		if (!strcmp(lif->name, name))
			return lif;
	return NULL;
}

const struct link_if *link_by_index(const struct link *l, uint32_t ifindex)
{
	const struct link_if *lif = l->now.ifs;

	for (; lif < l->now.ifs + l->now.ifs_n; lif++)
		if (lif->ifindex == ifindex)
			return lif;
	return NULL;
}

unsigned link_routes(const struct link *l, const struct link_route **out)
{
	*out = l->now.routes;
	return l->now.routes_n;
}

const struct link_route *link_default_route(const struct link *l,
					    uint32_t ifindex)
{
	return roles_default_route(l->now.routes, l->now.routes_n, ifindex);
}
