/* ws_wire.c - see ws_wire.h. Called by ws.c, framing also by api/ through ws.h.
 * Control thread; the clients' bytes are hostile.
 * Invariant: got <= WS_CONTROL_MAX, as wslay lets no longer control frame
 * through and no data is collected. */
#include "ws_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#define HEADER_MAX 10 /* of a server's frame, which has no mask */

/* ---- in */

static ssize_t on_wanted(uint8_t *out, size_t len, int flags, void *arg)
{
	struct ws_wire *w = arg;

	(void)flags;
	if (!w->in_len)
		return -1;
	if (len > w->in_len)
		len = w->in_len;
	memcpy(out, w->in, len);
	w->in += len;
	w->in_len -= len;
	return (ssize_t)len;
}

int ws_wire_init(struct ws_wire *w)
{
	const struct wslay_frame_callbacks callbacks = { .recv_callback =
								 on_wanted };
	const struct wslay *calls = wslay();

	memset(w, 0, sizeof(*w));
	if (!calls)
		return -ENOSYS;
	return calls->init(&w->context, &callbacks, w) ? -ENOMEM : 0;
}

void ws_wire_fini(struct ws_wire *w)
{
	wslay()->fini(w->context);
}

void ws_wire_feed(struct ws_wire *w, const void *in, size_t len)
{
	w->in = in;
	w->in_len = len;
}

/* 0: a control frame as it should be; else the code to close with. */
static uint16_t judge(const struct wslay_frame_iocb *f)
{
	/* RFC 6455, 5.1 and 5.2: clients mask, and no extension was agreed. */
	if (!f->mask || f->rsv)
		return WSLAY_CODE_PROTOCOL_ERROR;
	switch (f->opcode) {
	case WSLAY_PING:
	case WSLAY_PONG:
	case WSLAY_CONNECTION_CLOSE:
		return 0;
	case WSLAY_TEXT_FRAME:
	case WSLAY_BINARY_FRAME:
		return f->payload_length > WS_DATA_MAX
			       ? WSLAY_CODE_MESSAGE_TOO_BIG
			       : WSLAY_CODE_POLICY_VIOLATION;
	}
	return WSLAY_CODE_PROTOCOL_ERROR;
}

static enum ws_event refuse(struct ws_wire *w, uint16_t code)
{
	w->code = code;
	return WS_REFUSED;
}

/* RFC 6455, 7.4: codes that may be on the wire. */
static bool is_code(uint16_t code)
{
	return (code >= 1000 && code <= 1003) ||
	       (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static enum ws_event on_close(struct ws_wire *w)
{
	struct rd r = rd_init(w->payload, w->payload_len);

	if (!w->payload_len) {
		w->code = WSLAY_CODE_NORMAL_CLOSURE;
		return WS_CLOSE;
	}
	w->code = rd_be16(&r);
	if (r.bad || !is_code(w->code))
		return refuse(w, WSLAY_CODE_PROTOCOL_ERROR);
	return WS_CLOSE;
}

enum ws_event ws_wire_next(struct ws_wire *w)
{
	struct wslay_frame_iocb f;
	uint16_t code;
	ssize_t n;

	do {
		memset(&f, 0, sizeof(f));
		n = wslay()->recv(w->context, &f);
		if (n == WSLAY_ERR_WANT_READ)
			return WS_MORE;
		if (n < 0)
			return refuse(w, WSLAY_CODE_PROTOCOL_ERROR);
		code = judge(&f);
		if (code)
			return refuse(w, code);
		if (f.data_length > sizeof(w->payload) - w->got)
			return refuse(w, WSLAY_CODE_PROTOCOL_ERROR);
		if (f.data_length)
			memcpy(w->payload + w->got, f.data, f.data_length);
		w->got += f.data_length;
	} while (w->got < f.payload_length);
	w->payload_len = w->got;
	w->got = 0;
	if (f.opcode == WSLAY_CONNECTION_CLOSE)
		return on_close(w);
	return f.opcode == WSLAY_PING ? WS_PING : WS_PONG;
}

/* ---- out */

static ssize_t on_framed(const uint8_t *data, size_t len, int flags, void *arg)
{
	struct ws_frame *f = arg;

	(void)flags;
	if (len > f->room - f->len)
		return -1;
	memcpy(f->data + f->len, data, len);
	f->len += len;
	return (ssize_t)len;
}

static struct ws_frame *make(uint8_t opcode, const void *payload, size_t len)
{
	const struct wslay_frame_callbacks callbacks = { .send_callback =
								 on_framed };
	struct wslay_frame_iocb io = { .fin = 1,
				       .opcode = opcode,
				       .payload_length = len,
				       .data = payload,
				       .data_length = len };
	const struct wslay *calls = wslay();
	wslay_frame_context_ptr context;
	struct ws_frame *f;
	ssize_t n;

	f = calls ? malloc(sizeof(*f) + HEADER_MAX + len) : NULL;
	if (!f)
		return NULL;
	*f = (struct ws_frame){ .holders = 1, .room = HEADER_MAX + len };
	if (calls->init(&context, &callbacks, f)) {
		free(f);
		return NULL;
	}
	n = calls->send(context, &io);
	calls->fini(context);
	if (n == (ssize_t)len)
		return f;
	free(f);
	return NULL;
}

struct ws_frame *ws_frame_new(const void *payload, size_t len)
{
	return make(WSLAY_BINARY_FRAME, payload, len);
}

struct ws_frame *ws_frame_control(uint8_t opcode, const void *payload,
				  size_t len)
{
	return make(opcode, payload, len);
}

struct ws_frame *ws_frame_close(uint16_t code)
{
	uint8_t payload[2];
	struct wr w = wr_init(payload, sizeof(payload));

	wr_be16(&w, code);
	return make(WSLAY_CONNECTION_CLOSE, payload, sizeof(payload));
}

struct ws_frame *ws_frame_hold(struct ws_frame *f)
{
	f->holders++;
	return f;
}

void ws_frame_free(struct ws_frame *f)
{
	if (f && !--f->holders)
		free(f);
}
