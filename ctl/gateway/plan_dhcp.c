/* plan_dhcp.c - what the DHCP server shall hand out, from settings and roles.
 * Called by sync.c. Control thread; no state.
 * Options that the owner gave by number come first: the server takes the first
 * of a code. */
#include <arpa/inet.h>
#include <string.h>

#include "../dhcp/hostname.h"
#include "../proto/dhcp_msg.h"
#include "../proto/dhcp_opt.h"
#include "gateway_priv.h"

/* A new extra option to be filled; the last one again when all are used. */
static struct dhcp_extra *add(struct dhcp_conf *c, uint8_t code)
{
	struct dhcp_extra *e = &c->extras[c->extras_n];

	if (c->extras_n < DHCP_OPTIONS_MAX)
		c->extras_n++;
	else
		e--;
	memset(e, 0, sizeof(*e));
	e->code = code;
	return e;
}
_Static_assert(DHCP_OPTIONS_MAX >=
		       sizeof(((struct settings *)0)->dhcp_option) /
				       sizeof(struct settings_option) +
			       8,
	       "every option of the owner and of ours fits");

static void add_bytes(struct dhcp_conf *c, uint8_t code, const struct wr *w)
{
	struct dhcp_extra *e;

	if (w->bad || !wr_len(w))
		return;
	e = add(c, code);
	e->len = (uint8_t)wr_len(w);
	memcpy(e->value, w->start, e->len);
}

static void add_owners(struct dhcp_conf *c, const struct settings *s)
{
	for (unsigned n = 0; n < s->dhcp_option_n; n++) {
		const struct settings_option *o = &s->dhcp_option[n];
		struct dhcp_extra *e = add(c, o->code);

		e->always = true;
		e->len = o->len;
		memcpy(e->value, o->value, o->len);
	}
}

static void add_ntp(struct dhcp_conf *c, const struct settings *s)
{
	uint8_t bytes[255];
	struct wr w = wr_init(bytes, sizeof(bytes));

	for (unsigned n = 0; n < s->dhcp_ntp_n; n++)
		wr_bytes(&w, &s->dhcp_ntp[n].w[3], 4);
	add_bytes(c, DHCP_OPT_NTP, &w);
}

/* Who reads this option ignores the router option, so that the way out has to
 * be in here too (RFC 3442). The second code is Microsoft's for the same. */
static void add_routes(struct dhcp_conf *c, const struct settings *s)
{
	uint8_t bytes[255];
	struct wr w = wr_init(bytes, sizeof(bytes));

	if (!s->dhcp_route_n)
		return;
	for (unsigned n = 0; n < s->dhcp_route_n; n++)
		dhcp_route_write(&w, addr_to_v4(&s->dhcp_route[n].net.addr),
				 prefix_v4_len(&s->dhcp_route[n].net),
				 addr_to_v4(&s->dhcp_route[n].router));
	dhcp_route_write(&w, 0, 0, c->addr);
	add_bytes(c, DHCP_OPT_ROUTES, &w);
	add_bytes(c, DHCP_OPT_ROUTES_MS, &w);
}

static void add_dnr(struct dhcp_conf *c, const struct settings *s)
{
	uint8_t bytes[255];
	struct wr w = wr_init(bytes, sizeof(bytes));

	for (unsigned n = 0; n < s->dhcp_dnr_n; n++) {
		struct wr before = w;

		dhcp_dnr_write(&w, (uint16_t)(n + 1), s->dhcp_dnr[n].name,
			       addr_to_v4(&s->dhcp_dnr[n].addr));
		if (w.bad)
			w = before;
	}
	add_bytes(c, DHCP_OPT_DNR, &w);
}

static void add_rest(struct dhcp_conf *c, const struct settings *s)
{
	/* "No proxy here"; some clients take no value at all for a mistake. */
	static const char no_proxy[] = "\n";
	uint32_t v6only = htonl(s->dhcp_v6only_s);
	uint8_t bytes[255];
	struct wr w = wr_init(bytes, sizeof(bytes));

	wr_bytes(&w, s->dhcp_portal, strlen(s->dhcp_portal));
	add_bytes(c, DHCP_OPT_PORTAL, &w);
	w = wr_init(bytes, sizeof(bytes));
	wr_bytes(&w, no_proxy, 1);
	add_bytes(c, DHCP_OPT_WPAD, &w);
	w = wr_init(bytes, sizeof(bytes));
	if (v6only)
		wr_bytes(&w, &v6only, sizeof(v6only));
	add_bytes(c, DHCP_OPT_V6ONLY, &w);
}

static void plan_boot(struct dhcp_boot *b, const struct settings *s)
{
	struct addr server;

	memcpy(b->file, s->dhcp_boot_file, strlen(s->dhcp_boot_file) + 1);
	memcpy(b->server, s->dhcp_boot_server, strlen(s->dhcp_boot_server) + 1);
	if (addr_parse(b->server, &server))
		b->addr = addr_to_v4(&server);
}

static void plan_statics(struct dhcp_conf *c, const struct settings *s)
{
	for (unsigned n = 0; n < s->dhcp_static_n; n++) {
		const struct settings_static *from = &s->dhcp_static[n];
		struct dhcp_static *to = &c->statics[c->statics_n++];

		to->mac = from->mac;
		to->id_len = from->id_len;
		memcpy(to->id, from->id, from->id_len);
		to->ip = addr_to_v4(&from->addr);
	}
}
_Static_assert(DHCP_STATICS_MAX >= SETTINGS_LIST_MAX, "all of them fit");

/* A name in which DNS finds nothing is for the page alone. */
static void plan_names(struct dhcp_conf *c, const struct settings *s)
{
	for (unsigned n = 0; n < s->clients_name_n; n++) {
		const struct settings_name *from = &s->clients_name[n];
		struct dhcp_name *to = &c->names[c->names_n];

		hostname_clean((const uint8_t *)from->name, strlen(from->name),
			       to->label);
		if (!to->label[0])
			continue;
		to->mac = from->mac;
		c->names_n++;
	}
}
_Static_assert(DHCP_NAMES_MAX >= SETTINGS_LIST_MAX, "all of them fit");

void plan_dhcp(const struct gateway *g, struct dhcp_conf *c)
{
	const struct settings *s = settings_get(g->settings);
	const struct conf_lan *lan = &g->conf.lans[0];
	const struct link_if *i = link_by_index(g->link, g->lan_ifindex);

	memset(c, 0, sizeof(*c));
	c->ifindex = g->lan_ifindex;
	if (i)
		memcpy(c->ifname, i->name, strlen(i->name) + 1);
	c->addr = lan->addr;
	c->mask = lan->mask;
	c->lease_s = s->dhcp_lease_s;
	c->probe = true;
	memcpy(c->domain, s->dns_domain, strlen(s->dns_domain) + 1);
	if (g->conf.wan.mtu && g->conf.wan.mtu < lan->mtu)
		c->mtu = g->conf.wan.mtu;
	plan_boot(&c->boot, s);
	plan_statics(c, s);
	plan_names(c, s);
	add_owners(c, s);
	add_ntp(c, s);
	add_routes(c, s);
	add_dnr(c, s);
	add_rest(c, s);
}
