/* leftovers.c - see leftovers.h.
 * Called by gateway.c, ports.c and lifecycle.c. Control thread or client
 * process. The journal's words are those of undo.h. */
#include "leftovers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../link/gate.h"

#define ADDED	"addr-add "
#define REMOVED "addr-del "

struct reading {
	const struct link *link;
	const char *bridge_name;
	struct leftovers found;
};

static const struct link_if *bridge_left(const struct reading *r,
					 const char *entry)
{
	char name[IF_NAMESIZE], text[MAC_STRLEN];
	const struct link_if *lif;
	struct mac mac;

	if (sscanf(entry, "bridge %15s %17s", name, text) != 2 ||
	    strcmp(name, r->bridge_name) || !mac_parse(text, &mac))
		return NULL;
	lif = link_by_name(r->link, name);
	if (!lif || strcmp(lif->kind, "bridge") || !mac_eq(&lif->mac, &mac))
		return NULL;
	return lif;
}

static void find_bridge(void *arg, const char *entry)
{
	struct reading *r = arg;
	const struct link_if *lif = bridge_left(r, entry);

	if (!lif)
		return;
	r->found.lan = lif->ifindex;
	r->found.bridge = true;
}

static bool has_prefix(const struct link_if *lif, const struct prefix *p)
{
	for (unsigned n = 0; n < lif->addrs_n; n++)
		if (addr_eq(&lif->addrs[n].addr, &p->addr) &&
		    lif->addrs[n].len == p->len)
			return true;
	return false;
}

/* An Ethernet port: the way back into the machine has an address, too. */
static void find_net(void *arg, const char *entry)
{
	char name[IF_NAMESIZE], text[PREFIX_STRLEN];
	struct reading *r = arg;
	const struct link_if *lif;
	struct prefix net;
	unsigned ifindex;

	if (sscanf(entry, ADDED "%15s %u %49s", name, &ifindex, text) != 3 ||
	    !prefix_parse(text, &net) || !addr_is_v4(&net.addr))
		return;
	lif = link_by_index(r->link, ifindex);
	if (!lif || strcmp(lif->name, name) || !lif->ethernet ||
	    !has_prefix(lif, &net))
		return;
	if (r->found.bridge && ifindex != r->found.lan)
		return;
	r->found.lan = ifindex;
	r->found.has_net = true;
	r->found.net = net;
}

struct leftovers leftovers_read(const struct journal *j, const struct link *l,
				const char *bridge_name)
{
	struct reading r = { .link = l, .bridge_name = bridge_name };

	journal_each(j, find_bridge, &r);
	journal_each(j, find_net, &r);
	return r.found;
}

int leftovers_undo(struct journal *j, const struct instance *i)
{
	/* What fails here stands there still and is tried again below. */
	(void)journal_undo_forwarding(j);
	(void)gate_clean(GATE_BPFFS, i->name);
	unlink(i->tables);
	unlink(i->names);
	return journal_undo(j);
}

/* An address that moved stands there twice, and undoing one entry without the
 * other would bring it back. */
static void keep_moved(void *arg, const char *entry)
{
	struct journal *j = arg;

	if (strncmp(entry, REMOVED, strlen(REMOVED)))
		return;
	journal_keep(j, "%s", entry);
	journal_keep(j, ADDED "%s", entry + strlen(REMOVED));
}

void leftovers_sweep(struct journal *j)
{
	journal_each(j, keep_moved, j);
	(void)journal_sweep(j);
}
