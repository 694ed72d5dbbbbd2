/* ethtool.h - what a network card does by itself: features and queues, over
 * generic netlink. Control thread only. */
#ifndef LINK_ETHTOOL_H
#define LINK_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "nlsock.h"

struct ethtool {
	struct nlsock nl;
	uint16_t family;
};

/* One offload by the kernel's name for it ("rx-gro-hw"). */
struct ethtool_feature {
	const char *name;
	bool active;
	bool changeable;
};

/* -ENOENT: this kernel has no ethtool netlink. */
int ethtool_open(struct ethtool *et);
void ethtool_close(struct ethtool *et);

/* Fills 'active' and 'changeable' of the 'n' named features; what the kernel
 * does not know is neither. */
int ethtool_features_get(struct ethtool *et, uint32_t ifindex,
			 struct ethtool_feature *features, unsigned n);
int ethtool_feature_set(struct ethtool *et, uint32_t ifindex, const char *name,
			bool on);
/* Receive queues in use; 0: the driver does not tell. */
uint32_t ethtool_rx_queues(struct ethtool *et, uint32_t ifindex);

#endif
