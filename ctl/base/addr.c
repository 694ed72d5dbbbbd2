/* addr.c - text of addresses, and what prefixes contain.
 *
 * Called by everyone who meets an owner's words (command line, settings) or
 * speaks to one (logs, JSON). Any thread: no state. */
#include "addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>

#define V4_OFFSET 96 /* where IPv4 begins in the 16-byte form, in bits */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Plain decimal, digits only: no sign, no blank, nothing after it. */
static bool number_parse(const char *s, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (unsigned)(*s - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return true;
}

/* The first 'len' bytes of 's' as a string of their own. */
static bool cut(const char *s, size_t len, char *buf, size_t size)
{
	if (len >= size)
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	return true;
}

bool addr_parse(const char *s, struct addr *out)
{
	struct addr a;
	__be32 v4;

	if (inet_pton(AF_INET, s, &v4) == 1) {
		*out = addr_v4(v4);
		return true;
	}
	if (inet_pton(AF_INET6, s, a.b) != 1)
		return false;
	*out = a;
	return true;
}

bool mac_parse(const char *s, struct mac *out)
{
	char separator = strlen(s) == MAC_STRLEN - 1 ? s[2] : '\0';
	struct mac m;
	int i, high, low;

	if (separator != ':' && separator != '-')
		return false;
	for (i = 0; i < 6; i++, s += 3) {
		high = hex_digit(s[0]);
		low = hex_digit(s[1]);
		if (high < 0 || low < 0)
			return false;
		if (i < 5 && s[2] != separator)
			return false;
		m.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = m;
	return true;
}

bool prefix_parse(const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/');
	char text[ADDR_STRLEN];
	struct prefix p;
	unsigned len, first = strchr(s, ':') ? 0 : V4_OFFSET;

	if (!slash || !cut(s, (size_t)(slash - s), text, sizeof(text)))
		return false;
	if (!addr_parse(text, &p.addr))
		return false;
	if (!number_parse(slash + 1, 128 - first, &len))
		return false;
	p.len = (uint8_t)(first + len);
	*out = p;
	return true;
}

bool endpoint_parse(const char *s, uint16_t default_port, struct endpoint *out)
{
	const char *end, *colon = strchr(s, ':');
	char text[ADDR_STRLEN];
	struct endpoint e;
	unsigned port = default_port;

	memset(&e, 0, sizeof(e)); /* endpoints are compared as bytes */
	if (*s == '[') {
		end = strchr(++s, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		colon = end[1] ? end + 1 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
	} else {
		end = s + strlen(s);
		colon = NULL;
	}
	if (!cut(s, (size_t)(end - s), text, sizeof(text)))
		return false;
	if (!addr_parse(text, &e.addr) || (*end == ']' && !strchr(text, ':')))
		return false;
	if (colon && (!number_parse(colon + 1, 65535, &port) || !port))
		return false;
	e.port = htons((uint16_t)port);
	*out = e;
	return true;
}

char *addr_format(const struct addr *a, char buf[ADDR_STRLEN])
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, &a->w[3], buf, ADDR_STRLEN);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_STRLEN);
	return buf;
}

char *mac_format(const struct mac *m, char buf[MAC_STRLEN])
{
	snprintf(buf, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0],
		 m->b[1], m->b[2], m->b[3], m->b[4], m->b[5]);
	return buf;
}

char *prefix_format(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	unsigned first = addr_is_v4(&p->addr) ? V4_OFFSET : 0;
	size_t len;

	addr_format(&p->addr, buf);
	len = strlen(buf);
	snprintf(buf + len, PREFIX_STRLEN - len, "/%u",
		 p->len < first ? 0 : p->len - first);
	return buf;
}

char *endpoint_format(const struct endpoint *e, char buf[ENDPOINT_STRLEN])
{
	bool v4 = addr_is_v4(&e->addr);
	char text[ADDR_STRLEN];

	snprintf(buf, ENDPOINT_STRLEN, "%s%s%s:%u", v4 ? "" : "[",
		 addr_format(&e->addr, text), v4 ? "" : "]", ntohs(e->port));
	return buf;
}

/* The leading 'len' bits of a 64-bit word as they lie in memory. */
static uint64_t leading_bits(unsigned len)
{
	if (!len)
		return 0;
	return len >= 64 ? UINT64_MAX : htobe64(UINT64_MAX << (64 - len));
}

static bool same_bits(const struct addr *a, const struct addr *b, unsigned len)
{
	uint64_t high = (a->q[0] ^ b->q[0]) & leading_bits(len);
	uint64_t low =
		len <= 64 ? 0 : (a->q[1] ^ b->q[1]) & leading_bits(len - 64);

	return !high && !low;
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	return same_bits(&p->addr, a, p->len);
}

bool prefix_overlap(const struct prefix *a, const struct prefix *b)
{
	return same_bits(&a->addr, &b->addr, a->len < b->len ? a->len : b->len);
}

struct prefix prefix_network(const struct prefix *p)
{
	struct prefix net = *p;

	net.addr.q[0] &= leading_bits(p->len);
	net.addr.q[1] &= p->len <= 64 ? 0 : leading_bits(p->len - 64u);
	return net;
}
