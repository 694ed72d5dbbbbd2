/* link_pair.h - a veth pair of our own, for what tc hands to AF_XDP
 * (bpf/punt.h): made, kept up, deleted.
 *
 * It is journalled before it is made, and undone by journal_undo(). Control
 * thread only. */
#ifndef LINK_LINK_PAIR_H
#define LINK_LINK_PAIR_H

#include <net/if.h>
#include <stdint.h>

#include "../base/error.h"
#include "journal.h"

struct link;

/* A veth pair between 'near' and 'far', both up, that says nothing by itself:
 * no ARP, no IPv6. What goes into 'near' comes out of 'far' in pieces of
 * LINK_PAIR_MTU at most and with finished checksums. One that an earlier run
 * left is taken over, and made ready again. */
#define LINK_PAIR_MTU 1500
struct link_pair {
	char near_name[IF_NAMESIZE], far_name[IF_NAMESIZE];
	uint32_t near, far; /* out */
};
int link_pair_add(struct link *l, struct journal *j, struct link_pair *pair,
		  struct error *err);
/* Takes both ends up. 0: they were; 1: somebody had taken one down; -errno. */
int link_pair_up(struct link *l, const struct link_pair *pair);
/* Deletes the pair, of which this is one end. 0 or -errno. */
int link_pair_del(struct link *l, uint32_t end);

#endif
