/* port.h - the ports, whatever carries their packets: AF_XDP (port_xsk.h)
 * where the driver has native XDP, nfqueue (port_nfq.h) elsewhere.
 *
 * Packets come in by lines: an AF_XDP socket for each RX queue, an nfqueue for
 * each port without XDP. They leave as frames, by AF_XDP or by the sockets of
 * port_out.h; those that came by nfqueue go on through the kernel instead.
 *
 * Opened and closed by the control thread while the engine is stopped; the
 * rest is the engine thread's, but for what is marked. */
#ifndef ENGINE_PORT_H
#define ENGINE_PORT_H

#include <poll.h>
#include <stdatomic.h>

#include "../../base/error.h"
#include "../engine.h"
#include "../packet/pkt.h"
#include "port_out.h"
#include "umem.h"

#define PORT_BURST 64
#define PORT_NONE  -1

struct nfq;
struct xsk_queue;

/* A place whose port was closed is all zero until another takes it. */
struct port {
	struct engine_port info;

	/* ENGINE_XDP */
	struct umem *umem; /* NULL: closed */
	struct xsk_queue *queues;
	uint32_t tx_queues; /* engine thread: of them that send */

	/* ENGINE_NFQUEUE: the second is there if the port goes by marks */
	struct nfq *nfqs[2];
};

/* What packets come in by. */
struct port_line {
	uint8_t port;
	uint8_t queue;
	bool silent; /* engine thread: poll() saw that nothing is there */
};

enum { UMEM_COPY, UMEM_ZEROCOPY, UMEMS };

struct ports {
	/* immutable while open */
	int xsks_fd;
	unsigned n, xsks_n, lines_n;
	struct port ports[ENGINE_PORTS_MAX];
	struct port_line lines[ENGINE_PORTS_MAX * 64];
	struct umem umems[UMEMS];
	struct port_out out;
	int wan; /* index of the WAN port, or PORT_NONE */

	/* control thread: lost by sockets closed since */
	uint64_t past_rx_lost, past_tx_lost;
};

#define PORTS_CLOSED                                                           \
	{                                                                      \
		.out = PORT_OUT_CLOSED, .wan = PORT_NONE                       \
	}

/* ---- control thread, engine stopped */

int ports_open(struct ports *ps, const struct engine_port *ports, unsigned n,
	       int xsks_fd, struct error *err);
void ports_close(struct ports *ps);
/* Closes those that are not among 'ports' and opens those that are new; the
 * rest stays open, each in its place. -EAGAIN: that cannot be done without
 * closing all of them, and nothing is changed. Another error: one could not be
 * opened; the rest is as wished. */
int ports_change(struct ports *ps, const struct engine_port *ports, unsigned n,
		 struct error *err);
/* Are all frames accounted for? For the time between two bursts. */
bool ports_whole(const struct ports *ps);
/* Control thread, at any time: packets that the kernel could not hand to the
 * engine because it was too slow, and those that the kernel threw away after
 * we gave them. */
void ports_lost(const struct ports *ps, uint64_t *rx, uint64_t *tx);
/* Static storage. */
const char *port_carrier(const struct port *port);

/* ---- engine thread */

/* Takes at most PORT_BURST packets from a line. They are to be sent, accepted,
 * passed or given back before the next call for that line. */
unsigned port_recv(struct ports *ps, unsigned line, struct pkt *burst);
/* Whether to look again at once when that took 'n'. To find an nfqueue empty
 * costs as much as poll(), which looks at all of them. */
bool port_has_more(const struct ports *ps, unsigned line, unsigned n);

/* Queues the frame 'p' (data, len) on port 'out'; the flow keeps its queue.
 * True: the frame is the carrier's again and 'p->data' is not ours any more.
 * False: the way out is full, 'p' is as it was. */
bool port_send(struct ports *ps, unsigned out, struct pkt *p);

/* For packets that are 'routed': the kernel goes on with what 'p' is now, under
 * this mark; with what it was; or shows it again, whole this time. */
void port_accept(struct ports *ps, struct pkt *p, uint32_t mark);
void port_pass(struct ports *ps, struct pkt *p);
void port_see_whole(struct ports *ps, struct pkt *p);

/* Gives the frame back, if 'p' still has one: a routed packet is dropped. */
void port_free(struct ports *ps, struct pkt *p);

/* Hands what is queued to the kernel and takes sent frames back. True: it has
 * not taken all and must be asked again soon. */
bool ports_flush(struct ports *ps);

/* Is nothing on its way through the engine: neither received and not taken, nor
 * sent and not with the kernel? */
bool ports_drained(struct ports *ps);

/* The LAN port that is 'ifindex' itself, or PORT_NONE. */
int ports_find(const struct ports *ps, uint32_t ifindex);

/* One entry a line; ps->lines_n of them. */
void ports_poll_set(const struct ports *ps, struct pollfd *fds);
/* After poll(): a socket in error is waited for no more. What it says is good
 * for one turn, after which it is asked again, or ports_unpolled() called. */
void ports_polled(struct ports *ps, struct pollfd *fds);
void ports_unpolled(struct ports *ps);

#endif
