/* filter.h - what is not to be reached: the owner's lists, for each device.
 *
 * The owner's own words come before those of lists, and to allow comes before
 * to block. A device may be left out. While somebody is filtered, the canaries
 * by which browsers ask whether they may go around it say no. Control thread.
 */
#ifndef DNS_FILTER_H
#define DNS_FILTER_H

#include "../base/addr.h"
#include "../proto/dns_answer.h"
#include "nameset.h"

#define FILTER_UNFILTERED_MAX 64
#define FILTER_TTL_S	      10 /* what is allowed again is soon there */

enum filter_list { /* tags of names; those of lists come behind */
		   FILTER_NONE,
		   FILTER_OWN,	  /* dns.block */
		   FILTER_CANARY, /* use-application-dns.net and its like */
		   FILTER_LISTS,
};

enum filter_style { FILTER_ZERO, FILTER_NXDOMAIN };

struct filter {
	enum filter_style style;
	struct nameset *own_block, *own_allow; /* NULL: none */
	struct nameset *block, *allow;	       /* of lists; NULL: none */
	struct nameset *canaries;
	unsigned unfiltered_n;
	struct addr unfiltered[FILTER_UNFILTERED_MAX];
};

/* -ENOMEM. */
int filter_init(struct filter *f);
void filter_fini(struct filter *f);

/* Is 'who' filtered at all? */
bool filter_applies(const struct filter *f, const struct addr *who);
/* The list by which 'name' (lower case) is blocked, or FILTER_NONE. */
uint8_t filter_name(const struct filter *f, const struct dns_name *name);
/* The same for every name that an answer leads through. */
uint8_t filter_chain(const struct filter *f, const struct dns_kept *k);

/* The whole answer to 'q', which 'list' blocks. */
void filter_write(const struct filter *f, const struct dns_query *q,
		  uint8_t list, struct wr *w);

#endif
