/* roles.c - chooses WAN, LAN ports and the LAN's network.
 *
 * Called by gateway.c at the start and while it awaits a WAN, by link.c for
 * the default route. Pure. */
#include "roles.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define V4_DEFAULT_LEN 96
#define LIST_MAX       160

/* The facts roles_pick() decides upon. */
struct facts {
	const struct roles_wish *wish;
	const struct link_if *ifs;
	unsigned ifs_n;
	struct error *err;
};

const struct link_route *roles_default_route(const struct link_route *routes,
					     unsigned routes_n,
					     uint32_t ifindex)
{
	const struct link_route *r, *best = NULL;

	for (r = routes; r < routes + routes_n; r++) {
		if (r->table != RT_TABLE_MAIN || r->dst.len != V4_DEFAULT_LEN ||
		    !addr_is_v4(&r->dst.addr))
			continue;
		if (!r->ifindex || (ifindex && r->ifindex != ifindex))
			continue;
		if (!best || r->metric < best->metric)
			best = r;
	}
	return best;
}

static const struct link_if *by_name(const struct facts *f, const char *name)
{
	const struct link_if *lif;

	for (lif = f->ifs; lif < f->ifs + f->ifs_n; lif++)
		if (!strcmp(lif->name, name))
			return lif;
	return NULL;
}

static const struct link_if *by_index(const struct facts *f, uint32_t ifindex)
{
	const struct link_if *lif;

	for (lif = f->ifs; lif < f->ifs + f->ifs_n; lif++)
		if (lif->ifindex == ifindex)
			return lif;
	return NULL;
}

/* Appends to a comma-separated list; what does not fit any more is left out
 * and said to be. */
static void list_add(char list[LIST_MAX], const char *item)
{
	static const char more[] = ", …";
	size_t at = strlen(list), len = strlen(item);

	if (at && !strcmp(list + at - strlen("…"), "…"))
		return;
	if (at + len + 2 * sizeof(more) < LIST_MAX)
		snprintf(list + at, LIST_MAX - at, "%s%s", at ? ", " : "",
			 item);
	else
		snprintf(list + at, LIST_MAX - at, "%s", more);
}

/* ---- one port */

static int unknown(const struct facts *f, const char *option, const char *name)
{
	const struct link_if *lif;
	char list[LIST_MAX] = "";

	for (lif = f->ifs; lif < f->ifs + f->ifs_n; lif++)
		if (!lif->loopback)
			list_add(list, lif->name);
	if (!list[0])
		return error_set(f->err, -EINVAL,
				 "%s %s: no such interface; there are none but "
				 "the loopback",
				 option, name);
	return error_set(f->err, -EINVAL,
			 "%s %s: no such interface; there are %s", option, name,
			 list);
}

static const char *master_name(const struct facts *f, const struct link_if *lif)
{
	const struct link_if *master = by_index(f, lif->master);

	return master ? master->name : "another interface";
}

/* Taken by an earlier pick: what it carries is ours, too. */
static bool ours(const struct facts *f, const struct link_if *lif)
{
	uint32_t own = f->wish->own_lan;

	return own && (lif->ifindex == own || lif->master == own);
}

static bool lan_named(const struct facts *f, const char *name)
{
	unsigned i;

	for (i = 0; i < f->wish->lan_n; i++)
		if (!strcmp(f->wish->lan[i], name))
			return true;
	return false;
}

/* A port such as a TUN, whose packets begin at IP, joins no bridge: it can be
 * all of a LAN, but no part of one. */
static int check_ethernet(const struct facts *f, const struct link_if *lif)
{
	bool lan = lan_named(f, lif->name);

	if (lif->ethernet || (lan && f->wish->lan_n == 1))
		return 0;
	if (lan)
		return error_set(f->err, -EINVAL,
				 "%s has no Ethernet and joins no bridge: name "
				 "it alone with --lan",
				 lif->name);
	return error_set(f->err, -EINVAL,
			 "%s is not an Ethernet port: name one that is",
			 lif->name);
}

/* 0 when the gate can stand on the port, else the sentence that says why
 * not. */
