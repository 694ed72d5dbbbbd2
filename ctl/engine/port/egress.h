/* egress.h - the way out: next hop to MAC address, MAC address to port.
 *
 * Engine thread only; opened and closed by the control thread while the engine
 * is stopped. */
#ifndef ENGINE_EGRESS_H
#define ENGINE_EGRESS_H

#include "fdb.h"
#include "../tap/heard.h"
#include "../packet/icmp_error.h"
#include "../mailbox.h"
#include "neigh.h"
#include "port.h"
#include "../tap/stats.h"

struct capture;
struct summary;

struct egress {
	/* lent by the worker */
	struct ports *ports;
	struct neigh *neigh;
	struct fdb *fdb;
	struct mailbox *mailbox;
	struct stats *stats;
	struct capture *capture;
	struct summary *summary;

	struct icmp_limit icmp_limit;
	struct heard heard;
	int tun_fd; /* into the machine's own stack, -1: none */

	/* control writes, engine reads */
	_Atomic bool dead[ENGINE_PORTS_MAX]; /* no carrier */
};

/* Takes 'tun_fd' over. */
void egress_open(struct egress *e, int tun_fd);
void egress_close(struct egress *e);

/* Control thread, at any time: does the port in this place have a carrier? */
void egress_set_running(struct egress *e, unsigned port, bool running);

/* Obeys 'p->verdict' and gives the frame back. The verdict becomes what
 * happened: VERDICT_FORWARD is sent, VERDICT_HELD waits for a neighbour,
 * VERDICT_DROP was dropped for 'p->drop'. */
void egress_send(struct egress *e, const struct engine_conf *conf,
		 struct pkt *p, uint64_t now_ms);

#endif
