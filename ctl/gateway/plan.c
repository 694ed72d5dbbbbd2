/* plan.c - the plans, see plan.h.
 * Called by sync.c. Control thread; pure.
 * Bit layout of the bitmaps: abi.h (TCP, UDP, ICMP; 1024 words each). */
#include "plan.h"

#include <netinet/in.h>
#include <string.h>

#define PROTO_WORDS   1024
#define MAIN_TABLE    254
#define DHCP_SERVER   67
#define DHCP_CLIENT   68
#define DHCPV6_CLIENT 546
#define MTU_MAX	      1500

static const struct link_if *find_if(const struct plan_input *in,
				     uint32_t ifindex)
{
	for (unsigned i = 0; ifindex && i < in->ifs_n; i++)
		if (in->ifs[i].ifindex == ifindex)
			return &in->ifs[i];
	return NULL;
}

bool plan_ipv4(const struct plan_input *in, uint32_t ifindex,
	       struct prefix *out)
{
	const struct link_if *i = find_if(in, ifindex);

	for (unsigned n = 0; i && n < i->addrs_n; n++) {
		if (!addr_is_v4(&i->addrs[n].addr))
			continue;
		*out = i->addrs[n];
		return true;
	}
	return false;
}

bool plan_is_default(const struct link_route *r)
{
	return r->table == MAIN_TABLE && r->dst.len == 96 &&
	       addr_is_v4(&r->dst.addr);
}

static const struct link_route *wan_default(const struct plan_input *in)
{
	const struct link_route *best = NULL;

	for (unsigned n = 0; n < in->routes_n; n++) {
		const struct link_route *r = &in->routes[n];

		if (r->ifindex != in->roles->wan || !plan_is_default(r))
			continue;
		if (!best || r->metric < best->metric)
			best = r;
	}
	return best;
}

