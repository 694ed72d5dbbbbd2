/* http.h - an HTTP/1.1 server on libuv and llhttp, for TCP and unix sockets.
 *
 * Bounded: connections, header bytes, body bytes, time. Requests are handed
 * whole to one handler, which answers now or later. Control thread. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/error.h"

#define HTTP_CONNS_MAX 256
#define HTTP_HEAD_MAX  8192  /* request line and headers: 431 beyond */
#define HTTP_BODY_MAX  65536 /* 413 beyond */
#define HTTP_IDLE_MS   15000 /* to send a whole request, or between two */
#define HTTP_PEER_MAX  64    /* connections of one address */
#define HTTP_QUEUE_MAX (128u << 20) /* bytes of replies not yet read: 503 */

struct http_server;
struct http_request; /* alive until answered or its connection is gone */

/* Called once for every whole request. Must lead to http_reply(), now or later;
 * when the client goes first, on_gone (if set by http_hold) is called. */
typedef void http_handler(void *arg, struct http_request *r);

int http_listen_tcp(struct http_server **out, uv_loop_t *loop,
		    const struct endpoint *at, http_handler *handler, void *arg,
		    struct error *err);
/* Mode 0600; a stale socket file is replaced. */
int http_listen_unix(struct http_server **out, uv_loop_t *loop,
		     const char *path, http_handler *handler, void *arg,
		     struct error *err);
/* Stops listening, ends connections, frees after the loop ran. */
void http_close(struct http_server *s);

/* ---- the request; strings are valid until it is answered */
const char *http_method(const struct http_request *r); /* "GET" */
const char *http_path(const struct http_request *r);   /* decoded, no query */
/* Decoded value of a query parameter, or NULL. */
const char *http_query(const struct http_request *r, const char *name);
/* Header by lower-case name, or NULL. */
const char *http_header(const struct http_request *r, const char *name);
const char *http_body(const struct http_request *r, size_t *len);
bool http_is_unix(const struct http_request *r);
/* Who asks; zero on a unix socket. */
const struct addr *http_peer(const struct http_request *r);

/* Answers later: 'on_gone' tells that the client left, after which the request
 * must not be touched. Who only closed its sending half is still answered. */
void http_hold(struct http_request *r, void (*on_gone)(void *arg), void *arg);
/* Copies 'body'. 'headers' is extra lines "Name: value\r\n…" or NULL. HEAD gets
 * no body. Every reply also carries the headers that keep a browser from being
 * fooled; 503 ends the connection, to make room. Ends the request. */
void http_reply(struct http_request *r, int status, const char *type,
		const char *headers, const void *body, size_t len);

/* Answers with 200 and a body whose length is not known before, in pieces (RFC
 * 9112, 7.1). 'on_more' is called whenever all that was written is out: then
 * one http_stream_write() or http_stream_end() shall follow, now or later. A
 * client that reads no piece in HTTP_PIECE_MS, or leaves, is told by 'on_gone',
 * after which the request must not be touched. false: that was all (HEAD, or no
 * memory), and neither is called. What http_hold() was told is over. */
#define HTTP_PIECE_MS 60000
bool http_stream(struct http_request *r, const char *type, const char *headers,
		 void (*on_more)(void *arg), void (*on_gone)(void *arg),
		 void *arg);
/* Copies 'data', at least one byte. false: out of memory, and the connection
 * is gone ('on_gone' was called). */
bool http_stream_write(struct http_request *r, const void *data, size_t len);
/* Ends the request; 'whole' false: with the connection, so that the client sees
 * that something is missing. */
void http_stream_end(struct http_request *r, bool whole);
/* Answers with one sentence: {"error": …} below /api/, else plain text. */
void http_reply_error(struct http_request *r, int status, const char *headers,
		      const char *sentence);

#endif
