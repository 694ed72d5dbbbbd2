/* netdev.c - see netdev.h. Messages are described in the kernel's
 * Documentation/netlink/specs/netdev.yaml. */
#include "netdev.h"

#include <linux/genetlink.h>

#include "nlsock.h"

/* Younger than the headers we build with. */
enum { NETDEV_DEV_GET = 1 };
enum { NETDEV_IFINDEX = 1, NETDEV_XDP_FEATURES = 3, NETDEV_MAX = 3 };
#define NETDEV_NDO_XMIT 4u

static void request_init(struct nlreq *req, uint16_t family, uint8_t cmd)
{
	struct genlmsghdr *genl =
		nlreq_init(req, family, 0, sizeof(struct genlmsghdr));

	genl->cmd = cmd;
	genl->version = 1;
}

static int family_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint16_t *family = arg;

	nl_attrs(nlh, sizeof(struct genlmsghdr), tb, CTRL_ATTR_MAX);
	if (tb[CTRL_ATTR_FAMILY_ID])
		*family = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

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
	struct nlreq req;
	uint16_t family = 0;
	uint64_t features = 0;

	request_init(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(&req.hdr, CTRL_ATTR_FAMILY_NAME, "netdev");
	if (nlsock_ask(nl, &req, family_each, &family) || !family)
		return 0;
	request_init(&req, family, NETDEV_DEV_GET);
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
