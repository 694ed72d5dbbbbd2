/* nat_notice.c - what the first packets of a session tell: a name, round-trip
 * times, and which server is asked for; and all of a resolver's, which names
 * what comes after.
 * Called by nat_session.c for every packet, and by worker.c through nat.h.
 * Engine thread only.
 *
 * A session that has told all does not come here. Round-trip times are of
 * the TCP handshake: from the SYN to its answer on one side of us, from the
 * answer to its acknowledgement on the other. What was sent twice measures
 * nothing (Karn's rule: which of the two is answered, nobody knows). Of UDP
 * that the inside began, the first answer is told, if it comes early.
 * What looks like a TLS ClientHello or a QUIC Initial packet is only pointed
 * at here; who reads it, reads it elsewhere. */
#include "nat_core.h"

#include <netinet/in.h>

#include "../../base/bytes.h"

enum rtt_step {
	RTT_NONE,
	RTT_SYN_OUT,	/* the inside's SYN went out */
	RTT_SYN_IN,	/* the outside's came in */
	RTT_ANSWER_OUT, /* SYN and ACK went out */
	RTT_ANSWER_IN,
	/* UDP: so many packets went out, and none came in yet. */
	RTT_ASKED,
	RTT_ASKED_LAST = RTT_ASKED + 2,
};

#define RTT_MASK 0x7ffffffu

/* ---- round-trip times */

static void rtt_begin(struct nat_watch *w, enum rtt_step step,
		      const struct pkt *p)
{
	w->rtt_step = step;
	w->rtt_us = p->at_us & RTT_MASK;
}

static void rtt_end(const struct nat_watch *w, struct pkt *p)
{
	uint32_t us = (p->at_us - w->rtt_us) & RTT_MASK;

	p->rtt_us = us ? us : 1;
	p->flags |= PKT_TIMED;
}

static void on_syn(struct nat_watch *w, enum nat_dir dir, bool fresh,
		   struct pkt *p)
{
	enum rtt_step begun = dir == DIR_OUT ? RTT_SYN_OUT : RTT_SYN_IN;
	enum rtt_step asked = dir == DIR_OUT ? RTT_SYN_IN : RTT_SYN_OUT;

	if (!(p->tcp_flags & TCP_ACK)) {
		rtt_begin(w, fresh ? begun : RTT_NONE, p);
		return;
	}
	if (w->rtt_step != asked) {
		w->rtt_step = RTT_NONE;
		return;
	}
	rtt_end(w, p);
	rtt_begin(w, dir == DIR_OUT ? RTT_ANSWER_OUT : RTT_ANSWER_IN, p);
}

static void rtt(struct nat_watch *w, enum nat_dir dir, bool fresh,
		struct pkt *p)
{
	enum rtt_step answered =
		dir == DIR_OUT ? RTT_ANSWER_IN : RTT_ANSWER_OUT;

	if (p->tcp_flags & TCP_RST) {
		w->rtt_step = RTT_NONE;
	} else if (p->tcp_flags & TCP_SYN) {
		on_syn(w, dir, fresh, p);
	} else if (p->tcp_flags & TCP_ACK && w->rtt_step == answered) {
		rtt_end(w, p);
		w->rtt_step = RTT_NONE;
	}
}

/* Who talks on without an answer is no longer watched. */
static void answer(struct nat_watch *w, enum nat_dir dir, bool fresh,
		   struct pkt *p)
{
	if (fresh && dir == DIR_OUT) {
		rtt_begin(w, RTT_ASKED, p);
	} else if (w->rtt_step && dir == DIR_OUT) {
		w->rtt_step = w->rtt_step < RTT_ASKED_LAST ? w->rtt_step + 1
							   : RTT_NONE;
	} else if (w->rtt_step) {
		rtt_end(w, p);
		w->rtt_step = RTT_NONE;
	}
}

/* ---- hellos */

/* At what carries the payload, by its header; bad: it is not all here. */
static struct rd payload_of(const struct pkt *p)
{
	struct rd r =
		rd_init(p->data + p->l4, p->l3_len - (uint32_t)(p->l4 - p->l3));

	if (p->proto == IPPROTO_UDP) {
		rd_skip(&r, 8);
		return r;
	}
	rd_skip(&r, 12);
	rd_skip(&r, (rd_u8(&r) >> 4) * 4u - 13);
	return r;
}

/* RFC 8446 5.1: a record of the type "handshake". 'whole': it ends here. */
static bool looks_like_tls(struct rd r, bool *whole)
{
	uint16_t head = rd_be16(&r);

	rd_u8(&r);
	*whole = rd_be16(&r) <= rd_left(&r);
	return !r.bad && head == 0x1603;
}