static int check_port(const struct facts *f, const struct link_if *lif)
{
	int err = check_ethernet(f, lif);

	if (lif->loopback)
		return error_set(f->err, -EINVAL,
				 "%s is the loopback: name an Ethernet port",
				 lif->name);
	if (err)
		return err;
	if (!strcmp(lif->kind, "bridge"))
		return error_set(f->err, -EINVAL,
				 "%s is a bridge: free a port of it and name "
				 "that one",
				 lif->name);
	if (lif->master && !ours(f, lif))
		return error_set(f->err, -EINVAL,
				 "%s belongs to %s: take it out first (ip link "
				 "set dev %s nomaster) or name another port",
				 lif->name, master_name(f, lif), lif->name);
	if (lif->mtu > ROLES_MTU_MAX)
		return error_set(f->err, -EINVAL,
				 "%s has an MTU of %u, more than the %d an XDP "
				 "buffer takes: run ip link set dev %s mtu %d",
				 lif->name, lif->mtu, ROLES_MTU_MAX, lif->name,
				 ROLES_MTU_MAX);
	return 0;
}

/* ---- the WAN */

/* '*wan' is NULL when it has to be awaited. */
static int pick_wan(const struct facts *f, const struct link_route *dflt,
		    const struct link_if **wan)
{
	*wan = NULL;
	if (f->wish->wan) {
		*wan = by_name(f, f->wish->wan);
		if (!*wan)
			return unknown(f, "--wan", f->wish->wan);
		if (lan_named(f, f->wish->wan))
			return error_set(f->err, -EINVAL,
					 "--wan and --lan both name %s",
					 f->wish->wan);
	} else if (dflt) {
		*wan = by_index(f, dflt->ifindex);
	}
	if (!*wan)
		return 0;
	if (lan_named(f, (*wan)->name))
		return error_set(f->err, -EINVAL,
				 "--lan names %s, which has the default route: "
				 "name the WAN with --wan",
				 (*wan)->name);
	return check_port(f, *wan);
}

/* ---- the LAN */

/* Every port that was ever up has an IPv6 link-local address, fe80::/10
 * (RFC 4291, 2.5.6): it tells nothing. */
static bool has_address(const struct link_if *lif)
{
	const uint8_t *b;
	unsigned i;

	for (i = 0; i < lif->addrs_n; i++) {
		b = lif->addrs[i].addr.b;
		if (b[0] != 0xfe || (b[1] & 0xc0) != 0x80)
			return true;
	}
	return false;
}

/* Why a port is not taken without being named; NULL: it is. */
static const char *reserve(const struct facts *f, const struct link_if *lif)
{
	if (!lif->physical)
		return "is virtual";
	if (lif->wireless)
		return "is wireless";
	if (!lif->ethernet)
		return "is not Ethernet";
	if (ours(f, lif))
		return NULL;
	if (lif->master)
		return "belongs to a bridge or bond";
	if (has_address(lif))
		return "has an address";
	if (lif->xdp_prog)
		return "carries another XDP program";
	return NULL;
}

static int no_port(const struct facts *f, const struct link_if *wan)
{
	const char *which = wan ? "second" : "free";
	char item[IF_NAMESIZE + 40], reasons[LIST_MAX] = "";
	const struct link_if *lif;

	for (lif = f->ifs; lif < f->ifs + f->ifs_n; lif++) {
		if (lif->loopback || lif == wan)
			continue;
		snprintf(item, sizeof(item), "%s %s", lif->name,
			 reserve(f, lif));
		list_add(reasons, item);
	}
	if (!reasons[0])
		return error_set(
			f->err, -EINVAL,
			"no %s network port found: name one with --lan", which);
	return error_set(f->err, -EINVAL,
			 "no %s network port found (%s): name one with --lan",
			 which, reasons);
}

static int lan_add(const struct facts *f, const struct link_if *lif,
		   struct roles *out)
{
	unsigned i;
	int err;

	for (i = 0; i < out->lan_n; i++)
		if (out->lan[i] == lif->ifindex)
			return error_set(f->err, -EINVAL,
					 "--lan names %s twice", lif->name);
	if (out->lan_n == ROLES_LAN_PORTS_MAX)
		return error_set(f->err, -EINVAL,
				 "more than %d ports could be the LAN: name "
				 "those that are with --lan",
				 ROLES_LAN_PORTS_MAX);
	err = check_port(f, lif);
	if (err)
		return err;
	out->lan[out->lan_n++] = lif->ifindex;
	return 0;
}

