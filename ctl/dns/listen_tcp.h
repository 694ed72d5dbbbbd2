/* listen_tcp.h - takes questions by TCP on one address of ours (RFC 7766).
 *
 * Pipelined, answered in any order. Bounded: connections in all and of one
 * client, questions in flight on one, bytes not yet taken, idle time. One that
 * rests costs a few hundred bytes, and makes room for a new one where it has to
 * (RFC 7766, 6.2.3). Control thread's loop. */
#ifndef DNS_LISTEN_TCP_H
#define DNS_LISTEN_TCP_H

#include <uv.h>

#include "asker.h"
#include "tally.h"

#define LISTEN_TCP_CONNS_MAX	    2048
#define LISTEN_TCP_CONNS_PER_CLIENT 64
#define LISTEN_TCP_IDLE_MS	    10000

struct listen_tcp;

int listen_tcp_open(struct listen_tcp **out, uv_loop_t *loop,
		    const struct endpoint *at, struct tally *tally,
		    const struct asker_events *events);
/* Ends its connections; freed when the loop ran; on_gone is called in this,
 * for each of them. */
void listen_tcp_close(struct listen_tcp *l);

#endif