/* RFC 9000 17.2, RFC 9369 3.2: a long header, of the type Initial. */
static bool looks_like_quic(struct rd r)
{
	uint8_t form = rd_u8(&r) & 0xf0;
	uint32_t version = rd_be32(&r);

	return !r.bad && ((version == 0x00000001 && form == 0xc0) ||
			  (version == 0x6b3343cf && form == 0xd0));
}

/* May the next one of this flow be a hello, or go on with one? */
static bool is_hello(const struct nat_watch *w, const struct pkt *p,
		     struct rd r, bool *whole)
{
	*whole = false;
	if (p->proto == IPPROTO_UDP)
		return looks_like_quic(r);
	return w->hellos < NAT_HELLOS || looks_like_tls(r, whole);
}

static void hello(struct nat_watch *w, struct pkt *p)
{
	struct rd r = payload_of(p);
	bool whole;

	if (r.bad || !rd_left(&r))
		return;
	if (p->flags & PKT_FRAG || p->partial || !is_hello(w, p, r, &whole)) {
		w->hellos = 0;
		return;
	}
	w->hellos = whole ? 0 : w->hellos - 1;
	p->flags |= PKT_HELLO;
}

/* ---- DNS that a host began, with a resolver beyond us */

/* RFC 1035 4.1.1: a query, of one question. */
static bool looks_like_question(struct rd r)
{
	uint16_t flags, questions;

	rd_skip(&r, 2);
	flags = rd_be16(&r);
	questions = rd_be16(&r);
	return !r.bad && !(flags & 0xf800) && questions == 1;
}

/* A host that says something else to that port has a tunnel there, which the
 * lane may carry. */
static void dns(struct nat_watch *w, enum nat_dir dir, struct pkt *p)
{
	if (dir == DIR_OUT &&
	    (p->flags & PKT_FRAG || !looks_like_question(payload_of(p)))) {
		w->hellos = 0;
		return;
	}
	if (!p->partial && !p->gso && !(p->flags & (PKT_FRAG | PKT_HAIRPIN)))
		p->flags |= PKT_DNS;
}

static bool may_be_answer(const struct nat *n, const struct pkt *p)
{
	struct session_key key;
	uint32_t map, i;

	if (!nat_is_dns(p->proto, p->sport) || p->frag_off)
		return false;
	if (p->flags & PKT_IPV6) {
		key = nat_key_in6(p);
	} else {
		map = n->outside[GATE_BITS_UDP * PORTS_SPACE + ntohs(p->dport)];
		key = nat_key_mapped(nat_map_at(n, map), &p->src, p->sport);
	}
	i = nat_session_lookup(n, &key, nat_session_hash(n, &key));
	return i && nat_watch_at(n, i)->hellos;
}

/* ---- all of them */

bool nat_wants_whole(const struct nat *n, const struct pkt *p)
{
	static const struct nat_watch fresh = { .hellos = NAT_HELLOS };
	const struct nat_watch *w = &fresh;
	struct session_key key = nat_key_out(p);
	uint32_t i;
	bool whole;

	if (p->side != SIDE_LAN)
		return may_be_answer(n, p);
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return false;
	i = nat_session_lookup(n, &key, nat_session_hash(n, &key));
	if (i)
		w = nat_watch_at(n, i);
	return w->hellos && is_hello(w, p, payload_of(p), &whole);
}

static void begin(struct nat *n, const struct session *s, enum nat_dir dir,
		  struct nat_watch *w, struct pkt *p)
{
	p->flags |= PKT_OPENED;
	if (dir != DIR_OUT)
		return;
	if (n->labels)
		p->label = labels_find(n->labels, &p->host_mac,
				       nat_session_inside(s), &s->key.remote,
				       n->now_ms);
	if (p->label)
		nat_label_put(n, nat_session_number(n, s), p->label);
	w->hellos = NAT_HELLOS;
}

void nat_notice_first(struct nat *n, const struct session *s, enum nat_dir dir,
		      bool fresh, struct pkt *p)
{
	struct nat_watch *w = nat_watch_at(n, nat_session_number(n, s));

	if (fresh)
		begin(n, s, dir, w, p);
	if (p->proto == IPPROTO_TCP)
		rtt(w, dir, fresh, p);
	else if (p->proto == IPPROTO_UDP)
		answer(w, dir, fresh, p);
	if (!w->hellos)
		return;
	if (nat_is_dns(p->proto, s->key.remote_port))
		dns(w, dir, p);
	else if (dir == DIR_OUT)
		hello(w, p);
}
