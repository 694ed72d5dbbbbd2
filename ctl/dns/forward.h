/* forward.h - questions on their way upstream, and who waits for them.
 *
 * One question is asked once, however many wait for it. What comes back is
 * judged, cached, and given to all of them; where nothing comes, what the
 * cache has of old (RFC 8767). Bounded everywhere. Control thread's loop. */
#ifndef DNS_FORWARD_H
#define DNS_FORWARD_H

#include "asker.h"
#include "cache.h"
#include "filter.h"
#include "rebind.h"
#include "resolve.h"
#include "tally.h"

#define FORWARD_MAX	    1024 /* questions in flight */
#define FORWARD_WAITERS_MAX 32	 /* clients for one of them */

struct forward;

/* Outlived by all that it is given. NULL: no memory. */
struct forward *forward_new(struct resolver *resolver, struct cache *cache,
			    const struct filter *filter,
			    const struct rebind *rebind, struct tally *tally);
/* Nobody is answered any more. */
void forward_free(struct forward *f);

/* The answer to 'q' is sent to 'from', now or later, if it is not turned away.
 */
void forward_ask(struct forward *f, const struct dns_key *key,
		 const struct dns_query *q, const struct asker *from);
/* Asks for what the cache has, but not for long any more, on the account of
 * 'who'. Nobody waits for it. */
void forward_refresh(struct forward *f, const struct dns_key *key,
		     const struct dns_query *q, const struct addr *who);
/* How many questions a second one client may have sent on. */
void forward_set_rate(struct forward *f, uint32_t per_s);
/* Forgets those who wait by 'via'. */
void forward_forget(struct forward *f, const void *via);

#endif
