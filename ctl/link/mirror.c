/* mirror.c - dumps links, addresses and routes, and compares two dumps.
 *
 * Called by link.c. Control thread only.
 * Invariant: rows are zeroed before they are filled, padding included, so that
 * equal pictures are equal bytes. */
#include "mirror.h"
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often a dump may be asked for again when it changed midway. */
#define TAKE_TRIES 8

/* Makes room for one more row of 'size' bytes; NULL: no memory. */
static void *row_add(void *rows, unsigned n, unsigned *cap, size_t size)
{
	unsigned more;

	if (n < *cap)
		return rows;
	more = *cap ? 2 * *cap : 16;
	rows = reallocarray(rows, more, size);
	if (rows)
		*cap = more;
	return rows;
}

/* /sys may show another network namespace: believe it only where the entry is
 * of the same index. */
static bool sysfs_wireless(const struct link_if *lif)
{
	char path[64];
	unsigned ifindex = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", lif->name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%u", &ifindex) != 1)
		ifindex = 0;
	fclose(f);
	if (ifindex != lif->ifindex)
		return false;
	snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", lif->name);
	if (!access(path, F_OK))
		return true;
	snprintf(path, sizeof(path), "/sys/class/net/%s/wireless", lif->name);
	return !access(path, F_OK);
}

static int link_each(const struct nlmsghdr *nlh, void *arg)
{
	struct mirror *m = arg;
	void *rows;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	rows = row_add(m->ifs, m->ifs_n, &m->ifs_cap, sizeof(*m->ifs));
	if (!rows)
		return -ENOMEM;
	m->ifs = rows;
	rtnl_parse_link(nlh, &m->ifs[m->ifs_n++]);
	return 0;
}

static int addr_each(const struct nlmsghdr *nlh, void *arg)
{
	struct mirror *m = arg;
	struct link_if *lif;
	struct prefix p;
	uint32_t ifindex;

	memset(&p, 0, sizeof(p));
	if (!rtnl_parse_addr(nlh, &ifindex, &p))
		return 0;
	for (lif = m->ifs; lif < m->ifs + m->ifs_n; lif++) {
		if (lif->ifindex != ifindex || lif->addrs_n == LINK_ADDRS_MAX)
			continue;
		memcpy(&lif->addrs[lif->addrs_n++], &p, sizeof(p));
	}
	return 0;
}

static int route_each(const struct nlmsghdr *nlh, void *arg)
{
	struct link_route hops[RTNL_HOPS_MAX];
	struct mirror *m = arg;
	unsigned i, n;
	void *rows;

	n = rtnl_parse_route(nlh, hops);
	for (i = 0; i < n; i++) {
		rows = row_add(m->routes, m->routes_n, &m->routes_cap,
			       sizeof(*m->routes));
		if (!rows)
			return -ENOMEM;
		m->routes = rows;
		memcpy(&m->routes[m->routes_n++], &hops[i], sizeof(hops[i]));
	}
	return 0;
}

static int links_dump(struct mirror *m, struct nlsock *nl)
{
	struct ifinfomsg *ifi;
	struct nlreq req;

	ifi = nlreq_init(&req, RTM_GETLINK, NLM_F_DUMP, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(&req.hdr, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nlsock_ask(nl, &req, link_each, m);
}

static int addrs_dump(struct mirror *m, struct nlsock *nl)
{
	struct nlreq req;

	nlreq_init(&req, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	return nlsock_ask(nl, &req, addr_each, m);
}

static int routes_dump(struct mirror *m, struct nlsock *nl)
{
	struct nlreq req;

	nlreq_init(&req, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));
	return nlsock_ask(nl, &req, route_each, m);
}

/* What routing netlink does not tell: asked for the ports that could serve. */
static void ports_complete(struct mirror *m, struct ethtool *et)
{
	struct link_if *lif;
	uint32_t queues;

	for (lif = m->ifs; lif < m->ifs + m->ifs_n; lif++) {
		if (!lif->ethernet)
			continue;
		lif->wireless = lif->physical && sysfs_wireless(lif);
		queues = et ? ethtool_rx_queues(et, lif->ifindex) : 0;
		if (queues)
			lif->rx_queues = queues;
	}
}

static int take_once(struct mirror *m, struct nlsock *nl)
{
	int err;

	m->ifs_n = 0;
	m->routes_n = 0;
	err = links_dump(m, nl);
	if (err)
		return err;
	err = addrs_dump(m, nl);
	if (err)
		return err;
	return routes_dump(m, nl);
}

int mirror_take(struct mirror *m, struct nlsock *nl, struct ethtool *et)
{
	unsigned tries;
	int err = -EINTR;

	for (tries = 0; err == -EINTR && tries < TAKE_TRIES; tries++)
		err = take_once(m, nl);
	/* Changed under our hands to the last: a notification will follow. */
	if (err && err != -EINTR)
		return err;
	ports_complete(m, et);
	return 0;
}

void mirror_fini(struct mirror *m)
{
	free(m->ifs);
	free(m->routes);
	memset(m, 0, sizeof(*m));
}

static bool addrs_differ(const struct link_if *a, const struct link_if *b)
{
	return a->addrs_n != b->addrs_n ||
	       memcmp(a->addrs, b->addrs, sizeof(a->addrs));
}

/* Addresses are the last fields: what stands before them is the link. */
static bool link_differs(const struct link_if *a, const struct link_if *b)
{
	return memcmp(a, b, offsetof(struct link_if, addrs_n));
}

unsigned mirror_diff(const struct mirror *a, const struct mirror *b)
{
	unsigned i, changes = 0;

	if (a->ifs_n != b->ifs_n)
		changes |= LINK_CHANGED_IFS | LINK_CHANGED_ADDRS;
	for (i = 0; i < a->ifs_n && i < b->ifs_n; i++) {
		if (link_differs(&a->ifs[i], &b->ifs[i]))
			changes |= LINK_CHANGED_IFS;
		if (addrs_differ(&a->ifs[i], &b->ifs[i]))
			changes |= LINK_CHANGED_ADDRS;
	}
	if (a->routes_n != b->routes_n ||
	    (a->routes_n &&
	     memcmp(a->routes, b->routes, a->routes_n * sizeof(*a->routes))))
		changes |= LINK_CHANGED_ROUTES;
	return changes;
}
