/* reply.c - the last step of every answer.
 *
 * Called by serve.c and forward.c. Control thread. */
#include "reply.h"

/* By UDP what the client said that it takes, but nothing that might be sent in
 * fragments. */
static size_t limit(const struct asker *to, const struct dns_query *q)
{
	if (to->by_tcp)
		return DNS_MSG_MAX;
	return q->udp_size < DNS_UDP_EDNS ? q->udp_size : DNS_UDP_EDNS;
}

void reply_error(const struct asker *to, const struct dns_query *q,
		 unsigned rcode)
{
	uint8_t out[DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	dns_error_write(&w, q, rcode);
	to->send(to, out, wr_len(&w));
}

void reply_kept(const struct asker *to, const struct dns_query *q,
		const struct dns_kept *k, uint32_t ttl_s)
{
	uint8_t out[DNS_MSG_MAX];
	struct wr w = wr_init(out, limit(to, q));

	dns_answer_write(&w, q, k, ttl_s, limit(to, q));
	to->send(to, out, wr_len(&w));
}

void reply_wire(const struct asker *to, const struct dns_query *q,
		const struct wr *answer)
{
	uint8_t out[DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	if (wr_len(answer) <= limit(to, q)) {
		to->send(to, answer->start, wr_len(answer));
		return;
	}
	dns_truncated_write(&w, q, DNS_NOERROR);
	to->send(to, out, wr_len(&w));
}
