/* setting_dhcp.c - how the settings of the DHCP server are written.
 *
 * Called by setting.c through its table. Control thread; no state.
 * Invariant: what an item's 'format' writes, its 'parse' reads to the same. */
#include "setting_dhcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#define ITEM(type, name, noun)                                                 \
	const struct setting_item setting_##name##_item = {                    \
		.size = sizeof(type),                                          \
		.wants = noun,                                                 \
		.parse = name##_parse,                                         \
		.format = name##_format,                                       \
		.clash = name##_clash,                                         \
	}

bool setting_addr_is_host(const struct addr *a)
{
	uint32_t v4 = ntohl(addr_to_v4(a));

	if (!addr_is_v4(a))
		return !addr_is_zero(a) && a->b[0] != 0xff;
	return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14;
}

static bool v4_parse(const char *text, struct addr *out)
{
	return addr_parse(text, out) && addr_is_v4(out) &&
	       setting_addr_is_host(out);
}

/* The part of "KEY=rest" before the sign; NULL: none, or longer than 'size'. */
static const char *key_equals(const char *text, char *key, size_t size)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : size;

	if (!len || len >= size)
		return NULL;
	memcpy(key, text, len);
	key[len] = '\0';
	return equals + 1;
}

const char *setting_mac_equals(const char *text, struct mac *mac)
{
	char key[MAC_STRLEN];
	const char *rest = key_equals(text, key, sizeof(key));

	if (!rest || !mac_parse(key, mac) || mac_is_zero(mac) || mac->b[0] & 1)
		return NULL;
	return rest;
}

/* ---- bytes as text */

/* -1: it is not an even number of lower-case digits, or too many. */
static int hex_parse(const char *text, uint8_t *out, size_t max)
{
	size_t len = strlen(text) / 2, i;
	char pair[3] = "";

	if (!len || strlen(text) % 2 || len > max ||
	    strspn(text, "0123456789abcdef") != strlen(text))
		return -1;
	for (i = 0; i < len; i++) {
		memcpy(pair, text + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (int)len;
}

static void hex_format(const uint8_t *bytes, size_t len, char *out)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

/* ---- dhcp.static */

/* "id:HEX=rest" */
static const char *id_equals(const char *text, struct settings_static *s)
{
	char key[2 * SETTINGS_ID_MAX + 4];
	const char *rest = key_equals(text, key, sizeof(key));
	int len = rest ? hex_parse(key + 3, s->id, sizeof(s->id)) : -1;

	s->id_len = (uint8_t)(len < 0 ? 0 : len);
	return len < 0 ? NULL : rest;
}

static bool static_parse(const char *text, void *item)
{
	struct settings_static *s = item;
	const char *rest = strncmp(text, "id:", 3)
				   ? setting_mac_equals(text, &s->mac)
				   : id_equals(text, s);

	return rest && v4_parse(rest, &s->addr);
}

static void static_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_static *s = item;
	char key[2 * SETTINGS_ID_MAX + 4] = "id:", addr[ADDR_STRLEN];

	if (s->id_len)
		hex_format(s->id, s->id_len, key + 3);
	else
		mac_format(&s->mac, key);
	snprintf(buf, SETTING_TEXT_MAX, "%s=%s", key,
		 addr_format(&s->addr, addr));
}

static bool static_clash(const void *a, const void *b)
{
	const struct settings_static *x = a, *y = b;

	return addr_eq(&x->addr, &y->addr) ||
	       (x->id_len == y->id_len &&
		!memcmp(x->id, y->id, sizeof(x->id)) &&
		mac_eq(&x->mac, &y->mac));
}

ITEM(struct settings_static, static,
     "a fixed address such as 02:00:00:00:00:01=10.77.0.9 or, for a client "
     "identifier, id:ff0000000001=10.77.0.9");

/* ---- dhcp.option */

static const char *const forms[] = { "ip", "u8", "u16", "u32", "text", "hex" };
#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* Those that the protocol itself is made of, and the mask, which is the
 * network's. */
static bool is_protocol(unsigned code)
{
	static const uint8_t codes[] = { 0,  1,	 50, 51, 52, 53, 54, 55,
					 57, 58, 59, 61, 80, 81, 82, 255 };

	return memchr(codes, (int)code, sizeof(codes));
}

static bool number_parse(const char *text, unsigned bytes, struct wr *w)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || strlen(text) > 10 || *end ||
	    n >> (8 * bytes))
		return false;
	while (bytes--)
		wr_u8(w, (uint8_t)(n >> (8 * bytes)));
	return true;
}

