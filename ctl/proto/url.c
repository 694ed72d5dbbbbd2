/* url.c - see url.h.
 *
 * Called by http/ for every request and by api/ for its Host. No state. */
#include "url.h"

#include <errno.h>
#include <string.h>

#include "../base/bytes.h"

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool is_one_of(const char *set, uint8_t c)
{
	return c && strchr(set, c);
}

/* The byte that "%41" stands for; what follows the '%' is still in 'r'. */
static uint8_t escaped(struct rd *r)
{
	int high = hex_value(rd_u8(r)), low = hex_value(rd_u8(r));
	uint8_t c = 0;

	if (high >= 0 && low >= 0)
		c = (uint8_t)(high << 4 | low);
	if (c < ' ' || c == 0x7f)
		r->bad = true;
	return c;
}

/* Decodes up to one of 'stops' or the end into a string of its own in 'w'. In
 * a query '+' is a blank, as forms write it. NULL: 'r' or 'w' is bad. */
static const char *decode(struct rd *r, struct wr *w, const char *stops,
			  bool query)
{
	const char *start = (const char *)w->p;
	uint8_t c;

	while (rd_left(r) && !is_one_of(stops, *r->p)) {
		c = rd_u8(r);
		if (c == '#' || c <= ' ' || c == 0x7f)
			r->bad = true;
		if (c == '%')
			c = escaped(r);
		else if (c == '+' && query)
			c = ' ';
		wr_u8(w, c);
	}
	wr_u8(w, 0);
	return r->bad || w->bad ? NULL : start;
}

static void parse_param(struct rd *r, struct wr *w, struct url_param *out)
{
	out->name = decode(r, w, "=&", true);
	out->value = "";
	if (rd_left(r) && *r->p == '=') {
		rd_skip(r, 1);
		out->value = decode(r, w, "&", true);
	}
	if (rd_left(r))
		rd_skip(r, 1); /* the '&' */
}

/* "http://host/path" is asked of a proxy, but must be understood here too. */
static const char *origin(const char *target)
{
	static const char scheme[] = "http://";
	const char *host = target + sizeof(scheme) - 1;

	if (strncmp(target, scheme, sizeof(scheme) - 1))
		return target;
	target = host + strcspn(host, "/?#");
	return *target ? target : "/";
}

int url_parse(const char *target, char *buf, size_t room, struct url *out)
{
	struct wr w = wr_init(buf, room);
	struct rd r;

	memset(out, 0, sizeof(*out));
	target = origin(target);
	if (*target != '/')
		return -EBADMSG;
	r = rd_init(target, strlen(target));
	out->path = decode(&r, &w, "?", false);
	if (rd_left(&r))
		rd_skip(&r, 1); /* the '?' */
	while (rd_left(&r)) {
		if (out->params_n == URL_PARAMS_MAX)
			return -EMSGSIZE;
		parse_param(&r, &w, &out->params[out->params_n++]);
	}
	if (r.bad)
		return -EBADMSG;
	return w.bad ? -EMSGSIZE : 0;
}

/* ":0" to ":65535" or nothing; an empty port is the default one (RFC 3986). */
static bool is_port(const char *s)
{
	if (!*s)
		return true;
	return *s == ':' && strlen(s) <= 6 &&
	       strspn(s + 1, "0123456789") == strlen(s + 1);
}

bool url_host(const char *authority, char out[URL_HOST_MAX])
{
	bool bracket = *authority == '[';
	const char *p = authority + bracket;
	size_t i, len = strcspn(p, bracket ? "]" : ":");

	if (!len || len >= URL_HOST_MAX || (bracket && p[len] != ']'))
		return false;
	if (!is_port(p + len + bracket))
		return false;
	for (i = 0; i < len; i++) {
		char c = p[i];

		if (c <= ' ' || c == 0x7f)
			return false;
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
	}
	if (len > 1 && out[len - 1] == '.')
		len--;
	out[len] = '\0';
	return true;
}
