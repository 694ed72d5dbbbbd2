/* nat6.c - IPv6 through the gateway: nothing is translated, what the inside did
 * not begin stays outside (RFC 6092).
 * Called by nat.c, nat_route.c and nat_path.c. Engine thread only.
 *
 * Sessions have both ends in their key and no mapping; a stranger's packet that
 * belongs to none is dropped in silence, but for an echo request (RFC 4890
 * 4.3.1) and a TCP SYN, which is held as IPv4's are: the inside may be about to
 * meet it. RFC 6092 would also let IPsec and IKE in unasked; here who wants
 * them begins.
 *
 * A device has addresses as it likes, so that its share counts by its MAC
 * address, or by the /64 where it has none. It has those as it likes, too, if
 * it means harm: a /64 has so many devices, and who is more shares the /64's
 * share. What strangers open is charged to nobody's share but one of their
 * own. */
#include "nat_core.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>

#define ECHO_WINDOW_MS 100
#define ECHO_WINDOW    8 /* new ones of strangers: each may cost a neighbour */

/* ---- who may be here */

static bool is_in(const struct conf_nets6 *nets, const struct addr *a)
{
	for (unsigned i = 0; i < nets->n; i++)
		if (prefix_has(&nets->nets[i], a))
			return true;
	return false;
}

static const struct conf_lan *lan_with(const struct nat *n,
				       const struct addr *a)
{
	for (unsigned i = 0; i < n->conf->lans_n; i++)
		if (is_in(&n->conf->lans[i].nets6, a))
			return &n->conf->lans[i];
	return NULL;
}

