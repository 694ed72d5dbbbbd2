/* port_xsk_open.c - opens and closes AF_XDP sockets, zero-copy first.
 * Called by port.c. Control thread, engine stopped; xsk_lost() at any time. */
#include "port_xsk.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../../../bpf/abi.h"

/* A queue just given up is busy for some 25 ms: the kernel tears down late. */
#define BUSY_TRIES 1000
#define BUSY_NS	   1000000

uint32_t xsk_device(const struct engine_port *port)
{
	return port->far ? port->far : port->ifindex;
}

static const char *device_name(const struct engine_port *port)
{
	return port->far ? port->far_name : port->ifname;
}

static int create_socket(struct umem *u, struct xsk_queue *q, uint32_t queue)
{
	const struct xsk_socket_config config = {
		.rx_size = UMEM_RING_SIZE,
		.tx_size = UMEM_RING_SIZE,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.xdp_flags = XDP_FLAGS_DRV_MODE,
		.bind_flags = XDP_USE_NEED_WAKEUP |
			      (u->zerocopy ? XDP_ZEROCOPY : XDP_COPY),
	};
	const struct timespec pause = { .tv_nsec = BUSY_NS };
	int rc = -EBUSY;

	/* libxdp unmaps the rings of a failed first bind unless they are the
	 * ones that came with the memory. */
	q->fill = u->sockets ? &q->own_fill : &u->fill;
	q->comp = u->sockets ? &q->own_comp : &u->comp;
	for (unsigned i = 0; i < BUSY_TRIES && rc == -EBUSY; i++) {
		if (i)
			nanosleep(&pause, NULL);
		rc = xsk_socket__create_shared(
			&q->xsk, device_name(&q->port->info), queue, u->xsk,
			&q->rx, &q->tx, q->fill, q->comp, &config);
	}
	if (rc) {
		q->xsk = NULL;
		return rc;
	}
	if (!u->sockets++)
		u->first = xsk_device(&q->port->info);
	return 0;
}

/* Copy mode sends by socket buffers, each charged to the socket: let a full
 * ring of them be under way. More than the system's limit needs CAP_NET_ADMIN;
 * without it, sending is slower. */
static void set_send_buffer(const struct xsk_queue *q)
{
	int bytes = UMEM_RING_SIZE * UMEM_FRAME_SIZE;

	setsockopt(xsk_socket__fd(q->xsk), SOL_SOCKET, SO_SNDBUFFORCE, &bytes,
		   sizeof(bytes));
}

/* What the kernel counted on a socket: frames for it that found no room. */
static uint64_t rx_lost(const struct xsk_queue *q)
{
	struct xdp_statistics st = { 0 };
	socklen_t len = sizeof(st);

	if (getsockopt(xsk_socket__fd(q->xsk), SOL_XDP, XDP_STATISTICS, &st,
		       &len))
		return 0;
	return st.rx_dropped + st.rx_ring_full;
}

static void close_queue(struct ports *ps, struct port *port, uint32_t queue)
{
	struct xsk_queue *q = &port->queues[queue];

	if (!q->xsk)
		return;
	bpf_map_delete_elem(ps->xsks_fd, &q->row);
	ps->past_rx_lost += rx_lost(q);
	ps->past_tx_lost += q->tx_lost;
	xsk_socket__delete(q->xsk);
	umem_reclaim(port->umem, q->row);
	port->umem->sockets--;
}

void xsk_port_close(struct ports *ps, struct port *port)
{
	for (uint32_t i = 0; port->queues && i < port->info.queues; i++)
		close_queue(ps, port, i);
	/* The descriptor of a memory's first socket is the memory's own and
	 * stays bound, so a memory without sockets is of no more use. */
	if (port->umem && !port->umem->sockets)
		umem_close(port->umem);
	free(port->queues);
	port->queues = NULL;
	port->umem = NULL;
}

static int bind_queues(struct port *port, uint32_t *failed)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < port->info.queues; i++) {
		struct xsk_queue *q = &port->queues[i];

		*failed = i;
		q->port = port;
		q->row = port->info.slot * GATE_QUEUES_MAX + i;
		rc = create_socket(port->umem, q, i);
		if (!rc)
			set_send_buffer(q);
	}
	return rc;
}

/* From the map entry on, frames come: there is room for them before. Only now
 * that all queues are bound, because frames once handed to the kernel do not
 * come back from a socket that is closed. */
