/* express_plan.c - what eBPF is to do with a session's packets.
 * Called by express.c, to promote and to compare. Engine thread. Changes
 * nothing. */
#include <netinet/in.h>

#include "../tap/capture.h"
#include "express_core.h"

/* The face for one way: XDP, where the port has it and the way out takes its
 * frames, else tc. Bulk TCP is no exception: behind XDP tc costs an sk_buff for
 * each frame, which GRO does not win back. false: there is no face. */
static bool choose_face(const struct express *x, unsigned in, unsigned out,
			uint8_t *face)
{
	unsigned mode = x->conf->express.mode;
	bool xdp = express_ability(x, in) & ENGINE_XDP_IN &&
		   express_ability(x, out) & ENGINE_XDP_OUT &&
		   mode != EXPRESS_TC;
	bool tc = express_ability(x, in) & ENGINE_TC_IN &&
		  express_ability(x, out) & ENGINE_TC_OUT &&
		  mode != EXPRESS_XDP;

	*face = xdp ? EXPRESS_FACE_XDP : EXPRESS_FACE_TC;
	return xdp || tc;
}

/* The port that a LAN host is behind, as egress.c finds it. */
static bool find_lan_port(const struct express *x, uint8_t lan,
			  const struct mac *host, uint8_t *port)
{
	const struct egress *e = x->egress;
	int at = ports_find(e->ports, x->conf->lans[lan].ifindex);

	if (at == PORT_NONE)
		at = fdb_find(e->fdb, lan, host, x->now_ms);
	if (at < 0 || at >= (int)e->ports->n ||
	    atomic_load_explicit(&e->dead[at], memory_order_relaxed))
		return false;
	*port = (uint8_t)at;
	return true;
}

static void set_key(struct express_flow *row, uint32_t ifindex, uint8_t proto,
		    const struct endpoint *src, const struct endpoint *dst)
{
	struct express4_key *v4 = &row->key;
	struct express6_key *v6 = &row->key6;

	if (addr_is_v4(&src->addr)) {
		v4->ifindex = ifindex;
		memcpy(v4->src, src->addr.b + 12, sizeof(v4->src));
		memcpy(v4->dst, dst->addr.b + 12, sizeof(v4->dst));
		v4->sport = ntohs(src->port);
		v4->dport = ntohs(dst->port);
		v4->proto = proto;
		return;
	}
	v6->ifindex = ifindex;
	memcpy(v6->src, src->addr.b, sizeof(v6->src));
	memcpy(v6->dst, dst->addr.b, sizeof(v6->dst));
	v6->sport = ntohs(src->port);
	v6->dport = ntohs(dst->port);
	v6->proto = proto;
}

static struct rewrite_tuple tuple_of(const struct endpoint *src,
				     const struct endpoint *dst)
{
	return (struct rewrite_tuple){ addr_to_v4(&src->addr),
				       addr_to_v4(&dst->addr), src->port,
				       dst->port };
}

static void set_rewrite(struct express_flow *row, uint8_t proto,
			const struct endpoint *src, const struct endpoint *dst,
			const struct endpoint *to_src,
			const struct endpoint *to_dst)
{
	struct rewrite_tuple from = tuple_of(src, dst);
	struct rewrite_tuple to = tuple_of(to_src, to_dst);

	if (addr_is_v4(&src->addr))
		rewrite_prepare(&row->rewrite, proto, &from, &to);
}

static void set_macs(struct express_flow *row, const struct mac *to,
		     const struct mac *from, const struct mac *owner)
{
	memcpy(row->to, to->b, sizeof(row->to));
	memcpy(row->from, from->b, sizeof(row->from));
	memcpy(row->owner, owner->b, sizeof(row->owner));
}

/* An identifier stands where its packet's source port is; type and code, in
 * the key, where the other is. What asks goes out, what answers comes in. */
static void set_echo(struct express_flow *out, struct express_flow *in,
		     const struct nat_offer *o, uint32_t lan, uint32_t wan)
{
	const uint16_t asks = (uint16_t)(nat_echo_asks(&o->remote.addr) << 8);
	const uint16_t answers =
		(uint16_t)(nat_echo_answers(&o->remote.addr) << 8);
	const struct endpoint to = { o->remote.addr, htons(asks) };
	const struct endpoint at = { o->outside.addr, htons(answers) };
	const struct endpoint from = { o->remote.addr, o->outside.port };
	const struct endpoint back = { o->remote.addr, o->inside.port };

	set_key(out, lan, o->proto, &o->inside, &to);
	set_key(in, wan, o->proto, &from, &at);
	set_rewrite(out, o->proto, &o->inside, &o->remote, &o->outside,
		    &o->remote);
	set_rewrite(in, o->proto, &from, &o->outside, &back, &o->inside);
}

static void set_ports(struct express_flow *out, struct express_flow *in,
		      const struct nat_offer *o, uint32_t lan, uint32_t wan)
{
	set_key(out, lan, o->proto, &o->inside, &o->remote);
	set_key(in, wan, o->proto, &o->remote, &o->outside);
	set_rewrite(out, o->proto, &o->inside, &o->remote, &o->outside,
		    &o->remote);
	set_rewrite(in, o->proto, &o->remote, &o->outside, &o->remote,
		    &o->inside);
}

static void fill_rows(const struct express *x, struct express_plan *p,
		      const struct mac *wan_hop)
{
	const struct port *ports = x->egress->ports->ports;
	uint32_t wan = ports[x->egress->ports->wan].info.ifindex;
	uint32_t lan = ports[p->lan_port].info.ifindex;
	const struct conf_lan *net = &x->conf->lans[p->offer.lan];
	const struct nat_offer *o = &p->offer;
	struct express_flow *out = &p->rows[WAY_OUT];
	struct express_flow *in = &p->rows[WAY_IN];

	if (nat_is_echo(o->proto, &o->remote.addr))
		set_echo(out, in, o, lan, wan);
	else
		set_ports(out, in, o, lan, wan);
	set_macs(out, wan_hop, &x->conf->wan.mac, &net->mac);
	set_macs(in, &p->host, &net->mac, &x->conf->wan.mac);
	out->out_ifindex = wan;
	in->out_ifindex = lan;
	out->mtu = x->conf->wan.mtu;
	in->mtu = net->mtu;
}

bool express_plan(struct express *x, uint32_t session, bool again,
		  struct express_plan *p)
{
	const struct egress *e = x->egress;
	struct nat_offer *o = &p->offer;
	struct mac wan_hop;

	memset(p, 0, sizeof(*p));
	if (x->conf->express.mode == EXPRESS_OFF || e->ports->wan == PORT_NONE)
		return false;
	if (!nat_offer(x->nat, session, again, o) ||
	    !neigh_known(e->neigh, x->conf->wan.ifindex, &o->wan_hop,
			 &wan_hop) ||
	    !neigh_known(e->neigh, x->conf->lans[o->lan].ifindex,
			 &o->inside.addr, &p->host) ||
	    capture_is_pinned(x->conf, &p->host) ||
	    !find_lan_port(x, o->lan, &p->host, &p->lan_port))
		return false;
	if (!choose_face(x, p->lan_port, (unsigned)e->ports->wan,
			 &p->rows[WAY_OUT].face) ||
	    !choose_face(x, (unsigned)e->ports->wan, p->lan_port,
			 &p->rows[WAY_IN].face))
		return false;
	fill_rows(x, p, &wan_hop);
	return true;
}
