/* dns_own.h - detector: a device that asks a resolver of its own choice, past
 * ours, and gets no answer.
 *
 * Its owner sees "no internet" while all others have it. Questions by UDP that
 * come from a socket each, as most do. Bounded: the pair of device and resolver
 * that asked longest ago gives way. Pure: time is passed in. Control thread. */
#ifndef ANALYSIS_DNS_OWN_H
#define ANALYSIS_DNS_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define DNS_OWN_MAX   64
#define DNS_OWN_PORT  53
#define DNS_OWN_ASKED 4	    /* questions in vain, … */
#define DNS_OWN_MS    10000 /* … over so long */

struct dns_own {
	struct dns_own_pair {
		struct mac mac;
		struct addr to;
		uint64_t since_ms, last_ms; /* of what was not answered */
		unsigned asked;
		bool told;
	} pairs[DNS_OWN_MAX];
};

void dns_own_asked(struct dns_own *d, const struct mac *mac,
		   const struct addr *to, uint64_t now_ms);
void dns_own_answered(struct dns_own *d, const struct mac *mac,
		      const struct addr *to, uint64_t now_ms);
/* To be called every second. NULL: nobody; else one who gets no answer, told of
 * once until there is one. */
const struct dns_own_pair *dns_own_look(struct dns_own *d);

#endif
