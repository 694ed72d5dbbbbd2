/* link_priv.h - the inside of struct link, for link*.c alone. */
#ifndef LINK_LINK_PRIV_H
#define LINK_LINK_PRIV_H

#include "ethtool.h"
#include "link.h"
#include "mirror.h"
#include "nlsock.h"

struct link {
	/* Immutable after link_open(). */
	uv_poll_t poll;
	struct link_events events;
	struct mnl_socket *monitor;
	struct nlsock ask;
	struct ethtool ethtool;
	bool has_ethtool;

	struct mirror now;
	struct mirror next; /* storage for the picture that comes after */
};

/* Tells on_fdb what the message says. False: no forwarding entry. */
bool link_fdb_hear(struct link *l, const struct nlmsghdr *nlh);

/* Tells on_neigh and on_fdb all that the kernel knows. */
void link_neighs_tell(struct link *l);

#endif