/* fe80::/10, ff00::/8: of one link, or of a group. */
static bool stays_on_link(const struct addr *a)
{
	return a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* fc00::/7 */
static bool is_unique_local(const struct addr *a)
{
	return (a->b[0] & 0xfe) == 0xfc;
}

static bool is_own(const struct nat *n, const struct addr *a)
{
	for (unsigned i = 0; i < n->conf->lans_n; i++)
		if (addr_eq(&n->conf->lans[i].addr6, a))
			return true;
	return addr_eq(&n->conf->wan.addr6, a);
}

/* BCP 38, RFC 6092 REC-5. A unique local source finds no way back from where
 * addresses are global (REC-7). */
static enum gate_drop refuse_from_lan(const struct nat *n, const struct pkt *p)
{
	if (p->lan >= n->conf->lans_n || is_own(n, &p->src) ||
	    !is_in(&n->conf->lans[p->lan].nets6, &p->src))
		return DROP_SPOOFED;
	if (stays_on_link(&p->dst) || lan_with(n, &p->dst) ||
	    is_own(n, &p->dst) ||
	    (is_unique_local(&p->src) && !is_unique_local(&p->dst)))
		return DROP_MARTIAN;
	return DROP_REASONS;
}

/* RFC 6092 REC-6: none of our own comes from out there. */
static enum gate_drop refuse_from_wan(const struct nat *n, const struct pkt *p)
{
	if (!lan_with(n, &p->dst) || is_own(n, &p->dst))
		return DROP_WAN_CLOSED;
	if (stays_on_link(&p->src) || lan_with(n, &p->src) ||
	    is_own(n, &p->src))
		return DROP_MARTIAN;
	return DROP_REASONS;
}

bool nat_admit6(struct nat *n, struct pkt *p)
{
	enum gate_drop why = p->side == SIDE_LAN ? refuse_from_lan(n, p)
						 : refuse_from_wan(n, p);

	if (why == DROP_REASONS)
		return true;
	nat_drop(p, why);
	return false;
}

/* ---- the way */

bool nat_to_wan6(struct nat *n, struct pkt *p)
{
	const struct conf_wan *wan = &n->conf->wan;

	p->out_side = SIDE_WAN;
	p->next_hop = p->dst;
	if (is_in(&wan->nets6, &p->dst))
		return true;
	if (addr_is_zero(&wan->gateway6)) {
		nat_refuse(n, p, DROP_NO_WAN, ICMP_UNREACHABLE, ICMP_NO_ROUTE,
			   0);
		return false;
	}
	p->next_hop = wan->gateway6;
	return true;
}

bool nat_to_lan6(struct nat *n, struct pkt *p)
{
	const struct conf_lan *lan = lan_with(n, &p->dst);

	p->out_side = SIDE_LAN;
	p->next_hop = p->dst;
	if (!lan) {
		nat_drop(p, DROP_NO_MAPPING);
		return false;
	}
	p->out_lan = (uint8_t)(lan - n->conf->lans);
	return true;
}

void nat_leave6(struct pkt *p)
{
	if (!p->routed)
		p->data[p->l3 + IPV6_HOPS] = p->ttl - 1;
}

/* ---- sessions */

/* fe80:: and the MAC address stand for a device; no packet of fe80::/10 is ever
 * forwarded, so that no address is taken for one. */
static struct addr owner_of(const struct nat *n, const struct pkt *p)
{
	struct addr owner = { .b = { 0xfe, 0x80 } };

	if (p->side == SIDE_WAN)
		return owner;
	memcpy(&owner.b[10], &p->host_mac, sizeof(p->host_mac));
	if (mac_is_zero(&p->host_mac) || !nat_host_admits(n, &owner, &p->src))
		return (struct addr){ .q = { p->src.q[0] } };
	return owner;
}

struct session_key nat_key_in6(const struct pkt *p)
{
	return nat_key(&p->src, p->flags & PKT_ICMP_QUERY ? 0 : p->sport,
		       &p->dst, p->dport, p->proto);
}

static bool is_echo_request(const struct pkt *p)
{
	return p->proto == IPPROTO_ICMPV6 && p->icmp_type == ICMP6_ECHO_REQUEST;
}

static bool may_open_out(const struct pkt *p)
{
	if (p->proto == IPPROTO_TCP)
		return tcp_opens(DIR_OUT, p->tcp_flags);
	return p->proto != IPPROTO_ICMPV6 || is_echo_request(p);
}

/* Who scans the LAN makes us ask for neighbours. */
static bool echo_in_measure(struct nat *n)
{
	if (n->now_ms - n->echo_window_ms >= ECHO_WINDOW_MS) {
		n->echo_window_ms = n->now_ms;
		n->echoes = 0;
	}
	return n->echoes++ < ECHO_WINDOW;
}

static struct session *flow_out(struct nat *n, struct pkt *p)
{
	struct session_key key = nat_key_out(p);
	uint64_t hash = p->hash ? p->hash : nat_session_hash(n, &key);
	struct session *s = nat_session_find(n, &key, hash);
	struct addr owner;
	enum gate_drop why;

	if (s)
		return s;
	if (!may_open_out(p)) {
		nat_drop(p, DROP_BAD_STATE);
		return NULL;
	}
	owner = owner_of(n, p);
	s = nat_session_open(n, &key, hash, NULL, &owner, DIR_OUT, &why);
	if (!s) {
		nat_refuse(n, p, why, ICMP_UNREACHABLE, ICMP_PROHIBITED, 0);
		return NULL;
	}
	if (p->proto == IPPROTO_TCP && hold_release6(&n->hold, p))
		n->counters.syn_used++;
	return s;
}

/* Nobody's: silence, whatever it is. */
static void unasked(struct nat *n, struct pkt *p)
{
	bool syn = p->proto == IPPROTO_TCP && tcp_opens(DIR_IN, p->tcp_flags);

	nat_drop(p, syn ? DROP_SYN_HELD : DROP_WAN_CLOSED);
	if (syn && !(p->flags & PKT_FRAG) &&
	    hold_put(&n->hold, p, n->now_ms + n->conf->timers.syn_hold))
		p->verdict = VERDICT_HELD;
}

static struct session *flow_in(struct nat *n, struct pkt *p)
{
	struct session_key key = nat_key_in6(p);
	uint64_t hash = p->hash ? p->hash : nat_session_hash(n, &key);
	struct session *s = nat_session_find(n, &key, hash);
	struct addr owner = owner_of(n, p);
	enum gate_drop why = DROP_WAN_CLOSED;

	if (s)
		return s;
	if (!is_echo_request(p)) {
		unasked(n, p);
		return NULL;
	}
	if (echo_in_measure(n))
		s = nat_session_open(n, &key, hash, NULL, &owner, DIR_IN, &why);
	if (!s)
		nat_drop(p, why);
	return s;
}

static bool would_pass(struct nat *n, const struct pkt *p)
{
	struct session_key key = nat_key_in6(p);

	return is_echo_request(p) ||
	       nat_session_find(n, &key, nat_session_hash(n, &key));
}

static void go(struct nat *n, struct pkt *p, struct session *s,
	       enum nat_dir dir)
{
	if (!s)
		return;
	nat_charge(n, p, nat_session_inside(s), dir, s, NULL);
	nat_leave(n, p, NULL);
	if (p->verdict == VERDICT_FORWARD)
		nat_session_touch(n, s, dir, p);
}

void nat_route6(struct nat *n, struct pkt *p)
{
	if (p->flags & PKT_ICMP_ERROR) {
		nat_icmp6_error(n, p);
		return;
	}
	/* Neighbour discovery and group membership are of one link. */
	if (p->proto == IPPROTO_ICMPV6 && !(p->flags & PKT_ICMP_QUERY)) {
		nat_drop(p, DROP_NO_PROTOCOL);
		return;
	}
	if (p->side == SIDE_LAN) {
		if (nat_to_wan6(n, p) && nat_may_leave(n, p))
			go(n, p, flow_out(n, p), DIR_OUT);
		return;
	}
	if (!nat_to_lan6(n, p))
		return;
	/* No error for what would not have come in. */
	if (p->ttl > 1 && !nat_is_too_big(n, p)) {
		go(n, p, flow_in(n, p), DIR_IN);
		return;
	}
	if (would_pass(n, p))
		nat_may_leave(n, p);
	else
		nat_drop(p, DROP_WAN_CLOSED);
}
