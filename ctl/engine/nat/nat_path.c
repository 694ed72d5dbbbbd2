/* nat_path.c - the steps that every packet's way is made of.
 * Called by nat_route.c, nat_icmp.c, nat_frag.c and nat_flow.c. Engine thread
 * only. */
#include "nat_core.h"

#include <errno.h>
#include <netinet/in.h>

#include "../packet/csum.h"
#include "../packet/cut.h"
#include "../packet/mss.h"

void nat_drop(struct pkt *p, enum gate_drop why)
{
	p->verdict = VERDICT_DROP;
	p->drop = why;
}

void nat_local(struct pkt *p)
{
	p->verdict = VERDICT_LOCAL;
}

void nat_refuse(struct nat *n, struct pkt *p, enum gate_drop why,
		enum icmp_type type, enum icmp_code code, uint16_t mtu)
{
	uint16_t bytes = p->l3_len;

	nat_drop(p, why);
	if (!icmp_error_build(p, n->conf, &n->icmp_limits[p->side], n->now_ms,
			      type, code, mtu))
		return;
	n->drops[why].packets++;
	n->drops[why].bytes += bytes;
}

enum gate_bits nat_bits(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return GATE_BITS_TCP;
	case IPPROTO_UDP:
		return GATE_BITS_UDP;
	case IPPROTO_ICMP:
		return GATE_BITS_ICMP;
	}
	return GATE_BITS_PROTOS;
}

bool nat_is_local(const struct nat *n, enum gate_bits bits, __be16 port)
{
	uint32_t word;
	uint64_t open;

	if (bits == GATE_BITS_PROTOS || !n->local_open || !n->local_own)
		return false;
	word = gate_bits_word(bits, ntohs(port));
	/* The control thread writes these while we read. */
	open = __atomic_load_n(&n->local_open[word], __ATOMIC_RELAXED) |
	       __atomic_load_n(&n->local_own[word], __ATOMIC_RELAXED);
	return open & gate_bits_mask(ntohs(port));
}

void nat_charge(struct nat *n, struct pkt *p, const struct addr *device,
		enum nat_dir dir, const struct session *s,
		const struct session *peer)
{
	p->device = *device;
	p->remote = s->key.remote;
	p->to_lan = dir == DIR_IN;
	p->session = nat_session_number(n, s);
	p->label = nat_watch_at(n, p->session)->label;
	p->peer = peer ? nat_session_number(n, peer) : 0;
}

bool nat_to_wan(struct nat *n, struct pkt *p)
{
	const struct conf_wan *wan = &n->conf->wan;
	__be32 dst = addr_to_v4(&p->dst);

	p->out_side = SIDE_WAN;
	p->next_hop = p->dst;
	if ((dst & wan->mask) == wan->net)
		return true;
	if (!wan->gateway) {
		nat_drop(p, DROP_NO_WAN);
		return false;
	}
	p->next_hop = addr_v4(wan->gateway);
	return true;
}

bool nat_to_lan(struct nat *n, struct pkt *p, const struct addr *host)
{
	__be32 addr = addr_to_v4(host);

	p->out_side = SIDE_LAN;
	p->next_hop = *host;
	for (unsigned i = 0; i < n->conf->lans_n; i++) {
		const struct conf_lan *lan = &n->conf->lans[i];

		p->out_lan = (uint8_t)i;
		if ((addr & lan->mask) == lan->net)
			return true;
	}
	nat_drop(p, DROP_NO_MAPPING); /* that LAN is gone */
	return false;
}

static uint16_t mtu_of(const struct nat *n, uint8_t side, uint8_t lan)
{
	return side == SIDE_WAN ? n->conf->wan.mtu : n->conf->lans[lan].mtu;
}

uint16_t nat_mtu_out(const struct nat *n, const struct pkt *p)
{
	return mtu_of(n, p->out_side, p->out_lan);
}

bool nat_is_too_big(const struct nat *n, const struct pkt *p)
{
	return p->l3_len > nat_mtu_out(n, p) && !p->gso && p->flags & PKT_DF;
}

bool nat_may_leave(struct nat *n, struct pkt *p)
{
	if (p->ttl <= 1) {
		nat_refuse(n, p, DROP_TTL_EXCEEDED, ICMP_TIME_EXCEEDED,
			   ICMP_TTL, 0);
		return false;
	}
	if (nat_is_too_big(n, p)) {
		nat_refuse(n, p, DROP_TOO_BIG, ICMP_UNREACHABLE,
			   ICMP_FRAG_NEEDED, nat_mtu_out(n, p));
		return false;
	}
	return true;
}

static void rewrite(struct pkt *p, const struct rewrite_tuple *to)
{
	struct rewrite_tuple from = { addr_to_v4(&p->src), addr_to_v4(&p->dst),
				      p->sport, p->dport };
	uint8_t *ip = p->data + p->l3;
	struct rewrite rw;

	rewrite_prepare(&rw, p->proto, &from, to);
	if (!p->routed)
		rewrite_ttl(ip, p->ttl - 1);
	rewrite_ipv4(ip, &rw);
	if (p->frag_off || p->flags & PKT_ICMP_ERROR)
		return;
	if (p->csum_open)
		csum_rewrite_open(p->data + p->l4, p->proto, &rw);
	else
		rewrite_l4(p->data + p->l4,
			   p->l3_len - (uint32_t)(p->l4 - p->l3), p->proto,
			   &rw);
}

/* Both ways on the path count: what the SYN says is for the way back. */
static void clamp(const struct nat *n, struct pkt *p)
{
	uint16_t in = mtu_of(n, p->side, p->lan), out = nat_mtu_out(n, p);
	uint16_t mtu = in < out ? in : out;
	uint16_t headers = p->flags & PKT_IPV6 ? MSS_HEADERS_IPV6 : MSS_HEADERS;

	if (p->proto == IPPROTO_TCP && !p->frag_off && p->tcp_flags & TCP_SYN &&
	    mtu > headers)
		mss_clamp(p, mtu - headers);
}

static void cut_down(struct nat *n, struct pkt *p, uint16_t mtu)
{
	enum nat_dir dir = p->to_lan ? DIR_IN : DIR_OUT;
	uint32_t bytes = 0;
	int pieces = cut(&n->bufs, p, mtu, &bytes);

	if (pieces < 0) {
		nat_drop(p, pieces == -ENOBUFS ? DROP_FRAG_POOL : DROP_TOO_BIG);
		return;
	}
	if (p->session)
		nat_session_count(nat_session_at(n, p->session), dir,
				  (unsigned)pieces, bytes);
	if (p->peer)
		nat_session_count(nat_session_at(n, p->peer), DIR_IN,
				  (unsigned)pieces, bytes);
}

void nat_leave(struct nat *n, struct pkt *p, const struct rewrite_tuple *to)
{
	uint16_t mtu = nat_mtu_out(n, p);

	p->verdict = VERDICT_FORWARD;
	clamp(n, p);
	if (p->flags & PKT_IPV6) {
		nat_leave6(p);
		return;
	}
	rewrite(p, to);
	if (p->l3_len > mtu && !p->routed)
		cut_down(n, p, mtu);
}
