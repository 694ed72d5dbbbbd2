/* rtnl_parse.c - routing-netlink messages to the structs of link.h.
 *
 * Called by mirror.c, link.c, link_neigh.c and rtnl.c. The kernel is trusted
 * to send well-formed attributes; absent ones are allowed everywhere. */
#include "rtnl.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define NEIGH_VALID                                                            \
	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

static bool addr_read(int family, const struct nlattr *a, struct addr *out)
{
	uint16_t len = a ? mnl_attr_get_payload_len(a) : 0;
	__be32 v4;

	if (family == AF_INET && len >= sizeof(v4)) {
		memcpy(&v4, mnl_attr_get_payload(a), sizeof(v4));
		*out = addr_v4(v4);
		return true;
	}
	if (family == AF_INET6 && len >= sizeof(out->b)) {
		memcpy(out->b, mnl_attr_get_payload(a), sizeof(out->b));
		return true;
	}
	return false;
}

static bool mac_read(const struct nlattr *a, struct mac *out)
{
	if (!a || mnl_attr_get_payload_len(a) != sizeof(out->b))
		return false;
	memcpy(out->b, mnl_attr_get_payload(a), sizeof(out->b));
	return true;
}

static void str_read(const struct nlattr *a, char *out, size_t len)
{
	if (a)
		snprintf(out, len, "%s", mnl_attr_get_str(a));
}

/* A port may carry one program for each mode; any of them is news. */
static uint32_t xdp_read(const struct nlattr *a)
{
	static const int kinds[] = { IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID,
				     IFLA_XDP_SKB_PROG_ID,
				     IFLA_XDP_HW_PROG_ID };
	const struct nlattr *tb[IFLA_XDP_MAX + 1];
	unsigned i;

	nl_attrs_nested(a, tb, IFLA_XDP_MAX);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (nl_u32(tb[kinds[i]]))
			return nl_u32(tb[kinds[i]]);
	return 0;
}

void rtnl_parse_link(const struct nlmsghdr *nlh, struct link_if *out)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];

	nl_attrs(nlh, sizeof(*ifi), tb, IFLA_MAX);
	nl_attrs_nested(tb[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	memset(out, 0, sizeof(*out));
	out->ifindex = (uint32_t)ifi->ifi_index;
	str_read(tb[IFLA_IFNAME], out->name, sizeof(out->name));
	str_read(info[IFLA_INFO_KIND], out->kind, sizeof(out->kind));
	mac_read(tb[IFLA_ADDRESS], &out->mac);
	out->mtu = nl_u32(tb[IFLA_MTU]);
	out->master = nl_u32(tb[IFLA_MASTER]);
	out->up = ifi->ifi_flags & IFF_UP;
	out->running = ifi->ifi_flags & IFF_RUNNING;
	out->loopback = ifi->ifi_flags & IFF_LOOPBACK;
	out->physical = tb[IFLA_PARENT_DEV_NAME] && !out->kind[0];
	out->ethernet = ifi->ifi_type == ARPHRD_ETHER;
	out->xdp_prog = xdp_read(tb[IFLA_XDP]);
	out->rx_queues = nl_u32(tb[IFLA_NUM_RX_QUEUES]);
}

bool rtnl_parse_addr(const struct nlmsghdr *nlh, uint32_t *ifindex,
		     struct prefix *out)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[IFA_MAX + 1];
	const struct nlattr *own;

	nl_attrs(nlh, sizeof(*ifa), tb, IFA_MAX);
	/* On point-to-point links IFA_ADDRESS is the peer's. */
	own = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!addr_read(ifa->ifa_family, own, &out->addr))
		return false;
	out->len = ifa->ifa_prefixlen;
	if (ifa->ifa_family == AF_INET)
		out->len += 96;
	*ifindex = ifa->ifa_index;
	return true;
}

/* A gateway of the route's own family, or of the other one (RFC 5549). */
static void via_read(int family, const struct nlattr *const *tb,
		     struct addr *out)
{
	struct {
		uint16_t family;
		uint8_t addr[16];
	} via = { 0 };

	if (addr_read(family, tb[RTA_GATEWAY], out) || !tb[RTA_VIA])
		return;
	if (mnl_attr_get_payload_len(tb[RTA_VIA]) > sizeof(via))
		return;
	memcpy(&via, mnl_attr_get_payload(tb[RTA_VIA]),
	       mnl_attr_get_payload_len(tb[RTA_VIA]));
	if (via.family == AF_INET6)
		memcpy(out->b, via.addr, sizeof(out->b));
}

