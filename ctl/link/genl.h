/* genl.h - the common part of generic netlink: families by name. Used by
 * ethtool.c and netdev.c. Control thread only. */
#ifndef LINK_GENL_H
#define LINK_GENL_H

#include <stdint.h>

#include "nlsock.h"

struct genl_family {
	uint16_t id;
	uint32_t group; /* the one that was asked for, 0: there is none */
};

/* Starts a request to the family; what follows are attributes. */
void genl_init(struct nlreq *req, uint16_t family, uint8_t cmd);

/* 'group' may be NULL. 0; -ENOENT: this kernel has no such family. */
int genl_find(struct nlsock *nl, const char *name, const char *group,
	      struct genl_family *out);

#endif
