/* resolve.h - one question, put to the upstreams until one answers.
 *
 * The fastest first; another beside it when it is not known to answer, after
 * it when it does not. Those that lose the race are still heard out, so that
 * every upstream stays measured. Control thread's loop. */
#ifndef DNS_RESOLVE_H
#define DNS_RESOLVE_H

#include <uv.h>

#include "query.h"
#include "upstream.h"

#define RESOLVE_DEADLINE_MS 4500 /* stub resolvers wait 5 s (resolv.conf) */
#define RESOLVE_SLOW_MS	    1800 /* client response timer, RFC 8767, 5 */
#define RESOLVE_TRIES_MAX   6

/* Shared by all; outlives them. */
struct resolver {
	struct query_way way;
	struct upstreams upstreams;
	struct resolve *all; /* list, owned or heard out */
	unsigned open;	     /* queries that hold a socket */
	void (*on_retired)(struct resolver *r);
};

struct resolve;

struct resolve_owner {
	void *arg;
	/* The answer takes its time; it may still come. Once. */
	void (*on_slow)(void *arg);
	/* The end: the resolve belongs to the owner no more. 0: rcode is
	 * NOERROR, NXDOMAIN or YXDOMAIN, said by 'by'. Else all are NULL. */
	void (*on_done)(void *arg, int err, const uint8_t *msg,
			const struct dns_answer *a,
			const struct nameserver *by);
};

/* Never calls the owner before it returns. -ENOMEM. There is an upstream. */
int resolve_start(struct resolver *r, const struct query_ask *ask,
		  const struct resolve_owner *owner);
/* Ends all of them without a word to their owners. */
void resolve_stop_all(struct resolver *r);

/* What became known of an upstream, said once where it changes. */
void resolver_answered(struct resolver *r, const struct nameserver *at,
		       uint64_t asked_ms);
void resolver_failed(struct resolver *r, const struct nameserver *at);

#endif
