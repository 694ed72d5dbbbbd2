/* setting_nat.c - ports that are opened or forwarded, as text and as JSON.
 *
 * Called through the table in setting.c. Control thread; no state. */
#include "setting_nat.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "setting_dhcp.h"

/* "tcp:443" and where it ends. NULL: it is none. */
static const char *port_parse(const char *text, uint8_t *proto, uint16_t *out)
{
	unsigned port = 0;

	if (!strncmp(text, "tcp:", 4))
		*proto = IPPROTO_TCP;
	else if (!strncmp(text, "udp:", 4))
		*proto = IPPROTO_UDP;
	else
		return NULL;
	for (text += 4; *text >= '0' && *text <= '9' && port <= 65535; text++)
		port = port * 10 + (unsigned)(*text - '0');
	*out = (uint16_t)port;
	return port && port <= 65535 ? text : NULL;
}

static const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp" : "udp";
}

/* ---- wan.open */

static bool open_parse(const char *text, void *item)
{
	struct settings_open *o = item;

	text = port_parse(text, &o->proto, &o->port);
	return text && !*text;
}

static void open_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_open *o = item;

	snprintf(buf, SETTING_TEXT_MAX, "%s:%u", proto_name(o->proto), o->port);
}

static bool open_clash(const void *a, const void *b)
{
	const struct settings_open *x = a, *y = b;

	return x->proto == y->proto && x->port == y->port;
}

const struct setting_item setting_open_item = {
	.size = sizeof(struct settings_open),
	.wants = "a port such as tcp:22 or udp:7777",
	.parse = open_parse,
	.format = open_format,
	.clash = open_clash,
};

/* ---- nat.forwards */

/* Without a port it is the outside one. */
static bool forward_parse(const char *text, void *item)
{
	struct settings_forward *f = item;

	text = port_parse(text, &f->proto, &f->port);
	return text && *text == '=' &&
	       endpoint_parse(text + 1, f->port, &f->to) && f->to.port &&
	       addr_is_v4(&f->to.addr) && setting_addr_is_host(&f->to.addr);
}

static void forward_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_forward *f = item;
	char to[ENDPOINT_STRLEN];

	snprintf(buf, SETTING_TEXT_MAX, "%s:%u=%s", proto_name(f->proto),
		 f->port, endpoint_format(&f->to, to));
}

static bool forward_clash(const void *a, const void *b)
{
	const struct settings_forward *x = a, *y = b;

	return x->proto == y->proto && x->port == y->port;
}

/* {"proto":"tcp","port":8443,"to":"10.77.0.5:443"} */
static bool forward_read(const json_t *value, char buf[SETTING_TEXT_MAX])
{
	const char *proto, *to;
	json_int_t port;
	int n;

	if (json_unpack_ex((json_t *)(uintptr_t)value, NULL, JSON_STRICT,
			   "{s:s,s:I,s:s}", "proto", &proto, "port", &port,
			   "to", &to))
		return false;
	n = snprintf(buf, SETTING_TEXT_MAX, "%s:%lld=%s", proto,
		     (long long)port, to);
	return n < SETTING_TEXT_MAX;
}

static json_t *forward_write(const void *item)
{
	const struct settings_forward *f = item;
	char to[ENDPOINT_STRLEN];

	return json_pack("{s:s,s:i,s:s}", "proto", proto_name(f->proto), "port",
			 (int)f->port, "to", endpoint_format(&f->to, to));
}

const struct setting_item setting_forward_item = {
	.size = sizeof(struct settings_forward),
	.wants = "a forward such as tcp:8443=10.77.0.5:443, or {\"proto\": "
		 "\"tcp\", \"port\": 8443, \"to\": \"10.77.0.5:443\"}",
	.parse = forward_parse,
	.format = forward_format,
	.clash = forward_clash,
	.read = forward_read,
	.write = forward_write,
};
