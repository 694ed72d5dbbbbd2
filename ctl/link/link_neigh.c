/* link_neigh.c - neighbours and bridge forwarding entries: what frames that
 * bypass the kernel do not teach it, it is told here.
 *
 * Entries that the owner or the kernel itself set for good are never touched:
 * NTF_USE would turn a permanent neighbour into a mortal one, and a host that
 * sends from the bridge's own address must not take it over. Control thread
 * only. */
#include "link.h"
#include "link_priv.h"
#include "rtnl.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* ---- telling what is known */

struct tell {
	uint32_t ifindex;
	void (*each)(void *arg, const struct link_neigh *n);
	void *arg;
};

static int tell_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct tell *t = arg;
	struct link_neigh neigh;

	if (!rtnl_parse_neigh(nlh, &neigh) || !neigh.valid)
		return 0;
	if (!t->ifindex || t->ifindex == neigh.ifindex)
		t->each(t->arg, &neigh);
	return 0;
}

/* A dump that fails or is cut short tells less; the rest is asked for when it
 * is needed. */
static void neighs_dump(struct link *l, int family, struct tell *t)
{
	struct ndmsg *ndm;
	struct nlreq req;

	ndm = nlreq_init(&req, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*ndm));
	ndm->ndm_family = (uint8_t)family;
	if (t->ifindex)
		mnl_attr_put_u32(&req.hdr, NDA_IFINDEX, t->ifindex);
	nlsock_ask(&l->ask, &req, tell_each, t);
}

bool link_fdb_hear(struct link *l, const struct nlmsghdr *nlh)
{
	uint32_t port;
	struct mac mac;
	bool gone;

	if (!rtnl_parse_fdb(nlh, &port, &mac, &gone))
		return false;
	if (l->events.on_fdb)
		l->events.on_fdb(l->events.arg, port, &mac, gone);
	return true;
}

static int fdb_each(const struct nlmsghdr *nlh, void *arg)
{
	link_fdb_hear(arg, nlh);
	return 0;
}

void link_neighs_tell(struct link *l)
{
	struct tell t = { .each = l->events.on_neigh, .arg = l->events.arg };
	struct ndmsg *ndm;
	struct nlreq req;

	neighs_dump(l, AF_UNSPEC, &t);
	ndm = nlreq_init(&req, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*ndm));
	ndm->ndm_family = AF_BRIDGE;
	nlsock_ask(&l->ask, &req, fdb_each, l);
}

void link_neighs(struct link *l, uint32_t ifindex,
		 void (*each)(void *arg, const struct link_neigh *n), void *arg)
{
	struct tell t = { .ifindex = ifindex, .each = each, .arg = arg };

	neighs_dump(l, AF_UNSPEC, &t);
}

/* ---- keeping entries fresh */

struct entry {
	uint16_t state;
	bool valid;
	struct link_neigh neigh; /* when valid */
};

static int entry_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct entry *e = arg;

	e->state = ndm->ndm_state;
	e->valid = rtnl_parse_neigh(nlh, &e->neigh) && e->neigh.valid;
	return 0;
}

/* An entry that is not there is in no state. */
static struct entry entry_get(struct link *l, struct nlreq *req)
{
	struct entry e = { 0 };

	nlsock_ask(&l->ask, req, entry_each, &e);
	return e;
}

static bool entry_fixed(const struct entry *e)
{
	return e->state & (NUD_PERMANENT | NUD_NOARP);
}

static struct ndmsg *neigh_init(struct nlreq *req, uint16_t type,
				uint16_t flags, uint32_t ifindex,
				const struct addr *addr)
{
	struct ndmsg *ndm = nlreq_init(req, type, flags, sizeof(*ndm));
	bool v4 = addr_is_v4(addr);

	ndm->ndm_family = v4 ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = (int)ifindex;
	mnl_attr_put(&req->hdr, NDA_DST, v4 ? 4 : 16,
		     v4 ? &addr->b[12] : &addr->b[0]);
	return ndm;
}

static struct entry neigh_get(struct link *l, uint32_t ifindex,
			      const struct addr *addr)
{
	struct nlreq req;

	neigh_init(&req, RTM_GETNEIGH, 0, ifindex, addr);
	return entry_get(l, &req);
}

/* NTF_USE makes the entry when there is none, and acts as if a packet had been
 * sent by it: a new or stale one is probed. */
static int neigh_use(struct link *l, uint32_t ifindex, const struct addr *addr)
{
	struct ndmsg *ndm;
	struct nlreq req;

	ndm = neigh_init(&req, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
			 ifindex, addr);
	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = NTF_USE;
	return nlsock_ask(&l->ask, &req, NULL, NULL);
}

int link_neigh_use(struct link *l, uint32_t ifindex, const struct addr *addr)
{
	struct entry e = neigh_get(l, ifindex, addr);

	if (entry_fixed(&e))
		return 0;
	return neigh_use(l, ifindex, addr);
}

int link_neigh_resolve(struct link *l, uint32_t ifindex,
		       const struct addr *addr)
{
	struct entry e = neigh_get(l, ifindex, addr);

	if (e.valid)
		l->events.on_neigh(l->events.arg, &e.neigh);
	if (entry_fixed(&e))
		return 0;
	return neigh_use(l, ifindex, addr);
}

static struct ndmsg *fdb_init(struct nlreq *req, uint16_t type, uint16_t flags,
			      uint32_t ifindex, const struct mac *mac)
{
	struct ndmsg *ndm = nlreq_init(req, type, flags, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = (int)ifindex;
	ndm->ndm_flags = NTF_MASTER;
	mnl_attr_put(&req->hdr, NDA_LLADDR, sizeof(mac->b), mac->b);
	return ndm;
}

int link_fdb_use(struct link *l, uint32_t ifindex, const struct mac *mac)
{
	struct ndmsg *ndm;
	struct entry e;
	struct nlreq req;

	if (mac->b[0] & 1 || mac_is_zero(mac))
		return -EINVAL;
	fdb_init(&req, RTM_GETNEIGH, 0, ifindex, mac);
	e = entry_get(l, &req);
	if (entry_fixed(&e))
		return 0;
	ndm = fdb_init(&req, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
		       ifindex, mac);
	ndm->ndm_state = NUD_REACHABLE;
	return nlsock_ask(&l->ask, &req, NULL, NULL);
}

static int port_each(const struct nlmsghdr *nlh, void *arg)
{
	uint32_t *port = arg;
	struct mac mac;
	bool gone;

	if (!rtnl_parse_fdb(nlh, port, &mac, &gone))
		*port = 0;
	return 0;
}

uint32_t link_fdb_port(struct link *l, uint32_t bridge, const struct mac *mac)
{
	struct nlreq req;
	uint32_t port = 0;

	fdb_init(&req, RTM_GETNEIGH, 0, 0, mac)->ndm_flags = 0;
	mnl_attr_put_u32(&req.hdr, NDA_MASTER, bridge);
	nlsock_ask(&l->ask, &req, port_each, &port);
	return port;
}
