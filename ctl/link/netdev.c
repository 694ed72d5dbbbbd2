/* netdev.c - see netdev.h. Messages are described in the kernel's
 * Documentation/netlink/specs/netdev.yaml. */
#include "netdev.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "genl.h"

/* Younger than the headers we build with. */
#define NETDEV_FAMILY "netdev"
#define NETDEV_GROUP  "mgmt"
enum { NETDEV_DEV_GET = 1 };
enum { NETDEV_IFINDEX = 1, NETDEV_XDP_FEATURES = 3, NETDEV_MAX = 3 };
#define NETDEV_NDO_XMIT 4u

static int features_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NETDEV_MAX + 1];
	const struct nlattr *bits;
	uint64_t *features = arg;

	nl_attrs(nlh, sizeof(struct genlmsghdr), tb, NETDEV_MAX);
	bits = tb[NETDEV_XDP_FEATURES];
	if (bits && mnl_attr_get_payload_len(bits) == sizeof(*features))
		*features = mnl_attr_get_u64(bits);
	return 0;
}

static uint64_t features_of(struct nlsock *nl, uint32_t ifindex)
{
	struct genl_family family;
	struct nlreq req;
	uint64_t features = 0;

	if (genl_find(nl, NETDEV_FAMILY, NULL, &family))
		return 0;
	genl_init(&req, family.id, NETDEV_DEV_GET);
	mnl_attr_put_u32(&req.hdr, NETDEV_IFINDEX, ifindex);
	return nlsock_ask(nl, &req, features_each, &features) ? 0 : features;
}

bool netdev_can_transmit(uint32_t ifindex)
{
	struct nlsock nl;
	uint64_t features;

	if (nlsock_open(&nl, NETLINK_GENERIC))
		return false;
	features = features_of(&nl, ifindex);
	nlsock_close(&nl);
	return features & NETDEV_NDO_XMIT;
}

int netdev_watch(struct nlwatch **out, uv_loop_t *loop,
		 void (*on_change)(void *arg), void *arg)
{
	struct genl_family family;
	struct nlsock nl;
	int err = nlsock_open(&nl, NETLINK_GENERIC);

	if (err)
		return err;
	err = genl_find(&nl, NETDEV_FAMILY, NETDEV_GROUP, &family);
	nlsock_close(&nl);
	if (err || !family.group)
		return err ? err : -ENOENT;
	return nlwatch_open(out, loop, NETLINK_GENERIC, (int)family.group,
			    on_change, arg);
}
