/* nat_express.c - the NAT's side of the express lane: who is heavy, what eBPF
 * must know of a session, and what it carried.
 * Called by express*.c and nat_session.c. Engine thread. */
#include <netinet/in.h>

#include "../express/express.h"
#include "nat_core.h"

void nat_bind_express(struct nat *n, struct express *x)
{
	n->express = x;
}

void nat_hurry(struct nat *n, bool hurry)
{
	n->hurry = hurry;
}

/* ---- who is heavy */

/* The inside takes part in it, and its state is one that segments without a
 * flag of their own leave as it is. Hairpin has two sessions. What resolvers
 * answer is read (nat_notice.c). */
static bool may_be_carried(const struct nat *n, const struct session *s)
{
	if (s->list != HOST_WANTED || nat_session_is_stale(n, s) ||
	    (addr_is_v4(&s->key.remote) &&
	     addr_to_v4(&s->key.remote) == n->conf->wan.addr))
		return false;
	if (s->key.proto == IPPROTO_TCP)
		return s->tcp.state == TCP_ESTABLISHED ||
		       s->tcp.state == TCP_CLOSING;
	if (nat_is_dns(s->key.proto, s->key.remote_port))
		return !nat_watch_at(n, nat_session_number(n, s))->hellos;
	return s->key.proto == IPPROTO_UDP ||
	       nat_is_echo(s->key.proto, &s->key.remote);
}

/* Windows begin with a packet, so that the clock cuts no burst in two. A
 * session that stays heavy is reported again and again: it may not have been
 * possible the first time. */
static void weigh(struct nat *n, struct nat_watch *w, struct pkt *p)
{
	uint32_t now = (uint32_t)n->now_ms;
	uint16_t after = n->conf->express.after;

	if (n->hurry)
		after = (uint16_t)((after + NAT_HURRY - 1) / NAT_HURRY);
	if (now - w->since_ms >= NAT_WATCH_MS) {
		w->since_ms = now;
		w->packets = 0;
	}
	if (!after || ++w->packets < after)
		return;
	w->packets = 0;
	p->flags |= PKT_HEAVY;
}

/* Echoes that the inside asks for and their answers are counted in turn: odd is
 * one without its answer. So no stranger makes a session heavy, and nobody does
 * who asks and is not heard. Echoes in fragments the lane would not carry. */
static void weigh_echo(struct nat_watch *w, const struct addr *remote,
		       enum nat_dir dir, struct pkt *p)
{
	bool asked = w->packets & 1;
	uint8_t type = asked ? nat_echo_answers(remote) : nat_echo_asks(remote);

	if (dir != (asked ? DIR_IN : DIR_OUT) || p->icmp_type != type ||
	    p->flags & PKT_FRAG || ++w->packets < 2 * NAT_ECHOES)
		return;
	w->packets = 0;
	p->flags |= PKT_HEAVY;
}

void nat_watch(struct nat *n, const struct session *s, enum nat_dir dir,
	       struct pkt *p)
{
	struct nat_watch *w = nat_watch_at(n, nat_session_number(n, s));

	if (!n->express)
		return;
	if (!w->pair && p->flags & PKT_ICMP_QUERY)
		weigh_echo(w, &s->key.remote, dir, p);
	else if (!w->pair)
		weigh(n, w, p);
	else if (!may_be_carried(n, s))
		express_end(n->express, w->pair);
}

void nat_watch_end(struct nat *n, const struct session *s)
{
	struct nat_watch *w = nat_watch_at(n, nat_session_number(n, s));

	if (w->pair)
		express_end(n->express, w->pair);
	*w = (struct nat_watch){ 0 };
}

void nat_watch_settle(struct nat *n, const struct session *s)
{
	const struct nat_watch *w = nat_watch_at(n, nat_session_number(n, s));

	if (w->pair)
		express_settle(n->express, w->pair);
}

/* ---- what eBPF must know */

/* Without a gateway an IPv6 packet would be answered, and this is none. */
static bool find_ways6(struct nat *n, struct nat_offer *o)
{
	struct pkt p = { .dst = o->remote.addr };

	if (addr_is_zero(&n->conf->wan.gateway6) || !nat_to_wan6(n, &p))
		return false;
	o->wan_hop = p.next_hop;
	p.dst = o->inside.addr;
	if (!nat_to_lan6(n, &p))
		return false;
	o->lan = p.out_lan;
	return true;
}

static bool find_ways(struct nat *n, struct nat_offer *o)
{
	struct pkt p = { .dst = o->remote.addr };

	if (!addr_is_v4(&o->remote.addr))
		return find_ways6(n, o);
	if (!nat_to_wan(n, &p))
		return false;
	o->wan_hop = p.next_hop;
	if (!nat_to_lan(n, &p, &o->inside.addr))
		return false;
	o->lan = p.out_lan;
	return true;
}

bool nat_offer(struct nat *n, uint32_t session, bool again,
	       struct nat_offer *out)
{
	const struct session *s = nat_session_at(n, session);

	if (!s->serial || (!again && nat_watch_at(n, session)->pair) ||
	    !may_be_carried(n, s))
		return false;
	*out = (struct nat_offer){
		.proto = s->key.proto,
		.serial = s->serial,
		.inside = { s->key.local, s->key.local_port },
		.outside = { s->key.local, s->key.local_port },
		.remote = { s->key.remote, s->key.remote_port },
	};
	if (s->map)
		out->outside = (struct endpoint){
			addr_v4(n->conf->wan.addr),
			nat_map_at(n, s->map)->outside_port
		};
	return find_ways(n, out);
}

/* Before the first conf: what WAN address it is of is seen later. */
uint32_t nat_find(const struct nat *n, struct nat_offer *o)
{
	const struct session_key key = { .remote = o->remote.addr,
					 .local = o->inside.addr,
					 .remote_port = o->remote.port,
					 .local_port = o->inside.port,
					 .proto = o->proto };
	uint32_t i = nat_session_lookup(n, &key, nat_session_hash(n, &key));

	o->serial = i ? nat_session_at(n, i)->serial : 0;
	return o->serial ? i : 0;
}

void nat_promoted(struct nat *n, uint32_t session, uint32_t pair)
{
	struct nat_watch *w = nat_watch_at(n, session);
	const struct session *s = nat_session_at(n, session);

	w->pair = (uint16_t)pair;
	if (nat_is_dns(s->key.proto, s->key.remote_port))
		w->hellos = 0; /* it was shown to be none before a restart */
}

/* The session, if it still is the one that was meant. */
static struct session *meant(const struct nat *n, uint32_t session,
			     uint32_t serial)
{
	struct session *s = nat_session_at(n, session);

	return serial && s->serial == serial ? s : NULL;
}

void nat_demoted(struct nat *n, uint32_t session, uint32_t serial)
{
	if (meant(n, session, serial))
		nat_watch_at(n, session)->pair = 0;
}

/* ---- what it carried */

bool nat_carried(struct nat *n, uint32_t session, uint32_t serial, unsigned way,
		 const struct nat_carried *c)
{
	struct session *s = meant(n, session, serial);

	if (!s)
		return false;
	nat_session_count(s, way, c->packets, c->bytes);
	/* What it was before it ended, or was reset, prolongs nothing. */
	if (n->conf && nat_watch_at(n, session)->pair && may_be_carried(n, s))
		nat_session_carried(n, s, way, c->seen_ms);
	return true;
}