/* fe80::/10: there is one on every link, and none of them says who is where. */
static bool is_link_local(const struct addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* The networks that a device has on its link, of IPv6. */
static void plan_nets6(const struct plan_input *in, uint32_t ifindex,
		       struct conf_nets6 *out)
{
	static const struct addr on_link;

	for (unsigned n = 0; n < in->routes_n; n++) {
		const struct link_route *r = &in->routes[n];

		if (r->ifindex != ifindex || r->table != MAIN_TABLE ||
		    addr_is_v4(&r->dst.addr) || is_link_local(&r->dst.addr) ||
		    !r->dst.len || !addr_eq(&r->via, &on_link) ||
		    out->n == ENGINE_NETS6_MAX)
			continue;
		out->nets[out->n++] = prefix_network(&r->dst);
	}
}

static struct addr plan_gateway6(const struct plan_input *in)
{
	const struct link_route *best = NULL;

	for (unsigned n = 0; n < in->routes_n; n++) {
		const struct link_route *r = &in->routes[n];

		if (r->ifindex != in->roles->wan || r->table != MAIN_TABLE ||
		    r->dst.len || addr_is_v4(&r->dst.addr))
			continue;
		if (!best || r->metric < best->metric)
			best = r;
	}
	return best ? best->via : (struct addr){ 0 };
}

/* A global address if there is one. */
static struct addr plan_addr6(const struct link_if *i)
{
	struct addr best = { 0 };

	for (unsigned n = 0; n < i->addrs_n; n++) {
		const struct addr *a = &i->addrs[n].addr;

		if (addr_is_v4(a))
			continue;
		if (!is_link_local(a))
			return *a;
		best = *a;
	}
	return best;
}

static uint16_t carried_mtu(uint32_t mtu)
{
	return (uint16_t)(mtu < MTU_MAX ? mtu : MTU_MAX);
}

static void plan_wan(const struct plan_input *in, struct conf_wan *wan)
{
	const struct link_if *i = find_if(in, in->roles->wan);
	const struct link_route *r = wan_default(in);
	struct prefix p;

	if (!i)
		return;
	wan->ifindex = i->ifindex;
	wan->mac = i->mac;
	wan->mtu = carried_mtu(i->mtu);
	plan_nets6(in, i->ifindex, &wan->nets6);
	wan->gateway6 = plan_gateway6(in);
	wan->addr6 = plan_addr6(i);
	if (is_link_local(&wan->addr6)) /* who is far knows none of them */
		wan->addr6 = (struct addr){ 0 };
	if (!plan_ipv4(in, i->ifindex, &p))
		return;
	wan->addr = addr_to_v4(&p.addr);
	wan->mask = v4_mask(prefix_v4_len(&p));
	wan->net = wan->addr & wan->mask;
	if (r && addr_is_v4(&r->via))
		wan->gateway = addr_to_v4(&r->via);
	wan->up = i->up && i->running;
}

static bool has_address(const struct link_if *i, const struct prefix *p)
{
	for (unsigned n = 0; n < i->addrs_n; n++)
		if (addr_eq(&i->addrs[n].addr, &p->addr) &&
		    i->addrs[n].len == p->len)
			return true;
	return false;
}

static void plan_lan(const struct plan_input *in, struct engine_conf *out)
{
	const struct link_if *i = find_if(in, in->lan_ifindex);
	struct conf_lan *lan = &out->lans[0];

	if (!i || !has_address(i, &in->lan_net))
		return;
	lan->ifindex = i->ifindex;
	lan->mac = i->mac;
	lan->mtu = carried_mtu(i->mtu);
	plan_nets6(in, i->ifindex, &lan->nets6);
	lan->addr6 = plan_addr6(i);
	lan->addr = addr_to_v4(&in->lan_net.addr);
	lan->mask = v4_mask(prefix_v4_len(&in->lan_net));
	lan->net = lan->addr & lan->mask;
	out->lans_n = 1;
}

static void set_bit(uint64_t *words, unsigned port)
{
	words[port / 64] |= 1ULL << port % 64;
}

static void set_range(uint64_t *words, unsigned first, unsigned last)
{
	for (unsigned port = first; port <= last; port++)
		set_bit(words, port);
}

static void plan_reserved(const struct plan_input *in, struct engine_conf *out)
{
	const struct settings *s = in->settings;

	memcpy(out->reserved, in->sockets->held, sizeof(out->reserved));
	for (unsigned l4 = 0; l4 < 2; l4++) {
		set_bit(out->reserved[l4], 0);
		set_range(out->reserved[l4], PLAN_OWN_PORT_FIRST,
			  PLAN_OWN_PORT_LAST);
	}
	set_bit(out->reserved[1], DHCP_SERVER);
	set_bit(out->reserved[1], DHCP_CLIENT);
	set_bit(out->reserved[1], DHCPV6_CLIENT);
	if (in->ssh_port)
		set_bit(out->reserved[0], in->ssh_port);
	for (unsigned n = 0; n < s->wan_open_n; n++)
		set_bit(out->reserved[s->wan_open[n].proto == IPPROTO_UDP],
			s->wan_open[n].port);
}

static struct nat_timers plan_timers(const struct settings *s)
{
	struct nat_timers t = NAT_TIMERS_DEFAULT;

	t.udp = s->nat_udp_s * 1000;
	t.icmp = s->nat_icmp_s * 1000;
	t.tcp_established = s->nat_tcp_established_s * 1000;
	t.tcp_transitory = s->nat_tcp_transitory_s * 1000;
	t.tcp_time_wait = s->nat_tcp_time_wait_s * 1000;
	t.tcp_rst = s->nat_tcp_rst_s * 1000;
	t.other = s->nat_other_s * 1000;
	t.syn_hold = s->nat_syn_hold_s * 1000;
	t.hold_down = s->nat_hold_down_s * 1000;
	return t;
}

/* The owner gave the port away: whoever of this machine listens there is not
 * heard on the WAN anyway. */
static void plan_forwards(const struct settings *s, struct engine_conf *out)
{
	_Static_assert(SETTINGS_LIST_MAX <= ENGINE_FORWARDS_MAX,
		       "all forwards fit");

	out->forwards_n = s->nat_forwards_n;
	for (unsigned i = 0; i < s->nat_forwards_n; i++) {
		const struct settings_forward *f = &s->nat_forwards[i];
		uint64_t *words = out->reserved[f->proto == IPPROTO_UDP];

		out->forwards[i] =
			(struct conf_forward){ f->proto, f->port,
					       addr_to_v4(&f->to.addr),
					       ntohs(f->to.port) };
		words[f->port / 64] &= ~(1ULL << f->port % 64);
	}
}

/* The setting's words, in the order of enum express_mode. */
static struct conf_express plan_express(const struct settings *s)
{
	static const char *const modes[] = { "auto", "xdp", "tc", "off" };
	struct conf_express c = { .mode = EXPRESS_OFF,
				  .after = (uint16_t)s->express_after_packets };

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(s->express_mode, modes[i]))
			c.mode = (uint8_t)i;
	return c;
}

static void plan_capture(const struct settings *s, struct engine_conf *out)
{
	_Static_assert(sizeof(s->clients_pin) == sizeof(out->pins),
		       "all pins fit");

	out->capture_mib = s->capture_max_mib;
	out->pins_n = s->clients_pin_n;
	memcpy(out->pins, s->clients_pin, sizeof(out->pins));
}

void plan_engine(const struct plan_input *in, struct engine_conf *out)
{
	memset(out, 0, sizeof(*out));
	plan_wan(in, &out->wan);
	plan_lan(in, out);
	out->timers = plan_timers(in->settings);
	out->express = plan_express(in->settings);
	plan_capture(in->settings, out);
	out->host_sessions = in->settings->nat_host_sessions;
	out->sessions_max = in->settings->nat_sessions;
	out->mappings_max = in->settings->nat_mappings;
	plan_reserved(in, out);
	plan_forwards(in->settings, out);
}

