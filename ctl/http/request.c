/* request.c - one HTTP request, collected from bytes (RFC 9112).
 *
 * llhttp finds the parts; here they are bounded, kept and checked. Fed by
 * conn.c, asked by the handlers through http.h. Control thread.
 * Invariant: 'head' holds whole strings only, each ended by a NUL. */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Chunked bodies may be dressed in more bytes than they carry. */
#define FED_MAX (HTTP_HEAD_MAX + 8 * HTTP_BODY_MAX)

static int refuse(struct http_request *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return -1;
}

static int append(struct http_request *r, const char *at, size_t len)
{
	wr_bytes(&r->text, at, len);
	if (!r->text.bad)
		return 0;
	return refuse(r, 431, "The request's headers are too long.");
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	return append(parser->data, at, len);
}

static int on_url_complete(llhttp_t *parser)
{
	return append(parser->data, "", 1);
}

/* Fields that follow a chunked body carry nothing that anyone here asks for. */
static int on_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *r = parser->data;
	char lower;
	size_t i;

	for (i = 0; i < len && !r->head_done; i++) {
		lower = at[i];
		if (lower >= 'A' && lower <= 'Z')
			lower = (char)(lower + 'a' - 'A');
		if (append(r, &lower, 1))
			return -1;
	}
	return 0;
}

static int on_field_complete(llhttp_t *parser)
{
	struct http_request *r = parser->data;

	if (r->head_done)
		return 0;
	if (append(r, "", 1))
		return -1;
	r->value = (const char *)r->text.p;
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *r = parser->data;

	return r->head_done ? 0 : append(r, at, len);
}

static int on_value_complete(llhttp_t *parser)
{
	struct http_request *r = parser->data;

	if (r->head_done)
		return 0;
	while ((const char *)r->text.p > r->value &&
	       (r->text.p[-1] == ' ' || r->text.p[-1] == '\t'))
		r->text.p--;
	return append(r, "", 1);
}

/* The header after 'at', or the first for NULL; NULL: that was the last. */
static const char *next_header(const struct http_request *r, const char *at)
{
	if (at)
		at += strlen(at) + 1; /* its value */
	else
		at = r->head;
	at += strlen(at) + 1;
	return at < (const char *)r->text.p ? at : NULL;
}

static int check_host(struct http_request *r)
{
	const char *at = NULL;
	unsigned hosts = 0;

	while ((at = next_header(r, at)))
		hosts += !strcmp(at, "host");
	/* RFC 9112, 3.2: exactly one, but HTTP/1.0 knew none. */
	if (hosts > 1 || (!hosts && r->parser.http_minor))
		return refuse(r, 400, "The request must name one Host.");
	return 0;
}

static int check_expect(struct http_request *r)
{
	const char *expect = http_header(r, "expect");

	if (!expect)
		return 0;
	if (strcasecmp(expect, "100-continue"))
		return refuse(r, 417, "Only 100-continue may be expected.");
	r->expects = r->parser.http_minor &&
		     (r->parser.flags & F_CHUNKED || r->parser.content_length);
	return 0;
}

static int on_head(llhttp_t *parser)
{
	struct http_request *r = parser->data;

	r->head_done = true;
	/* Nothing here changes protocols; an offer to do so is passed over. */
	parser->upgrade = 0;
	if (parser->http_major != 1)
		return refuse(r, 505, "Only HTTP/1.0 and 1.1 are spoken here.");
	if (url_parse(r->head, r->decoded, sizeof(r->decoded), &r->url))
		return refuse(r, 400, "The request's target is malformed.");
	if (check_host(r))
		return -1;
	if (parser->content_length > HTTP_BODY_MAX &&
	    !(parser->flags & F_CHUNKED))
		return refuse(r, 413, "The request's body is too long.");
	return check_expect(r);
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *r = parser->data;
	size_t room = r->body_room ? r->body_room : 1024;
	char *more;

	if (r->body_len + len > HTTP_BODY_MAX)
		return refuse(r, 413, "The request's body is too long.");
	while (room < r->body_len + len)
		room *= 2;
	if (room != r->body_room) {
		more = realloc(r->body, room);
		if (!more)
			return refuse(r, 503, "The gateway is out of memory.");
		r->body = more;
		r->body_room = room;
	}
	memcpy(r->body + r->body_len, at, len);
	r->body_len += len;
	return 0;
}

static int on_whole(llhttp_t *parser)
{
	struct http_request *r = parser->data;

	r->whole = true;
	r->keep_alive = llhttp_should_keep_alive(parser);
	return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
	.on_url = on_url,
	.on_url_complete = on_url_complete,
	.on_header_field = on_field,
	.on_header_field_complete = on_field_complete,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_whole,
};

void request_reset(struct http_request *r)
{
	request_fini(r);
	llhttp_init(&r->parser, HTTP_REQUEST, &callbacks);
	r->parser.data = r;
	r->fed = 0;
	r->head_done = r->whole = r->keep_alive = r->expects = false;
	r->status = 0;
	r->why = NULL;
	r->head[0] = '\0';
	r->text = wr_init(r->head, sizeof(r->head));
	memset(&r->url, 0, sizeof(r->url));
	r->on_gone = NULL;
	r->on_more = NULL;
}

void request_fini(struct http_request *r)
{
	free(r->body);
	r->body = NULL;
	r->body_len = r->body_room = 0;
}

enum request_state request_feed(struct http_request *r, const char *data,
				size_t len, size_t *used)
{
	size_t max = r->head_done ? FED_MAX : HTTP_HEAD_MAX;

	if (len > max - r->fed)
		len = max - r->fed;
	if (llhttp_execute(&r->parser, data, len) == HPE_OK) {
		*used = len;
		r->fed += len;
		if (r->fed < (r->head_done ? FED_MAX : HTTP_HEAD_MAX))
			return REQUEST_MORE;
		if (r->head_done)
			refuse(r, 413, "The request's body is too long.");
		else
			refuse(r, 431, "The request's headers are too long.");
		return REQUEST_BAD;
	}
	*used = (size_t)(llhttp_get_error_pos(&r->parser) - data);
	r->fed += *used;
	if (r->whole)
		return REQUEST_WHOLE;
	if (!r->status)
		refuse(r, 400, "That is not an HTTP request.");
	return REQUEST_BAD;
}

const char *request_target(const struct http_request *r)
{
	/* Without its NUL it is not whole, and no string yet. */
	if (!memchr(r->head, '\0', wr_len(&r->text)))
		return "";
	return r->url.path ? r->url.path : r->head;
}

/* ---- what handlers may ask (http.h) */

const char *http_method(const struct http_request *r)
{
	return llhttp_method_name((llhttp_method_t)r->parser.method);
}

const char *http_path(const struct http_request *r)
{
	return r->url.path;
}

const char *http_query(const struct http_request *r, const char *name)
{
	unsigned i;

	for (i = 0; i < r->url.params_n; i++)
		if (!strcmp(r->url.params[i].name, name))
			return r->url.params[i].value;
	return NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
	const char *at = NULL;

	while ((at = next_header(r, at)))
		if (!strcmp(at, name))
			return at + strlen(at) + 1;
	return NULL;
}

const char *http_body(const struct http_request *r, size_t *len)
{
	*len = r->body_len;
	return r->body ? r->body : "";
}

void http_hold(struct http_request *r, void (*on_gone)(void *arg), void *arg)
{
	r->on_gone = on_gone;
	r->gone_arg = arg;
}
