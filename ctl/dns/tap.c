/* tap.c - see tap.h.
 *
 * Called by serve.c (to post) and dns.c. Control thread.
 * Invariant: the hits of what stands in the table are in the log before another
 * answer takes its place, as a hit names no more than the place; but for a
 * flood of them, which is not to keep the loop from everything else: those are
 * counted. */
#include "tap.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/container_of.h"

#define QUESTIONS 64  /* taken together … */
#define ROUNDS	  4   /* … so often, then the rest of the loop has its turn */
#define HITS	  512 /* noted between two turns of the loop, likewise … */
#define PORTION	  32  /* … so many together: memory is slower than we are */

struct tap {
	uv_poll_t poll;
	uv_prepare_t prepare; /* the loop is about to rest */
	unsigned open;	      /* of these two */
	struct answers *answers;
	const struct filter *filter;
	struct querylog *log;
	const struct teller *teller;
	struct tap_events events;
	unsigned hits_left; /* until the loop's next turn */
	uint64_t lost;	    /* hits of what stood there no more */
	struct answers_question questions[QUESTIONS];
};

/* ---- the log */

static void read_key(const struct answer *x, struct query_row *row)
{
	struct rd r = rd_init(x->bytes, x->key_len);

	dns_name_read(&r, x->bytes, &row->name);
	row->type = rd_be16(&r);
}

/* Who hears names hears them of each client once, and again when the answer
 * was posted anew. */
static void tell(struct tap *t, const struct addr *client,
		 const struct query_row *row, const struct dns_kept *k)
{
	struct dns_query q = { .q = { row->name, row->type, DNS_IN } };

	teller_tell(t->teller, client, &q, k);
}

static void note(struct tap *t, const struct answers_hit *hit, uint64_t at_ms)
{
	struct query_row row = {
		.at_ms = at_ms,
		.took_us = hit->took_us,
		.device = hit->client,
		.why = QUERY_CACHE,
	};
	struct answer x;
	struct dns_kept k;

	if (!answers_at(t->answers, hit->place, &x)) {
		t->lost++;
		return;
	}
	read_key(&x, &row);
	k = (struct dns_kept){ .msg = x.bytes + x.key_len, .len = x.msg_len };
	row.rcode = (uint8_t)dns_answer_rcode(&k);
	if (!dns_answer_addr(&k, &row.answer))
		row.answer = (struct addr){ 0 };
	querylog_add(t->log, &row);
	if (hit->first)
		tell(t, &hit->client, &row, &k);
}

/* False: there was nothing, or it is to wait. */
static bool take_portion(struct tap *t, uint64_t clocks_ms)
{
	unsigned most = t->hits_left < PORTION ? t->hits_left : PORTION, n = 0;
	struct answers_hit hits[PORTION];

	while (n < most && answers_next_hit(t->answers, &hits[n]))
		answers_expect(t->answers, hits[n++].place);
	for (unsigned i = 0; i < n; i++)
		note(t, &hits[i], clocks_ms + hits[i].at_ms);
	t->hits_left -= n;
	return n > 0;
}

/* The data path gives answers faster than they are noted. */
static void take_hits(struct tap *t)
{
	uint64_t clocks_ms = clock_wall_ms() - clock_ms(); /* one to other */

	while (take_portion(t, clocks_ms))
		;
}

/* ---- questions */

static unsigned take_questions(struct tap *t)
{
	unsigned n = 0;

	while (n < QUESTIONS &&
	       answers_next_question(t->answers, &t->questions[n]))
		n++;
	if (n)
		t->events.on_questions(t->events.arg, t->questions, n);
	return n;
}

static void on_bell(uv_poll_t *poll, int status, int events)
{
	struct tap *t = container_of(poll, struct tap, poll);
	unsigned rounds = ROUNDS;

	(void)status;
	(void)events;
	answers_heard(t->answers);
	t->hits_left = HITS;
	take_hits(t);
	while (rounds && take_questions(t) == QUESTIONS)
		rounds--;
	if (!rounds || !t->hits_left)
		answers_more(t->answers);
}

