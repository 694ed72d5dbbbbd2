/* handshake.c - see handshake.h. Called by ws.c. Control thread; no state. */
#include "handshake.h"

#include <string.h>
#include <strings.h>

#define VERSION_HEADER                                                         \
	"Upgrade: websocket\r\nConnection: Upgrade\r\n"                        \
	"Sec-WebSocket-Version: 13\r\n"

/* Is 'token' one of the comma-separated elements of 'list'? */
static bool lists(const char *list, const char *token)
{
	size_t len, want = strlen(token);

	while (list && *list) {
		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (len == want && !strncasecmp(list, token, len))
			return true;
		list += len;
	}
	return false;
}

static void refuse(struct handshake *h, int status, const char *headers,
		   const char *why)
{
	h->status = status;
	h->headers = headers;
	h->why = why;
}

void handshake_judge(const struct http_request *r, struct handshake *out)
{
	const char *version = http_header(r, "sec-websocket-version");
	const char *key = http_header(r, "sec-websocket-key");
	size_t body;

	*out = (struct handshake){ .status = 101 };
	http_body(r, &body);
	if (strcmp(http_method(r), "GET"))
		refuse(out, 405, "Allow: GET\r\n",
		       "WebSockets are opened with GET.");
	else if (!r->parser.http_minor ||
		 !lists(http_header(r, "upgrade"), "websocket") ||
		 !lists(http_header(r, "connection"), "upgrade"))
		refuse(out, 426, VERSION_HEADER,
		       "This is told by WebSocket only.");
	else if (!version || strcmp(version, "13"))
		refuse(out, 426, VERSION_HEADER,
		       "Only version 13 of WebSocket is spoken here.");
	else if (!key || body || !ws_key_accept(key, out->accept))
		refuse(out, 400, NULL, "The WebSocket offer is malformed.");
}