/* 'hops' is a row of struct rtnexthop, each followed by its attributes. */
static unsigned hops_read(int family, const struct nlattr *hops,
			  const struct link_route *model,
			  struct link_route out[RTNL_HOPS_MAX])
{
	struct rtnexthop *hop = mnl_attr_get_payload(hops);
	int left = mnl_attr_get_payload_len(hops);
	const struct nlattr *tb[RTA_MAX + 1];
	unsigned n = 0;

	while (n < RTNL_HOPS_MAX && left >= (int)sizeof(*hop) &&
	       RTNH_OK(hop, left)) {
		nl_attrs_payload(hop + 1, hop->rtnh_len - sizeof(*hop), tb,
				 RTA_MAX);
		memcpy(&out[n], model, sizeof(*model));
		out[n].ifindex = (uint32_t)hop->rtnh_ifindex;
		via_read(family, tb, &out[n].via);
		n++;
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return n;
}

/* Routes that refuse lead nowhere, though IPv6 says "lo". */
static bool refuses(const struct rtmsg *rtm)
{
	return rtm->rtm_type == RTN_BLACKHOLE ||
	       rtm->rtm_type == RTN_UNREACHABLE ||
	       rtm->rtm_type == RTN_PROHIBIT;
}

unsigned rtnl_parse_route(const struct nlmsghdr *nlh,
			  struct link_route out[RTNL_HOPS_MAX])
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[RTA_MAX + 1];
	struct link_route r;

	if (rtm->rtm_flags & RTM_F_CLONED ||
	    (rtm->rtm_type != RTN_UNICAST && !refuses(rtm)))
		return 0;
	nl_attrs(nlh, sizeof(*rtm), tb, RTA_MAX);
	/* mirror.c compares rows as bytes: padding must be zero, too. */
	memset(&r, 0, sizeof(r));
	r.dst.len = rtm->rtm_dst_len;
	if (rtm->rtm_family == AF_INET) {
		r.dst.addr = addr_v4(0);
		r.dst.len += 96;
	} else if (rtm->rtm_family != AF_INET6) {
		return 0;
	}
	addr_read(rtm->rtm_family, tb[RTA_DST], &r.dst.addr);
	r.ifindex = refuses(rtm) ? 0 : nl_u32(tb[RTA_OIF]);
	r.metric = nl_u32(tb[RTA_PRIORITY]);
	r.table = tb[RTA_TABLE] ? nl_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	if (tb[RTA_MULTIPATH])
		return hops_read(rtm->rtm_family, tb[RTA_MULTIPATH], &r, out);
	via_read(rtm->rtm_family, tb, &r.via);
	memcpy(&out[0], &r, sizeof(r));
	return 1;
}

bool rtnl_parse_neigh(const struct nlmsghdr *nlh, struct link_neigh *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NDA_MAX + 1];
	bool gone = nlh->nlmsg_type == RTM_DELNEIGH;

	if (!gone && !(ndm->ndm_state & (NEIGH_VALID | NUD_FAILED)))
		return false;
	nl_attrs(nlh, sizeof(*ndm), tb, NDA_MAX);
	memset(out, 0, sizeof(*out));
	if (!addr_read(ndm->ndm_family, tb[NDA_DST], &out->addr))
		return false;
	out->ifindex = (uint32_t)ndm->ndm_ifindex;
	out->failed = ndm->ndm_state & NUD_FAILED;
	out->valid = mac_read(tb[NDA_LLADDR], &out->mac) && !gone &&
		     ndm->ndm_state & NEIGH_VALID;
	return out->valid || out->failed || gone;
}

/* Entries without a master are a device's own filter, permanent ones are the
 * bridge's own addresses. */
bool rtnl_parse_fdb(const struct nlmsghdr *nlh, uint32_t *port, struct mac *mac,
		    bool *gone)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NDA_MAX + 1];

	if (ndm->ndm_family != AF_BRIDGE || ndm->ndm_state & NUD_PERMANENT)
		return false;
	nl_attrs(nlh, sizeof(*ndm), tb, NDA_MAX);
	*port = (uint32_t)ndm->ndm_ifindex;
	*gone = nlh->nlmsg_type == RTM_DELNEIGH;
	return tb[NDA_MASTER] && mac_read(tb[NDA_LLADDR], mac);
}
