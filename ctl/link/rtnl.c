/* rtnl.c - the routing-netlink requests of the gateway.
 *
 * Called by link_change.c to make changes and by undo.c to take them back.
 * Control thread only. */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

static struct ifinfomsg *link_init(struct nlreq *req, uint16_t type,
				   uint16_t flags, uint32_t ifindex)
{
	struct ifinfomsg *ifi = nlreq_init(req, type, flags, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	return ifi;
}

static int link_each(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWLINK)
		rtnl_parse_link(nlh, arg);
	return 0;
}

int rtnl_link_get(struct nlsock *nl, uint32_t ifindex, const char *name,
		  struct link_if *out)
{
	struct nlreq req;

	memset(out, 0, sizeof(*out));
	link_init(&req, RTM_GETLINK, 0, ifindex);
	if (!ifindex)
		mnl_attr_put_strz(&req.hdr, IFLA_IFNAME, name);
	mnl_attr_put_u32(&req.hdr, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nlsock_ask(nl, &req, link_each, out);
}

static int qdisc_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	bool *none = arg;

	nl_attrs(nlh, sizeof(struct ifinfomsg), tb, IFLA_MAX);
	*none = tb[IFLA_QDISC] &&
		!strcmp(mnl_attr_get_str(tb[IFLA_QDISC]), "noop");
	return 0;
}

