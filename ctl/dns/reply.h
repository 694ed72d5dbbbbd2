/* reply.h - sends an answer to who asked, cut to what that way carries, and
 * notes it in the log. */
#ifndef DNS_REPLY_H
#define DNS_REPLY_H

#include "../proto/dns_answer.h"
#include "asker.h"
#include "filter.h"
#include "querylog.h"

void reply_error(const struct asker *to, const struct dns_query *q,
		 unsigned rcode, enum query_why why);
void reply_kept(const struct asker *to, const struct dns_query *q,
		const struct dns_kept *k, struct dns_age age,
		enum query_why why);
/* An answer to 'q' that is written already. */
void reply_wire(const struct asker *to, const struct dns_query *q,
		const struct wr *answer, enum query_why why);
/* What 'list' blocks. */
void reply_blocked(const struct asker *to, const struct dns_query *q,
		   const struct filter *f, uint8_t list);
/* reply_kept(), unless the answer leads through a name that is blocked. True:
 * it was. */
bool reply_filtered(const struct asker *to, const struct dns_query *q,
		    const struct filter *f, const struct dns_kept *k,
		    struct dns_age age, enum query_why why);

#endif
