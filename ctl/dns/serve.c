/* serve.c - the way of a question through the room.
 *
 * Called by dns.c for both listeners. Control thread. */
#include "serve.h"

#include "../base/clock.h"
#include "reply.h"

/* Whole zones and the types of the transport are no questions for a home; nor
 * are other classes than the Internet's. */
static bool is_refused(const struct dns_query *q)
{
	return q->q.class != DNS_IN || q->q.type == DNS_OPT ||
	       (q->q.type >= DNS_META_FIRST && q->q.type <= DNS_META_LAST);
}

static bool serve_local(struct serve *s, const struct asker *from,
			const struct dns_query *q)
{
	uint8_t out[4 * DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	if (!local_answer(s->local, q, &w))
		return false;
	s->tally->stats.local++;
	reply_wire(from, q, &w, QUERY_LOCAL);
	return true;
}

static bool serve_blocked(struct serve *s, const struct asker *from,
			  const struct dns_query *q)
{
	struct dns_name lower = q->q.name;
	uint8_t list;

	if (!filter_applies(s->filter, &from->from.addr))
		return false;
	dns_name_lower(&lower);
	list = filter_name(s->filter, &lower);
	if (list == FILTER_NONE)
		return false;
	s->tally->stats.blocked++;
	reply_blocked(from, q, s->filter, list);
	return true;
}

static bool serve_cached(struct serve *s, struct asker *from,
			 const struct dns_query *q, const struct dns_key *key)
{
	uint64_t now_ms = clock_ms();
	struct cache_hit hit;

	if (!cache_find(s->cache, key, now_ms, &hit))
		return false;
	if (hit.stale && !hit.resting)
		return false;
	*(hit.stale ? &s->tally->stats.stale : &s->tally->stats.hits) += 1;
	if (!teller_due(&s->teller, &from->from.addr, &hit, now_ms))
		from->teller = NULL;
	s->tally->stats.blocked +=
		reply_filtered(from, q, s->filter, &hit.kept, hit.age,
			       hit.stale ? QUERY_STALE : QUERY_CACHE);
	if (s->tap && from->way.ifindex)
		tap_post(s->tap, key, &hit, now_ms);
	if (hit.ageing)
		forward_refresh(s->forward, key, q, &from->from.addr);
	return true;
}

static void serve_query(struct serve *s, struct asker *from,
			const struct dns_query *q)
{
	struct dns_key key;

	if (is_refused(q)) {
		s->tally->stats.refused++;
		reply_error(from, q, DNS_REFUSED, QUERY_REFUSED);
		return;
	}
	if (serve_local(s, from, q) || serve_blocked(s, from, q))
		return;
	key = dns_key(q);
	if (serve_cached(s, from, q, &key))
		return;
	s->tally->stats.misses++;
	forward_ask(s->forward, &key, q, from);
}

void serve_message(struct serve *s, const struct asker *from,
		   const uint8_t *msg, size_t len)
{
	struct asker asker = *from;
	struct dns_query q;
	int rcode = dns_query_read(msg, len, &q);

	asker.asked_us = clock_us();
	asker.log = s->log;
	asker.teller = &s->teller;
	if (rcode < 0) {
		tally_drop(s->tally, TALLY_MALFORMED, len);
		from->send(from, NULL, 0);
		return;
	}
	s->tally->stats.queries++;
	if (rcode)
		reply_error(&asker, &q, (unsigned)rcode, QUERY_REFUSED);
	else
		serve_query(s, &asker, &q);
}
