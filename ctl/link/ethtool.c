/* ethtool.c - the ethtool family of generic netlink: features and channels.
 *
 * Called by guard_nic.c, undo.c and mirror.c. Control thread only. Messages
 * are described in the kernel's Documentation/networking/ethtool-netlink. */
#include "ethtool.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

#include "genl.h"

static void put_device(struct nlreq *req, uint16_t type, uint32_t ifindex)
{
	struct nlattr *nest = mnl_attr_nest_start(&req->hdr, type);

	mnl_attr_put_u32(&req->hdr, ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
	mnl_attr_nest_end(&req->hdr, nest);
}

int ethtool_open(struct ethtool *et)
{
	struct genl_family family;
	int err;

	err = nlsock_open(&et->nl, NETLINK_GENERIC);
	if (err)
		return err;
	err = genl_find(&et->nl, ETHTOOL_GENL_NAME, NULL, &family);
	et->family = family.id;
	if (err)
		ethtool_close(et);
	return err;
}

void ethtool_close(struct ethtool *et)
{
	nlsock_close(&et->nl);
}

struct bit {
	const char *name;
	bool value;
};

static struct bit bit_parse(const struct nlattr *attr)
{
	const struct nlattr *tb[ETHTOOL_A_BITSET_BIT_MAX + 1];
	struct bit bit = { 0 };

	nl_attrs_nested(attr, tb, ETHTOOL_A_BITSET_BIT_MAX);
	if (tb[ETHTOOL_A_BITSET_BIT_NAME])
		bit.name = mnl_attr_get_str(tb[ETHTOOL_A_BITSET_BIT_NAME]);
	bit.value = tb[ETHTOOL_A_BITSET_BIT_VALUE] != NULL;
	return bit;
}

/* Is 'name' set in a verbose bitset? With a mask a bit says so by its value;
 * without one, being listed is enough. */
static bool bitset_has(const struct nlattr *set, const char *name)
{
	const struct nlattr *tb[ETHTOOL_A_BITSET_MAX + 1];
	const struct nlattr *attr;
	struct bit bit;

	nl_attrs_nested(set, tb, ETHTOOL_A_BITSET_MAX);
	if (!tb[ETHTOOL_A_BITSET_BITS])
		return false;
	mnl_attr_for_each_nested(attr, tb[ETHTOOL_A_BITSET_BITS])
	{
		bit = bit_parse(attr);
		if (bit.name && !strcmp(bit.name, name))
			return bit.value || tb[ETHTOOL_A_BITSET_NOMASK];
	}
	return false;
}

struct features {
	struct ethtool_feature *list;
	unsigned n;
};

static int features_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[ETHTOOL_A_FEATURES_MAX + 1];
	struct features *f = arg;
	struct ethtool_feature *one;

	nl_attrs(nlh, sizeof(struct genlmsghdr), tb, ETHTOOL_A_FEATURES_MAX);
	for (one = f->list; one < f->list + f->n; one++) {
		one->active =
			bitset_has(tb[ETHTOOL_A_FEATURES_ACTIVE], one->name);
		one->changeable =
			bitset_has(tb[ETHTOOL_A_FEATURES_HW], one->name) &&
			!bitset_has(tb[ETHTOOL_A_FEATURES_NOCHANGE], one->name);
	}
	return 0;
}

int ethtool_features_get(struct ethtool *et, uint32_t ifindex,
			 struct ethtool_feature *features, unsigned n)
{
	struct features f = { .list = features, .n = n };
	struct nlreq req;

	genl_init(&req, et->family, ETHTOOL_MSG_FEATURES_GET);
	put_device(&req, ETHTOOL_A_FEATURES_HEADER, ifindex);
	return nlsock_ask(&et->nl, &req, features_each, &f);
}

int ethtool_feature_set(struct ethtool *et, uint32_t ifindex, const char *name,
			bool on)
{
	struct nlattr *wanted, *bits, *bit;
	struct nlreq req;

	genl_init(&req, et->family, ETHTOOL_MSG_FEATURES_SET);
	put_device(&req, ETHTOOL_A_FEATURES_HEADER, ifindex);
	wanted = mnl_attr_nest_start(&req.hdr, ETHTOOL_A_FEATURES_WANTED);
	bits = mnl_attr_nest_start(&req.hdr, ETHTOOL_A_BITSET_BITS);
	bit = mnl_attr_nest_start(&req.hdr, ETHTOOL_A_BITSET_BITS_BIT);
	mnl_attr_put_strz(&req.hdr, ETHTOOL_A_BITSET_BIT_NAME, name);
	if (on)
		mnl_attr_put(&req.hdr, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
	mnl_attr_nest_end(&req.hdr, bit);
	mnl_attr_nest_end(&req.hdr, bits);
	mnl_attr_nest_end(&req.hdr, wanted);
	return nlsock_ask(&et->nl, &req, NULL, NULL);
}

static int channels_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[ETHTOOL_A_CHANNELS_MAX + 1];
	uint32_t *queues = arg;

	nl_attrs(nlh, sizeof(struct genlmsghdr), tb, ETHTOOL_A_CHANNELS_MAX);
	*queues = nl_u32(tb[ETHTOOL_A_CHANNELS_RX_COUNT]) +
		  nl_u32(tb[ETHTOOL_A_CHANNELS_COMBINED_COUNT]);
	return 0;
}

uint32_t ethtool_rx_queues(struct ethtool *et, uint32_t ifindex)
{
	uint32_t queues = 0;
	struct nlreq req;

	genl_init(&req, et->family, ETHTOOL_MSG_CHANNELS_GET);
	put_device(&req, ETHTOOL_A_CHANNELS_HEADER, ifindex);
	if (nlsock_ask(&et->nl, &req, channels_each, &queues))
		return 0;
	return queues;
}
