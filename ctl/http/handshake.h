/* handshake.h - is this request an offer to speak WebSocket? No I/O.
 *
 * Private to http/. */
#ifndef HTTP_HANDSHAKE_H
#define HTTP_HANDSHAKE_H

#include "../proto/ws_key.h"
#include "request.h"

struct handshake {
	int status;	     /* 101, or the refusal … */
	const char *why;     /* … with its sentence … */
	const char *headers; /* … and what else it must say, or NULL */
	char accept[WS_ACCEPT_MAX];
};

/* RFC 6455, 4.2.1. */
void handshake_judge(const struct http_request *r, struct handshake *out);

#endif
