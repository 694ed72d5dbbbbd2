/* ws.c - the second life of a connection: a page that listens.
 *
 * Called by api/ (accepting, sending) and by conn.c (bytes, time, the end).
 * Control thread.
 *
 * Everyone has the same frames in its queue; a client that does not read keeps
 * them from being freed, so what its queue may hold is for api/ to bound, how
 * long it may stand still is bounded here.
 * Invariant: conn->ws is this, and the state CONN_WEBSOCKET, until on_gone. */
#include "ws.h"

#include <errno.h>
#include <stdlib.h>

#include "conn.h"
#include "handshake.h"
#include "ws_wire.h"

/* In the kernel, for each client; it would let grow it to megabytes. */
#define KERNEL_QUEUE 65536
/* Pongs wait in the queue too: who does not read would not hear more. */
#define PONGS_MAX 65536

struct ws {
	struct http_conn *conn;
	struct ws_wire wire;
	void (*on_gone)(void *arg);
	void *arg;

	/* uv_now() clock */
	uint64_t heard_ms, moved_ms;
	bool pinged;
	uint64_t given, moved; /* bytes put in the queue; gone at moved_ms */
};

struct writing {
	uv_write_t write;
	struct http_conn *conn;
	struct ws_frame *frame;
};

/* ---- out */

static void on_written(uv_write_t *write, int status)
{
	struct writing *on = container_of(write, struct writing, write);
	struct http_conn *c = on->conn;

	ws_frame_free(on->frame);
	free(on);
	if (status && c->ws)
		conn_close(c);
	else
		conn_written(c, status);
}

/* Takes over the caller's hold on 'f'; NULL is out of memory. */
static int put(struct http_conn *c, struct ws_frame *f)
{
	struct writing *on = f ? malloc(sizeof(*on)) : NULL;
	uv_buf_t buf;
	int r;

	if (!on) {
		ws_frame_free(f);
		return -ENOMEM;
	}
	on->conn = c;
	on->frame = f;
	buf = uv_buf_init((char *)f->data, (unsigned)f->len);
	r = uv_write(&on->write, &c->io.stream, &buf, 1, on_written);
	if (r) {
		ws_frame_free(f);
		free(on);
	}
	return r;
}

/* The same for a client that is still one; false: no longer. */
static bool say(struct ws *w, struct ws_frame *f)
{
	struct http_conn *c = w->conn;

	w->given += f ? f->len : 0;
	if (!put(c, f))
		return true;
	conn_close(c);
	return false;
}

bool ws_send(struct ws *w, struct ws_frame *f)
{
	return say(w, ws_frame_hold(f));
}

size_t ws_unsent(const struct ws *w)
{
	return uv_stream_get_write_queue_size(&w->conn->io.stream);
}

/* ---- the end */

void ws_gone(struct http_conn *c)
{
	struct ws *w = c->ws;

	c->ws = NULL;
	w->on_gone(w->arg);
	ws_wire_fini(&w->wire);
	free(w);
}

/* Says why, as far as it will be heard, and waits a little for the same from
 * the client (RFC 6455, 7.1.1). */
static void finish(struct http_conn *c, uint16_t code)
{
	struct ws_frame *f = ws_frame_close(code);

	ws_gone(c);
	conn_writing(c, true, HTTP_IDLE_MS);
	if (put(c, f))
		conn_close(c);
}

void ws_end(struct ws *w)
{
	finish(w->conn, WSLAY_CODE_POLICY_VIOLATION);
}

/* ---- in */

void ws_read(struct http_conn *c, uint64_t now_ms)
{
	struct ws *w = c->ws;
	struct ws_frame *pong = NULL;
	enum ws_event event;

	w->heard_ms = now_ms;
	w->pinged = false;
	ws_wire_feed(&w->wire, c->in, c->in_len);
	c->in_len = 0;
	while ((event = ws_wire_next(&w->wire)) != WS_MORE) {
		if (event == WS_CLOSE || event == WS_REFUSED) {
			ws_frame_free(pong);
			finish(c, w->wire.code);
			return;
		}
		if (event == WS_PONG)
			continue;
		/* RFC 6455, 5.5.3: of many pings the last may stand for all. */
		ws_frame_free(pong);
		pong = ws_frame_control(WSLAY_PONG, w->wire.payload,
					w->wire.payload_len);
	}
	if (pong && ws_unsent(w) <= PONGS_MAX)
		say(w, pong);
	else
		ws_frame_free(pong);
}

/* ---- time */

void ws_look(struct http_conn *c, uint64_t now_ms)
{
	struct ws *w = c->ws;
	uint64_t moved = w->given - ws_unsent(w);

	if (moved != w->moved || !ws_unsent(w)) {
		w->moved = moved;
		w->moved_ms = now_ms;
	}
	if (now_ms - w->moved_ms >= WS_STALL_MS ||
	    now_ms - w->heard_ms >= 2 * WS_SILENCE_MS) {
		conn_close(c);
	} else if (now_ms - w->heard_ms >= WS_SILENCE_MS && !w->pinged) {
		w->pinged = true;
		say(w, ws_frame_control(WSLAY_PING, NULL, 0));
	}
}

/* ---- the beginning */

static struct ws *ws_new(struct http_request *r, void (*on_gone)(void *arg),
			 void *arg)
{
	struct ws *w = calloc(1, sizeof(*w));
	int error = w ? ws_wire_init(&w->wire) : -ENOMEM;

	if (error) {
		free(w);
		http_reply_error(r, error == -ENOSYS ? 501 : 503, NULL,
				 error == -ENOSYS
					 ? "The page can be live only with the "
					   "package libwslay1."
					 : "The gateway is out of memory.");
		return NULL;
	}
	w->conn = r->conn;
	w->on_gone = on_gone;
	w->arg = arg;
	w->heard_ms = w->moved_ms = uv_now(r->conn->server->loop);
	return w;
}

struct ws *ws_accept(struct http_request *r, void (*on_gone)(void *arg),
		     void *arg)
{
	struct http_conn *c = r->conn;
	struct handshake offer;
	int room = KERNEL_QUEUE;
	struct ws *w;

	handshake_judge(r, &offer);
	if (offer.status != 101) {
		http_reply_error(r, offer.status, offer.headers, offer.why);
		return NULL;
	}
	w = ws_new(r, on_gone, arg);
	if (!w)
		return NULL;
	uv_send_buffer_size(&c->io.handle, &room);
	if (reply_switch(r, offer.accept)) {
		ws_wire_fini(&w->wire);
		free(w);
		conn_close(c);
		return NULL;
	}
	c->ws = w;
	conn_switched(c);
	return w;
}
