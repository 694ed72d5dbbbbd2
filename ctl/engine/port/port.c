/* port.c - opens the ports, and hands each packet to its carrier.
 * Called by engine.c (open, close, what was lost), worker.c and egress.c (the
 * rest). */
#include "port.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "../../../bpf/abi.h"
#include "../../base/log.h"
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
	uint32_t n = info->queues;

	if (info->carrier == ENGINE_NFQUEUE)
		n = info->by_mark ? 2 : 1;
	for (uint32_t i = 0; i < n; i++)
		ps->lines[ps->lines_n++] =
			(struct port_line){ port, (uint8_t)i, false };
}

static int open_queues(struct port *port, struct error *err)
{
	int rc = 0;

	/* Where the first one sends on to is there before it. */
	if (port->info.by_mark)
		rc = nfq_open(&port->nfqs[NFQ_SECOND], &port->info, NFQ_SECOND,
			      err);
	return rc ? rc
		  : nfq_open(&port->nfqs[NFQ_FIRST], &port->info, NFQ_FIRST,
			     err);
}

static int open_port(struct ports *ps, struct port *port, struct error *err)
{
	return port->info.carrier == ENGINE_NFQUEUE
		       ? open_queues(port, err)
		       : xsk_port_open(ps, port, err);
}

static bool is_open(const struct port *port)
{
	return port->umem || port->nfqs[NFQ_FIRST];
}

static void queues_lost(const struct port *port, uint64_t *rx, uint64_t *tx)
{
	for (unsigned i = 0; i < 2; i++)
		if (port->nfqs[i])
			nfq_lost(port->nfqs[i], rx, tx);
}

static void close_port(struct ports *ps, struct port *port)
{
	if (!is_open(port))
		return;
	if (port->info.carrier == ENGINE_XDP) {
		xsk_port_close(ps, port);
		return;
	}
	queues_lost(port, &ps->past_rx_lost, &ps->past_tx_lost);
	for (unsigned i = 0; i < 2; i++) {
		nfq_close(port->nfqs[i]);
		port->nfqs[i] = NULL;
	}
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
	       port->info.carrier == info->carrier &&
	       port->info.far == info->far &&
	       port->info.by_mark == info->by_mark;
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

static bool is_there(uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name);
}

/* The first socket of a memory stays bound as long as its device lives, and no
 * other can join the memory once it does not. */
static bool is_stuck(const struct ports *ps, const struct engine_port *ports,
		     unsigned n)
{
	bool more = false;

	for (unsigned i = 0; i < n; i++)
		more |= ports[i].carrier == ENGINE_XDP &&
			place_of(ps, &ports[i]) == PORT_NONE;
	for (unsigned i = 0; more && i < UMEMS; i++)
		if (ps->umems[i].sockets && !is_there(ps->umems[i].first))
			return true;
	for (unsigned i = 0; i < ps->n; i++) {
		const struct port *port = &ps->ports[i];

		if (port->umem && !is_wanted(port, ports, n) &&
		    is_there(xsk_device(&port->info)))
			return true;
	}
	return false;
}

/* The memory of AF_XDP is made for so many queues; the raw socket is there or
 * not. */
