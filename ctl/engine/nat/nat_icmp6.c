/* nat_icmp6.c - ICMPv6 errors pass with the session of the packet they quote
 * (RFC 4890 4.3.1, RFC 6092 REC-10), in both directions and as they are.
 * Called by nat6.c. Engine thread only. */
#include "nat_core.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "../packet/csum.h"
#include "../packet/parse_ipv6.h"

#define ICMP6_HEADER 8

/* Both ends of the quoted packet, as a session's key from its sender. */
struct quote {
	struct addr src, dst;
	__be16 sport, dport;
	uint8_t proto;
};

static bool is_echo(uint8_t type)
{
	return type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
}

static bool parse_ports(struct quote *q, struct rd *r)
{
	uint8_t type;

	switch (q->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		q->sport = htons(rd_be16(r));
		q->dport = htons(rd_be16(r));
		return !r->bad;
	case IPPROTO_ICMPV6:
		type = rd_u8(r);
		rd_skip(r, 3);
		q->sport = htons(rd_be16(r));
		return !r->bad && is_echo(type);
	}
	return true;
}

/* The quote may be cut, and its lengths and sums are not asked for. */
static bool parse_quote(const struct pkt *p, struct quote *q)
{
	struct rd r =
		rd_init(p->data + p->l4, p->l3_len - (uint32_t)(p->l4 - p->l3));
	struct ipv6_chain c;
	uint8_t first, next;

	rd_skip(&r, ICMP6_HEADER);
	first = rd_u8(&r);
	rd_skip(&r, 5);
	next = rd_u8(&r);
	rd_skip(&r, 1);
	rd_bytes(&r, &q->src, sizeof(q->src));
	rd_bytes(&r, &q->dst, sizeof(q->dst));
	if (r.bad || first >> 4 != 6 || !ipv6_chain(&r, next, &c))
		return false;
	q->proto = c.proto;
	return !c.frag_off && parse_ports(q, &r);
}

/* An error goes to who sent what it quotes. An echo's identifier is the
 * inside's, whoever asked. */
static struct session *session_of(struct nat *n, const struct pkt *p,
				  const struct quote *q)
{
	bool inside_sent = p->side == SIDE_WAN;
	struct session_key key = {
		.remote = inside_sent ? q->dst : q->src,
		.local = inside_sent ? q->src : q->dst,
		.remote_port = inside_sent ? q->dport : q->sport,
		.local_port = inside_sent ? q->sport : q->dport,
		.proto = q->proto,
	};

	if (!addr_eq(&q->src, &p->dst))
		return NULL;
	if (q->proto == IPPROTO_ICMPV6) {
		key.local_port = q->sport;
		key.remote_port = 0;
	}
	return nat_session_find(n, &key, nat_session_hash(n, &key));
}

void nat_icmp6_error(struct nat *n, struct pkt *p)
{
	uint32_t len = p->l3_len - (uint32_t)(p->l4 - p->l3);
	enum nat_dir dir = p->side == SIDE_LAN ? DIR_OUT : DIR_IN;
	struct quote q = { 0 };
	struct session *s;

	if (csum_ipv6(p->data + p->l3, IPPROTO_ICMPV6, p->data + p->l4, len)) {
		nat_drop(p, DROP_BAD_CHECKSUM);
		return;
	}
	if (p->icmp_type < ICMP6_DST_UNREACH ||
	    p->icmp_type > ICMP6_PARAM_PROB || !parse_quote(p, &q)) {
		nat_drop(p, DROP_MALFORMED);
		return;
	}
	s = session_of(n, p, &q);
	if (!s) {
		nat_drop(p, DROP_NO_MAPPING);
		return;
	}
	if (!(dir == DIR_OUT ? nat_to_wan6(n, p) : nat_to_lan6(n, p)) ||
	    !nat_may_leave(n, p))
		return;
	nat_charge(n, p, nat_session_inside(s), dir, s, NULL);
	nat_leave(n, p, NULL);
	nat_session_count(s, dir, 1, p->l3_len);
}
