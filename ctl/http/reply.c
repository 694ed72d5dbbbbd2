/* reply.c - what is written back: status line, headers, body.
 *
 * Called by the handlers through http.h and by conn.c. Control thread.
 * Invariant: server->queued is the sum of the replies whose write has not
 * ended. */
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"

/* The least a reader must take, bytes per millisecond: 64 kB/s. */
#define READER_BYTES_PER_MS 64
/* As long as the compiler sees it; 30 in truth. */
#define DATE_LEN 80
/* Replies as short as this one go out whatever waits. */
#define SMALL_MAX 4096
/* In every reply, be it to what was no request: a browser that shows one runs
 * nothing in it and lends it to no other page. */
#define GUARD                                                                  \
	"Content-Security-Policy: default-src 'self'; base-uri 'none'; "       \
	"form-action 'none'; frame-ancestors 'none'; object-src 'none'\r\n"    \
	"X-Content-Type-Options: nosniff\r\n"                                  \
	"Referrer-Policy: no-referrer\r\n"                                     \
	"Cross-Origin-Resource-Policy: same-origin\r\n"

struct reply {
	uv_write_t write;
	struct http_conn *conn;
	size_t len;
	char data[];
};

static void on_written(uv_write_t *write, int status)
{
	struct reply *reply = (struct reply *)write;
	struct http_conn *c = reply->conn;

	c->server->queued -= reply->len;
	free(reply);
	conn_written(c, status);
}

/* RFC 9110, 5.6.7; names are English whatever the locale. */
static void format_date(char out[DATE_LEN])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(out, DATE_LEN, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		 days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
		 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* RFC 9110, 15: the statuses that are used here. */
static const char *reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
		{ 200, "OK" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 426, "Upgrade Required" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return "";
}

int reply_head(char out[REPLY_HEAD_MAX], const struct http_request *r,
	       int status, const char *type, const char *headers, size_t len)
{
	char date[DATE_LEN], entity[128] = "";

	format_date(date);
	/* RFC 9110, 15.3.5 and 15.4.5: these two have no content to describe.
	 */
	if (len == REPLY_IN_PIECES)
		snprintf(entity, sizeof(entity), "Content-Type: %s\r\n%s", type,
			 r->parser.http_minor ? "Transfer-Encoding: chunked\r\n"
					      : "");
	else if (status != 204 && status != 304)
		snprintf(entity, sizeof(entity),
			 "Content-Type: %s\r\nContent-Length: %zu\r\n", type,
			 len);
	return snprintf(
		out, REPLY_HEAD_MAX,
		"HTTP/1.1 %d %s\r\nDate: %s\r\n%sConnection: %s\r\n" GUARD
		"%s\r\n",
		status, reason(status), date, entity,
		r->keep_alive ? "keep-alive" : "close", headers ? headers : "");
}

/* NULL: out of memory, or headers beyond all measure. */
static struct reply *make(const struct http_request *r, int status,
			  const char *type, const char *headers,
			  const void *body, size_t len)
{
	bool bare =
		r->parser.method == HTTP_HEAD || status == 204 || status == 304;
	size_t size = bare ? 0 : len;
	struct reply *reply;
	char head[REPLY_HEAD_MAX];
	int n = reply_head(head, r, status, type, headers, len);

	if (n < 0 || n >= REPLY_HEAD_MAX)
		return NULL;
	reply = malloc(sizeof(*reply) + (size_t)n + size);
	if (!reply)
		return NULL;
	memcpy(reply->data, head, (size_t)n);
	if (size)
		memcpy(reply->data + n, body, size);
	reply->conn = r->conn;
	reply->len = (size_t)n + size;
	return reply;
}

void http_reply(struct http_request *r, int status, const char *type,
		const char *headers, const void *body, size_t len)
{
	struct http_conn *c = r->conn;
	struct reply *reply = NULL;
	uv_buf_t buf;

	if (len > SMALL_MAX && c->server->queued + len > HTTP_QUEUE_MAX) {
		http_reply_error(r, 503, "Retry-After: 5\r\n",
				 "Too many replies wait to be read.");
		return;
	}
	if (status == 503)
		r->keep_alive = false;
	reply = make(r, status, type, headers, body, len);
	if (!reply) {
		r->on_gone = NULL;
		conn_close(c);
		return;
	}
	c->server->queued += reply->len;
	conn_writing(c, !r->keep_alive,
		     HTTP_IDLE_MS + reply->len / READER_BYTES_PER_MS);
	buf = uv_buf_init(reply->data, (unsigned)reply->len);
	if (!uv_write(&reply->write, &c->io.stream, &buf, 1, on_written))
		return;
	c->server->queued -= reply->len;
	free(reply);
	conn_close(c);
}

void http_reply_error(struct http_request *r, int status, const char *headers,
		      const char *sentence)
{
	json_t *text, *object;
	char *json = NULL;

	if (strncmp(request_target(r), "/api/", 5)) {
		http_reply(r, status, "text/plain; charset=utf-8", headers,
			   sentence, strlen(sentence));
		return;
	}
	text = json_string(sentence);
	/* A sentence may be cut within a character of several bytes. */
	if (!text)
		text = json_string("The request was refused.");
	object = json_pack("{s:o}", "error", text);
	json = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	http_reply(r, status, "application/json", headers, json ? json : "{}",
		   json ? strlen(json) : 2);
	free(json);
}

/* What is not a reply of the ordinary form: no body, and the connection goes
 * its own way. */
int reply_switch(struct http_request *r, const char *accept)
{
	struct http_conn *c = r->conn;
	struct reply *reply = malloc(sizeof(*reply) + REPLY_HEAD_MAX);
	uv_buf_t buf;
	int n;

	if (!reply)
		return -ENOMEM;
	n = snprintf(reply->data, REPLY_HEAD_MAX,
		     "HTTP/1.1 101 Switching Protocols\r\n"
		     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		     "Sec-WebSocket-Accept: %s\r\n" GUARD "\r\n",
		     accept);
	reply->conn = c;
	reply->len = (size_t)n;
	buf = uv_buf_init(reply->data, (unsigned)n);
	n = uv_write(&reply->write, &c->io.stream, &buf, 1, on_written);
	if (n) {
		free(reply);
		return n;
	}
	c->server->queued += reply->len;
	return 0;
}

void reply_no_room(struct http_conn *c)
{
	static char text[] = "HTTP/1.1 503 Service Unavailable\r\n" GUARD
			     "Connection: close\r\nContent-Length: 0\r\n\r\n";
	uv_buf_t buf = uv_buf_init(text, sizeof(text) - 1);

	uv_try_write(&c->io.stream, &buf, 1);
}

void reply_continue(struct http_conn *c)
{
	static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uv_buf_t buf = uv_buf_init(text, sizeof(text) - 1);

	c->continued = true;
	/* A socket that takes not even this much is not worth waiting for. */
	if (uv_try_write(&c->io.stream, &buf, 1) != (int)buf.len)
		conn_close(c);
}
