/* dns_name.c - domain names: off the wire, onto it, from text, compared.
 *
 * Called by dns_msg.c, dns_answer.c and the rooms above. Any thread.
 * Invariant: a struct dns_name always ends in its only empty label. */
#include "dns_name.h"

#include <stdio.h>

#define POINTER_BITS 0xc0

static const struct dns_name root = { .len = 1 };

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Appends a label behind those in 'n', which still lacks its root label. */
static bool append(struct dns_name *n, const void *label, size_t len)
{
	struct wr w = wr_init(n->b + n->len, (size_t)(DNS_NAME_MAX - n->len));

	wr_u8(&w, (uint8_t)len);
	wr_bytes(&w, label, len);
	n->len = (uint8_t)(n->len + wr_len(&w));
	return !w.bad;
}

/* Reads labels up to the root label (false) or a pointer (true, its target as
 * an offset). Sets r->bad when neither comes. */
static bool read_run(struct rd *r, struct dns_name *out, size_t *target)
{
	for (;;) {
		uint8_t len = rd_u8(r);
		const uint8_t *label;

		if ((len & POINTER_BITS) == POINTER_BITS) {
			*target = (size_t)(len & ~POINTER_BITS) << 8;
			*target |= rd_u8(r);
			return true;
		}
		if (len > DNS_LABEL_MAX)
			r->bad = true;
		label = rd_take(r, len);
		if (!label || !append(out, label, len))
			r->bad = true;
		if (r->bad || !len)
			return false;
	}
}

void dns_name_read(struct rd *r, const uint8_t *msg, struct dns_name *out)
{
	size_t limit = (size_t)(r->p - msg);
	size_t target;
	bool more;

	out->len = 0;
	more = read_run(r, out, &target);
	while (!r->bad && more) {
		struct rd at = { .p = msg + target, .end = r->end };

		if (target < DNS_HEADER_LEN || target >= limit) {
			r->bad = true;
			break;
		}
		limit = target;
		more = read_run(&at, out, &target);
		r->bad = at.bad;
	}
	if (r->bad)
		*out = root;
}

void dns_name_skip(struct rd *r, const uint8_t *msg)
{
	struct dns_name n;

	dns_name_read(r, msg, &n);
}

void dns_name_reskip(struct rd *r)
{
	uint8_t len;

	while ((len = rd_u8(r))) {
		if ((len & POINTER_BITS) == POINTER_BITS) {
			rd_u8(r);
			return;
		}
		rd_skip(r, len);
	}
}

void dns_name_write(struct wr *w, const struct dns_name *n)
{
	wr_bytes(w, n->b, n->len);
}

bool dns_name_from_text(struct dns_name *out, const char *text)
{
	out->len = 0;
	if (!strcmp(text, "."))
		text = "";
	while (*text) {
		size_t len = strcspn(text, ".");

		if (!len || len > DNS_LABEL_MAX || !append(out, text, len))
			return false;
		text += len;
		if (*text == '.')
			text++;
	}
	return append(out, "", 0);
}

static char *escape(char *at, uint8_t c)
{
	bool plain = (lower(c) >= 'a' && lower(c) <= 'z') ||
		     (c >= '0' && c <= '9') || c == '-' || c == '_';

	if (!plain)
		return at + sprintf(at, "\\%03u", c);
	*at = (char)c;
	return at + 1;
}

char *dns_name_format(const struct dns_name *n, char buf[DNS_NAME_STRLEN])
{
	struct rd r = rd_init(n->b, n->len);
	char *at = buf;
	uint8_t len;

	while ((len = rd_u8(&r))) {
		if (at != buf)
			*at++ = '.';
		while (len--)
			at = escape(at, rd_u8(&r));
	}
	if (at == buf)
		*at++ = '.';
	*at = 0;
	return buf;
}

void dns_name_reverse(struct dns_name *out, const struct addr *a)
{
	bool v4 = addr_is_v4(a);
	char text[80], *at = text;
	int i;

	for (i = 15; i >= (v4 ? 12 : 0); i--)
		at += v4 ? sprintf(at, "%u.", a->b[i])
			 : sprintf(at, "%x.%x.", a->b[i] & 15, a->b[i] >> 4);
	sprintf(at, "%s.arpa", v4 ? "in-addr" : "ip6");
	dns_name_from_text(out, text);
}

/* Length octets are below 'A', so that folding them with the rest is safe. */
static bool fold_eq(const uint8_t *a, const uint8_t *b, size_t n)
{
	while (n--)
		if (lower(a[n]) != lower(b[n]))
			return false;
	return true;
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && fold_eq(a->b, b->b, a->len);
}

void dns_name_lower(struct dns_name *n)
{
	unsigned i;

	for (i = 0; i < n->len; i++)
		n->b[i] = lower(n->b[i]);
}

unsigned dns_name_labels(const struct dns_name *n)
{
	struct rd r = rd_init(n->b, n->len);
	unsigned count = 0;
	uint8_t len;

	while ((len = rd_u8(&r))) {
		rd_skip(&r, len);
		count++;
	}
	return count;
}

bool dns_name_under(const struct dns_name *n, const struct dns_name *zone)
{
	struct rd r = rd_init(n->b, n->len);

	/* From the end on: most names part there. */
	if (n->len < zone->len ||
	    !fold_eq(n->b + (n->len - zone->len), zone->b, zone->len))
		return false;
	while (rd_left(&r) > zone->len)
		rd_skip(&r, rd_u8(&r));
	return rd_left(&r) == zone->len;
}

bool dns_name_join(struct dns_name *out, const struct dns_name *head,
		   const struct dns_name *zone)
{
	struct wr w = wr_init(out->b, sizeof(out->b));

	wr_bytes(&w, head->b, (size_t)(head->len - 1));
	wr_bytes(&w, zone->b, zone->len);
	out->len = (uint8_t)wr_len(&w);
	return !w.bad;
}

void dns_name_strip(struct dns_name *out, const struct dns_name *n,
		    const struct dns_name *zone)
{
	struct wr w = wr_init(out->b, sizeof(out->b));

	wr_bytes(&w, n->b, (size_t)(n->len - zone->len));
	wr_u8(&w, 0);
	out->len = (uint8_t)wr_len(&w);
}
