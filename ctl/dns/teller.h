/* teller.h - who hears which addresses a device was told for a name.
 *
 * Of an answer that the cache has, a device's hearing is told once in a while,
 * by whichever way it asks, as the data path does (base/answers.h). Control
 * thread. */
#ifndef DNS_TELLER_H
#define DNS_TELLER_H

#include "../base/hash.h"
#include "../proto/dns_answer.h"
#include "cache.h"
#include "dns.h"

#define TELLER_ADDRS_MAX 32 /* of one answer */
#define TELLER_PLACES	 4096
#define TELLER_AGAIN_MS	 300000

struct teller {
	dns_hearer *hear; /* NULL: nobody */
	void *arg;
	struct hash_key secret;
	uint64_t lately[TELLER_PLACES]; /* who was answered what, hashed */
};

void teller_init(struct teller *t);
/* Whether to tell that 'device' was answered what the cache has: not if that
 * was told lately. From now on it was. */
bool teller_due(struct teller *t, const struct addr *device,
		const struct cache_hit *hit, uint64_t now_ms);

/* 'device' was answered 'k' when it asked 'q'. */
void teller_tell(const struct teller *t, const struct addr *device,
		 const struct dns_query *q, const struct dns_kept *k);

#endif
