/* ws_key.h - the keys of the WebSocket handshake (RFC 6455, 4.1 and 4.2.2).
 * Pure. */
#ifndef PROTO_WS_KEY_H
#define PROTO_WS_KEY_H

#include <stdbool.h>

#define WS_ACCEPT_MAX 29 /* NUL included */

/* From Sec-WebSocket-Key to Sec-WebSocket-Accept. false: 'key' is not 16 bytes
 * in base64. */
bool ws_key_accept(const char *key, char out[WS_ACCEPT_MAX]);

#endif
