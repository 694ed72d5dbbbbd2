/* dns_answer.h - answers from upstream: judged whole, kept whole, given on.
 *
 * An answer is one piece under its question. Its records are never taken apart
 * nor filed under other names, so that a lie in one cannot spread. It lives as
 * long as the shortest-lived of its records. Pure. */
#ifndef PROTO_DNS_ANSWER_H
#define PROTO_DNS_ANSWER_H

#include "dns_msg.h"

/* More records than this are passed on, but not kept. */
#define DNS_ANSWER_TTLS_MAX    512
#define DNS_TTL_MAX_S	       86400u /* RFC 8767, 4: a cap, at most 7 days */
#define DNS_NEGATIVE_TTL_MAX_S 10800u /* RFC 2308, 5 */

struct dns_answer {
	uint16_t id, flags;
	unsigned rcode; /* with the bits from OPT */
	bool has_question;
	struct dns_question q;
	size_t len;	     /* as kept: up to OPT, or behind the last record */
	uint16_t an, ns, ar; /* as kept */
	bool private_addr;   /* see dns_rdata_private(); answer section */
	bool chain;	     /* a CNAME is among the answers */
	bool cacheable;
	bool negative; /* "no", and for how long that holds */
	uint32_t ttl_s;
	unsigned ttl_n;
	uint16_t ttl_at[DNS_ANSWER_TTLS_MAX];
};

/* Walks the whole message. -EBADMSG: no answer, or one that does not hold
 * together; of it only 'id' and the question, where they could be read, are
 * filled then. What lies behind OPT in the additional section is cut off
 * with it. */
int dns_answer_read(const uint8_t *msg, size_t len, struct dns_answer *out);

/* A kept answer: a view. 'msg' is what dns_answer_keep() wrote. */
struct dns_kept {
	const uint8_t *msg;
	size_t len;
	const uint16_t *ttl_at;
	unsigned ttl_n;
	bool chain; /* as of the answer */
};

/* What time makes of the TTLs of a kept answer: each is less by 'age_s', and
 * none is told as more than 'most_s'. */
struct dns_age {
	uint32_t age_s, most_s;
};

/* Copies the a->len bytes of the answer that are kept, counts adjusted. Where
 * it is a "no", each TTL is that at most for which it holds (RFC 2308, 5). */
void dns_answer_keep(struct wr *w, const uint8_t *msg,
		     const struct dns_answer *a);
/* The answer to 'q' from 'k': ID, flags and spelling of the question are the
 * client's, every TTL is what 'age' makes of it, OPT where the client has EDNS.
 * TC and the question alone where it would exceed 'limit' (RFC 2181, 9). AD
 * only where upstream set it and the client understands it. */
void dns_answer_write(struct wr *w, const struct dns_query *q,
		      const struct dns_kept *k, struct dns_age age,
		      size_t limit);

/* The names that the CNAMEs of a kept answer lead through, in lower case. */
struct dns_chain {
	struct rd r;
	const uint8_t *msg;
	unsigned left;
};
struct dns_chain dns_chain_begin(const struct dns_kept *k);
bool dns_chain_next(struct dns_chain *c, struct dns_name *target);
unsigned dns_answer_rcode(const struct dns_kept *k);
/* The first address of a kept answer; false: there is none. */
bool dns_answer_addr(const struct dns_kept *k, struct addr *out);
/* The same for all of its addresses; 'c' begins as for the chain. 'ttl_s': as
 * it was when the answer was kept. */
bool dns_answer_next_addr(struct dns_chain *c, struct addr *out,
			  uint32_t *ttl_s);
/* Does an address or address hint of it lie in one of 'nets'? */
bool dns_answer_points_into(const struct dns_kept *k, const struct prefix *nets,
			    unsigned n);

#endif
