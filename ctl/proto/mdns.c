/* mdns.c - what a device says of itself by multicast DNS.
 *
 * Called by devices/ear.c. No state. */
#include "mdns.h"

#include "../base/utf8.h"
#include "dns_msg.h"
#include "udp_frame.h"

#define IPV6_HEAD 40
#define UDP_HEAD  8
#define PROTO_UDP 17
/* The topmost bit of a record's class says that it is the only one of its name
 * (RFC 6762, 10.2); of a question's, that unicast will do (5.4). */
#define CLASS_MASK 0x7fff

/* ---- names */

static size_t trimmed(const char *name, size_t len)
{
	while (len && name[len - 1] == ' ')
		len--;
	return len;
}

void mdns_clean(const uint8_t *raw, size_t len, char name[MDNS_NAME_SIZE])
{
	size_t n = 0;
	uint32_t c;
	unsigned step;

	for (; len; raw += step, len -= step) {
		step = utf8_decode(raw, len, &c);
		if (!step) {
			step = 1;
			continue;
		}
		if (!utf8_is_harmless(c) || (c == ' ' && !n) ||
		    n + step >= MDNS_NAME_SIZE)
			continue;
		memcpy(name + n, raw, step);
		n += step;
	}
	name[trimmed(name, n)] = '\0';
}

/* NAME of "NAME.local". False: it is another name. */
static bool host_of(const struct dns_name *n, char name[MDNS_NAME_SIZE])
{
	struct dns_name local;

	dns_name_from_text(&local, "local");
	if (dns_name_labels(n) != 2 || !dns_name_under(n, &local))
		return false;
	mdns_clean(n->b + 1, n->b[0], name);
	return name[0];
}

/* ---- responses */

static bool names_source(const uint8_t *msg, const struct dns_rr *rr,
			 const struct addr *source, char name[MDNS_NAME_SIZE])
{
	struct rd r = rd_init(msg + rr->rdata_at, rr->rdlen);
	struct dns_name reverse, target;
	struct addr a = { 0 };

	if ((rr->class & CLASS_MASK) != DNS_IN || !rr->ttl)
		return false;
	switch (rr->type) {
	case DNS_A:
		a = addr_v4(0);
		rd_bytes(&r, &a.w[3], 4);
		break;
	case DNS_AAAA:
		rd_bytes(&r, &a, sizeof(a));
		break;
	case DNS_PTR:
		dns_name_reverse(&reverse, source);
		if (!dns_name_eq(&rr->owner, &reverse))
			return false;
		dns_name_read(&r, msg, &target);
		return !r.bad && host_of(&target, name);
	default:
		return false;
	}
	return !r.bad && !rd_left(&r) && addr_eq(&a, source) &&
	       host_of(&rr->owner, name);
}

bool mdns_read(const uint8_t *msg, size_t len, const struct addr *source,
	       char name[MDNS_NAME_SIZE])
{
	struct rd r = rd_init(msg, len);
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	unsigned n;

	dns_header_read(&r, &h);
	if (r.bad || !(h.flags & DNS_QR) || h.flags & (DNS_OPCODE | DNS_RCODE))
		return false;
	for (n = h.qd; n && !r.bad; n--)
		dns_question_read(&r, msg, &q);
	/* Bounded by the message: every record takes bytes of it. */
	for (n = (unsigned)h.an + h.ns + h.ar; n; n--) {
		dns_rr_read(&r, msg, &rr);
		if (r.bad)
			return false;
		if (names_source(msg, &rr, source, name))
			return true;
	}
	return false;
}

/* ---- questions */

void mdns_ask(struct wr *w, uint16_t id, const struct addr *addr)
{
	const struct dns_header h = { .id = id, .qd = 1 };
	struct dns_question q = { .type = DNS_PTR, .class = DNS_IN };

	dns_name_reverse(&q.name, addr);
	dns_header_write(w, &h);
	dns_question_write(w, &q);
}

/* ---- frames */

static bool frame_v6(struct rd r, struct addr *source, struct rd *payload)
{
	uint16_t len, port;

	rd_skip(&r, 4);
	len = rd_be16(&r);
	if (rd_u8(&r) != PROTO_UDP)
		return false;
	rd_skip(&r, 1);
	rd_bytes(&r, source, sizeof(*source));
	rd_skip(&r, sizeof(struct addr));
	port = rd_be16(&r);
	rd_skip(&r, 2);
	if (len < UDP_HEAD || rd_be16(&r) != len)
		return false;
	rd_skip(&r, 2);
	*payload = rd_sub(&r, len - UDP_HEAD);
	return !r.bad && port == MDNS_PORT;
}

bool mdns_frame(const uint8_t *packet, size_t len, struct addr *source,
		struct rd *payload)
{
	struct udp_frame f;

	if (len && packet[0] >> 4 == 6)
		return frame_v6(rd_init(packet, len), source, payload);
	if (udp_frame_parse(&f, payload, packet, len))
		return false;
	*source = addr_v4(f.src);
	return f.src_port == MDNS_PORT;
}