/* ---- the table */

static bool is_blocked(const struct filter *f, const struct dns_key *key,
		       const struct dns_kept *k)
{
	struct rd r = rd_init(key->b, key->len);
	struct dns_name name;

	dns_name_read(&r, key->b, &name);
	return filter_name(f, &name) != FILTER_NONE ||
	       (k->chain && filter_chain(f, k) != FILTER_NONE);
}

static bool fits(const struct dns_key *key, const struct dns_kept *k)
{
	return key->len + k->len <= ANSWERS_BYTES &&
	       k->ttl_n <= ANSWERS_TTLS_MAX;
}

void tap_post(struct tap *t, const struct dns_key *key,
	      const struct cache_hit *hit, uint64_t now_ms)
{
	const struct dns_kept *k = &hit->kept;
	struct answer x = {
		.born_ms = hit->born_ms,
		.until_ms = hit->ageing_ms,
		.key_len = key->len,
		.msg_len = (uint16_t)k->len,
		.ttl_n = (uint16_t)k->ttl_n,
	};
	struct wr w = wr_init(x.bytes, sizeof(x.bytes));

	if (hit->stale || !fits(key, k) || now_ms >= x.until_ms ||
	    answers_has(t->answers, key->b, key->len, now_ms) ||
	    is_blocked(t->filter, key, k))
		return;
	if (x.until_ms > now_ms + TAP_POST_MS)
		x.until_ms = now_ms + TAP_POST_MS;
	wr_bytes(&w, key->b, key->len);
	wr_bytes(&w, k->msg, k->len);
	w = wr_init(x.ttl_at, sizeof(x.ttl_at));
	wr_bytes(&w, k->ttl_at, k->ttl_n * sizeof(x.ttl_at[0]));
	take_hits(t);
	answers_post(t->answers, &x);
}

/* ---- answers that go by the data path */

bool tap_reply(struct tap *t, const struct asker *to, const struct addr *at,
	       const uint8_t *msg, size_t len)
{
	struct answers_reply *r = NULL;

	if (len && len <= sizeof(r->msg))
		r = answers_reply(t->answers);
	if (!r)
		return false;
	r->way = to->way;
	r->to = to->from;
	r->from = *at;
	r->len = (uint16_t)len;
	memcpy(r->msg, msg, len);
	answers_reply_done(t->answers);
	return true;
}

/* Those of one turn of the loop go together. */
static void on_prepare(uv_prepare_t *prepare)
{
	answers_replied(container_of(prepare, struct tap, prepare)->answers);
}

void tap_settle(struct tap *t)
{
	take_hits(t);
}

uint64_t tap_lost(const struct tap *t)
{
	return t->lost;
}

void tap_clear(struct tap *t)
{
	answers_clear(t->answers);
}

/* ---- life */

static void on_closed(uv_handle_t *h)
{
	struct tap *t = h->data;

	if (!--t->open)
		free(t);
}

int tap_open(struct tap **out, uv_loop_t *loop, struct answers *answers,
	     const struct filter *filter, struct querylog *log,
	     const struct teller *teller, const struct tap_events *events)
{
	struct tap *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->answers = answers;
	t->filter = filter;
	t->log = log;
	t->teller = teller;
	t->events = *events;
	t->hits_left = HITS;
	err = uv_poll_init(loop, &t->poll, answers_fd(answers));
	if (err) {
		free(t);
		return err;
	}
	uv_prepare_init(loop, &t->prepare);
	t->poll.data = t;
	t->prepare.data = t;
	t->open = 2;
	uv_poll_start(&t->poll, UV_READABLE, on_bell); /* cannot fail */
	uv_prepare_start(&t->prepare, on_prepare);     /* likewise */
	answers_tell_hits(answers, true);
	*out = t;
	return 0;
}

void tap_close(struct tap *t)
{
	answers_tell_hits(t->answers, false);
	answers_clear(t->answers);
	answers_replied(t->answers);
	uv_close((uv_handle_t *)&t->poll, on_closed);
	uv_close((uv_handle_t *)&t->prepare, on_closed);
}
