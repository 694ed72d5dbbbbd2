/* port_xsk.h - the carrier AF_XDP: frames in, frames out.
 *
 * A port has a socket for each RX queue. Frames that cross between two ports
 * of one memory are not copied: the frame received is the frame sent. There
 * are two memories, because a shared one takes the mode of its first socket:
 * one for ports that do zero-copy, one for those that do not.
 *
 * Opened and closed by the control thread while the engine is stopped; the
 * rest is the engine thread's, but for what is marked. */
#ifndef ENGINE_PORT_XSK_H
#define ENGINE_PORT_XSK_H

#include "port.h"

struct xsk_queue {
	/* immutable while open */
	struct port *port;
	uint32_t row; /* in xsks */
	struct xsk_socket *xsk;
	struct xsk_ring_prod *fill;
	struct xsk_ring_cons *comp;
	struct xsk_ring_prod
		own_fill; /* of every socket but a memory's first */
	struct xsk_ring_cons own_comp;

	/* engine thread */
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	uint32_t rx_out; /* frames with the kernel, to receive into */
	uint32_t tx_out; /* frames in the send ring or with the kernel */
	uint32_t tx_new; /* of them not submitted yet */
	bool down;	 /* the device refuses frames */

	/* engine writes, control reads */
	_Atomic uint64_t tx_lost; /* frames that the device threw away */
};

/* ---- control thread, engine stopped (port_xsk_open.c) */

/* Zero-copy, or copy where the driver has none. */
int xsk_port_open(struct ports *ps, struct port *port, struct error *err);
void xsk_port_close(struct ports *ps, struct port *port);
/* The device that the port's sockets are bound to. */
uint32_t xsk_device(const struct engine_port *port);
/* Are all frames of both memories accounted for? */
bool xsk_whole(const struct ports *ps);
/* Control thread, at any time: what the port's sockets lost is added. */
void xsk_lost(const struct port *port, uint64_t *rx, uint64_t *tx);

/* ---- engine thread (port_xsk.c); see their namesakes in port.h */

/* Hands the kernel frames to receive into, up to the limit. */
void xsk_refill(struct xsk_queue *q);
unsigned xsk_recv(struct ports *ps, struct xsk_queue *q, struct pkt *burst);
bool xsk_send(struct ports *ps, struct port *port, struct pkt *p);
void xsk_free(struct ports *ps, struct pkt *p);
bool xsk_flush(struct port *port);
bool xsk_drained(struct port *port);

#endif
