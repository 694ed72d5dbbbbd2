/* quota.h - how much one client may ask of upstream.
 *
 * Answers from the cache and of the home are free. A token bucket for each
 * address, and as many questions in flight as there is room left: one client
 * alone may have half of all, two a third each, and so on, so that devices that
 * went mad, however many, cannot keep another from resolving. Pure. Control
 * thread. */
#ifndef DNS_QUOTA_H
#define DNS_QUOTA_H

#include "../base/addr.h"
#include "../base/hash.h"

#define QUOTA_PER_S   200u /* a page of today asks for some hundred names */
#define QUOTA_BURST_S 5	   /* what is saved up while nothing is asked */
#define QUOTA_SETS    128  /* power of two */
#define QUOTA_WAYS    8

struct quota_client {
	struct addr addr;
	uint64_t refilled_ms;
	uint32_t tokens;
	uint16_t in_flight; /* a client that has any keeps its place */
};

struct quota {
	uint32_t per_s;
	struct hash_key secret;
	struct quota_client clients[QUOTA_SETS][QUOTA_WAYS];
};

void quota_init(struct quota *q);
/* Takes a token and one of the 'room' places in flight that are left; given
 * back by quota_release(). NULL: this client has used up what it may. */
struct quota_client *quota_take(struct quota *q, const struct addr *addr,
				unsigned room, uint64_t now_ms);
void quota_release(struct quota_client *c);

#endif
