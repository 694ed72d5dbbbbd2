/* guard_queue.h - the chain that hands to the engine what the classifier marked
 * for it. For guard_rules.c alone. */
#ifndef LINK_GUARD_QUEUE_H
#define LINK_GUARD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "nft.h"

/* Before connection tracking and before all that others look at. */
#define GUARD_QUEUE_PRIORITY (-310)

/* nf_tables' own word for it, or that of iptables, for kernels which have only
 * that. */
enum guard_queue_word { GUARD_QUEUE_NATIVE, GUARD_QUEUE_XT };

/* Adds the chain "to_engine": bit n of 'slots' has a rule for what is marked at
 * the port of slot n. Without a listener it is dropped; and so is what comes in
 * by 'wan' (NULL: carried by XDP) and no classifier has seen. */
void guard_queue_put(struct nft_batch *b, uint32_t slots, const char *wan,
		     enum guard_queue_word word);

#endif
