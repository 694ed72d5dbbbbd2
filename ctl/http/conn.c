/* conn.c - a connection: bytes in, one request at a time, a reply, the next.
 *
 * Called by server.c (accepting, time), reply.c (written) and ws.c, which takes
 * over when the client wants to listen. Control thread.
 * Invariant: one request at a time; what was pipelined behind it waits in
 * 'in', and when that is full, in the kernel. */
#include "conn.h"

#include <stdlib.h>
#include <string.h>

#include "../base/log.h"

#define LINGER_MS 2000
#define LOOK_MS	  1000 /* at a WebSocket, how it fares */

static void pump(struct http_conn *c);

static struct http_conn *conn_of(void *handle)
{
	return container_of(handle, struct http_conn, io);
}

/* The one place where a connection's state changes. */
static void enter(struct http_conn *c, enum conn_state state, uint64_t ms)
{
	static const char *const names[] = { "reading",	  "handling",
					     "writing",	  "websocket",
					     "lingering", "closing" };

	log_debug("http: connection %p: %s -> %s", (void *)c, names[c->state],
		  names[state]);
	c->state = state;
	c->deadline_ms =
		ms == UINT64_MAX ? UINT64_MAX : uv_now(c->server->loop) + ms;
}

/* ---- life */

static void on_closed(uv_handle_t *handle)
{
	struct http_conn *c = conn_of(handle);
	struct http_server *s = c->server;

	request_fini(&c->request);
	free(c);
	server_unref(s);
}

void conn_close(struct http_conn *c)
{
	bool held = c->request.on_gone &&
		    (c->state == CONN_HANDLING || c->request.on_more);

	if (c->state == CONN_CLOSING)
		return;
	enter(c, CONN_CLOSING, UINT64_MAX);
	if (c->link) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		c->server->conns_n--;
	}
	uv_close(&c->io.handle, on_closed);
	if (held)
		c->request.on_gone(c->request.gone_arg);
	if (c->ws)
		ws_gone(c);
}

static void learn_peer(struct http_conn *c)
{
	struct sockaddr_storage name;
	int len = sizeof(name);

	if (uv_tcp_getpeername(&c->io.tcp, (struct sockaddr *)&name, &len))
		return;
	if (name.ss_family == AF_INET)
		c->peer =
			addr_v4(((struct sockaddr_in *)&name)->sin_addr.s_addr);
	else
		memcpy(c->peer.b, &((struct sockaddr_in6 *)&name)->sin6_addr,
		       sizeof(c->peer.b));
}

struct http_conn *conn_accept(struct http_server *s)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = s;
	c->request.conn = c;
	if (s->is_unix)
		uv_pipe_init(s->loop, &c->io.pipe, 0);
	else
		uv_tcp_init(s->loop, &c->io.tcp);
	s->handles++;
	if (uv_accept(&s->listener.stream, &c->io.stream)) {
		conn_close(c);
		return NULL;
	}
	if (!s->is_unix) {
		uv_tcp_nodelay(&c->io.tcp, 1);
		learn_peer(c);
	}
	return c;
}

bool conn_is_idle(const struct http_conn *c)
{
	return c->state == CONN_READING && !c->request.fed;
}

/* ---- bytes in */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct http_conn *c = conn_of(handle);

	(void)suggested;
	*buf = uv_buf_init(c->in + c->in_len,
			   (unsigned)(sizeof(c->in) - c->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct http_conn *c = conn_of(stream);

	(void)buf;
	if (n == UV_EOF) {
		/* Only its sending half may be closed: what it asked for is
		 * still answered. */
		c->eof = true;
	} else if (n < 0) {
		conn_close(c);
		return;
	} else {
		c->in_len += (size_t)n;
	}
	pump(c);
}

/* Reads while there is room; a reset is then seen also while a request is
 * being handled. */
static void listen_again(struct http_conn *c)
{
	bool want = c->state != CONN_CLOSING && !c->eof &&
		    c->in_len < sizeof(c->in);

	if (want == c->listens || c->state == CONN_CLOSING)
		return;
	c->listens = want;
	if (!want)
		uv_read_stop(&c->io.stream);
	else if (uv_read_start(&c->io.stream, on_alloc, on_read))
		conn_close(c);
}

static void feed(struct http_conn *c)
{
	struct http_request *r = &c->request;
	enum request_state state;
	size_t used;

	if (!r->fed)
		enter(c, CONN_READING, HTTP_IDLE_MS);
	state = request_feed(r, c->in, c->in_len, &used);
	c->in_len -= used;
	memmove(c->in, c->in + used, c->in_len);
	if (state == REQUEST_MORE) {
		if (r->expects && !c->continued)
			reply_continue(c);
		return;
	}
	enter(c, CONN_HANDLING, UINT64_MAX);
	if (state == REQUEST_WHOLE) {
		c->server->handler(c->server->arg, r);
		return;
	}
	c->in_len = 0;
	r->keep_alive = false;
	http_reply_error(r, r->status, NULL, r->why);
}

static void pump(struct http_conn *c)
{
	while (c->state == CONN_READING && c->in_len)
		feed(c);
	if (c->state == CONN_WEBSOCKET && c->in_len)
		ws_read(c, uv_now(c->server->loop));
	if (c->state == CONN_LINGERING)
		c->in_len = 0;
	if (c->eof && c->state != CONN_HANDLING && c->state != CONN_WRITING)
		conn_close(c);
	listen_again(c);
}

void conn_start(struct http_conn *c)
{
	request_reset(&c->request);
	enter(c, CONN_READING, HTTP_IDLE_MS);
	listen_again(c);
}

void conn_expire(struct http_conn *c)
{
	if (c->state == CONN_WEBSOCKET) {
		c->deadline_ms += LOOK_MS;
		ws_look(c, uv_now(c->server->loop));
		return;
	}
	if (c->state != CONN_READING || !c->request.fed) {
		conn_close(c);
		return;
	}
	c->request.keep_alive = false;
	enter(c, CONN_HANDLING, UINT64_MAX);
	http_reply_error(&c->request, 408, NULL,
			 "The request took too long to arrive.");
}

/* ---- replies out */

void conn_writing(struct http_conn *c, bool last, uint64_t ms)
{
	c->last = last;
	enter(c, CONN_WRITING, ms);
}

void conn_handling(struct http_conn *c)
{
	enter(c, CONN_HANDLING, UINT64_MAX);
}

void conn_switched(struct http_conn *c)
{
	enter(c, CONN_WEBSOCKET, LOOK_MS);
}

/* The write is what matters; whether the peer saw the end does not. */
static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	(void)shutdown;
	(void)status;
}

void conn_written(struct http_conn *c, int status)
{
	if (c->state != CONN_WRITING)
		return;
	if (status) {
		conn_close(c);
		return;
	}
	c->continued = false;
	if (!c->last) {
		request_reset(&c->request);
		enter(c, CONN_READING, HTTP_IDLE_MS);
	} else if (uv_shutdown(&c->shutdown, &c->io.stream, on_shutdown)) {
		conn_close(c);
		return;
	} else {
		enter(c, CONN_LINGERING, LINGER_MS);
	}
	pump(c);
}