static int named_lan(const struct facts *f, struct roles *out)
{
	const struct link_if *lif;
	unsigned i;
	int err;

	for (i = 0; i < f->wish->lan_n; i++) {
		lif = by_name(f, f->wish->lan[i]);
		if (!lif)
			return unknown(f, "--lan", f->wish->lan[i]);
		err = lan_add(f, lif, out);
		if (err)
			return err;
	}
	return 0;
}

static int found_lan(const struct facts *f, const struct link_if *wan,
		     struct roles *out)
{
	const struct link_if *lif;
	char list[LIST_MAX] = "";
	int err;

	for (lif = f->ifs; lif < f->ifs + f->ifs_n; lif++) {
		if (lif == wan || reserve(f, lif))
			continue;
		err = lan_add(f, lif, out);
		if (err)
			return err;
		list_add(list, lif->name);
	}
	if (!out->lan_n)
		return no_port(f, wan);
	/* One of them leads to the provider, who must not get our DHCP. */
	if (!wan && out->lan_n > 1 && !f->wish->own_lan)
		return error_set(f->err, -EINVAL,
				 "no default route tells which of %s is the "
				 "WAN: name it with --wan",
				 list);
	return 0;
}

int roles_pick(const struct roles_wish *wish, const struct link_if *ifs,
	       unsigned ifs_n, const struct link_route *routes,
	       unsigned routes_n, struct roles *out, struct error *err)
{
	struct facts f = {
		.wish = wish,
		.ifs = ifs,
		.ifs_n = ifs_n,
		.err = err,
	};
	const struct link_if *wan;
	int code;

	*out = (struct roles){ 0 };
	code = pick_wan(&f, roles_default_route(routes, routes_n, 0), &wan);
	if (code)
		return code;
	if (wan)
		out->wan = wan->ifindex;
	if (wish->lan_n)
		return named_lan(&f, out);
	return found_lan(&f, wan, out);
}

/* ---- the LAN's network */

static bool net_taken(const struct prefix *net, const struct link_if *ifs,
		      unsigned ifs_n, const struct link_route *routes,
		      unsigned routes_n, uint32_t own)
{
	const struct link_route *r;
	const struct link_if *lif;
	unsigned i;

	for (lif = ifs; lif < ifs + ifs_n; lif++) {
		for (i = 0; lif->ifindex != own && i < lif->addrs_n; i++)
			if (prefix_overlap(net, &lif->addrs[i]))
				return true;
	}
	for (r = routes; r < routes + routes_n; r++) {
		/* Defaults overlap everything: 0.0.0.0/0 and ::/0. What is
		 * refused may be so because it lives nowhere else. */
		if (!r->ifindex || r->ifindex == own ||
		    r->dst.len <= V4_DEFAULT_LEN)
			continue;
		if (prefix_overlap(net, &r->dst))
			return true;
	}
	return false;
}

int roles_pick_net(const struct link_if *ifs, unsigned ifs_n,
		   const struct link_route *routes, unsigned routes_n,
		   uint32_t own, struct prefix *out, struct error *err)
{
	static const struct {
		uint32_t first, step;
	} rows[] = {
		{ 0x0a4d0001, 0x10000 }, /* 10.77.0.1 … 10.99.0.1 */
		{ 0xc0a84d01, 0x100 },	 /* 192.168.77.1 … 192.168.99.1 */
	};
	unsigned row, i;

	for (row = 0; row < 2; row++) {
		for (i = 0; i <= 99 - 77; i++) {
			out->addr = addr_v4(
				htonl(rows[row].first + i * rows[row].step));
			out->len = V4_DEFAULT_LEN + 24;
			if (!net_taken(out, ifs, ifs_n, routes, routes_n, own))
				return 0;
		}
	}
	return error_set(err, -EADDRNOTAVAIL,
			 "no free network for the LAN in 10.77.0.0 to "
			 "192.168.99.0: name one with --lan-net");
}
