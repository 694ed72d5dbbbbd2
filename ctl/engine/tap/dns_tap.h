/* dns_tap.h - DNS on the data path: answers from the frame that asked.
 *
 * What the resolver posted (base/answers.h) is given without a socket; other
 * questions go to the resolver by a ring, and it answers by its socket. Engine
 * thread only. */
#ifndef ENGINE_DNS_TAP_H
#define ENGINE_DNS_TAP_H

#include "../../base/answers.h"
#include "../conf.h"
#include "../packet/pkt.h"

/* False: 'p' is no question to the gateway, and unchanged. Else its verdict is
 * VERDICT_ANSWERED (the frame is the answer now), VERDICT_HELD (asked on),
 * VERDICT_LOCAL (for the socket to look at) or VERDICT_DROP. */
bool dns_tap(struct answers *a, const struct engine_conf *conf, struct pkt *p,
	     uint64_t now_ms);

#endif
