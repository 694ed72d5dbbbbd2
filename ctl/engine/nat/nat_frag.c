/* nat_frag.c - what a datagram's first fragment met, the others meet.
 * Called by nat.c. Engine thread only. */
#include "nat_core.h"

static uint32_t serial_of(const struct nat *n, uint32_t session)
{
	return session ? nat_session_at(n, session)->serial : 0;
}

/* By what nat_route() did with the first one. A packet that was answered
 * counts as dropped. */
static struct frag_fate fate_of(const struct nat *n, const struct pkt *p)
{
	struct frag_fate f = {
		.verdict = p->verdict,
		.drop = p->drop,
		.out_side = p->out_side,
		.out_lan = p->out_lan,
		.flags = p->flags & PKT_HAIRPIN,
		.to_lan = p->to_lan,
		.next_hop = p->next_hop,
		.device = p->device,
		.remote = p->remote,
		.session = p->session,
		.peer = p->peer,
		.session_serial = serial_of(n, p->session),
		.peer_serial = serial_of(n, p->peer),
	};

	if (p->flags & PKT_REPLY)
		f.verdict = VERDICT_DROP;
	if (f.verdict == VERDICT_FORWARD && !(p->flags & PKT_IPV6)) {
		memcpy(&f.src, p->data + p->l3 + IPV4_SRC, sizeof(f.src));
		memcpy(&f.dst, p->data + p->l3 + IPV4_DST, sizeof(f.dst));
	}
	return f;
}

static void count(const struct nat *n, const struct pkt *p)
{
	enum nat_dir dir = p->to_lan ? DIR_IN : DIR_OUT;

	nat_session_count(nat_session_at(n, p->session), dir, 1, p->l3_len);
	if (p->peer)
		nat_session_count(nat_session_at(n, p->peer), DIR_IN, 1,
				  p->l3_len);
}

static bool goes_on(const struct nat *n, uint32_t session, uint32_t serial)
{
	return serial == serial_of(n, session) &&
	       (!session ||
		!nat_session_is_stale(n, nat_session_at(n, session)));
}

/* No error is ever sent about a later fragment (RFC 1122 3.2.2). */
static bool may_follow(const struct nat *n, struct pkt *p,
		       const struct frag_fate *f)
{
	if (!goes_on(n, f->session, f->session_serial) ||
	    !goes_on(n, f->peer, f->peer_serial))
		nat_drop(p, DROP_NO_MAPPING);
	else if (p->ttl <= 1)
		nat_drop(p, DROP_TTL_EXCEEDED);
	else if (nat_is_too_big(n, p))
		nat_drop(p, DROP_TOO_BIG);
	else
		return true;
	return false;
}

static void follow(struct nat *n, struct pkt *p, const struct frag_fate *f)
{
	struct rewrite_tuple to = { f->src, f->dst, 0, 0 };

	if (f->verdict == VERDICT_LOCAL) {
		nat_local(p);
		return;
	}
	if (f->verdict != VERDICT_FORWARD) {
		nat_drop(p, f->drop);
		return;
	}
	p->out_side = f->out_side;
	p->out_lan = f->out_lan;
	p->next_hop = f->next_hop;
	if (!may_follow(n, p, f))
		return;
	p->flags |= f->flags;
	p->device = f->device;
	p->remote = f->remote;
	p->to_lan = f->to_lan;
	p->session = f->session;
	p->label = nat_label(n, f->session);
	p->peer = f->peer;
	nat_leave(n, p, &to);
	if (p->verdict == VERDICT_FORWARD)
		count(n, p);
}

static void on_first(struct nat *n, struct pkt *p)
{
	struct frag_pool *pool = &n->frags[p->side];
	struct frag *d = frag_find(pool, p, n->now_ms);
	struct frag_fate fate;

	if (!d)
		d = frag_open(pool, p, n->now_ms);
	nat_route(n, p);
	fate = fate_of(n, p);
	frag_settle(pool, d, &fate);
}

void nat_frag_process(struct nat *n, struct pkt *p)
{
	struct frag_pool *pool = &n->frags[p->side];
	struct frag *d;

	if (p->flags & PKT_FRAG_FIRST) {
		on_first(n, p);
		return;
	}
	d = frag_find(pool, p, n->now_ms);
	if (d && d->settled) {
		follow(n, p, &d->fate);
		return;
	}
	if (!d)
		d = frag_open(pool, p, n->now_ms);
	nat_drop(p, DROP_FRAG_POOL);
	if (frag_wait(pool, d, p))
		p->verdict = VERDICT_HELD;
}

void nat_frag_again(struct nat *n, struct pkt *p)
{
	struct frag *d = frag_find(&n->frags[p->side], p, n->now_ms);

	if (d && d->settled)
		follow(n, p, &d->fate);
	else
		nat_drop(p, DROP_FRAG_POOL);
}
