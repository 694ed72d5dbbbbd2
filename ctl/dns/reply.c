/* reply.c - the last step of every answer.
 *
 * Called by serve.c and forward.c. Control thread. */
#include "reply.h"

#include "../base/clock.h"
#include "teller.h"

#define ANSWER_MAX (DNS_QUERY_MAX + DNS_NAME_MAX + 26) /* and one address */

/* By UDP what the client said that it takes, but nothing that might be sent in
 * fragments. */
static size_t limit(const struct asker *to, const struct dns_query *q)
{
	if (to->by_tcp)
		return DNS_MSG_MAX;
	return q->udp_size < DNS_UDP_EDNS ? q->udp_size : DNS_UDP_EDNS;
}

/* 'k' is what was said, or NULL: nothing with an address. */
static void note(const struct asker *to, const struct dns_query *q,
		 const struct dns_kept *k, unsigned rcode, enum query_why why,
		 uint8_t list)
{
	struct query_row row = {
		.took_us = (uint32_t)(clock_us() - to->asked_us),
		.device = to->from.addr,
		.type = q->q.type,
		.rcode = (uint8_t)rcode,
		.list = list,
		.why = why,
	};

	if (!to->log || !q->has_question || !querylog_is_on(to->log))
		return;
	row.at_ms = clock_wall_ms();
	row.name = q->q.name;
	dns_name_lower(&row.name);
	if (k && !dns_answer_addr(k, &row.answer))
		row.answer = (struct addr){ 0 };
	querylog_add(to->log, &row);
}

void reply_error(const struct asker *to, const struct dns_query *q,
		 unsigned rcode, enum query_why why)
{
	uint8_t out[DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	dns_error_write(&w, q, rcode);
	note(to, q, NULL, rcode, why, FILTER_NONE);
	to->send(to, out, wr_len(&w));
}

void reply_kept(const struct asker *to, const struct dns_query *q,
		const struct dns_kept *k, struct dns_age age,
		enum query_why why)
{
	uint8_t out[DNS_MSG_MAX];
	struct wr w = wr_init(out, limit(to, q));

	dns_answer_write(&w, q, k, age, limit(to, q));
	note(to, q, k, dns_answer_rcode(k), why, FILTER_NONE);
	/* First, as the device connects as soon as it knows. */
	if (to->teller)
		teller_tell(to->teller, &to->from.addr, q, k);
	to->send(to, out, wr_len(&w));
}

void reply_wire(const struct asker *to, const struct dns_query *q,
		const struct wr *answer, enum query_why why)
{
	struct dns_kept said = { .msg = answer->start, .len = wr_len(answer) };
	uint8_t out[DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	note(to, q, &said, dns_answer_rcode(&said), why, FILTER_NONE);
	if (wr_len(answer) <= limit(to, q)) {
		to->send(to, answer->start, wr_len(answer));
		return;
	}
	dns_truncated_write(&w, q, DNS_NOERROR);
	to->send(to, out, wr_len(&w));
}

void reply_blocked(const struct asker *to, const struct dns_query *q,
		   const struct filter *f, uint8_t list)
{
	uint8_t out[ANSWER_MAX];
	struct wr w = wr_init(out, sizeof(out));
	struct dns_kept said;

	filter_write(f, q, list, &w);
	said = (struct dns_kept){ .msg = out, .len = wr_len(&w) };
	note(to, q, NULL, dns_answer_rcode(&said), QUERY_BLOCKED, list);
	if (wr_len(&w) > limit(to, q)) {
		w = wr_init(out, sizeof(out));
		dns_truncated_write(&w, q, DNS_NOERROR);
	}
	to->send(to, out, wr_len(&w));
}

bool reply_filtered(const struct asker *to, const struct dns_query *q,
		    const struct filter *f, const struct dns_kept *k,
		    struct dns_age age, enum query_why why)
{
	uint8_t list = FILTER_NONE;

	if (k->chain && filter_applies(f, &to->from.addr))
		list = filter_chain(f, k);
	if (list == FILTER_NONE)
		reply_kept(to, q, k, age, why);
	else
		reply_blocked(to, q, f, list);
	return list != FILTER_NONE;
}