static bool must_reopen(const struct ports *ps, const struct engine_port *ports,
			unsigned n)
{
	bool ip = false, had = false;
	unsigned queues = 0;

	for (unsigned i = 0; i < n; i++) {
		queues += ports[i].carrier == ENGINE_XDP ? ports[i].queues : 0;
		ip |= ports[i].ip_only;
	}
	for (unsigned i = 0; i < ps->n; i++)
		had |= ps->ports[i].info.ip_only;
	return queues > ps->xsks_n || (ip && !had) || is_stuck(ps, ports, n);
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

/* NULL: the line is AF_XDP's. */
static struct nfq *nfq_of(const struct ports *ps, const struct port_line *l)
{
	const struct port *port = &ps->ports[l->port];

	return port->info.carrier == ENGINE_NFQUEUE ? port->nfqs[l->queue]
						    : NULL;
}

bool ports_whole(const struct ports *ps)
{
	for (unsigned i = 0; i < ps->lines_n; i++) {
		const struct nfq *nfq = nfq_of(ps, &ps->lines[i]);

		if (nfq && !nfq_whole(nfq))
			return false;
	}
	return xsk_whole(ps);
}

void ports_lost(const struct ports *ps, uint64_t *rx, uint64_t *tx)
{
	*rx = ps->past_rx_lost;
	*tx = ps->past_tx_lost;
	for (unsigned i = 0; i < ps->n; i++) {
		const struct port *port = &ps->ports[i];

		queues_lost(port, rx, tx);
		if (port->umem)
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
	struct nfq *nfq = nfq_of(ps, l);

	if (nfq)
		return l->silent ? 0 : nfq_recv(nfq, l->port, burst);
	return xsk_recv(ps, &ps->ports[l->port].queues[l->queue], burst);
}

bool port_has_more(const struct ports *ps, unsigned line, unsigned n)
{
	return nfq_of(ps, &ps->lines[line]) ? n == PORT_BURST : n;
}

bool port_send(struct ports *ps, unsigned out, struct pkt *p)
{
	struct port *port = &ps->ports[out];

	if (port->info.carrier == ENGINE_NFQUEUE)
		return port_out_frame(&ps->out, port->info.ifindex, p);
	return xsk_send(ps, port, p);
}

static struct nfq *queue_of(const struct ports *ps, const struct pkt *p)
{
	return ps->ports[p->port].nfqs[p->frame / PORT_BURST];
}

void port_accept(struct ports *ps, struct pkt *p, uint32_t mark)
{
	nfq_accept(queue_of(ps, p), p, mark);
}

void port_pass(struct ports *ps, struct pkt *p)
{
	nfq_pass(queue_of(ps, p), p);
}

void port_see_whole(struct ports *ps, struct pkt *p)
{
	nfq_see_whole(queue_of(ps, p), p);
}

void port_free(struct ports *ps, struct pkt *p)
{
	if (p->frame == PKT_NO_FRAME)
		return;
	if (ps->ports[p->port].info.carrier == ENGINE_NFQUEUE)
		nfq_drop(queue_of(ps, p), p);
	else
		xsk_free(ps, p);
}

bool ports_flush(struct ports *ps)
{
	bool again = false;

	for (unsigned i = 0; i < ps->lines_n; i++) {
		struct nfq *nfq = nfq_of(ps, &ps->lines[i]);

		again |= nfq && nfq_flush(nfq);
	}
	for (unsigned i = 0; i < ps->n; i++)
		again |= xsk_flush(&ps->ports[i]);
	return again;
}

bool ports_drained(struct ports *ps)
{
	for (unsigned i = 0; i < ps->lines_n; i++) {
		struct nfq *nfq = nfq_of(ps, &ps->lines[i]);

		if (nfq && !nfq_drained(nfq))
			return false;
	}
	for (unsigned i = 0; i < ps->n; i++)
		if (!xsk_drained(&ps->ports[i]))
			return false;
	return true;
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
	const struct nfq *nfq = nfq_of(ps, l);

	if (nfq)
		return nfq_fd(nfq);
	return xsk_socket__fd(ps->ports[l->port].queues[l->queue].xsk);
}

void ports_poll_set(const struct ports *ps, struct pollfd *fds)
{
	for (unsigned i = 0; i < ps->lines_n; i++)
		fds[i] = (struct pollfd){ .fd = line_fd(ps, &ps->lines[i]),
					  .events = POLLIN };
}

void ports_unpolled(struct ports *ps)
{
	for (unsigned i = 0; i < ps->lines_n; i++)
		ps->lines[i].silent = false;
}

void ports_polled(struct ports *ps, struct pollfd *fds)
{
	for (unsigned i = 0; i < ps->lines_n; i++) {
		struct port_line *l = &ps->lines[i];

		l->silent = !fds[i].revents;
		/* A netlink socket's error is told once, by the next read. */
		if (nfq_of(ps, l) ||
		    !(fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		fds[i].fd = -1;
		log_warn("engine: %s: queue %u is lost, the port is gone",
			 ps->ports[l->port].info.ifname, l->queue);
	}
}
