/* page.c - the embedded page's files.
 *
 * Called by api.c for all paths outside /api/. Control thread; no state. The
 * browser asks every time and is told 304 while nothing changed: an upgrade of
 * the gateway is an upgrade of the page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/assets.h"
#include "room.h"

static int by_path(const void *path, const void *asset)
{
	return strcmp(path, ((const struct asset *)asset)->path);
}

static const struct asset *find(const char *path)
{
	if (!strcmp(path, "/"))
		path = "/index.html";
	return bsearch(path, assets, assets_n, sizeof(assets[0]), by_path);
}

/* One element of Accept-Encoding, such as "gzip;q=0.5"; q=0 is a refusal. */
static bool is_gzip(const char *element, size_t len)
{
	const char *q = memchr(element, ';', len);
	size_t name = q ? (size_t)(q - element) : len;

	while (name && (element[name - 1] == ' ' || element[name - 1] == '\t'))
		name--;
	if (name != 4 || strncasecmp(element, "gzip", 4))
		return false;
	if (!q)
		return true;
	q = memchr(q, '=', len - (size_t)(q - element));
	return q && strtod(q + 1, NULL) > 0;
}

static bool takes_gzip(const struct http_request *r)
{
	const char *at = http_header(r, "accept-encoding");
	size_t len;

	while (at && *at) {
		at += strspn(at, ", \t");
		len = strcspn(at, ",");
		if (is_gzip(at, len))
			return true;
		at += len;
	}
	return false;
}

bool page_answer(struct http_request *r)
{
	const struct asset *file = find(http_path(r));
	const char *known = http_header(r, "if-none-match");
	bool gz = takes_gzip(r);
	char headers[256], etag[80];

	if (!file)
		return false;
	/* The two encodings are two representations (RFC 9110, 8.8.3). */
	snprintf(etag, sizeof(etag), "\"%s%s\"", file->hash, gz ? "-gz" : "");
	snprintf(headers, sizeof(headers),
		 "ETag: %s\r\nCache-Control: no-cache\r\n"
		 "Vary: Accept-Encoding\r\n%s",
		 etag, gz ? "Content-Encoding: gzip\r\n" : "");
	if (known && strstr(known, etag))
		http_reply(r, 304, file->type, headers, NULL, 0);
	else if (gz)
		http_reply(r, 200, file->type, headers, file->gz, file->gz_len);
	else
		http_reply(r, 200, file->type, headers, file->raw,
			   file->raw_len);
	return true;
}
