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

#include <poll.h>
#include <stdatomic.h>

#include "../base/error.h"
#include "engine.h"
#include "pkt.h"
#include "umem.h"

#define PORT_BURST 64
#define PORT_NONE  -1

struct port;

struct port_queue {
	/* immutable while open */
	struct port *port;
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

struct port {
	struct engine_port info;
	struct umem *umem; /* NULL: closed */
	struct port_queue *queues;

	/* engine thread */
	uint32_t tx_queues; /* of them that send: a device may have fewer */
};

enum { UMEM_COPY, UMEM_ZEROCOPY, UMEMS };

struct ports {
	/* immutable while open */
	int xsks_fd;
	unsigned n, queues_n;
	struct port ports[ENGINE_PORTS_MAX];
	struct umem umems[UMEMS];
	int wan; /* index of the WAN port, or PORT_NONE */

	/* control thread: lost by sockets closed since */
	uint64_t past_rx_lost, past_tx_lost;
};

/* ---- control thread, engine stopped (port_open.c) */
int ports_open(struct ports *ps, const struct engine_port *ports, unsigned n,
	       int xsks_fd, struct error *err);
void ports_close(struct ports *ps);
/* Are all frames accounted for? For the time between two bursts. */
bool ports_whole(const struct ports *ps);
/* Control thread, at any time: frames that the kernel could not hand to the
 * engine because it was too slow, and frames that a device threw away. */
void ports_lost(const struct ports *ps, uint64_t *rx, uint64_t *tx);

/* ---- engine thread (port_xsk.c) */

/* Hands the kernel frames to receive into, up to the limit. */
void port_refill(struct port_queue *q);

/* Takes at most PORT_BURST frames and gives the kernel others instead. */
unsigned port_recv(struct ports *ps, struct port_queue *q, struct pkt *burst);

/* Queues 'p' (data, len) on port 'out'; the flow keeps its queue. True: the
 * frame is the carrier's again and 'p->data' is not ours any more. False: the
 * way out is full, 'p' is as it was. */
bool port_send(struct ports *ps, unsigned out, struct pkt *p);

/* Gives the frame back, if 'p' still has one. */
void port_free(struct ports *ps, struct pkt *p);

/* Hands queued frames to the devices and takes sent ones back. True: some
 * device has not taken all and must be asked again soon. */
bool ports_flush(struct ports *ps);

/* The LAN port that is 'ifindex' itself, or PORT_NONE. */
int ports_find(const struct ports *ps, uint32_t ifindex);

/* One entry a queue; ps->queues_n of them. */
void ports_poll_set(const struct ports *ps, struct pollfd *fds);
/* After poll(): a socket in error is waited for no more. */
void ports_polled(const struct ports *ps, struct pollfd *fds);

#endif
