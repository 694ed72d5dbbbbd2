/* guard_nic.c - network card features that hide from XDP what was on the wire.
 *
 * VLAN stripping takes the tag out of the frame before XDP sees it; LRO and
 * hardware GRO hand over merged packets, which cannot be forwarded. Called by
 * gateway.c before the port joins a bridge, which would switch LRO off without
 * a record. Control thread only. */
#include "ethtool.h"
#include "guard.h"
#include "rtnl.h"

#include "../base/log.h"

#include <errno.h>
#include <string.h>

#define FEATURES 4

static void features_init(struct ethtool_feature f[FEATURES])
{
	f[0] = (struct ethtool_feature){ .name = "rx-vlan-hw-parse" };
	f[1] = (struct ethtool_feature){ .name = "rx-vlan-stag-hw-parse" };
	f[2] = (struct ethtool_feature){ .name = "rx-lro" };
	f[3] = (struct ethtool_feature){ .name = "rx-gro-hw" };
}

/* Devices of a kind (veth, tap, …) are software: they advertise features that
 * do nothing on receipt. */
static int is_hardware(uint32_t ifindex, bool *hardware)
{
	struct link_if lif;
	struct nlsock nl;
	int err;

	err = nlsock_open(&nl, NETLINK_ROUTE);
	if (err)
		return err;
	err = rtnl_link_get(&nl, ifindex, NULL, &lif);
	nlsock_close(&nl);
	*hardware = !lif.kind[0] && !lif.loopback;
	return err;
}

static int features_off(struct journal *j, struct ethtool *et, uint32_t ifindex,
			const char *ifname)
{
	struct ethtool_feature f[FEATURES];
	unsigned i;
	int err;

	features_init(f);
	err = ethtool_features_get(et, ifindex, f, FEATURES);
	/* A driver that has no such features. */
	if (err == -EOPNOTSUPP)
		return 0;
	for (i = 0; i < FEATURES && !err; i++) {
		journal_keep(j, "ethtool %s %u %s", ifname, ifindex, f[i].name);
		if (!f[i].active || !f[i].changeable)
			continue;
		err = journal_add(j, "ethtool %s %u %s", ifname, ifindex,
				  f[i].name);
		if (!err)
			err = ethtool_feature_set(et, ifindex, f[i].name,
						  false);
	}
	if (err)
		return err;
	err = ethtool_features_get(et, ifindex, f, FEATURES);
	for (i = 0; i < FEATURES && !err; i++)
		if (f[i].active)
			log_warn(
				"link: %s keeps %s on: its driver does not let "
				"go of it",
				ifname, f[i].name);
	return err;
}

int guard_nic_prepare(struct journal *j, uint32_t ifindex, const char *ifname,
		      struct error *err)
{
	struct ethtool et;
	bool hardware = false;
	int code;

	code = is_hardware(ifindex, &hardware);
	if (!code && !hardware)
		return 0;
	if (!code) {
		code = ethtool_open(&et);
		/* No ethtool netlink: nothing that could be switched. */
		if (code == -ENOENT)
			return 0;
	}
	if (!code) {
		code = features_off(j, &et, ifindex, ifname);
		ethtool_close(&et);
	}
	if (code)
		return error_set(err, code,
				 "%s does not switch VLAN stripping and LRO "
				 "off: %s",
				 ifname, strerror(-code));
	return 0;
}
