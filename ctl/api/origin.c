/* origin.c - under which name the gateway is asked, and by whose page.
 *
 * Called by api.c and live.c. Control thread; no state. Without these two
 * questions any page on the internet could have its visitors' browsers ask the
 * gateway on its behalf: by a name that resolves to us (DNS rebinding), or by
 * our own name from a foreign page. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../proto/url.h"
#include "room.h"

/* An address or a name of ours? */
static bool is_own_name(const char *authority, const char *domain)
{
	static const char own[] = "portcullis";
	char host[URL_HOST_MAX], full[sizeof(own) + 64];
	struct addr literal;

	if (!url_host(authority, host))
		return false;
	snprintf(full, sizeof(full), "%s.%s", own, domain);
	return addr_parse(host, &literal) || !strcmp(host, own) ||
	       !strcmp(host, full);
}

/* HTTP/1.0 clients need not name a host; no browser is one of them. */
bool host_is_own(const struct api *a, const struct http_request *r)
{
	const struct settings_store *s = a->house.settings(a->house.arg);
	const char *host = http_header(r, "host");

	return !host || is_own_name(host, settings_get(s)->dns_domain);
}

/* RFC 6454, 7: "http://HOST[:PORT]"; "null" and the like have no authority. */
static const char *authority_of(const char *origin)
{
	if (!strncasecmp(origin, "http://", 7))
		return origin + 7;
	if (!strncasecmp(origin, "https://", 8))
		return origin + 8;
	return "";
}

bool origin_is_own(const struct http_request *r)
{
	const char *site = http_header(r, "sec-fetch-site");
	const char *origin = http_header(r, "origin");
	const char *host = http_header(r, "host");

	if (site && strcmp(site, "same-origin") && strcmp(site, "none"))
		return false;
	return !origin || (host && !strcasecmp(authority_of(origin), host));
}