static int enter_queues(struct ports *ps, struct port *port)
{
	for (uint32_t i = 0; i < port->info.queues; i++) {
		struct xsk_queue *q = &port->queues[i];
		int fd = xsk_socket__fd(q->xsk);

		xsk_refill(q);
		if (bpf_map_update_elem(ps->xsks_fd, &q->row, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int open_port(struct ports *ps, struct port *port, bool zerocopy,
		     uint32_t *failed)
{
	int rc = 0;

	port->umem = &ps->umems[zerocopy ? UMEM_ZEROCOPY : UMEM_COPY];
	if (!port->umem->area)
		rc = umem_open(port->umem, ps->xsks_n, zerocopy);
	if (rc) {
		port->umem = NULL;
		return rc;
	}
	port->tx_queues = port->info.queues;
	port->queues = calloc(port->info.queues, sizeof(*port->queues));
	rc = port->queues ? bind_queues(port, failed) : -ENOMEM;
	if (rc)
		xsk_port_close(ps, port);
	return rc;
}

static int tell(const struct port *port, uint32_t queue, int rc,
		struct error *err)
{
	const char *name = port->info.ifname;

	switch (rc) {
	case -EPERM:
	case -EACCES:
		return error_set(err, rc,
				 "%s: not allowed to open AF_XDP sockets: run "
				 "as root, or with CAP_NET_RAW, CAP_NET_ADMIN "
				 "and CAP_BPF",
				 name);
	case -EBUSY:
		return error_set(err, rc,
				 "%s: another program's AF_XDP socket holds "
				 "queue %u: stop that program",
				 name, queue);
	case -EAFNOSUPPORT:
		return error_set(err, rc,
				 "%s: this kernel has no AF_XDP: it needs "
				 "CONFIG_XDP_SOCKETS",
				 name);
	case -ENODEV:
	case -ENXIO:
		return error_set(err, rc,
				 "%s: the interface is gone: plug it in again",
				 name);
	case -ENOMEM:
	case -ENOBUFS:
		return error_set(err, rc,
				 "%s: no memory for AF_XDP: raise the limit of "
				 "locked memory (ulimit -l)",
				 name);
	case -EOPNOTSUPP:
		return error_set(err, rc,
				 "%s: its driver takes no AF_XDP socket on "
				 "queue %u: use another port",
				 name, queue);
	default:
		return error_set(err, rc,
				 "%s: cannot bind an AF_XDP socket to queue "
				 "%u: %s",
				 name, queue, strerror(-rc));
	}
}

static int check_port(const struct port *port, struct error *err)
{
	if (port->info.slot < GATE_PORTS_MAX && port->info.queues >= 1 &&
	    port->info.queues <= GATE_QUEUES_MAX)
		return 0;
	return error_set(err, -EINVAL,
			 "%s: has %u receive queues, the gateway takes 1 to "
			 "%d: lower them with ethtool -L",
			 port->info.ifname, port->info.queues, GATE_QUEUES_MAX);
}

int xsk_port_open(struct ports *ps, struct port *port, struct error *err)
{
	uint32_t queue = 0;
	int rc = check_port(port, err);

	if (rc)
		return rc;
	rc = open_port(ps, port, true, &queue);
	if (rc && rc != -EBUSY)
		rc = open_port(ps, port, false, &queue);
	if (!rc)
		rc = enter_queues(ps, port);
	return rc ? tell(port, queue, rc, err) : 0;
}

bool xsk_whole(const struct ports *ps)
{
	uint32_t out[UMEMS] = { 0 };

	for (unsigned i = 0; i < ps->n; i++) {
		const struct port *port = &ps->ports[i];

		for (unsigned j = 0; j < port->info.queues; j++)
			out[port->umem - ps->umems] +=
				port->queues[j].rx_out + port->queues[j].tx_out;
	}
	for (unsigned i = 0; i < UMEMS; i++)
		if (ps->umems[i].area && !umem_whole(&ps->umems[i], out[i]))
			return false;
	return true;
}

void xsk_lost(const struct port *port, uint64_t *rx, uint64_t *tx)
{
	for (unsigned i = 0; i < port->info.queues; i++) {
		const struct xsk_queue *q = &port->queues[i];

		*rx += rx_lost(q);
		*tx += q->tx_lost;
	}
}
