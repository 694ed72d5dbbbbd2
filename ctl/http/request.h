/* request.h - one HTTP request, collected from bytes; no I/O.
 *
 * Private to http/. Embedded in its connection and used again for the next
 * request on it. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>

#include "../base/bytes.h"
#include "../proto/url.h"
#include "http.h"

enum request_state { REQUEST_MORE, REQUEST_WHOLE, REQUEST_BAD };

struct http_request {
	struct http_conn *conn; /* set once by its owner */

	llhttp_t parser;
	size_t fed; /* bytes of this request so far */
	bool head_done, whole;
	bool keep_alive;
	bool expects;	 /* waits for "100 Continue" before it sends on */
	int status;	 /* REQUEST_BAD: the answer … */
	const char *why; /* … and its sentence */

	/* "target\0name\0value\0name\0value\0…" and the target decoded. */
	char head[HTTP_HEAD_MAX], decoded[HTTP_HEAD_MAX];
	struct wr text;
	const char *value; /* start of the header value being read */
	struct url url;

	char *body;
	size_t body_len, body_room;

	void (*on_gone)(void *arg);
	void *gone_arg;
	void (*on_more)(void *arg); /* stream.c: answered in pieces */
};

/* Ready for the next request. The first time 'r' must be zeroed. */
void request_reset(struct http_request *r);
void request_fini(struct http_request *r);
/* Takes bytes up to the end of this request and says how many. */
enum request_state request_feed(struct http_request *r, const char *data,
				size_t len, size_t *used);
/* What was asked for, as far as it is known: "" at first. */
const char *request_target(const struct http_request *r);

#endif
