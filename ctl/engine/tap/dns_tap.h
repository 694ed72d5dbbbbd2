/* dns_tap.h - DNS on the data path: answers from the frame that asked.
 *
 * What the resolver posted (base/answers.h) is given without a socket; other
 * questions go to the resolver by a ring, and its answers come back by another
 * as long as a frame has room for them. Engine thread only. */
#ifndef ENGINE_DNS_TAP_H
#define ENGINE_DNS_TAP_H

#include "../../base/answers.h"
#include "../conf.h"
#include "../packet/pkt.h"

/* 'ifindex': the port that 'p' came by. False: 'p' is no question to the
 * gateway, and unchanged. Else its verdict is VERDICT_ANSWERED (the frame is
 * the answer now), VERDICT_HELD (asked on), VERDICT_LOCAL (for the socket to
 * look at) or VERDICT_DROP. */
bool dns_tap(struct answers *a, const struct engine_conf *conf, struct pkt *p,
	     uint32_t ifindex, uint64_t now_ms);

/* Writes the frame of 'r' to 'p' (data, room), VERDICT_ANSWERED; which port is
 * left to the caller. False: the network is another by now, and nobody of this
 * one is to be told. */
bool dns_tap_reply(const struct engine_conf *conf,
		   const struct answers_reply *r, struct pkt *p);

#endif
