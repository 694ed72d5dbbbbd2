/* nlwatch.c - see nlwatch.h. Opened by gateway/kernel.c and netdev.c. Control
 * thread only. */
#include "nlwatch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "nlsock.h"

struct nlwatch {
	uv_poll_t poll;
	struct mnl_socket *mnl;
	void (*on_change)(void *arg);
	void *arg;
};

/* What it was is no matter, and an overrun says as much as a message. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct nlwatch *w = poll->data;
	char buf[NLSOCK_BUF];

	(void)events;
	while (recv(mnl_socket_get_fd(w->mnl), buf, sizeof(buf),
		    MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
	/* libuv takes the overrun of a socket for its end and stops. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	w->on_change(w->arg);
}

static int socket_open(struct nlwatch *w, int bus, int group)
{
	w->mnl = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->mnl)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	if (mnl_socket_bind(w->mnl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(w->mnl, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return -errno;
	return 0;
}

static void watch_free(struct nlwatch *w)
{
	if (w->mnl)
		mnl_socket_close(w->mnl);
	free(w);
}

static void on_closed(uv_handle_t *handle)
{
	watch_free(handle->data);
}

int nlwatch_open(struct nlwatch **out, uv_loop_t *loop, int bus, int group,
		 void (*on_change)(void *arg), void *arg)
{
	struct nlwatch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->on_change = on_change;
	w->arg = arg;
	err = socket_open(w, bus, group);
	if (!err)
		err = uv_poll_init(loop, &w->poll, mnl_socket_get_fd(w->mnl));
	if (err) {
		watch_free(w);
		return err;
	}
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
	*out = w;
	return 0;
}

void nlwatch_close(struct nlwatch *w)
{
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_closed);
}
