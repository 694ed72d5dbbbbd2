/* listen_udp.h - takes questions by UDP on one address of ours.
 *
 * Bound to that address alone, so that answers leave from where they were
 * asked. Control thread's loop. */
#ifndef DNS_LISTEN_UDP_H
#define DNS_LISTEN_UDP_H

#include <uv.h>

#include "asker.h"
#include "tally.h"

struct listen_udp;

/* -EADDRINUSE, -EADDRNOTAVAIL and what else bind() says. */
int listen_udp_open(struct listen_udp **out, uv_loop_t *loop,
		    const struct endpoint *at, struct tally *tally,
		    const struct asker_events *events);
/* A question that came by the data path; its answer goes that way, too, or out
 * here. Between the two others answers are gathered, and go together. */
void listen_udp_gather(struct listen_udp *l);
void listen_udp_take(struct listen_udp *l, const struct answers_question *q);
void listen_udp_flush(struct listen_udp *l);
/* Freed when the loop ran; on_gone is called in this. */
void listen_udp_close(struct listen_udp *l);

#endif
