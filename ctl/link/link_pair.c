/* link_pair.c - see link_pair.h. Called by gateway/pair.c. Control thread only.
 */
#include "link_pair.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "ethtool.h"
#include "link_priv.h"
#include "rtnl.h"

/* Left by an earlier run, which may have been killed while making it. */
static bool is_left(struct link *l, struct journal *j,
		    const struct link_pair *pair)
{
	struct link_if near, far;
	char text[MAC_STRLEN];

	return !rtnl_link_get(&l->ask, 0, pair->near_name, &near) &&
	       !rtnl_link_get(&l->ask, 0, pair->far_name, &far) &&
	       !strcmp(near.kind, "veth") &&
	       journal_keep(j, "pair %s %s", near.name,
			    mac_format(&near.mac, text));
}

/* veth leaves checksums to whoever comes after it; AF_XDP has nobody. */
static int finish_checksums(uint32_t near)
{
	static const char *const features[] = { "tx-checksum-ip-generic",
						"tx-checksum-sctp" };
	struct ethtool et;
	int code = ethtool_open(&et);

	if (code)
		return code;
	for (unsigned i = 0; !code && i < 2; i++)
		code = ethtool_feature_set(&et, near, features[i], false);
	ethtool_close(&et);
	return code;
}

static int end_ready(struct link *l, const char *name, uint32_t *ifindex)
{
	struct link_if end;
	int code = rtnl_link_get(&l->ask, 0, name, &end);

	if (code)
		return code;
	*ifindex = end.ifindex;
	code = rtnl_link_mute6(&l->ask, end.ifindex);
	return code == -EAFNOSUPPORT ? 0 : code;
}

static int get_ready(struct link *l, struct link_pair *pair)
{
	uint32_t near = 0, far = 0;
	int code = end_ready(l, pair->near_name, &near);

	if (!code)
		code = end_ready(l, pair->far_name, &far);
	if (!code)
		code = finish_checksums(near);
	if (!code)
		code = rtnl_link_up(&l->ask, near, true);
	if (!code)
		code = rtnl_link_up(&l->ask, far, true);
	if (code) {
		(void)link_pair_del(l, near);
		return code;
	}
	pair->near = near;
	pair->far = far;
	return 0;
}

static int make(struct link *l, struct journal *j, const struct link_pair *pair)
{
	char text[MAC_STRLEN];
	struct mac mac;
	int code;

	if (getrandom(mac.b, sizeof(mac.b), 0) != sizeof(mac.b))
		return -errno;
	mac.b[0] = (uint8_t)((mac.b[0] & ~1u) | 2); /* one station's, local */
	code = journal_add(j, "pair %s %s", pair->near_name,
			   mac_format(&mac, text));
	if (!code)
		code = rtnl_veth_add(&l->ask, pair->near_name, &mac,
				     pair->far_name, LINK_PAIR_MTU);
	return code;
}

int link_pair_add(struct link *l, struct journal *j, struct link_pair *pair,
		  struct error *err)
{
	int code = is_left(l, j, pair) ? 0 : make(l, j, pair);

	if (!code)
		code = get_ready(l, pair);
	if (code == -EEXIST)
		return error_set(err, code,
				 "the pair of devices %s and %s cannot be "
				 "made: there is an interface of that name "
				 "already: rename or delete it",
				 pair->near_name, pair->far_name);
	if (code)
		return error_set(err, code,
				 "the pair of devices %s and %s cannot be "
				 "made: %s: the kernel needs its veth driver",
				 pair->near_name, pair->far_name,
				 strerror(-code));
	return 0;
}

int link_pair_up(struct link *l, const struct link_pair *pair)
{
	const uint32_t ends[] = { pair->near, pair->far };
	struct link_if end;
	int code = 0, was_down = 0;

	for (unsigned i = 0; !code && i < 2; i++) {
		code = rtnl_link_get(&l->ask, ends[i], NULL, &end);
		if (code || end.up)
			continue;
		was_down = 1;
		code = rtnl_link_up(&l->ask, ends[i], true);
	}
	return code ? code : was_down;
}

int link_pair_del(struct link *l, uint32_t end)
{
	return end ? rtnl_link_del(&l->ask, end) : 0;
}
