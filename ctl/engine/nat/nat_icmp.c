/* nat_icmp.c - ICMP errors follow the packet that they quote (RFC 5508 4).
 * Called by nat_route.c. Engine thread only.
 * Invariant: an error is counted with the session it is about, and changes
 * neither its state nor its timer (RFC 4787 REQ-12, RFC 5382 REQ-9). */
#include "nat_core.h"

#include <netinet/in.h>

#include "../../base/bytes.h"
#include "../packet/csum.h"

#define ICMP_HEADER 8
#define IPV4_HEADER 20
#define IPV4_OFFSET 0x1fff
#define PORTS_MIN   8 /* RFC 792: as much of L4 is always quoted */

/* The quoted packet, cut short at 'room' bytes of its L4. */
struct quote {
	uint8_t *ip, *l4;
	uint32_t room;
	uint8_t proto;
	enum gate_bits bits;
	struct rewrite_tuple t;
};

/* A way for the error: what the quote and the header become. */
struct way {
	struct session *session, *peer;
	enum nat_dir dir;
	struct rewrite_tuple quote;
	struct rewrite_tuple outer;
};

static bool parse_ports(struct quote *q, struct rd *r)
{
	uint8_t type;

	if (q->bits == GATE_BITS_PROTOS)
		return true;
	if (q->bits != GATE_BITS_ICMP) {
		q->t.sport = htons(rd_be16(r));
		q->t.dport = htons(rd_be16(r));
		rd_skip(r, PORTS_MIN - 4);
		return !r->bad;
	}
	type = rd_u8(r);
	rd_skip(r, 3);
	q->t.sport = htons(rd_be16(r));
	q->t.dport = q->t.sport;
	rd_skip(r, 2);
	return !r->bad && (!type || type == 8 || (type > 12 && type < 19));
}

/* Neither its lengths nor its checksums are asked for: the quote may be cut,
 * and routers on the way may have changed it (RFC 5508 REQ-3). */
static bool parse_quote(const struct pkt *p, struct quote *q)
{
	uint32_t len = p->l3_len - (uint32_t)(p->l4 - p->l3);
	struct rd r = rd_init(p->data + p->l4, len);
	uint16_t hlen, field;
	uint8_t first;

	rd_skip(&r, ICMP_HEADER);
	q->ip = p->data + p->l4 + ICMP_HEADER;
	first = rd_u8(&r);
	rd_skip(&r, 5);
	field = rd_be16(&r);
	rd_skip(&r, 1);
	q->proto = rd_u8(&r);
	rd_skip(&r, 2);
	rd_bytes(&r, &q->t.src, sizeof(q->t.src));
	rd_bytes(&r, &q->t.dst, sizeof(q->t.dst));
	hlen = (first & 15) * 4;
	rd_skip(&r, hlen > IPV4_HEADER ? hlen - IPV4_HEADER : 0);
	if (r.bad || first >> 4 != 4 || hlen < IPV4_HEADER)
		return false;
	q->l4 = q->ip + hlen;
	q->room = (uint32_t)rd_left(&r);
	q->bits = nat_bits(q->proto);
	if (field & IPV4_OFFSET) /* no ports in there */
		return q->bits == GATE_BITS_PROTOS;
	return parse_ports(q, &r);
}

static struct session *session_of(struct nat *n, const struct mapping *m,
				  __be32 remote, __be16 port)
{
	struct addr addr = addr_v4(remote);
	struct session_key key;

	if (!m)
		return NULL;
	key = nat_key_mapped(m, &addr, port);
	return nat_session_find(n, &key, nat_session_hash(n, &key));
}

static struct session *passed_session(struct nat *n, const struct quote *q,
				      __be32 remote)
{
	struct addr addr = addr_v4(remote);
	struct session_key key = nat_key_passed(q->proto, &addr);

	return nat_session_find(n, &key, nat_session_hash(n, &key));
}

static struct mapping *inside_of(struct nat *n, const struct quote *q)
{
	struct addr addr = addr_v4(q->t.dst);

	return nat_map_inside(n, q->bits, &addr, q->t.dport,
			      nat_map_hash(n, q->bits, &addr, q->t.dport));
}

/* From outside, about what an inside host sent: it has our address and the
 * outside port as its source. */
static bool way_in(struct nat *n, struct pkt *p, const struct quote *q,
		   struct way *w)
{
	struct mapping *m = NULL;
	__be32 inside;

	if (q->t.src != n->conf->wan.addr)
		return false;
	if (q->bits == GATE_BITS_PROTOS) {
		w->session = passed_session(n, q, q->t.dst);
	} else {
		m = nat_map_outside(n, q->bits, q->t.sport);
		w->session = session_of(n, m, q->t.dst, q->t.dport);
	}
	if (!w->session)
		return false;
	inside = addr_to_v4(nat_session_inside(w->session));
	w->dir = DIR_IN;
	w->quote = q->t;
	w->quote.src = inside;
	if (m)
		w->quote.sport = m->inside_port;
	w->outer = (struct rewrite_tuple){ addr_to_v4(&p->src), inside, 0, 0 };
	return true;
}

