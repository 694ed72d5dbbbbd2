/* port.c - opens the ports, and hands each packet to its carrier.
 * Called by engine.c (open, close, what was lost), worker.c and egress.c (the
 * rest). */
#include "port.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "../../bpf/abi.h"
#include "../base/log.h"
#include "port_nfq.h"
#include "port_xsk.h"

_Static_assert(sizeof(((struct ports *)0)->lines) / sizeof(struct port_line) >=
		       ENGINE_PORTS_MAX * GATE_QUEUES_MAX,
	       "a line for every queue");

/* ---- open and close */

static int open_out(struct ports *ps, struct error *err)
{
	bool ip = false;
	int rc;

	for (unsigned i = 0; i < ENGINE_PORTS_MAX; i++)
		ip |= ps->ports[i].info.ip_only;
	rc = port_out_open(&ps->out, ip);
	return rc ? error_set(err, rc,
			      "engine: cannot open a packet socket: %s: run as "
			      "root, or with CAP_NET_RAW and CAP_NET_ADMIN",
			      strerror(-rc))
		  : 0;
}

static void add_lines(struct ports *ps, uint8_t port)
{
	const struct engine_port *info = &ps->ports[port].info;
	uint32_t n = info->carrier == ENGINE_NFQUEUE ? 1 : info->queues;

	for (uint32_t i = 0; i < n; i++)
		ps->lines[ps->lines_n++] =
			(struct port_line){ port, (uint8_t)i };
}

static int open_port(struct ports *ps, struct port *port, struct error *err)
{
	if (port->info.carrier == ENGINE_NFQUEUE)
		return nfq_open(&port->nfq, &port->info, err);
	return xsk_port_open(ps, port, err);
}

static bool is_open(const struct port *port)
{
	return port->umem || port->nfq;
}

static void close_port(struct ports *ps, struct port *port)
{
	if (!is_open(port))
		return;
	if (port->info.carrier == ENGINE_XDP) {
		xsk_port_close(ps, port);
		return;
	}
	nfq_lost(port->nfq, &ps->past_rx_lost, &ps->past_tx_lost);
	nfq_close(port->nfq);
	port->nfq = NULL;
}

static void name_port(struct port *port, const struct engine_port *info)
{
	*port = (struct port){ .info = *info };
	if (info->carrier == ENGINE_NFQUEUE)
		port->info.queues = 0;
}

static void list_ports(struct ports *ps, const struct engine_port *ports,
		       unsigned n)
{
	memset(ps->ports, 0, sizeof(ps->ports));
	ps->xsks_n = 0;
	for (unsigned i = 0; i < n; i++) {
		name_port(&ps->ports[i], &ports[i]);
		ps->xsks_n += ps->ports[i].info.queues;
	}
}

/* What follows from which ports are open. */
static void list_lines(struct ports *ps)
{
	ps->lines_n = 0;
	ps->wan = PORT_NONE;
	for (unsigned i = 0; i < ps->n; i++) {
		if (!is_open(&ps->ports[i]))
			continue;
		add_lines(ps, (uint8_t)i);
		if (ps->ports[i].info.wan)
			ps->wan = (int)i;
	}
}

int ports_open(struct ports *ps, const struct engine_port *ports, unsigned n,
	       int xsks_fd, struct error *err)
{
	int rc;

	if (n > ENGINE_PORTS_MAX)
		return error_set(err, -EINVAL,
				 "engine: %u ports are more than %d: name "
				 "fewer",
				 n, ENGINE_PORTS_MAX);
	ps->xsks_fd = xsks_fd;
	list_ports(ps, ports, n);
	rc = open_out(ps, err);
	for (; !rc && ps->n < n; ps->n++)
		rc = open_port(ps, &ps->ports[ps->n], err);
	list_lines(ps);
	if (rc)
		ports_close(ps);
	return rc;
}

void ports_close(struct ports *ps)
{
	while (ps->n)
		close_port(ps, &ps->ports[--ps->n]);
	port_out_close(&ps->out);
	ps->xsks_n = 0;
	ps->lines_n = 0;
	ps->wan = PORT_NONE;
}

/* ---- some of them */

static bool same(const struct port *port, const struct engine_port *info)
{
	return is_open(port) && port->info.ifindex == info->ifindex &&
	       port->info.slot == info->slot && port->info.wan == info->wan &&
	       port->info.carrier == info->carrier;
}

static bool is_wanted(const struct port *port, const struct engine_port *ports,
		      unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (same(port, &ports[i]))
			return true;
	return false;
}

/* The place of an open port; of one that is not, PORT_NONE. */
static int place_of(const struct ports *ps, const struct engine_port *info)
{
	for (unsigned i = 0; i < ps->n; i++)
		if (same(&ps->ports[i], info))
			return (int)i;
	return PORT_NONE;
}

/* The memory of AF_XDP is made for so many queues, and the first one in it
 * stays bound as long as its device lives; the raw socket is there or not. */
static bool must_reopen(const struct ports *ps, const struct engine_port *ports,
			unsigned n)
{
	unsigned queues = 0;
	bool ip = false, had = false;
	char name[IF_NAMESIZE];

	for (unsigned i = 0; i < n; i++) {
		queues += ports[i].carrier == ENGINE_XDP ? ports[i].queues : 0;
		ip |= ports[i].ip_only;
	}
	for (unsigned i = 0; i < ps->n; i++) {
		const struct port *port = &ps->ports[i];

		had |= port->info.ip_only;
		if (port->umem && !is_wanted(port, ports, n) &&
		    if_indextoname(port->info.ifindex, name))
			return true;
	}
	return queues > ps->xsks_n || (ip && !had);
}

