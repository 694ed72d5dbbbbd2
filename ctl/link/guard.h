/* guard.h - what the kernel must never do behind the gate's back: nftables
 * rules, sysctls, NIC features. Each change is journalled and undone. */
#ifndef LINK_GUARD_H
#define LINK_GUARD_H

#include "journal.h"
#include "link.h"

/* A device that the kernel did not route for before we made it. */
struct guard_closed {
	const char *ifname;
	bool v4, v6;
};

/* What the rules are made from; borrowed. */
struct guard_house {
	const char *instance;
	const char *wan; /* NULL: none */
	const char *lan; /* the LAN's device: a bridge, or its only port */
	const struct prefix *nets; /* served by it */
	unsigned nets_n;
	uint32_t queued; /* bit n: the port of slot n is carried by nfqueue */
	bool wan_marked; /* its classifier marks what comes in by it */
	__be32 wan_addr; /* what the mark OUT means; IN means the first of
			    'nets' */
	unsigned closed_n;
	struct guard_closed closed[2];
};

/* nftables table "inet <instance>". It queues what the classifier marked for
 * the engine, drops what comes in by a WAN past a classifier that marks, and
 * writes into it what the engine's marks say. Of what is forwarded it drops,
 * unless the engine let it go, all that enters by the LAN and leaves by the WAN
 * or the other way round, what leaves by the WAN with a source in one of
 * 'nets', what enters by it for one of them, and what the kernel did not
 * forward before. Of what the machine itself sends by the WAN it drops such
 * sources, too, and errors: from outside nobody learns which ports are not in
 * use, nor what translated packets looked like. Replaces an earlier one in one
 * transaction. Kernels without nf_tables: -EOPNOTSUPP. */
int guard_rules_set(struct journal *j, const struct guard_house *house,
		    struct error *err);
/* Is the table as guard_rules_set() left it? Anybody may flush it. */
bool guard_rules_stand(const char *instance);

/* Writes /proc/sys/<path> (slashes) after journalling what it held. Not for
 * keys that overwrite others (ip_forward, conf/all/forwarding): what those held
 * would be lost. */
int guard_sysctl_set(struct journal *j, const char *path, const char *value,
		     struct error *err);

/* Lets what the engine has let go pass other people's firewalls: a rule of ours
 * in each of their forward chains that may drop. Those that are there stay;
 * what takes none is told in the log. */
void guard_foreign_pass(struct journal *j, const char *instance);

/* Was 'ifname' routed for before we made it? Asked before guard_forward(), or
 * any time after. */
struct guard_closed guard_forward_closed(struct journal *j, const char *ifname);
/* Lets the kernel route what comes in by 'ifname', the LAN's or the WAN's
 * device: the rules must stand before. 'lan' is the LAN's device. */
int guard_forward(struct journal *j, const char *ifname, const char *lan,
		  struct error *err);
/* Keeps bridged packets out of nftables' IP hooks, where that module is loaded:
 * what is marked for the engine would be queued within the bridge. */
int guard_bridge_nf(struct journal *j, struct error *err);

/* Switches RX VLAN stripping, LRO and hardware GRO off through ethtool
 * netlink, journalling what was on. A driver that knows none of it: 0. Before
 * the port joins a bridge, which takes LRO itself and does not give it back. */
int guard_nic_prepare(struct journal *j, uint32_t ifindex, const char *ifname,
		      struct error *err);

/* Mounts a BPF filesystem at 'path', an existing directory, if none is there
 * already. Undone only while it is empty. */
int guard_bpffs_mount(struct journal *j, const char *path, struct error *err);

#endif
