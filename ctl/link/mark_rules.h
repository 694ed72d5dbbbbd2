/* mark_rules.h - rules behind the queue that write into a long packet what its
 * mark says, so that the engine needs to see the headers alone. */
#ifndef LINK_MARK_RULES_H
#define LINK_MARK_RULES_H

#include "../base/addr.h"
#include "nft.h"

/* What the marks OUT and IN of abi.h leave out. */
struct mark_rules {
	__be32 wan_addr;   /* 0: there is none now */
	struct prefix lan; /* IPv4; of more than 4,096 addresses no host is
			    * ever named by a mark */
};

/* Adds the chain "rewrite" to the table of 'b', at prerouting with 'priority',
 * which is after the queue's. */
void mark_rules_put(struct nft_batch *b, int32_t priority,
		    const struct mark_rules *m);

#endif
