/* ws.h - WebSockets to pages that listen (RFC 6455).
 *
 * The server speaks in whole binary messages, framed once for all who hear
 * them; a client that says more than control frames is sent away. Control
 * thread. */
#ifndef HTTP_WS_H
#define HTTP_WS_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"

#define WS_SILENCE_MS 30000 /* unheard for so long: pinged, twice: closed */
#define WS_STALL_MS   30000 /* a client that reads nothing for so long goes */

struct ws;	 /* one client */
struct ws_frame; /* one message on its way to any number of clients */

/* Answers 'r' with 101, or with why not (400, 405, 426, 501, 503), then NULL.
 * 'on_gone' is called once, when the client has left or was sent away; 'ws'
 * must not be touched from then on. */
struct ws *ws_accept(struct http_request *r, void (*on_gone)(void *arg),
		     void *arg);
/* Puts 'f' in the client's queue. false: the client is gone. */
bool ws_send(struct ws *w, struct ws_frame *f);
/* Sends the client away, as one that may not listen (1008). */
void ws_end(struct ws *w);
/* Bytes in the queue that the client's socket has not taken. */
size_t ws_unsent(const struct ws *w);

/* Held once by the caller; copies 'payload'. NULL: out of memory. */
struct ws_frame *ws_frame_new(const void *payload, size_t len);
struct ws_frame *ws_frame_hold(struct ws_frame *f);
/* Lets go; freed when nobody holds it. NULL is allowed. */
void ws_frame_free(struct ws_frame *f);

#endif
