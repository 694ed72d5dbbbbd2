/* undo.c - takes one journalled change back.
 *
 * Called by journal.c. Control thread only.
 * Invariant: undoing what was never done, or is undone, or is now somebody
 * else's, changes nothing and succeeds. */
#include "undo.h"
#include "ethtool.h"
#include "guard_priv.h"
#include "ns.h"
#include "rtnl.h"
#include "tc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* The next word; an empty one when there are no more. */
static const char *word(char **args)
{
	static const char none[] = "";
	const char *w = strsep(args, " ");

	return w ? w : none;
}

/* Reads IF INDEX. 0 and the index; -ENODEV: no interface is both. */
static int port_read(struct nlsock *rtnl, char **args, struct link_if *lif)
{
	const char *name = word(args);
	uint32_t ifindex = (uint32_t)strtoul(word(args), NULL, 10);
	int err;

	if (!ifindex)
		return -ENODEV;
	err = rtnl_link_get(rtnl, ifindex, NULL, lif);
	if (err)
		return err;
	return strcmp(lif->name, name) ? -ENODEV : 0;
}

static int undo_addr_add(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	struct prefix p;
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	if (!prefix_parse(word(&args), &p))
		return -EINVAL;
	err = rtnl_addr_del(rtnl, lif.ifindex, &p);
	return err == -EADDRNOTAVAIL ? 0 : err;
}

static int undo_addr_del(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	struct prefix p;
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	if (!prefix_parse(word(&args), &p))
		return -EINVAL;
	err = rtnl_addr_add(rtnl, lif.ifindex, &p);
	return err == -EEXIST ? 0 : err;
}

static int undo_link_up(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	return rtnl_link_up(rtnl, lif.ifindex, false);
}

/* Kernels without traffic control have none to take. */
static int undo_qdisc(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	int err = port_read(rtnl, &args, &lif);

	if (err || lif.up)
		return err;
	err = rtnl_qdisc_del(rtnl, lif.ifindex);
	return err == -EEXIST || err == -EOPNOTSUPP ? 0 : err;
}

static int undo_clsact(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	return tc_clean(rtnl, lif.ifindex, !strcmp(word(&args), "made"));
}

static int undo_made(struct nlsock *rtnl, char *args, const char *kind)
{
	const char *name = word(&args);
	struct link_if lif;
	struct mac mac;
	int err;

	if (!mac_parse(word(&args), &mac))
		return -EINVAL;
	err = rtnl_link_get(rtnl, 0, name, &lif);
	if (err)
		return err;
	if (strcmp(lif.kind, kind) || !mac_eq(&lif.mac, &mac))
		return 0;
	return rtnl_link_del(rtnl, lif.ifindex);
}

static int undo_bridge(struct nlsock *rtnl, char *args)
{
	return undo_made(rtnl, args, "bridge");
}

static int undo_pair(struct nlsock *rtnl, char *args)
{
	return undo_made(rtnl, args, "veth");
}

static int undo_master(struct nlsock *rtnl, char *args)
{
	struct link_if lif, old = { 0 };
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	/* A master that is gone is like none. */
	if (port_read(rtnl, &args, &old))
		old.ifindex = 0;
	if (lif.master == old.ifindex)
		return 0;
	return rtnl_link_master(rtnl, lif.ifindex, old.ifindex);
}

static int undo_sysctl(struct nlsock *rtnl, char *args)
{
	const char *path = word(&args);
	char *old = args ? strstr(args, GUARD_SYSCTL_WAS) : NULL;

	(void)rtnl;
	if (!old)
		return -EINVAL;
	*old = '\0';
	return guard_sysctl_restore(path, args, old + strlen(GUARD_SYSCTL_WAS));
}

static int undo_nft(struct nlsock *rtnl, char *args)
{
	int err = guard_rules_del(word(&args));

	(void)rtnl;
	return err == -EOPNOTSUPP ? 0 : err;
}

static int undo_nft_pass(struct nlsock *rtnl, char *args)
{
	const char *family = word(&args), *table = word(&args);
	const char *chain = word(&args);
	int err = guard_foreign_del(family, table, chain, word(&args));

	(void)rtnl;
	return err == -EOPNOTSUPP ? 0 : err;
}

static int undo_ethtool(struct nlsock *rtnl, char *args)
{
	struct link_if lif;
	struct ethtool et;
	int err = port_read(rtnl, &args, &lif);

	if (err)
		return err;
	err = ethtool_open(&et);
	if (err)
		return err;
	err = ethtool_feature_set(&et, lif.ifindex, word(&args), true);
	ethtool_close(&et);
	return err;
}

/* Others may keep things in it by now; theirs stay. */
static int undo_mount(struct nlsock *rtnl, char *args)
{
	char ns[NS_ID_LEN];
	int err;

	(void)rtnl;
	err = ns_id("mnt", ns);
	if (err)
		return err;
	if (strcmp(word(&args), ns) || !args || !guard_bpffs_unused(args))
		return 0;
	return umount(args) ? -errno : 0;
}

static const struct {
	const char *verb;
	int (*undo)(struct nlsock *rtnl, char *args);
} verbs[] = {
	{ "addr-add", undo_addr_add }, { "addr-del", undo_addr_del },
	{ "link-up", undo_link_up },   { "qdisc", undo_qdisc },
	{ "clsact", undo_clsact },     { "bridge", undo_bridge },
	{ "pair", undo_pair },	       { "master", undo_master },
	{ "sysctl", undo_sysctl },     { "nft", undo_nft },
	{ "nft-pass", undo_nft_pass }, { "ethtool", undo_ethtool },
	{ "mount", undo_mount },
};

static bool begins(const char *line, const char *words)
{
	return !strncmp(line, words, strlen(words));
}

enum undo_stage undo_stage_of(const char *line)
{
	/* ip_forward, forwarding, force_forwarding, mc_forwarding */
	if (begins(line, "sysctl "))
		return strstr(line, "forward") ? UNDO_FORWARDING : UNDO_CHANGES;
	if (begins(line, "nft ") || begins(line, "clsact "))
		return UNDO_RULES;
	if (begins(line, "mount "))
		return UNDO_MOUNTED;
	return UNDO_CHANGES;
}

int undo_line(struct nlsock *rtnl, char *line)
{
	const char *verb = word(&line);
	unsigned i;
	int err;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb))
			continue;
		err = verbs[i].undo(rtnl, line);
		return err == -ENODEV || err == -ENOENT ? 0 : err;
	}
	return -EINVAL;
}
