/* exchange.h - one message to an upstream by TCP, and what comes back.
 *
 * A connection of its own, closed behind it (RFC 7766, framing of 8). Has no
 * clock: the caller gives up by closing. Control thread's loop. */
#ifndef DNS_EXCHANGE_H
#define DNS_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"

struct exchange;

/* Once: 0 and the message, which is valid during the call, or -errno. The
 * exchange is to be closed in it. */
typedef void exchange_done(void *arg, int err, const uint8_t *msg, size_t len);

/* Copies 'msg'. Never calls 'done' before it returns. */
int exchange_start(struct exchange **out, uv_loop_t *loop,
		   const struct endpoint *to, const uint8_t *msg, size_t len,
		   exchange_done *done, void *arg);
/* Freed when the loop ran; 'done' is not called any more. */
void exchange_close(struct exchange *x);

#endif
