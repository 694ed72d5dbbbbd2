/* nameserver.c - text of DNS servers. Called by settings, command line and the
 * dns room; no state. */
#include "nameserver.h"

#include <arpa/inet.h>
#include <stdio.h>

#define PORT_PLAIN 53
#define PORT_TLS   853

static const char *const schemes[] = {
	[NAMESERVER_PLAIN] = "",
	[NAMESERVER_TLS] = "tls://",
	[NAMESERVER_TRY_TLS] = "try-tls://",
};

static uint16_t default_port(enum nameserver_tls tls)
{
	return tls == NAMESERVER_PLAIN ? PORT_PLAIN : PORT_TLS;
}

/* Letters, digits, hyphens and dots; what else is wrong OpenSSL will not
 * match. */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len < NAMESERVER_NAME_MAX &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == len;
}

bool nameserver_parse(const char *text, struct nameserver *out)
{
	char at[ENDPOINT_STRLEN];
	struct endpoint e;
	const char *hash;
	size_t len;

	memset(out, 0, sizeof(*out));
	for (out->tls = NAMESERVER_TRY_TLS; out->tls; out->tls--)
		if (!strncmp(text, schemes[out->tls],
			     strlen(schemes[out->tls])))
			break;
	text += strlen(schemes[out->tls]);
	hash = strchr(text, '#');
	len = hash ? (size_t)(hash - text) : strlen(text);
	if (len >= sizeof(at))
		return false;
	memcpy(at, text, len);
	at[len] = '\0';
	if (hash && (out->tls != NAMESERVER_TLS || !is_name(hash + 1)))
		return false;
	if (hash)
		memcpy(out->name, hash + 1, strlen(hash + 1) + 1);
	if (!endpoint_parse(at, default_port(out->tls), &e))
		return false;
	/* By its members: settings are compared as bytes, padding and all. */
	out->at.addr = e.addr;
	out->at.port = e.port;
	return true;
}

char *nameserver_format(const struct nameserver *n, char buf[NAMESERVER_STRLEN])
{
	char at[ENDPOINT_STRLEN];

	if (n->at.port == htons(default_port(n->tls)))
		addr_format(&n->at.addr, at);
	else
		endpoint_format(&n->at, at);
	snprintf(buf, NAMESERVER_STRLEN, "%s%s%s%s", schemes[n->tls], at,
		 *n->name ? "#" : "", n->name);
	return buf;
}
