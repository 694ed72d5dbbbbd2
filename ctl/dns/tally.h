/* tally.h - what the dns room counts: its statistics, and its drops by name.
 * Control thread. */
#ifndef DNS_TALLY_H
#define DNS_TALLY_H

#include <stddef.h>

#include "../base/drop.h"
#include "dns.h"

/* clang-format off */
#define TALLY_DROPS(X)                                                         \
	X(NOT_SERVED, "dns_not_served")	    /* asker is not of our networks */ \
	X(MALFORMED, "dns_malformed")	    /* no query at all */              \
	X(DUPLICATE, "dns_duplicate")	    /* sent again while it is asked */ \
	X(OVER_RATE, "dns_over_rate")	    /* one client asks too much */     \
	X(IN_FLIGHT, "dns_in_flight_full")  /* too many questions wait */      \
	X(WAITERS, "dns_waiters_full")	    /* too many wait for this one */   \
	X(TAP, "dns_tap_full")		    /* too many came by the data path */ \
	X(SEND, "dns_send_failed")	    /* socket would not take it */     \
	X(TCP_CROWDED, "dns_tcp_crowded")   /* too many connections */         \
	X(TCP_LENGTH, "dns_tcp_bad_length") /* longer than a query can be */   \
	X(UP_FOREIGN, "dns_upstream_foreign")	  /* not what we asked */      \
	X(UP_MALFORMED, "dns_upstream_malformed") /* does not hold together */ \
	X(REBIND, "dns_rebind")		    /* private address, public name */

enum tally_reason {
#define X(id, name) TALLY_##id,
	TALLY_DROPS(X)
#undef X
	TALLY_REASONS
};
/* clang-format on */

_Static_assert(TALLY_REASONS == DNS_DROPS_MAX, "dns.h says how many");

struct tally {
	struct dns_stats stats;
	struct drop_row drops[TALLY_REASONS];
};

void tally_init(struct tally *t);
void tally_drop(struct tally *t, enum tally_reason reason, size_t bytes);

#endif
