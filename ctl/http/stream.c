/* stream.c - a reply whose length nobody knows yet: it goes out in pieces, each
 * when the one before is gone.
 *
 * Called by handlers through http.h. Control thread.
 * Invariant: one write is under way at most, and while it is, the connection's
 * state is CONN_WRITING; between two, CONN_HANDLING. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

#define SIZE_LINE 20 /* a piece's length in hexadecimal, and its line's end */
#define LAST	  "0\r\n\r\n"

struct piece {
	uv_write_t write;
	struct http_conn *conn;
	size_t len;
	bool last;
	char data[];
};

static void on_written(uv_write_t *write, int status)
{
	struct piece *piece = container_of(write, struct piece, write);
	struct http_conn *c = piece->conn;
	bool last = piece->last;

	c->server->queued -= piece->len;
	free(piece);
	if (last) {
		conn_written(c, status);
		return;
	}
	if (c->state != CONN_WRITING)
		return;
	if (status) {
		conn_close(c);
		return;
	}
	conn_handling(c);
	c->request.on_more(c->request.gone_arg);
}

/* Takes 'piece' over. false: the connection is gone. */
static bool put(struct http_conn *c, struct piece *piece)
{
	uv_buf_t buf = uv_buf_init(piece->data, (unsigned)piece->len);

	piece->conn = c;
	c->server->queued += piece->len;
	conn_writing(c, !c->request.keep_alive, HTTP_PIECE_MS);
	if (!uv_write(&piece->write, &c->io.stream, &buf, 1, on_written))
		return true;
	c->server->queued -= piece->len;
	free(piece);
	conn_close(c);
	return false;
}

static bool is_chunked(const struct http_request *r)
{
	return r->parser.http_minor;
}

bool http_stream(struct http_request *r, const char *type, const char *headers,
		 void (*on_more)(void *arg), void (*on_gone)(void *arg),
		 void *arg)
{
	bool bare = r->parser.method == HTTP_HEAD;
	struct piece *piece = malloc(sizeof(*piece) + REPLY_HEAD_MAX);
	int n;

	r->on_gone = NULL;
	/* Without chunks, the end of the connection is the end of the body. */
	if (!is_chunked(r))
		r->keep_alive = false;
	n = piece ? reply_head(piece->data, r, 200, type, headers,
			       REPLY_IN_PIECES)
		  : -1;
	if (n < 0 || n >= REPLY_HEAD_MAX) {
		free(piece);
		conn_close(r->conn);
		return false;
	}
	piece->len = (size_t)n;
	piece->last = bare;
	if (!put(r->conn, piece) || bare)
		return false;
	r->on_more = on_more;
	r->on_gone = on_gone;
	r->gone_arg = arg;
	return true;
}

bool http_stream_write(struct http_request *r, const void *data, size_t len)
{
	struct piece *piece = malloc(sizeof(*piece) + SIZE_LINE + len + 2);
	int n = 0;

	if (!piece) {
		conn_close(r->conn);
		return false;
	}
	if (is_chunked(r))
		n = snprintf(piece->data, SIZE_LINE, "%zx\r\n", len);
	memcpy(piece->data + n, data, len);
	piece->len = (size_t)n + len;
	if (is_chunked(r)) {
		memcpy(piece->data + piece->len, "\r\n", 2);
		piece->len += 2;
	}
	piece->last = false;
	return put(r->conn, piece);
}

void http_stream_end(struct http_request *r, bool whole)
{
	struct piece *piece =
		whole ? malloc(sizeof(*piece) + sizeof(LAST)) : NULL;

	r->on_more = NULL;
	r->on_gone = NULL;
	if (!piece) {
		conn_close(r->conn);
		return;
	}
	piece->len = is_chunked(r) ? strlen(LAST) : 0;
	memcpy(piece->data, LAST, sizeof(LAST));
	piece->last = true;
	put(r->conn, piece);
}