/* Adds one prefix; of two with the same range the first stays. */
static unsigned add_net(struct gate_prefix *out, unsigned n, unsigned max,
			const struct prefix *p, enum gate_kind kind)
{
	for (unsigned i = 0; i < n; i++)
		if (out[i].prefix.len == p->len &&
		    addr_eq(&out[i].prefix.addr, &p->addr))
			return n;
	if (n == max)
		return n;
	out[n] = (struct gate_prefix){ .prefix = *p, .kind = kind };
	return n + 1;
}

static unsigned add_own(const struct plan_input *in, struct gate_prefix *out,
			unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < in->ifs_n; i++) {
		for (unsigned a = 0; a < in->ifs[i].addrs_n; a++) {
			struct prefix host = in->ifs[i].addrs[a];

			host.len = 128;
			n = add_net(out, n, max, &host, GATE_KIND_OWN);
		}
	}
	return n;
}

unsigned plan_nets(const struct plan_input *in, struct gate_prefix *out,
		   unsigned max)
{
	unsigned n = add_own(in, out, max);
	struct prefix p = prefix_network(&in->lan_net);

	n = add_net(out, n, max, &p, GATE_KIND_LAN);
	for (unsigned i = 0; i < in->routes_n; i++) {
		const struct link_route *r = &in->routes[i];
		unsigned shortest = addr_is_v4(&r->dst.addr) ? 96 : 0;
		enum gate_kind kind = GATE_KIND_ROUTED;

		if (r->table != MAIN_TABLE || r->dst.len <= shortest ||
		    is_link_local(&r->dst.addr))
			continue;
		/* Without a device the kernel refuses: a blackhole, say. */
		if (r->ifindex && r->ifindex == in->roles->wan)
			kind = GATE_KIND_WAN;
		else if (r->ifindex && r->ifindex == in->lan_ifindex)
			kind = GATE_KIND_LAN;
		p = prefix_network(&r->dst);
		n = add_net(out, n, max, &p, kind);
	}
	return n;
}

void plan_port(const struct engine_conf *conf, const struct engine_port *port,
	       struct gate_port_info *out)
{
	const struct conf_lan *lan = &conf->lans[0];
	bool wan = port->wan;

	*out = (struct gate_port_info){
		.ifindex = port->ifindex,
		.slot = port->slot,
		.wan = wan,
		.mac = wan ? conf->wan.mac : lan->mac,
		.addr = wan ? conf->wan.addr : lan->addr,
		.net = wan ? conf->wan.net : lan->net,
		.mask = wan ? conf->wan.mask : lan->mask,
		.wan_addr = conf->wan.addr,
		.l3 = port->ip_only,
		.xdp = port->carrier == ENGINE_XDP,
	};
}

unsigned plan_macs(const struct plan_input *in, struct gate_member_mac *out,
		   unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; in->lan_ifindex && i < in->ifs_n && n < max; i++) {
		const struct link_if *lif = &in->ifs[i];

		if (!lif->ethernet || (lif->ifindex != in->lan_ifindex &&
				       lif->master != in->lan_ifindex))
			continue;
		out[n++] = (struct gate_member_mac){
			.mac = lif->mac,
			.ifindex = lif->ifindex,
		};
	}
	return n;
}

void plan_bits(const struct plan_input *in, uint64_t *local_open,
	       uint64_t *local_own)
{
	const struct settings *s = in->settings;
	uint64_t *own_udp = local_own + PROTO_WORDS;

	memset(local_open, 0, PLAN_BITS_WORDS * sizeof(*local_open));
	memset(local_own, 0, PLAN_BITS_WORDS * sizeof(*local_own));
	for (unsigned n = 0; n < s->wan_open_n; n++) {
		bool udp = s->wan_open[n].proto == IPPROTO_UDP;

		set_bit(local_open + (udp ? PROTO_WORDS : 0),
			s->wan_open[n].port);
	}
	if (in->ssh_port)
		set_bit(local_open, in->ssh_port);
	set_range(own_udp, PLAN_OWN_PORT_FIRST, PLAN_OWN_PORT_LAST);
	for (unsigned w = 0; w < PROTO_WORDS; w++) {
		if (in->servers_udp)
			own_udp[w] &= ~in->servers_udp[w];
		own_udp[w] |= in->sockets->connected_udp[w];
	}
}

bool plan_overlap(const struct plan_input *in, const struct prefix *lan)
{
	struct prefix wan;

	return plan_ipv4(in, in->roles->wan, &wan) && prefix_overlap(&wan, lan);
}
