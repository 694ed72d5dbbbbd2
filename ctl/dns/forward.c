/* forward.c - the table of questions in flight.
 *
 * Called by serve.c and dns.c. Control thread.
 * Invariant: a flight is in its bucket as long as its resolve is owned; every
 * waiter is answered once, or forgotten. */
#include "forward.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/hash.h"
#include "../base/log.h"
#include "quota.h"
#include "reply.h"

#define BUCKETS		    1024u /* power of two */
#define FAILURE_TTL_S	    1	  /* RFC 9520, 3.2: at least that */
#define REBIND_TTL_S	    60
#define REST_MS		    30000 /* failure recheck timer, RFC 8767, 5 */
#define REBIND_LOG_EVERY_MS 10000

static const struct dns_age as_told = { 0, DNS_TTL_MAX_S };

struct waiter {
	struct waiter *next;
	struct asker from;
	struct dns_query q;
};

struct flight {
	struct flight *next; /* in the bucket */
	struct forward *forward;
	struct dns_key key;
	struct dns_name name; /* lower case */
	uint16_t type, class;
	struct quota_client *quota; /* of who asked first */
	unsigned waiters_n;
	struct waiter *waiters;
};

struct forward {
	struct resolver *resolver;
	struct cache *cache;
	const struct filter *filter;
	const struct rebind *rebind;
	struct tally *tally;
	struct hash_key secret;
	struct quota quota;
	unsigned flights_n;
	uint64_t rebind_logged_ms;
	struct flight *buckets[BUCKETS];
};

struct forward *forward_new(struct resolver *resolver, struct cache *cache,
			    const struct filter *filter,
			    const struct rebind *rebind, struct tally *tally)
{
	struct forward *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->resolver = resolver;
	f->cache = cache;
	f->filter = filter;
	f->rebind = rebind;
	f->tally = tally;
	hash_key_random(&f->secret);
	quota_init(&f->quota);
	return f;
}

static struct flight **bucket(struct forward *f, const struct dns_key *key)
{
	uint64_t hash = hash_bytes(&f->secret, key->b, key->len);

	return &f->buckets[hash & (BUCKETS - 1)];
}

static struct flight *find(struct forward *f, const struct dns_key *key)
{
	struct flight *x;

	for (x = *bucket(f, key); x; x = x->next)
		if (x->key.len == key->len &&
		    !memcmp(x->key.b, key->b, key->len))
			break;
	return x;
}

static void forget_all(struct flight *x)
{
	while (x->waiters) {
		struct waiter *w = x->waiters;

		x->waiters = w->next;
		free(w);
	}
	x->waiters_n = 0;
}

static void flight_end(struct flight *x)
{
	struct flight **at = bucket(x->forward, &x->key);

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	x->forward->flights_n--;
	quota_release(x->quota);
	forget_all(x);
	free(x);
}

void forward_free(struct forward *f)
{
	unsigned i;

	for (i = 0; i < BUCKETS; i++)
		while (f->buckets[i])
			flight_end(f->buckets[i]);
	free(f);
}

/* Each is taken out first: to send may end its connection, and with that come
 * back to forward_forget(). */
static void give_all(struct flight *x, const struct dns_kept *k,
		     struct dns_age age, enum query_why why)
{
	struct forward *f = x->forward;
	struct waiter *w;

	while ((w = x->waiters)) {
		x->waiters = w->next;
		x->waiters_n--;
		f->tally->stats.blocked +=
			reply_filtered(&w->from, &w->q, f->filter, k, age, why);
		free(w);
	}
}

/* What the cache has of old, if anything; and no asking for a while. */
static bool give_stale(struct flight *x, uint64_t now_ms)
{
	struct forward *f = x->forward;
	struct cache_hit hit;

	if (!cache_find(f->cache, &x->key, now_ms, &hit))
		return false;
	f->tally->stats.stale += x->waiters_n;
	give_all(x, &hit.kept, hit.age, QUERY_STALE);
	cache_rest(f->cache, &x->key, now_ms + REST_MS);
	return true;
}

