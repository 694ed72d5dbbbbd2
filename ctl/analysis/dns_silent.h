/* dns_silent.h - detector: names are asked for, and no resolver answers. Pure.
 *
 * A resolver that says no has answered: a device that asks for a broken name
 * all night is no news. */
#ifndef ANALYSIS_DNS_SILENT_H
#define ANALYSIS_DNS_SILENT_H

#include <stdbool.h>
#include <stdint.h>

#define DNS_SILENT_MS	  10000
#define DNS_SILENT_FAILED 3 /* questions that were in vain */

struct dns_silent {
	uint64_t since_ms; /* 0: somebody answers */
	uint64_t failed;   /* in all, when it began */
	bool told;
};

/* To be called every second. 'nobody': every resolver is held for dead;
 * 'failed': questions in vain, ever. True, once a silence: it is news. */
static inline bool dns_silent_step(struct dns_silent *s, bool nobody,
				   uint64_t failed, uint64_t now_ms)
{
	if (!nobody) {
		*s = (struct dns_silent){ .failed = failed };
		return false;
	}
	if (!s->since_ms)
		s->since_ms = now_ms;
	if (s->told || now_ms < s->since_ms + DNS_SILENT_MS ||
	    failed < s->failed + DNS_SILENT_FAILED)
		return false;
	s->told = true;
	return true;
}

#endif
