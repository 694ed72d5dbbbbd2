/* genl.c - see genl.h. Messages are described in the kernel's
 * Documentation/userspace-api/netlink/intro.rst. */
#include "genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

struct search {
	const char *group;
	struct genl_family *out;
};

void genl_init(struct nlreq *req, uint16_t family, uint8_t cmd)
{
	struct genlmsghdr *genl =
		nlreq_init(req, family, 0, sizeof(struct genlmsghdr));

	genl->cmd = cmd;
	genl->version = 1;
}

static void group_each(const struct search *s, const struct nlattr *attr)
{
	const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	const struct nlattr *name;

	nl_attrs_nested(attr, tb, CTRL_ATTR_MCAST_GRP_MAX);
	name = tb[CTRL_ATTR_MCAST_GRP_NAME];
	if (name && mnl_attr_validate(name, MNL_TYPE_NUL_STRING) >= 0 &&
	    !strcmp(mnl_attr_get_str(name), s->group))
		s->out->group = nl_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
}

static int family_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[CTRL_ATTR_MAX + 1];
	const struct search *s = arg;
	const struct nlattr *attr;

	nl_attrs(nlh, sizeof(struct genlmsghdr), tb, CTRL_ATTR_MAX);
	if (tb[CTRL_ATTR_FAMILY_ID])
		s->out->id = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	if (!tb[CTRL_ATTR_MCAST_GROUPS] || !s->group)
		return 0;
	mnl_attr_for_each_nested(attr, tb[CTRL_ATTR_MCAST_GROUPS])
		group_each(s, attr);
	return 0;
}

int genl_find(struct nlsock *nl, const char *name, const char *group,
	      struct genl_family *out)
{
	struct search s = { .group = group, .out = out };
	struct nlreq req;
	int err;

	*out = (struct genl_family){ 0 };
	genl_init(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(&req.hdr, CTRL_ATTR_FAMILY_NAME, name);
	err = nlsock_ask(nl, &req, family_each, &s);
	return err || out->id ? err : -ENOENT;
}
