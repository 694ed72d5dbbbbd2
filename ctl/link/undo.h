/* undo.h - what each journalled verb takes to undo. Called by journal.c alone.
 *
 * - addr-add IF INDEX PREFIX: removes the address
 * - addr-del IF INDEX PREFIX: gives it back
 * - link-up IF INDEX: sets the interface down
 * - qdisc IF INDEX: takes the queueing discipline again
 * - clsact IF INDEX made|found: takes our programs off its hook, and the hook
 *   if it was made and nobody else is in it
 * - bridge NAME MAC, pair NAME MAC: deletes the bridge, or the veth pair of
 *   that end
 * - master IF INDEX MASTER INDEX: joins the old master again, or none ("- 0")
 * - sysctl PATH OURS <- OLD: writes the old value, if ours is there
 * - nft TABLE: deletes the table of family inet
 * - nft-pass FAMILY TABLE CHAIN …: takes our rule out of somebody's chain
 * - ethtool IF INDEX FEATURE: switches the feature on
 * - mount NAMESPACE PATH: unmounts the BPF filesystem, when empty
 *
 * An interface is the one of that name and that index; a bridge or a pair the
 * one of that name and that MAC address. Control thread only. */
#ifndef LINK_UNDO_H
#define LINK_UNDO_H

#include "nlsock.h"

/* In which order a machine is given back: it must not forward any more when
 * what guards it goes. */
enum undo_stage {
	UNDO_FORWARDING, /* sysctls that make it forward */
	UNDO_CHANGES,
	UNDO_RULES,   /* the table and the programs against leaks */
	UNDO_MOUNTED, /* what programs and maps were pinned in */
	UNDO_LAST = UNDO_MOUNTED,
};
enum undo_stage undo_stage_of(const char *line);

/* Undoes one line, which is cut up. 'rtnl' speaks NETLINK_ROUTE. 0, also when
 * there is nothing left to undo; -errno: it stays as it is. */
int undo_line(struct nlsock *rtnl, char *line);

#endif