/* From inside, about what a remote sent: it was delivered to an inside end. */
static bool way_out(struct nat *n, struct pkt *p, const struct quote *q,
		    struct way *w)
{
	struct mapping *m = NULL;

	if (q->t.src != addr_to_v4(&p->dst))
		return false;
	if (q->bits == GATE_BITS_PROTOS) {
		w->session = passed_session(n, q, q->t.src);
	} else {
		m = inside_of(n, q);
		w->session = session_of(n, m, q->t.src, q->t.sport);
	}
	if (!w->session ||
	    addr_to_v4(nat_session_inside(w->session)) != q->t.dst)
		return false;
	w->dir = DIR_OUT;
	w->quote = q->t;
	w->quote.dst = n->conf->wan.addr;
	if (m && m->bits == GATE_BITS_ICMP)
		w->quote.sport = m->outside_port;
	if (m)
		w->quote.dport = m->outside_port;
	w->outer = (struct rewrite_tuple){ n->conf->wan.addr,
					   addr_to_v4(&p->dst), 0, 0 };
	return true;
}

/* From inside, about what another inside host sent by the WAN address. */
static bool way_round(struct nat *n, struct pkt *p, const struct quote *q,
		      struct way *w)
{
	__be32 wan = n->conf->wan.addr;
	struct mapping *from, *to;

	if (q->t.src != wan || q->bits >= GATE_BITS_ICMP)
		return false;
	to = nat_map_outside(n, q->bits, q->t.sport);
	from = inside_of(n, q);
	if (!to || !from)
		return false;
	w->session = session_of(n, from, wan, q->t.sport);
	w->peer = session_of(n, to, wan, from->outside_port);
	if (!w->session || !w->peer)
		return false;
	w->dir = DIR_OUT;
	w->quote =
		(struct rewrite_tuple){ addr_to_v4(&to->inside), wan,
					to->inside_port, from->outside_port };
	w->outer = (struct rewrite_tuple){ wan, addr_to_v4(&to->inside), 0, 0 };
	p->flags |= PKT_HAIRPIN;
	return true;
}

/* What is quoted changes the ICMP checksum, which was right: anew is simpler
 * than by difference. */
static void translate_quote(struct pkt *p, const struct quote *q,
			    const struct rewrite_tuple *to)
{
	uint8_t *icmp = p->data + p->l4;
	uint32_t len = p->l3_len - (uint32_t)(p->l4 - p->l3);
	struct rewrite rw;
	uint16_t csum;

	rewrite_prepare(&rw, q->proto, &q->t, to);
	rewrite_ipv4(q->ip, &rw);
	if (q->bits != GATE_BITS_PROTOS)
		rewrite_l4(q->l4, q->room, q->proto, &rw);
	rewrite_store16(icmp + ICMP_CSUM, 0);
	csum = csum_of(icmp, len);
	rewrite_store16(icmp + ICMP_CSUM, csum);
}

static void pass_on(struct nat *n, struct pkt *p, const struct quote *q,
		    const struct way *w)
{
	const struct addr *device =
		w->dir == DIR_OUT ? &p->src : nat_session_inside(w->session);
	struct addr to = addr_v4(w->outer.dst);
	bool out = w->dir == DIR_OUT && !w->peer;

	if (!(out ? nat_to_wan(n, p) : nat_to_lan(n, p, &to)) ||
	    !nat_may_leave(n, p))
		return;
	translate_quote(p, q, &w->quote);
	nat_charge(n, p, device, w->dir, w->session, w->peer);
	nat_leave(n, p, &w->outer);
	if (p->verdict != VERDICT_FORWARD)
		return;
	nat_session_count(w->session, w->dir, 1, p->l3_len);
	if (w->peer)
		nat_session_count(w->peer, DIR_IN, 1, p->l3_len);
}

static bool find_way(struct nat *n, struct pkt *p, const struct quote *q,
		     struct way *w)
{
	if (p->side == SIDE_WAN)
		return way_in(n, p, q, w);
	if (addr_to_v4(&p->dst) == n->conf->wan.addr)
		return way_round(n, p, q, w);
	return way_out(n, p, q, w);
}

void nat_icmp_error(struct nat *n, struct pkt *p)
{
	uint32_t len = p->l3_len - (uint32_t)(p->l4 - p->l3);
	struct way w = { 0 };
	struct quote q = { 0 };

	if (csum_of(p->data + p->l4, len)) {
		nat_drop(p, DROP_BAD_CHECKSUM);
		return;
	}
	if (!parse_quote(p, &q)) {
		nat_drop(p, DROP_MALFORMED);
		return;
	}
	if (find_way(n, p, &q, &w))
		pass_on(n, p, &q, &w);
	else if (q.t.src == n->conf->wan.addr &&
		 nat_is_local(n, q.bits, q.t.sport))
		nat_local(p);
	else
		nat_drop(p, DROP_NO_MAPPING);
}
