/* dns_addrs.c - follows an answer from its question to its addresses (RFC 1034,
 * 3.6.2).
 * Called by gateway/flow_names.c. Any thread. */
#include "dns_addrs.h"

#include "dns_answer.h"

/* Where a walk over the answer section has come. */
struct walk {
	const uint8_t *msg;
	struct rd r;
	struct dns_name owner; /* whose records count now */
	uint16_t type;
	unsigned links;
};

static bool is_told(const struct dns_answer *a)
{
	return a->has_question && a->rcode == DNS_NOERROR &&
	       !(a->flags & DNS_TC) && a->q.class == DNS_IN &&
	       (a->q.type == DNS_A || a->q.type == DNS_AAAA);
}

/* False: it goes on for too long. */
static bool follow(struct walk *w, const struct dns_rr *rr)
{
	struct rd at = { w->msg + rr->rdata_at, w->r.end, false };

	dns_name_read(&at, w->msg, &w->owner);
	return ++w->links <= DNS_CHAIN_MAX;
}

static void take(const struct walk *w, const struct dns_rr *rr,
		 struct dns_addrs *out)
{
	struct rd at = rd_init(w->msg + rr->rdata_at, rr->rdlen);
	struct addr *a = &out->at[out->n];

	if (out->n == DNS_ADDRS_MAX)
		return;
	*a = addr_v4(0);
	if (rr->type == DNS_A)
		rd_bytes(&at, &a->b[12], 4);
	else
		rd_bytes(&at, a->b, sizeof(a->b));
	out->n++;
}

static bool walk(struct walk *w, unsigned records, struct dns_addrs *out)
{
	while (records--) {
		struct dns_rr rr;

		dns_rr_read(&w->r, w->msg, &rr);
		if (w->r.bad)
			return false;
		if (rr.class != DNS_IN || !dns_name_eq(&rr.owner, &w->owner))
			continue;
		if (rr.type == DNS_CNAME && !follow(w, &rr))
			return false;
		if (rr.type == w->type)
			take(w, &rr, out);
	}
	return out->n;
}

bool dns_addrs_read(const uint8_t *msg, size_t len, struct dns_addrs *out)
{
	struct walk w = { .msg = msg, .r = rd_init(msg, len) };
	struct dns_answer a;
	struct dns_header h;

	if (dns_answer_read(msg, len, &a) || !is_told(&a))
		return false;
	out->n = 0;
	out->ttl_s = a.ttl_s;
	out->name = a.q.name;
	dns_name_lower(&out->name);
	w.owner = a.q.name;
	w.type = a.q.type;
	dns_header_read(&w.r, &h);
	dns_question_reskip(&w.r);
	return walk(&w, h.an, out);
}
