/* quota.h - how much one client may ask of upstream.
 *
 * Answers from the cache and of the home are free. A token bucket and a share
 * of the questions in flight for each address, so that one device that went
 * mad cannot keep the others from resolving. Pure. Control thread. */
#ifndef DNS_QUOTA_H
#define DNS_QUOTA_H

#include "../base/addr.h"
#include "../base/hash.h"

#define QUOTA_PER_S	    200u /* a page of today asks for some hundred names */
#define QUOTA_BURST_S	    5	 /* what is saved up while nothing is asked */
#define QUOTA_IN_FLIGHT_MAX 128 /* half of forward.h's table */
#define QUOTA_SETS	    128 /* power of two */
#define QUOTA_WAYS	    8

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
/* Takes a token and a place in flight; given back by quota_release(). NULL:
 * this client has used up what it may. */
struct quota_client *quota_take(struct quota *q, const struct addr *addr,
				uint64_t now_ms);
void quota_release(struct quota_client *c);

#endif