int rtnl_qdisc_none(struct nlsock *nl, uint32_t ifindex)
{
	bool none = false;
	struct nlreq req;
	int err;

	link_init(&req, RTM_GETLINK, 0, ifindex);
	mnl_attr_put_u32(&req.hdr, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = nlsock_ask(nl, &req, qdisc_each, &none);
	return err ? err : none;
}

static int qdisc_root(struct nlsock *nl, uint16_t type, uint16_t flags,
		      uint32_t ifindex)
{
	struct tcmsg *tcm;
	struct nlreq req;

	tcm = nlreq_init(&req, type, flags, sizeof(*tcm));
	tcm->tcm_ifindex = (int)ifindex;
	tcm->tcm_parent = TC_H_ROOT;
	tcm->tcm_handle = 1u << 16;
	mnl_attr_put_strz(&req.hdr, TCA_KIND, "pfifo");
	return nlsock_ask(nl, &req, NULL, NULL);
}

/* A default discipline has no handle to delete it by: it is replaced by one
 * that has. */
int rtnl_qdisc_del(struct nlsock *nl, uint32_t ifindex)
{
	int err = qdisc_root(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
			     ifindex);

	return err ? err : qdisc_root(nl, RTM_DELQDISC, 0, ifindex);
}

int rtnl_link_up(struct nlsock *nl, uint32_t ifindex, bool up)
{
	struct ifinfomsg *ifi;
	struct nlreq req;

	ifi = link_init(&req, RTM_NEWLINK, 0, ifindex);
	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	return nlsock_ask(nl, &req, NULL, NULL);
}

int rtnl_link_master(struct nlsock *nl, uint32_t ifindex, uint32_t master)
{
	struct nlreq req;

	link_init(&req, RTM_NEWLINK, 0, ifindex);
	mnl_attr_put_u32(&req.hdr, IFLA_MASTER, master);
	return nlsock_ask(nl, &req, NULL, NULL);
}

int rtnl_link_del(struct nlsock *nl, uint32_t ifindex)
{
	struct nlreq req;

	link_init(&req, RTM_DELLINK, 0, ifindex);
	return nlsock_ask(nl, &req, NULL, NULL);
}

int rtnl_bridge_add(struct nlsock *nl, const char *name, const struct mac *mac)
{
	struct nlattr *info, *data;
	struct nlreq req;

	link_init(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(&req.hdr, IFLA_IFNAME, name);
	mnl_attr_put(&req.hdr, IFLA_ADDRESS, sizeof(mac->b), mac->b);
	info = mnl_attr_nest_start(&req.hdr, IFLA_LINKINFO);
	mnl_attr_put_strz(&req.hdr, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(&req.hdr, IFLA_INFO_DATA);
	mnl_attr_put_u32(&req.hdr, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u32(&req.hdr, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_nest_end(&req.hdr, data);
	mnl_attr_nest_end(&req.hdr, info);
	return nlsock_ask(nl, &req, NULL, NULL);
}

int rtnl_link_mute6(struct nlsock *nl, uint32_t ifindex)
{
	struct nlattr *spec, *inet6;
	struct nlreq req;

	link_init(&req, RTM_NEWLINK, 0, ifindex);
	spec = mnl_attr_nest_start(&req.hdr, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(&req.hdr, AF_INET6);
	mnl_attr_put_u8(&req.hdr, IFLA_INET6_ADDR_GEN_MODE,
			IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(&req.hdr, inet6);
	mnl_attr_nest_end(&req.hdr, spec);
	return nlsock_ask(nl, &req, NULL, NULL);
}

/* One end: asks for no neighbours, has one queue. */
static void end_init(struct nlreq *req, struct ifinfomsg *ifi, const char *name,
		     uint32_t mtu)
{
	ifi->ifi_flags = IFF_NOARP;
	ifi->ifi_change = IFF_NOARP;
	mnl_attr_put_strz(&req->hdr, IFLA_IFNAME, name);
	mnl_attr_put_u32(&req->hdr, IFLA_MTU, mtu);
	mnl_attr_put_u32(&req->hdr, IFLA_NUM_RX_QUEUES, 1);
	mnl_attr_put_u32(&req->hdr, IFLA_NUM_TX_QUEUES, 1);
}

int rtnl_veth_add(struct nlsock *nl, const char *near, const struct mac *mac,
		  const char *far, uint32_t mtu)
{
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *ifi;
	struct nlreq req;

	ifi = link_init(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	end_init(&req, ifi, near, mtu);
	mnl_attr_put(&req.hdr, IFLA_ADDRESS, sizeof(mac->b), mac->b);
	info = mnl_attr_nest_start(&req.hdr, IFLA_LINKINFO);
	mnl_attr_put_strz(&req.hdr, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(&req.hdr, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(&req.hdr, VETH_INFO_PEER);
	ifi = mnl_nlmsg_put_extra_header(&req.hdr, sizeof(*ifi));
	end_init(&req, ifi, far, mtu);
	mnl_attr_nest_end(&req.hdr, peer);
	mnl_attr_nest_end(&req.hdr, data);
	mnl_attr_nest_end(&req.hdr, info);
	return nlsock_ask(nl, &req, NULL, NULL);
}

static void addr_init(struct nlreq *req, uint16_t type, uint16_t flags,
		      uint32_t ifindex, const struct prefix *p)
{
	struct ifaddrmsg *ifa = nlreq_init(req, type, flags, sizeof(*ifa));
	bool v4 = addr_is_v4(&p->addr);
	const void *bytes = v4 ? &p->addr.b[12] : &p->addr.b[0];
	size_t len = v4 ? 4 : 16;

	ifa->ifa_family = v4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = v4 ? (uint8_t)prefix_v4_len(p) : p->len;
	ifa->ifa_index = ifindex;
	mnl_attr_put(&req->hdr, IFA_LOCAL, len, bytes);
	mnl_attr_put(&req->hdr, IFA_ADDRESS, len, bytes);
}

int rtnl_addr_add(struct nlsock *nl, uint32_t ifindex, const struct prefix *p)
{
	struct nlreq req;
	__be32 broadcast;

	addr_init(&req, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, p);
	/* A /31 or /32 has no broadcast address (RFC 3021). */
	if (addr_is_v4(&p->addr) && prefix_v4_len(p) < 31) {
		broadcast = addr_to_v4(&p->addr) | ~v4_mask(prefix_v4_len(p));
		mnl_attr_put_u32(&req.hdr, IFA_BROADCAST, broadcast);
	}
	return nlsock_ask(nl, &req, NULL, NULL);
}

int rtnl_addr_del(struct nlsock *nl, uint32_t ifindex, const struct prefix *p)
{
	struct nlreq req;

	addr_init(&req, RTM_DELADDR, 0, ifindex, p);
	return nlsock_ask(nl, &req, NULL, NULL);
}

struct addr_search {
	uint32_t ifindex;
	const struct prefix *wanted;
	bool found;
};

static int addr_each(const struct nlmsghdr *nlh, void *arg)
{
	struct addr_search *s = arg;
	struct prefix p;
	uint32_t ifindex;

	if (!rtnl_parse_addr(nlh, &ifindex, &p) || ifindex != s->ifindex)
		return 0;
	if (addr_eq(&p.addr, &s->wanted->addr) && p.len == s->wanted->len)
		s->found = true;
	return 0;
}

int rtnl_addr_has(struct nlsock *nl, uint32_t ifindex, const struct prefix *p)
{
	struct addr_search s = { .ifindex = ifindex, .wanted = p };
	struct ifaddrmsg *ifa;
	struct nlreq req;
	int err;

	ifa = nlreq_init(&req, RTM_GETADDR, NLM_F_DUMP, sizeof(*ifa));
	ifa->ifa_family = addr_is_v4(&p->addr) ? AF_INET : AF_INET6;
	err = nlsock_ask(nl, &req, addr_each, &s);
	/* An interrupted dump that showed the address has shown it. */
	return s.found ? 1 : err;
}
