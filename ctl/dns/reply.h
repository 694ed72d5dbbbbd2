/* reply.h - sends an answer to who asked, cut to what that way carries. */
#ifndef DNS_REPLY_H
#define DNS_REPLY_H

#include "../proto/dns_answer.h"
#include "asker.h"

void reply_error(const struct asker *to, const struct dns_query *q,
		 unsigned rcode);
void reply_kept(const struct asker *to, const struct dns_query *q,
		const struct dns_kept *k, uint32_t ttl_s);
/* An answer to 'q' that is written already. */
void reply_wire(const struct asker *to, const struct dns_query *q,
		const struct wr *answer);

#endif
