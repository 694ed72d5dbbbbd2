/* ws_wire.h - what a WebSocket client says, and frames to say to it; no I/O.
 *
 * For a server whose clients only listen (RFC 6455): control frames are heard,
 * data is refused, nothing is kept beyond one control frame. Framing is
 * wslay's. Private to http/ but for the frames, which ws.h shows. */
#ifndef HTTP_WS_WIRE_H
#define HTTP_WS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "ws.h"
#include "wslay.h"

#define WS_CONTROL_MAX 125  /* RFC 6455, 5.5 */
#define WS_DATA_MAX    4096 /* beyond it a client is told 1009, not 1008 */

enum ws_event {
	WS_MORE, /* all is read */
	WS_PING, /* to be answered with 'payload' */
	WS_PONG,
	WS_CLOSE,   /* to be answered with 'code' */
	WS_REFUSED, /* what came is not allowed: to be closed with 'code' */
};

struct ws_wire {
	wslay_frame_context_ptr context;
	const uint8_t *in; /* not yet read */
	size_t in_len;

	size_t payload_len, got;
	uint8_t payload[WS_CONTROL_MAX];
	uint16_t code;
};

/* 0, -ENOSYS: no libwslay, -ENOMEM. Must not move once initialised. */
int ws_wire_init(struct ws_wire *w);
void ws_wire_fini(struct ws_wire *w);
/* Takes bytes, which must stay until ws_wire_next() says WS_MORE. */
void ws_wire_feed(struct ws_wire *w, const void *in, size_t len);
/* After WS_CLOSE and WS_REFUSED nothing more may be asked. */
enum ws_event ws_wire_next(struct ws_wire *w);

/* A control frame; held once. NULL: out of memory. */
struct ws_frame *ws_frame_control(uint8_t opcode, const void *payload,
				  size_t len);
struct ws_frame *ws_frame_close(uint16_t code);

struct ws_frame {
	unsigned holders;
	size_t len, room;
	uint8_t data[];
};

#endif
