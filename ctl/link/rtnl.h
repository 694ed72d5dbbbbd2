/* rtnl.h - routing netlink: what its messages say, and the requests link/
 * makes. Knows no journal and keeps nothing. Control thread only. */
#ifndef LINK_RTNL_H
#define LINK_RTNL_H

#include "link.h"
#include "nlsock.h"

#define RTNL_HOPS_MAX 16

/* ---- messages to values; rtnl_parse.c */
/* All of 'out' but addrs, wireless and rx_queues, which other messages tell;
 * rx_queues is what the driver allocated. */
void rtnl_parse_link(const struct nlmsghdr *nlh, struct link_if *out);
bool rtnl_parse_addr(const struct nlmsghdr *nlh, uint32_t *ifindex,
		     struct prefix *out);
/* One row for each next hop of a unicast route, at most RTNL_HOPS_MAX, and one
 * for a route that refuses. */
unsigned rtnl_parse_route(const struct nlmsghdr *nlh,
			  struct link_route out[RTNL_HOPS_MAX]);
/* False: not a neighbour of an IP stack, or nothing is decided yet. */
bool rtnl_parse_neigh(const struct nlmsghdr *nlh, struct link_neigh *out);

/* Where a bridge has an address. False: it is its own, or no bridge's. */
bool rtnl_parse_fdb(const struct nlmsghdr *nlh, uint32_t *port, struct mac *mac,
		    bool *gone);

/* ---- requests; 0 or -errno of the kernel */
/* By index, or with ifindex 0 by name. -ENODEV: no such interface. Addresses
 * are not filled in. */
int rtnl_link_get(struct nlsock *nl, uint32_t ifindex, const char *name,
		  struct link_if *out);
int rtnl_link_up(struct nlsock *nl, uint32_t ifindex, bool up);
int rtnl_link_master(struct nlsock *nl, uint32_t ifindex, uint32_t master);
int rtnl_link_del(struct nlsock *nl, uint32_t ifindex);
int rtnl_bridge_add(struct nlsock *nl, const char *name, const struct mac *mac);
/* IPv6 gives it no address, and asks for none. -EAFNOSUPPORT: there is none. */
int rtnl_link_mute6(struct nlsock *nl, uint32_t ifindex);
/* Both ends with IFF_NOARP and one queue; 'near' has 'mac'. */
int rtnl_veth_add(struct nlsock *nl, const char *near, const struct mac *mac,
		  const char *far, uint32_t mtu);
int rtnl_addr_add(struct nlsock *nl, uint32_t ifindex, const struct prefix *p);
int rtnl_addr_del(struct nlsock *nl, uint32_t ifindex, const struct prefix *p);
/* 1: the port was never up, and has no queueing discipline; 0: it has one.
 * Coming up gives it a default one, which setting it down does not take. */
int rtnl_qdisc_none(struct nlsock *nl, uint32_t ifindex);
/* Takes a default discipline from a port that is down. -EEXIST: it is none, but
 * somebody's choice. */
int rtnl_qdisc_del(struct nlsock *nl, uint32_t ifindex);
/* 1: 'ifindex' has exactly this address and length; 0: it has not. */
int rtnl_addr_has(struct nlsock *nl, uint32_t ifindex, const struct prefix *p);

#endif