static struct port *free_place(struct ports *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		if (!is_open(&ps->ports[i]))
			return &ps->ports[i];
	return ps->n < ENGINE_PORTS_MAX ? &ps->ports[ps->n++] : NULL;
}

static int open_new(struct ports *ps, const struct engine_port *info,
		    struct error *err)
{
	struct port *port = free_place(ps);
	int rc;

	if (!port)
		return error_set(err, -EINVAL, "%s: no place for another port",
				 info->ifname);
	name_port(port, info);
	rc = open_port(ps, port, err);
	if (rc) {
		close_port(ps, port);
		*port = (struct port){ 0 };
	}
	return rc;
}

int ports_change(struct ports *ps, const struct engine_port *ports, unsigned n,
		 struct error *err)
{
	int rc, first = 0;

	if (n > ENGINE_PORTS_MAX || must_reopen(ps, ports, n))
		return -EAGAIN;
	for (unsigned i = 0; i < ps->n; i++) {
		struct port *port = &ps->ports[i];

		if (!is_open(port) || is_wanted(port, ports, n))
			continue;
		close_port(ps, port);
		*port = (struct port){ 0 };
	}
	for (unsigned i = 0; i < n; i++) {
		if (place_of(ps, &ports[i]) != PORT_NONE)
			continue;
		rc = open_new(ps, &ports[i], err);
		first = first ? first : rc;
	}
	list_lines(ps);
	return first;
}

bool ports_whole(const struct ports *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		if (ps->ports[i].nfq && !nfq_whole(ps->ports[i].nfq))
			return false;
	return xsk_whole(ps);
}

void ports_lost(const struct ports *ps, uint64_t *rx, uint64_t *tx)
{
	*rx = ps->past_rx_lost;
	*tx = ps->past_tx_lost;
	for (unsigned i = 0; i < ps->n; i++) {
		const struct port *port = &ps->ports[i];

		if (port->nfq)
			nfq_lost(port->nfq, rx, tx);
		else if (port->umem)
			xsk_lost(port, rx, tx);
	}
}

const char *port_carrier(const struct port *port)
{
	if (port->info.carrier == ENGINE_NFQUEUE)
		return "nfqueue";
	return port->umem->zerocopy ? "xdp-zerocopy" : "xdp-copy";
}

/* ---- packets */

unsigned port_recv(struct ports *ps, unsigned line, struct pkt *burst)
{
	const struct port_line *l = &ps->lines[line];
	struct port *port = &ps->ports[l->port];

	if (port->nfq)
		return nfq_recv(port->nfq, l->port, burst);
	return xsk_recv(ps, &port->queues[l->queue], burst);
}

bool port_send(struct ports *ps, unsigned out, struct pkt *p)
{
	struct port *port = &ps->ports[out];

	if (port->nfq)
		return port_out_frame(&ps->out, port->info.ifindex, p);
	return xsk_send(ps, port, p);
}

void port_accept(struct ports *ps, struct pkt *p)
{
	nfq_accept(ps->ports[p->port].nfq, p);
}

void port_pass(struct ports *ps, struct pkt *p)
{
	nfq_pass(ps->ports[p->port].nfq, p);
}

void port_free(struct ports *ps, struct pkt *p)
{
	struct nfq *nfq;

	if (p->frame == PKT_NO_FRAME)
		return;
	nfq = ps->ports[p->port].nfq;
	if (nfq)
		nfq_drop(nfq, p);
	else
		xsk_free(ps, p);
}

bool ports_flush(struct ports *ps)
{
	bool again = false;

	for (unsigned i = 0; i < ps->n; i++) {
		struct port *port = &ps->ports[i];

		if (is_open(port))
			again |= port->nfq ? nfq_flush(port->nfq)
					   : xsk_flush(port);
	}
	return again;
}

int ports_find(const struct ports *ps, uint32_t ifindex)
{
	for (unsigned i = 0; ifindex && i < ps->n; i++)
		if (ps->ports[i].info.ifindex == ifindex &&
		    !ps->ports[i].info.wan)
			return (int)i;
	return PORT_NONE;
}

/* ---- waiting */

static int line_fd(const struct ports *ps, const struct port_line *l)
{
	const struct port *port = &ps->ports[l->port];

	return port->nfq ? nfq_fd(port->nfq)
			 : xsk_socket__fd(port->queues[l->queue].xsk);
}

void ports_poll_set(const struct ports *ps, struct pollfd *fds)
{
	for (unsigned i = 0; i < ps->lines_n; i++)
		fds[i] = (struct pollfd){ .fd = line_fd(ps, &ps->lines[i]),
					  .events = POLLIN };
}

void ports_polled(const struct ports *ps, struct pollfd *fds)
{
	for (unsigned i = 0; i < ps->lines_n; i++) {
		const struct port_line *l = &ps->lines[i];
		const struct port *port = &ps->ports[l->port];

		/* A netlink socket's error is told once, by the next read. */
		if (port->nfq ||
		    !(fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		fds[i].fd = -1;
		log_warn("engine: %s: queue %u is lost, the port is gone",
			 port->info.ifname, l->queue);
	}
}