/* An answer without records, of our own making: given, and kept for a while
 * so that the same is not found out again and again. */
static void give_verdict(struct flight *x, unsigned rcode, uint32_t ttl_s,
			 enum query_why why, uint64_t now_ms)
{
	struct dns_query q = {
		.has_question = true,
		.q = { x->name, x->type, x->class },
	};
	uint8_t bytes[DNS_QUERY_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct dns_kept kept;

	dns_reply_write(&w, &q, rcode);
	kept = (struct dns_kept){ .msg = bytes, .len = wr_len(&w) };
	cache_put(x->forward->cache, &x->key, &kept, ttl_s, false, now_ms);
	give_all(x, &kept, as_told, why);
}

static void log_rebind(struct flight *x, uint64_t now_ms)
{
	struct forward *f = x->forward;
	char name[DNS_NAME_STRLEN];

	if (f->rebind_logged_ms &&
	    now_ms - f->rebind_logged_ms < REBIND_LOG_EVERY_MS)
		return;
	f->rebind_logged_ms = now_ms;
	log_warn("dns: %s: upstream answers with a private address, refused",
		 dns_name_format(&x->name, name));
}

static void refuse_rebind(struct flight *x, size_t len, uint64_t now_ms)
{
	log_rebind(x, now_ms);
	tally_drop(x->forward->tally, TALLY_REBIND, len);
	x->forward->tally->stats.refused += x->waiters_n;
	give_verdict(x, DNS_NOERROR, REBIND_TTL_S, QUERY_REBIND, now_ms);
}

static void give_answer(struct flight *x, const uint8_t *msg,
			const struct dns_answer *a, const struct nameserver *by,
			uint64_t now_ms)
{
	uint8_t bytes[DNS_MSG_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct dns_kept kept = { .msg = bytes, .chain = a->chain };

	dns_answer_keep(&w, msg, a);
	kept.len = wr_len(&w);
	if (a->private_addr &&
	    rebind_refuses(x->forward->rebind, &x->name, &kept, by)) {
		refuse_rebind(x, a->len, now_ms);
		return;
	}
	if (a->cacheable) {
		kept.ttl_at = a->ttl_at;
		kept.ttl_n = a->ttl_n;
		cache_put(x->forward->cache, &x->key, &kept, a->ttl_s, true,
			  now_ms);
	}
	give_all(x, &kept, as_told, QUERY_UPSTREAM);
}

static void on_slow(void *arg)
{
	give_stale(arg, clock_ms());
}

static void on_done(void *arg, int err, const uint8_t *msg,
		    const struct dns_answer *a, const struct nameserver *by)
{
	struct flight *x = arg;
	uint64_t now_ms = clock_ms();

	if (!err) {
		give_answer(x, msg, a, by, now_ms);
	} else if (!give_stale(x, now_ms)) {
		x->forward->tally->stats.failed += x->waiters_n;
		give_verdict(x, DNS_SERVFAIL, FAILURE_TTL_S, QUERY_FAILED,
			     now_ms);
	}
	flight_end(x);
}

/* Too much is under way. Silence, because a client that asks again a second
 * later will be served, and one that is told "no" gives up. */
static void turn_away(struct forward *f, const struct asker *from,
		      enum tally_reason reason)
{
	tally_drop(f->tally, reason, 0);
	f->tally->stats.refused++;
	from->send(from, NULL, 0);
}

/* The same datagram again: a client that became impatient. */
static bool waits_already(const struct flight *x, const struct dns_query *q,
			  const struct asker *from)
{
	const struct waiter *w;

	for (w = x->waiters; w; w = w->next)
		if (w->from.via == from->via && w->q.id == q->id &&
		    w->from.from.port == from->from.port &&
		    addr_eq(&w->from.from.addr, &from->from.addr))
			return true;
	return false;
}

static void wait_for(struct flight *x, const struct dns_query *q,
		     const struct asker *from)
{
	struct waiter *w;

	if (!from->by_tcp && waits_already(x, q, from)) {
		tally_drop(x->forward->tally, TALLY_DUPLICATE, 0);
		return;
	}
	w = x->waiters_n < FORWARD_WAITERS_MAX ? malloc(sizeof(*w)) : NULL;
	if (!w) {
		turn_away(x->forward, from, TALLY_WAITERS);
		return;
	}
	*w = (struct waiter){ x->waiters, *from, *q };
	x->waiters = w;
	x->waiters_n++;
}

static struct flight *flight_new(struct forward *f, const struct dns_key *key,
				 const struct dns_query *q,
				 struct quota_client *quota)
{
	struct flight *x = calloc(1, sizeof(*x));
	struct resolve_owner owner = { x, on_slow, on_done };
	struct query_ask ask = {
		.q = q->q,
		.dnssec_ok = q->dnssec_ok,
		.checking_disabled = q->flags & DNS_CD,
	};

	if (!x)
		return NULL;
	dns_name_lower(&ask.q.name);
	if (resolve_start(f->resolver, &ask, &owner)) {
		free(x);
		return NULL;
	}
	x->forward = f;
	x->key = *key;
	x->name = ask.q.name;
	x->type = ask.q.type;
	x->class = ask.q.class;
	x->quota = quota;
	x->next = *bucket(f, key);
	*bucket(f, key) = x;
	f->flights_n++;
	return x;
}

static struct quota_client *take_quota(struct forward *f,
				       const struct addr *who)
{
	return quota_take(&f->quota, who, FORWARD_MAX - f->flights_n,
			  clock_ms());
}

/* Opens a flight, or turns 'from' away. */
static struct flight *take_off(struct forward *f, const struct dns_key *key,
			       const struct dns_query *q,
			       const struct asker *from)
{
	struct quota_client *quota = NULL;
	struct flight *x = NULL;

	if (f->flights_n < FORWARD_MAX)
		quota = take_quota(f, &from->from.addr);
	if (quota)
		x = flight_new(f, key, q, quota);
	if (x)
		return x;
	if (quota)
		quota_release(quota);
	turn_away(f, from,
		  quota || f->flights_n == FORWARD_MAX ? TALLY_IN_FLIGHT
						       : TALLY_OVER_RATE);
	return NULL;
}

/* Nobody to ask: what the cache has of old, or that it failed, at once. */
static void ask_nobody(struct forward *f, const struct dns_key *key,
		       const struct dns_query *q, const struct asker *from)
{
	struct cache_hit hit;

	if (cache_find(f->cache, key, clock_ms(), &hit)) {
		f->tally->stats.stale++;
		f->tally->stats.blocked += reply_filtered(
			from, q, f->filter, &hit.kept, hit.age, QUERY_STALE);
	} else {
		f->tally->stats.failed++;
		reply_error(from, q, DNS_SERVFAIL, QUERY_FAILED);
	}
}

void forward_ask(struct forward *f, const struct dns_key *key,
		 const struct dns_query *q, const struct asker *from)
{
	struct flight *x = find(f, key);

	if (!x && !f->resolver->upstreams.n) {
		ask_nobody(f, key, q, from);
		return;
	}
	if (!x)
		x = take_off(f, key, q, from);
	if (x)
		wait_for(x, q, from);
}

void forward_refresh(struct forward *f, const struct dns_key *key,
		     const struct dns_query *q, const struct addr *who)
{
	struct quota_client *quota;

	if (find(f, key) || !f->resolver->upstreams.n ||
	    f->flights_n >= FORWARD_MAX / 2)
		return;
	quota = take_quota(f, who);
	if (quota && !flight_new(f, key, q, quota))
		quota_release(quota);
}

void forward_set_rate(struct forward *f, uint32_t per_s)
{
	f->quota.per_s = per_s;
}

static void forget_via(struct flight *x, const void *via)
{
	struct waiter **at = &x->waiters, *w;

	while ((w = *at)) {
		if (w->from.via != via) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		x->waiters_n--;
		free(w);
	}
}

void forward_forget(struct forward *f, const void *via)
{
	struct flight *x;
	unsigned i;

	for (i = 0; i < BUCKETS; i++)
		for (x = f->buckets[i]; x; x = x->next)
			forget_via(x, via);
}
