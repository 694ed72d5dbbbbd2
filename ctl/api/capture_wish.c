/* capture_wish.c - whose a kept packet is, and whether it was asked for.
 * Called by capture*.c. Control thread. */
#include "capture.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ETHER_TYPE_AT 12
#define TYPE_IPV4     0x0800
#define TYPE_IPV6     0x86dd
#define IPV4_WORDS    5	     /* of a header without options */
#define FRAG_OFFSET   0x1fff /* RFC 791: of a fragment, 0 in the first */
#define PING_REPLY    0	     /* RFC 792 */
#define PING	      8
#define PING6	      128 /* RFC 4443, and its reply behind it */

/* ---- whose it is */

struct header {
	struct addr src, dst;
	uint8_t proto; /* 0: ports are not here */
};

static struct addr read_addr(struct rd *r, bool v4)
{
	struct addr a = addr_v4(0);

	rd_bytes(r, v4 ? a.b + 12 : a.b, v4 ? 4 : 16);
	return a;
}

static struct header read_v4(struct rd *r)
{
	struct header h;
	unsigned words = rd_u8(r) & 15;
	bool later;

	rd_skip(r, 5);
	later = rd_be16(r) & FRAG_OFFSET;
	rd_skip(r, 1);
	h.proto = rd_u8(r);
	rd_skip(r, 2);
	h.src = read_addr(r, true);
	h.dst = read_addr(r, true);
	if (later || words < IPV4_WORDS)
		h.proto = 0;
	else if (words > IPV4_WORDS)
		rd_skip(r, 4 * (words - IPV4_WORDS));
	return h;
}

/* Behind other headers TCP and UDP are not looked for. */
static struct header read_v6(struct rd *r)
{
	struct header h;

	rd_skip(r, 6);
	h.proto = rd_u8(r);
	rd_skip(r, 1);
	h.src = read_addr(r, false);
	h.dst = read_addr(r, false);
	return h;
}

/* As the NAT has it: the identifier is the port of the end that asks. */
static void read_echo(struct rd *r, bool rx, bool v4, struct capture_ends *ends)
{
	uint8_t type = rd_u8(r), asks = v4 ? PING : PING6;

	if (type != (v4 ? PING_REPLY : PING6 + 1) && type != asks)
		return;
	if (rx == (type == asks))
		return; /* it is asked */
	rd_skip(r, 3);
	ends->local.port = htons(rd_be16(r));
	ends->proto = r->bad ? 0 : v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

struct capture_ends capture_ends_of(struct captured *rec)
{
	bool rx = rec->flags & CAPTURED_RX, v4;
	struct rd r = rd_init(captured_data(rec), rec->kept);
	struct endpoint src = { 0 }, dst = { 0 };
	struct capture_ends ends = { 0 };
	struct header h;
	uint16_t type;

	rd_skip(&r, ETHER_TYPE_AT);
	type = rd_be16(&r);
	if (type != TYPE_IPV4 && type != TYPE_IPV6)
		return ends;
	v4 = type == TYPE_IPV4;
	h = v4 ? read_v4(&r) : read_v6(&r);
	if (r.bad)
		return ends;
	ends.known = true;
	src.addr = h.src;
	dst.addr = h.dst;
	if (h.proto == IPPROTO_TCP || h.proto == IPPROTO_UDP) {
		src.port = htons(rd_be16(&r));
		dst.port = htons(rd_be16(&r));
		ends.proto = r.bad ? 0 : h.proto;
	}
	ends.local = rx ? dst : src;
	ends.remote = rx ? src : dst;
	if (h.proto == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		read_echo(&r, rx, v4, &ends);
	return ends;
}

/* ---- whether it is wanted */

const char *capture_name_of(const struct capture_blocks *b, uint32_t label)
{
	return label ? names_text(b->names, label) : NULL;
}

static bool has_name(const struct capture_blocks *b, uint32_t label)
{
	const char *name = capture_name_of(b, label);

	return name && !strcasecmp(name, b->wish.name);
}

static bool goes_by_name(const struct capture_wish *w, const struct addr *a)
{
	for (unsigned i = 0; i < w->addrs_n; i++)
		if (addr_eq(&w->addrs[i], a))
			return true;
	return false;
}

void capture_wish_look(struct capture_blocks *b, struct capture_read *r)
{
	struct capture_wish *w = &b->wish;
	struct capture_ends ends;
	struct captured *rec;
	uint32_t at = 0;

	while ((rec = captured_next(r->data, r->len, &at))) {
		if (rec->kind != CAPTURED_PACKET || !has_name(b, rec->label))
			continue;
		ends = capture_ends_of(rec);
		if (ends.known && w->addrs_n < CAPTURE_WISH_ADDRS &&
		    !goes_by_name(w, &ends.remote.addr))
			w->addrs[w->addrs_n++] = ends.remote.addr;
	}
}

bool capture_wish_narrows(const struct capture_wish *w)
{
	return w->by_addr || w->name[0];
}

/* A name is learnt in the midst of a flow: what came before, and has none, is
 * told by the address. */
bool capture_is_wanted(const struct capture_blocks *b,
		       const struct addr *remote, uint32_t label)
{
	const struct capture_wish *w = &b->wish;

	if (!capture_wish_narrows(w))
		return true;
	if (!w->by_addr && capture_name_of(b, label))
		return has_name(b, label);
	if (!remote)
		return false;
	return w->by_addr ? addr_eq(remote, &w->remote)
			  : goes_by_name(w, remote);
}

/* ---- in words */

bool capture_is_plain(const char *name)
{
	for (; *name; name++)
		if ((uint8_t)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

/* What a filter takes for the name of a host. */
static bool is_host_name(const char *name)
{
	if (!isalnum((uint8_t)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((uint8_t)*name) && !strchr("-._", *name))
			return false;
	return true;
}

void capture_wish_filter(const struct capture_wish *w,
			 char out[CAPTURE_FILTER_MAX])
{
	char mac[MAC_STRLEN], addr[ADDR_STRLEN];
	const char *remote = "";

	if (w->by_addr)
		remote = addr_format(&w->remote, addr);
	else if (is_host_name(w->name))
		remote = w->name;
	snprintf(out, CAPTURE_FILTER_MAX, "ether host %s%s%s",
		 mac_format(&w->device, mac), *remote ? " and host " : "",
		 remote);
}
