/* port_xsk.c - the data path of AF_XDP sockets.
 * Called by port.c. Engine thread.
 * Invariant: a queue's rx_out and tx_out are each at most its memory's limit,
 * so that no ring can overflow and neither direction starves the other. */
#include "port_xsk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Copy mode sends 32 frames a call at most (TX_BATCH_SIZE in net/xdp/xsk.c). */
#define KICKS_MAX (UMEM_RING_SIZE / 32 + 1)

/* ---- receive */

void xsk_refill(struct xsk_queue *q)
{
	struct umem *u = q->port->umem;
	uint32_t idx, n = u->limit - q->rx_out;

	if (n < PORT_BURST && q->rx_out)
		return;
	if (n > u->free_n)
		n = u->free_n;
	if (!n || !xsk_ring_prod__reserve(q->fill, n, &idx))
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t frame = umem_get(u);

		umem_hand(u, frame, q->row);
		*xsk_ring_prod__fill_addr(q->fill, idx + i) = frame;
	}
	xsk_ring_prod__submit(q->fill, n);
	q->rx_out += n;
	if (xsk_ring_prod__needs_wakeup(q->fill))
		recvfrom(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT, NULL,
			 NULL);
}

unsigned xsk_recv(struct ports *ps, struct xsk_queue *q, struct pkt *burst)
{
	const struct port *port = q->port;
	uint32_t idx = 0, n = xsk_ring_cons__peek(&q->rx, PORT_BURST, &idx);

	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d =
			xsk_ring_cons__rx_desc(&q->rx, idx + i);

		burst[i] = (struct pkt){
			.data = port->umem->area + d->addr,
			.len = d->len,
			.room = UMEM_FRAME_SIZE - d->addr % UMEM_FRAME_SIZE,
			.port = (uint8_t)(port - ps->ports),
			.side = port->info.wan ? SIDE_WAN : SIDE_LAN,
			.lan = port->info.lan,
			.frame = d->addr - d->addr % UMEM_FRAME_SIZE,
		};
	}
	if (n)
		xsk_ring_cons__release(&q->rx, n);
	q->rx_out -= n;
	xsk_refill(q);
	return n;
}

void xsk_free(struct ports *ps, struct pkt *p)
{
	umem_put(ps->ports[p->port].umem, p->frame);
	p->frame = PKT_NO_FRAME;
}

/* ---- send */

/* Takes back what was sent. */
static void reclaim(struct xsk_queue *q)
{
	struct umem *u = q->port->umem;
	uint32_t idx, n;

	while (q->tx_out) {
		n = xsk_ring_cons__peek(q->comp, q->tx_out, &idx);
		if (!n)
			return;
		for (uint32_t i = 0; i < n; i++)
			umem_put(u,
				 *xsk_ring_cons__comp_addr(q->comp, idx + i));
		xsk_ring_cons__release(q->comp, n);
		q->tx_out -= n;
	}
}

static struct xsk_queue *queue_of(const struct port *port, const struct pkt *p)
{
	return &port->queues[p->session % port->tx_queues];
}

/* Where the bytes of 'p' can be sent from: its own frame, or a copy when that
 * belongs to another memory or to none. */
static uint64_t own_frame(struct ports *ps, struct umem *to, struct pkt *p)
{
	uint64_t frame;

	if (p->frame != PKT_NO_FRAME && ps->ports[p->port].umem == to)
		return (uint64_t)(p->data - to->area);
	frame = umem_get(to);
	if (frame == UMEM_NONE)
		return UMEM_NONE;
	memcpy(to->area + frame, p->data, p->len);
	port_free(ps, p);
	return frame;
}

