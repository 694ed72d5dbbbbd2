/* query.h - one question to one upstream: asked so that nobody off the path
 * can answer it.
 *
 * A socket of its own, connected, so that the kernel compares the source; a
 * port of the kernel's choice; an ID and a spelling of the name (0x20) from
 * getrandom(). What does not fit is counted, and waited past. By TCP instead
 * where the answer is truncated, loses the spelling, or where too much comes
 * that does not fit; by TLS and nothing else where the upstream is written so
 * (base/nameserver.h). Control thread's loop. */
#ifndef DNS_QUERY_H
#define DNS_QUERY_H

#include <uv.h>

#include "../proto/dns_answer.h"
#include "dot.h"
#include "tally.h"

/* What is asked, without what makes each asking different. */
struct query_ask {
	struct dns_question q; /* name in lower case */
	bool dnssec_ok, checking_disabled;
};

/* Shared by all queries; outlives them. */
struct query_way {
	uv_loop_t *loop;
	struct tally *tally;
	struct dots *dots; /* NULL: TLS is spoken with nobody */
};

struct query;

/* Once: 0 and an answer that holds together and is to this question, name in
 * lower case; it may be a refusal. -EBADMSG: the upstream is there, but has no
 * answer that is of use. Else -errno of the way to it. Valid during the call,
 * in which the query is to be closed. */
typedef void query_done(void *arg, struct query *q, int err, const uint8_t *msg,
			const struct dns_answer *a);

/* Never calls 'done' before it returns. -ENETUNREACH and the like: no way to
 * that upstream. */
int query_start(struct query **out, const struct query_way *way,
		const struct nameserver *to, const struct query_ask *ask,
		bool edns, query_done *done, void *arg);
/* It got so far that the upstream showed itself. */
bool query_by_tcp(const struct query *q);
/* Freed when the loop ran; 'done' is not called any more. */
void query_close(struct query *q);

#endif
