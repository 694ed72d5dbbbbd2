/* upstream.h - the servers upstream and what was learned about them.
 *
 * The fastest that answers is asked; one that fails is retired and probed
 * until it is back. Pure: time is passed in. Control thread. */
#ifndef DNS_UPSTREAM_H
#define DNS_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/nameserver.h"
#include "dns.h"

#define UPSTREAM_PLAIN_MS                                                      \
	600000u /* without EDNS, until tried with it again                     \
		 */

struct upstream {
	struct nameserver at;
	bool measured;
	uint32_t srtt_ms8;    /* smoothed round trip, in 1/8 ms (RFC 6298) */
	uint64_t measured_ms; /* when last */
	unsigned failures;    /* in a row */
	uint64_t failing_ms;  /* since when */
	bool retired;
	uint32_t probe_wait_ms;
	uint64_t probe_ms; /* retired: next probe */
	bool knows_edns;
	uint64_t plain_ms; /* does not know EDNS, believed until then */
};

struct upstreams {
	unsigned n;
	unsigned asked; /* questions, to measure the others now and then */
	struct upstream u[DNS_UPSTREAMS_MAX];
};

/* Whom a question was put to already. */
struct upstream_try {
	struct nameserver at;
	bool final; /* it said no: not to be asked again */
};

/* What is known of those that stay is kept. */
void upstreams_set(struct upstreams *s, const struct nameserver *at,
		   unsigned n);
struct upstream *upstreams_find(struct upstreams *s,
				const struct nameserver *at);

/* Whom to ask next, or NULL. Live ones before retired ones, those not tried
 * yet first, then by latency; 'measure': the one not measured for longest. */
struct upstream *upstreams_pick(struct upstreams *s,
				const struct upstream_try *tries, unsigned n,
				bool measure);
/* How many are not retired; all, if all are. */
unsigned upstreams_live(const struct upstreams *s);
/* True for every so many questions: race two, so that all stay measured. */
bool upstreams_race_due(struct upstreams *s);
/* Not known to answer: ask another one beside it. */
bool upstream_doubtful(const struct upstream *u);
/* How long to wait for the answer to the 'tries'-th try (0: the first). */
uint32_t upstream_timeout_ms(const struct upstream *u, unsigned tries);

/* True: it was retired, and is back by this. */
bool upstream_answered(struct upstream *u, uint32_t rtt_ms, uint64_t now_ms);
/* True: it is retired by this. */
bool upstream_failed(struct upstream *u, uint64_t now_ms);

/* The retired one whose probe is due, with the next one put off; or NULL, and
 * in '*wait_ms' how long until one is (UINT64_MAX: none is retired). */
struct upstream *upstreams_probe(struct upstreams *s, uint64_t now_ms,
				 uint64_t *wait_ms);

#endif