bool xsk_send(struct ports *ps, struct port *port, struct pkt *p)
{
	struct xsk_queue *q = queue_of(port, p);
	struct umem *u = port->umem;
	struct xdp_desc *d;
	uint32_t idx = 0;
	uint64_t addr;

	if (q->down || p->len > UMEM_FRAME_SIZE)
		return false;
	if (q->tx_out >= u->limit)
		reclaim(q);
	if (q->tx_out >= u->limit || xsk_prod_nb_free(&q->tx, 1) < 1)
		return false;
	addr = own_frame(ps, u, p);
	if (addr == UMEM_NONE)
		return false;

	xsk_ring_prod__reserve(&q->tx, 1, &idx);
	d = xsk_ring_prod__tx_desc(&q->tx, idx);
	*d = (struct xdp_desc){ .addr = addr, .len = p->len };
	umem_hand(u, addr, q->row);
	q->tx_out++;
	q->tx_new++;
	p->frame = PKT_NO_FRAME;
	return true;
}

static uint32_t tx_taken(const struct xsk_queue *q)
{
	return __atomic_load_n(q->tx.consumer, __ATOMIC_ACQUIRE);
}

/* Tells the device to look at the ring. 0 or -errno. */
static int wake(const struct xsk_queue *q)
{
	if (sendto(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		return -errno;
	return 0;
}

/* Frames that will not be sent. In copy mode the kernel looks at the ring only
 * while we call it, so what it left is ours. */
static void take_back(struct xsk_queue *q)
{
	uint32_t from = tx_taken(q), n = q->tx.cached_prod - from;

	for (uint32_t i = 0; i < n; i++)
		umem_put(q->port->umem,
			 xsk_ring_prod__tx_desc(&q->tx, from + i)->addr);
	q->tx.cached_prod = from;
	__atomic_store_n(q->tx.producer, from, __ATOMIC_RELEASE);
	q->tx_out -= n;
	atomic_fetch_add_explicit(&q->tx_lost, n, memory_order_relaxed);
}

/* Wakes until the device takes no more. EAGAIN: a batch is done, or socket
 * memory is used up. EBUSY: it threw one away, having no carrier or no room. */
static int wake_all(struct xsk_queue *q, bool *moved)
{
	uint32_t before;
	int rc;

	for (unsigned i = 0; i < KICKS_MAX; i++) {
		before = tx_taken(q);
		rc = wake(q);
		*moved = tx_taken(q) != before;
		if (rc == -EBUSY && *moved)
			atomic_fetch_add_explicit(&q->tx_lost, 1,
						  memory_order_relaxed);
		if (!*moved || (rc != -EBUSY && rc != -EAGAIN))
			return rc;
	}
	return -EAGAIN;
}

/* True: frames are left, try again. A zero-copy driver that needs no wakeup is
 * at work; copy mode works in our calls only. */
static bool kick(struct xsk_queue *q)
{
	struct port *port = q->port;
	uint32_t index = (uint32_t)(q - port->queues);
	bool moved = false;
	int rc;

	if (port->umem->zerocopy && !xsk_ring_prod__needs_wakeup(&q->tx))
		return false;
	rc = wake_all(q, &moved);
	q->down = rc == -ENETDOWN || rc == -ENXIO || rc == -ENODEV;
	if (tx_taken(q) == q->tx.cached_prod)
		return false;
	if (port->umem->zerocopy)
		return !q->down;
	/* A device with fewer queues to send by than to receive by says that
	 * all is well and does nothing. */
	if (!rc && !moved && index)
		port->tx_queues =
			index < port->tx_queues ? index : port->tx_queues;
	else if (!q->down)
		return true;
	take_back(q);
	return false;
}

static bool flush(struct xsk_queue *q)
{
	if (q->tx_new) {
		xsk_ring_prod__submit(&q->tx, q->tx_new);
		q->tx_new = 0;
	}
	reclaim(q);
	/* A device that is down is asked whether it still is. */
	if (!q->down && tx_taken(q) == q->tx.cached_prod)
		return false;
	return kick(q);
}

bool xsk_flush(struct port *port)
{
	bool again = false;

	for (unsigned i = 0; i < port->info.queues; i++)
		again |= flush(&port->queues[i]);
	return again;
}

bool xsk_drained(struct port *port)
{
	for (unsigned i = 0; i < port->info.queues; i++) {
		struct xsk_queue *q = &port->queues[i];

		if (xsk_cons_nb_avail(&q->rx, 1) ||
		    tx_taken(q) != q->tx.cached_prod)
			return false;
	}
	return true;
}
