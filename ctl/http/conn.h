/* conn.h - a server and its connections. Private to http/.
 *
 * server.c owns the list, conn.c each connection's states, reply.c what is
 * written. A connection lives until its handle's close callback. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/container_of.h"
#include "http.h"
#include "request.h"
#include "ws.h"

#define CONN_IN_MAX 16384

union http_stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct http_server {
	/* immutable after start */
	uv_loop_t *loop;
	http_handler *handler;
	void *arg;
	bool is_unix;

	union http_stream listener;
	uv_timer_t sweep;
	unsigned handles; /* not yet closed: listener, sweep, connections */
	bool closing, full;
	unsigned conns_n;
	struct http_conn *conns;
	size_t queued; /* bytes of replies on their way */
};

/* reading -> handling -> writing -> reading, or -> lingering at the end: the
 * client may still be sending and would lose the reply to a reset.
 * handling -> websocket -> writing (the last frame) -> lingering. */
enum conn_state {
	CONN_READING,
	CONN_HANDLING,
	CONN_WRITING,
	CONN_WEBSOCKET,
	CONN_LINGERING,
	CONN_CLOSING,
};

struct http_conn {
	struct http_server *server;
	struct http_conn *next, **link;
	union http_stream io;
	struct addr peer; /* zero on a unix socket */

	enum conn_state state;
	uint64_t deadline_ms; /* uv_now() clock */
	bool listens;	      /* bytes are being read */
	bool eof;	      /* the client has said all it will say */
	bool last;	      /* no further request after this reply */
	bool continued;	      /* "100 Continue" was sent */
	uv_shutdown_t shutdown;

	size_t in_len;
	char in[CONN_IN_MAX];
	struct http_request request;
	struct ws *ws; /* NULL: not yet, or no longer */
};

/* Takes a waiting connection from the listener. NULL: none or no memory. */
struct http_conn *conn_accept(struct http_server *s);
void conn_start(struct http_conn *c);
/* Its time is over. */
void conn_expire(struct http_conn *c);
void conn_close(struct http_conn *c);
/* Has it nothing under way? */
bool conn_is_idle(const struct http_conn *c);

/* From reply.c: the reply is going out, 'ms' is fair time for it. */
void conn_writing(struct http_conn *c, bool last, uint64_t ms);
void conn_written(struct http_conn *c, int status);
/* From stream.c: a piece is out, the next is being made. */
void conn_handling(struct http_conn *c);
/* From ws.c: its request is answered, what comes now is for ws_read(). */
void conn_switched(struct http_conn *c);

/* ws.c: bytes have come in; time has gone by; the connection is ending. */
void ws_read(struct http_conn *c, uint64_t now_ms);
void ws_look(struct http_conn *c, uint64_t now_ms);
void ws_gone(struct http_conn *c);

/* server.c: a handle of the server is gone; frees it after the last. */
void server_unref(struct http_server *s);

/* reply.c: the head of a reply; of one in pieces 'len' is REPLY_IN_PIECES.
 * Returns its length, or one that is too large. */
#define REPLY_HEAD_MAX	2048
#define REPLY_IN_PIECES SIZE_MAX
int reply_head(char out[REPLY_HEAD_MAX], const struct http_request *r,
	       int status, const char *type, const char *headers, size_t len);

/* reply.c: lets a client that waits for it go on. */
void reply_continue(struct http_conn *c);
/* Answers with 101; the connection stays. 0 or -errno, then nothing is sent. */
int reply_switch(struct http_request *r, const char *accept);
/* Tells a client that finds no room, as far as one write goes. */
void reply_no_room(struct http_conn *c);

#endif
