/* link_change.c - the changes that make the machine a gateway.
 *
 * Each asks the kernel what is (the mirror may lag behind), writes the journal,
 * then changes. Called by gateway.c; control thread only. */
#include "link.h"
#include "link_priv.h"
#include "rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int gone(struct error *err, uint32_t ifindex, int code)
{
	return error_set(err, code, "interface number %u cannot be used: %s",
			 ifindex, strerror(-code));
}

int link_addr_add(struct link *l, struct journal *j, uint32_t ifindex,
		  const struct prefix *addr, struct error *err)
{
	char text[PREFIX_STRLEN];
	struct link_if lif;
	int code;

	code = rtnl_link_get(&l->ask, ifindex, NULL, &lif);
	if (code)
		return gone(err, ifindex, code);
	prefix_format(addr, text);
	code = rtnl_addr_has(&l->ask, ifindex, addr);
	if (code == 1) {
		journal_keep(j, "addr-add %s %u %s", lif.name, ifindex, text);
		return 0;
	}
	if (!code)
		code = journal_add(j, "addr-add %s %u %s", lif.name, ifindex,
				   text);
	if (!code)
		code = rtnl_addr_add(&l->ask, ifindex, addr);
	if (code)
		return error_set(err, code,
				 "%s cannot be given the address %s: %s",
				 lif.name, text, strerror(-code));
	return 0;
}

int link_addr_del(struct link *l, struct journal *j, uint32_t ifindex,
		  const struct prefix *addr)
{
	char text[PREFIX_STRLEN];
	struct link_if lif;
	int code;

	code = rtnl_link_get(&l->ask, ifindex, NULL, &lif);
	if (code)
		return code;
	code = rtnl_addr_has(&l->ask, ifindex, addr);
	if (code != 1)
		return code;
	code = journal_add(j, "addr-del %s %u %s", lif.name, ifindex,
			   prefix_format(addr, text));
	if (code)
		return code;
	return rtnl_addr_del(&l->ask, ifindex, addr);
}

int link_set_up(struct link *l, struct journal *j, uint32_t ifindex,
		struct error *err)
{
	struct link_if lif;
	int code;

	code = rtnl_link_get(&l->ask, ifindex, NULL, &lif);
	if (code)
		return gone(err, ifindex, code);
	if (lif.up) {
		journal_keep(j, "link-up %s %u", lif.name, ifindex);
		journal_keep(j, "qdisc %s %u", lif.name, ifindex);
		return 0;
	}
	code = rtnl_qdisc_none(&l->ask, ifindex);
	if (code == 1)
		code = journal_add(j, "qdisc %s %u", lif.name, ifindex);
	if (!code)
		code = journal_add(j, "link-up %s %u", lif.name, ifindex);
	if (!code)
		code = rtnl_link_up(&l->ask, ifindex, true);
	if (code)
		return error_set(err, code, "%s cannot be set up: %s", lif.name,
				 strerror(-code));
	return 0;
}

/* A bridge that an earlier run made. */
static bool is_left(struct journal *j, const struct link_if *lif)
{
	char text[MAC_STRLEN];

	return !strcmp(lif->kind, "bridge") &&
	       journal_keep(j, "bridge %s %s", lif->name,
			    mac_format(&lif->mac, text));
}

int link_bridge_add(struct link *l, struct journal *j, const char *name,
		    const struct mac *mac, uint32_t *ifindex, struct error *err)
{
	char text[MAC_STRLEN];
	struct link_if lif;
	int code;

	if (strlen(name) >= sizeof(lif.name))
		return error_set(err, -EINVAL,
				 "%s is too long for the name of a bridge",
				 name);
	code = rtnl_link_get(&l->ask, 0, name, &lif);
	if (!code && is_left(j, &lif)) {
		*ifindex = lif.ifindex;
		return 0;
	}
	if (!code)
		return error_set(err, -EEXIST,
				 "the bridge cannot be made: there is an "
				 "interface %s already: rename or delete it",
				 name);
	code = code == -ENODEV ? 0 : code;
	if (!code)
		code = journal_add(j, "bridge %s %s", name,
				   mac_format(mac, text));
	if (!code)
		code = rtnl_bridge_add(&l->ask, name, mac);
	if (!code)
		code = rtnl_link_get(&l->ask, 0, name, &lif);
	if (code)
		return error_set(err, code, "bridge %s cannot be made: %s",
				 name, strerror(-code));
	*ifindex = lif.ifindex;
	return 0;
}

/* The master to go back to: "NAME INDEX", or "- 0" for none. */
static int master_journal(struct link *l, struct journal *j,
			  const struct link_if *lif)
{
	struct link_if old = { .name = "-" };
	int code;

	if (lif->master) {
		code = rtnl_link_get(&l->ask, lif->master, NULL, &old);
		if (code)
			return code;
	}
	return journal_add(j, "master %s %u %s %u", lif->name, lif->ifindex,
			   old.name, old.ifindex);
}

int link_set_master(struct link *l, struct journal *j, uint32_t ifindex,
		    uint32_t bridge, struct error *err)
{
	struct link_if lif;
	int code;

	code = rtnl_link_get(&l->ask, ifindex, NULL, &lif);
	if (code)
		return gone(err, ifindex, code);
	if (lif.master == bridge) {
		journal_keep(j, "master %s %u", lif.name, ifindex);
		return 0;
	}
	code = master_journal(l, j, &lif);
	if (!code)
		code = rtnl_link_master(&l->ask, ifindex, bridge);
	if (code)
		return error_set(err, code, "%s cannot join the bridge: %s",
				 lif.name, strerror(-code));
	return 0;
}

/* The device lives as long as the descriptor does. 0 or -errno. */
static int tun_create(const char *name, int *fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int code;

	if (strlen(name) >= sizeof(ifr.ifr_name))
		return -ENAMETOOLONG;
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	*fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (!ioctl(*fd, TUNSETIFF, &ifr))
		return 0;
	code = -errno;
	close(*fd);
	return code;
}

int link_tun_open(struct link *l, const char *name, int *fd, uint32_t *ifindex,
		  struct error *err)
{
	struct link_if lif;
	int code;

	code = tun_create(name, fd);
	if (code)
		return error_set(
			err, code,
			"TUN device %s cannot be made (%s): the kernel "
			"needs its tun driver and a /dev/net/tun",
			name, strerror(-code));
	code = rtnl_link_get(&l->ask, 0, name, &lif);
	if (!code)
		code = rtnl_link_up(&l->ask, lif.ifindex, true);
	if (code) {
		close(*fd);
		return error_set(err, code,
				 "TUN device %s cannot be set up: %s", name,
				 strerror(-code));
	}
	*ifindex = lif.ifindex;
	return 0;
}
