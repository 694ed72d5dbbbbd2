/* guard.h - what the kernel must never do behind the gate's back: nftables
 * rules, sysctls, NIC features. Each change is journalled and undone. */
#ifndef LINK_GUARD_H
#define LINK_GUARD_H

#include "journal.h"
#include "link.h"

/* nftables table "inet <instance>". Of what is forwarded it drops all that
 * enters by the device 'lan' and leaves by 'wan', what leaves by 'wan' with a
 * source in one of 'lans', and what enters by it for one of them. Of what the
 * machine itself sends by 'wan' it drops such sources, too, and ICMP's "port
 * unreachable": from outside nobody learns which ports are not in use.
 * Replaces an earlier one in one transaction. Kernels without nf_tables:
 * -EOPNOTSUPP. */
int guard_rules_set(struct journal *j, const char *instance, const char *wan,
		    const char *lan, const struct prefix *lans, unsigned lans_n,
		    struct error *err);

/* Writes /proc/sys/<path> (slashes) after journalling what it held. Not for
 * keys that overwrite others (ip_forward, conf/all/forwarding): what those held
 * would be lost. */
int guard_sysctl_set(struct journal *j, const char *path, const char *value,
		     struct error *err);

/* Switches RX VLAN stripping, LRO and hardware GRO off through ethtool
 * netlink, journalling what was on. A driver that knows none of it: 0. Before
 * the port joins a bridge, which takes LRO itself and does not give it back. */
int guard_nic_prepare(struct journal *j, uint32_t ifindex, const char *ifname,
		      struct error *err);

/* Mounts a BPF filesystem at 'path', an existing directory, if none is there
 * already. Undone only while it is empty. */
int guard_bpffs_mount(struct journal *j, const char *path, struct error *err);

#endif
