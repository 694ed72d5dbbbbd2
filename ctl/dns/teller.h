/* teller.h - who hears which addresses a device was told for a name.
 *
 * Control thread. */
#ifndef DNS_TELLER_H
#define DNS_TELLER_H

#include "../proto/dns_answer.h"
#include "dns.h"

#define TELLER_ADDRS_MAX 32 /* of one answer */

struct teller {
	dns_hearer *hear; /* NULL: nobody */
	void *arg;
};

/* 'device' was answered 'k' when it asked 'q'. */
void teller_tell(const struct teller *t, const struct addr *device,
		 const struct dns_query *q, const struct dns_kept *k);

#endif
