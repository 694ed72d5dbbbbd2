/* fuzz_ws.c - what a client says from its offer of a WebSocket on: a request,
 * and behind it frames, which come in pieces whose size the first byte says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/http/handshake.h"
#include "../../ctl/http/ws_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes behind the request, or all of them where there was none. */
static size_t offer(const uint8_t *data, size_t size)
{
	struct http_request *r = calloc(1, sizeof(*r));
	struct handshake h;
	size_t used = 0;

	request_reset(r);
	if (request_feed(r, (const char *)data, size, &used) == REQUEST_WHOLE) {
		handshake_judge(r, &h);
		if (h.status == 101 && strlen(h.accept) != WS_ACCEPT_MAX - 1)
			abort();
		if (h.status != 101 && !h.why)
			abort();
	} else {
		used = 0;
	}
	request_fini(r);
	free(r);
	return used;
}

static void answer(const struct ws_wire *w, enum ws_event event)
{
	struct ws_frame *f;

	if (event == WS_PING) {
		f = ws_frame_control(WSLAY_PONG, w->payload, w->payload_len);
		if (f->len != 2 + w->payload_len || f->data[0] != 0x8a)
			abort();
		ws_frame_free(f);
	} else if (event != WS_PONG) {
		f = ws_frame_close(w->code);
		if (f->len != 4 || w->code < 1000 || w->code > 4999)
			abort();
		ws_frame_free(f);
	}
}

static void listen_to(const uint8_t *data, size_t size, size_t step)
{
	enum ws_event event;
	struct ws_wire w;
	size_t n;

	if (ws_wire_init(&w))
		abort();
	while (size) {
		n = size < step ? size : step;
		ws_wire_feed(&w, data, n);
		while ((event = ws_wire_next(&w)) != WS_MORE) {
			answer(&w, event);
			if (event == WS_CLOSE || event == WS_REFUSED) {
				ws_wire_fini(&w);
				return;
			}
		}
		if (w.in_len)
			abort();
		data += n;
		size -= n;
	}
	ws_wire_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step, used;

	if (!size)
		return 0;
	step = data[0] ? data[0] : 1;
	used = offer(data + 1, size - 1);
	listen_to(data + 1 + used, size - 1 - used, step);
	return 0;
}