static bool ips_parse(const char *text, struct wr *w)
{
	char one[ADDR_STRLEN];
	struct addr a;
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "+");
		if (!len || len >= sizeof(one))
			return false;
		memcpy(one, text, len);
		one[len] = '\0';
		if (!v4_parse(one, &a))
			return false;
		wr_bytes(w, &a.w[3], 4);
		if (!text[len])
			return true;
	}
}

/* Printable ASCII, which is what the RFCs mean by text. */
static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || *text == ',')
			return false;
	}
	return true;
}

static bool value_parse(const char *text, struct settings_option *o)
{
	struct wr w = wr_init(o->value, sizeof(o->value));
	bool good = true;
	int n;

	switch ((enum settings_option_form)o->form) {
	case SETTINGS_OPTION_IP:
		good = ips_parse(text, &w);
		break;
	case SETTINGS_OPTION_U8:
	case SETTINGS_OPTION_U16:
	case SETTINGS_OPTION_U32:
		good = number_parse(text, 1u << (o->form - SETTINGS_OPTION_U8),
				    &w);
		break;
	case SETTINGS_OPTION_TEXT:
		good = *text && is_ascii(text);
		wr_bytes(&w, text, strlen(text));
		break;
	case SETTINGS_OPTION_HEX:
		n = hex_parse(text, o->value, sizeof(o->value));
		good = n > 0 && wr_room(&w, (size_t)n);
		break;
	}
	o->len = (uint8_t)wr_len(&w);
	return good && !w.bad;
}

static bool option_parse(const char *text, void *item)
{
	struct settings_option *o = item;
	char code[4], form[8];
	const char *rest = key_equals(text, code, sizeof(code));
	size_t len = rest ? strcspn(rest, ":") : 0;

	if (!len || len >= sizeof(form) || rest[len] != ':' ||
	    strspn(code, "0123456789") != strlen(code) || atoi(code) > 255 ||
	    is_protocol((unsigned)atoi(code)))
		return false;
	memcpy(form, rest, len);
	form[len] = '\0';
	o->code = (uint8_t)atoi(code);
	for (o->form = 0; o->form < FORMS; o->form++) {
		if (!strcmp(form, forms[o->form]))
			return value_parse(rest + len + 1, o);
	}
	return false;
}

static void ips_format(const struct settings_option *o, char *buf)
{
	struct rd r = rd_init(o->value, o->len);
	struct addr a = addr_v4(0);

	while (rd_left(&r)) {
		rd_bytes(&r, &a.w[3], 4);
		addr_format(&a, buf);
		buf += strlen(buf);
		if (rd_left(&r))
			*buf++ = '+';
	}
}

static void option_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_option *o = item;
	struct rd r = rd_init(o->value, o->len);
	uint32_t n = 0;

	buf += sprintf(buf, "%u=%s:", o->code, forms[o->form]);
	switch ((enum settings_option_form)o->form) {
	case SETTINGS_OPTION_IP:
		ips_format(o, buf);
		return;
	case SETTINGS_OPTION_TEXT:
		rd_bytes(&r, buf, o->len);
		buf[o->len] = '\0';
		return;
	case SETTINGS_OPTION_HEX:
		hex_format(o->value, o->len, buf);
		return;
	case SETTINGS_OPTION_U8:
	case SETTINGS_OPTION_U16:
	case SETTINGS_OPTION_U32:
		while (rd_left(&r))
			n = n << 8 | rd_u8(&r);
		sprintf(buf, "%u", n);
	}
}

static bool option_clash(const void *a, const void *b)
{
	const struct settings_option *x = a, *y = b;

	return x->code == y->code;
}

ITEM(struct settings_option, option,
     "an option such as 150=ip:10.77.0.5+10.77.0.6, 23=u8:64, 60=text:x or "
     "43=hex:0104 (ip, u8, u16, u32, text, hex), and not one that the "
     "protocol itself uses");
_Static_assert(sizeof("255=text:") + SETTINGS_OPTION_MAX <= SETTING_TEXT_MAX,
	       "the longest text fits");

/* ---- dhcp.route, dhcp.ntp, dhcp.dnr */

static bool route_parse(const char *text, void *item)
{
	struct settings_route *r = item;
	char key[PREFIX_STRLEN];
	const char *rest = key_equals(text, key, sizeof(key));
	struct prefix net;

	if (!rest || !prefix_parse(key, &r->net) || !addr_is_v4(&r->net.addr) ||
	    !v4_parse(rest, &r->router))
		return false;
	net = prefix_network(&r->net);
	return addr_eq(&net.addr, &r->net.addr);
}

static void route_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_route *r = item;
	char net[PREFIX_STRLEN], router[ADDR_STRLEN];

	snprintf(buf, SETTING_TEXT_MAX, "%s=%s", prefix_format(&r->net, net),
		 addr_format(&r->router, router));
}

static bool route_clash(const void *a, const void *b)
{
	const struct settings_route *x = a, *y = b;

	return addr_eq(&x->net.addr, &y->net.addr) && x->net.len == y->net.len;
}

ITEM(struct settings_route, route, "a route such as 192.168.9.0/24=10.77.0.7");

static bool ntp_parse(const char *text, void *item)
{
	return v4_parse(text, item);
}

static void ntp_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	addr_format(item, buf);
}

static bool ntp_clash(const void *a, const void *b)
{
	return addr_eq(a, b);
}

ITEM(struct addr, ntp, "a time server's address such as 10.77.0.1");

/* Labels of letters, digits and inner hyphens, separated by dots. */
static bool is_name(const char *text)
{
	size_t label = 0;
	char before = '.';

	for (; *text; before = *text++) {
		bool alnum = (*text >= 'a' && *text <= 'z') ||
			     (*text >= '0' && *text <= '9');

		if (*text == '.' ? !label || before == '-'
				 : !alnum && (*text != '-' || !label))
			return false;
		label = *text == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label && before != '-';
}

static bool dnr_parse(const char *text, void *item)
{
	struct settings_dnr *d = item;
	const char *rest = key_equals(text, d->name, sizeof(d->name));

	return rest && is_name(d->name) && v4_parse(rest, &d->addr);
}

static void dnr_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_dnr *d = item;
	char addr[ADDR_STRLEN];

	snprintf(buf, SETTING_TEXT_MAX, "%s=%s", d->name,
		 addr_format(&d->addr, addr));
}

static bool dnr_clash(const void *a, const void *b)
{
	const struct settings_dnr *x = a, *y = b;

	return !strcmp(x->name, y->name);
}

ITEM(struct settings_dnr, dnr,
     "a resolver that speaks TLS such as dns.example.net=9.9.9.9");

/* ---- texts */

bool setting_boot_file_check(const char *text)
{
	return is_ascii(text);
}

bool setting_boot_server_check(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a))
		return v4_parse(text, &a);
	return !*text || is_name(text);
}

bool setting_portal_check(const char *text)
{
	return !strcmp(text, SETTING_NO_PORTAL) ||
	       (!strncmp(text, "https://", 8) && text[8] && is_ascii(text));
}
