/* resolve.c - tries, races, timeouts of one question.
 *
 * Called by forward.c. Control thread. A resolve runs until it told its owner;
 * then, with no owner, until each try had its time or answered.
 * Invariant: in the list of its resolver until it is closed; the timer is armed
 * for the next thing to happen. */
#include "resolve.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/container_of.h"
#include "../base/clock.h"
#include "../base/log.h"

#define QUERIES_MAX	1536 /* sockets of all resolves together */
#define OPEN_MAX	2 /* sockets of one that still waits: older ones close */
#define CROWDED_WAIT_MS 50 /* no socket to be had: look again then */
#define NEVER		UINT64_MAX

struct
try {
	struct query *query; /* NULL: it ended */
	bool edns;
	bool late; /* its time was up, but it may still answer */
	uint64_t asked_ms, due_ms;
};

struct resolve {
	uv_timer_t timer;
	struct resolver *resolver;
	struct resolve *next, **at; /* in the resolver's list */
	struct query_ask ask;
	struct resolve_owner owner;
	bool owned;
	bool measure; /* race two, to measure the second */
	bool plain;   /* somebody could not read EDNS */
	uint64_t slow_ms, deadline_ms, next_ms;
	unsigned tries_n;
	struct try tries[RESOLVE_TRIES_MAX];
	struct upstream_try asked[RESOLVE_TRIES_MAX]; /* row for row */
};

static void on_timer_closed(uv_handle_t *h)
{
	free(container_of(h, struct resolve, timer));
}

static void end_try(struct resolve *r, struct try *t)
{
	if (!t->query)
		return;
	query_close(t->query);
	t->query = NULL;
	r->resolver->open--;
}

static void close_resolve(struct resolve *r)
{
	unsigned i;

	for (i = 0; i < r->tries_n; i++)
		end_try(r, &r->tries[i]);
	*r->at = r->next;
	if (r->next)
		r->next->at = r->at;
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

void resolve_stop_all(struct resolver *r)
{
	while (r->all)
		close_resolve(r->all);
}

void resolver_answered(struct resolver *r, const struct nameserver *at,
		       uint64_t asked_ms)
{
	struct upstream *u = upstreams_find(&r->upstreams, at);
	uint64_t now_ms = clock_ms();
	char buf[NAMESERVER_STRLEN];

	if (u && upstream_answered(u, (uint32_t)(now_ms - asked_ms), now_ms))
		log_info("dns: upstream %s answers again",
			 nameserver_format(at, buf));
}

void resolver_failed(struct resolver *r, const struct nameserver *at)
{
	struct upstream *u = upstreams_find(&r->upstreams, at);
	char buf[NAMESERVER_STRLEN];

	if (!u || !upstream_failed(u, clock_ms()))
		return;
	log_warn(
		"dns: upstream %s does not answer, asked no more until it does",
		nameserver_format(at, buf));
	r->on_retired(r);
}

/* Tells the owner; the resolve goes on without it while a try is out. */
static void finish(struct resolve *r, int err, const uint8_t *msg,
		   const struct dns_answer *a, const struct nameserver *by)
{
	r->owned = false;
	r->next_ms = NEVER;
	r->owner.on_done(r->owner.arg, err, msg, a, by);
}

static unsigned waiting(const struct resolve *r)
{
	unsigned i, n = 0;

	for (i = 0; i < r->tries_n; i++)
		n += r->tries[i].query && !r->tries[i].late;
	return n;
}

/* The older ones that are late make room. */
static void bound_open(struct resolve *r)
{
	unsigned i, n = 0;

	for (i = r->tries_n; i-- > 0;) {
		struct try *t = &r->tries[i];

		if (t->query && t->late && ++n > OPEN_MAX)
			end_try(r, t);
	}
}

/* A want of this machine's, not a failure of the upstream. */
static bool is_ours(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM ||
	       err == -ENOBUFS || err == -EAGAIN;
}

static query_done on_query_done;

/* One more try. -ENOENT: nobody is left to ask. -EAGAIN: too much is open. */
static int try_next(struct resolve *r, uint64_t now_ms)
{
	struct resolver *res = r->resolver;
	unsigned n = r->tries_n;
	struct try *t = &r->tries[n];
	struct upstream *u;
	int err;

	if (n == RESOLVE_TRIES_MAX)
		return -ENOENT;
	u = upstreams_pick(&res->upstreams, r->asked, n, r->measure && n == 1);
	if (!u)
		return -ENOENT;
	if (res->open >= QUERIES_MAX)
		return -EAGAIN;
	*t = (struct try){
		.edns = !r->plain && now_ms >= u->plain_ms,
		.asked_ms = now_ms,
		.due_ms = now_ms + upstream_timeout_ms(u, n / res->upstreams.n),
	};
	r->asked[n] = (struct upstream_try){ .at = u->at };
	r->next_ms = t->due_ms;
	if (n + 1 < upstreams_live(&res->upstreams) &&
	    (upstream_doubtful(u) || (r->measure && !n)))
		r->next_ms = now_ms;
	err = query_start(&t->query, &res->way, &u->at, &r->ask, t->edns,
			  on_query_done, r);
	if (is_ours(err))
		return -EAGAIN;
	r->tries_n++;
	res->open += !err;
	return err;
}

static bool any_open(const struct resolve *r)
{
	unsigned i;

	for (i = 0; i < r->tries_n; i++)
		if (r->tries[i].query)
			return true;
	return false;
}

/* Starts tries until one is out and nothing else is due at once. */
static void advance(struct resolve *r, uint64_t now_ms)
{
	while (r->owned && r->next_ms <= now_ms) {
		int err = try_next(r, now_ms);

		if (err == -EAGAIN) {
			r->next_ms = now_ms + CROWDED_WAIT_MS;
		} else if (err == -ENOENT) {
			r->next_ms = NEVER;
			if (!any_open(r))
				finish(r, -EHOSTUNREACH, NULL, NULL, NULL);
		} else if (err) {
			struct upstream_try *t = &r->asked[r->tries_n - 1];

			t->final = true;
			r->next_ms = now_ms;
			resolver_failed(r->resolver, &t->at);
		}
	}
}

static void mark_late(struct resolve *r, uint64_t now_ms)
{
	unsigned i;

	for (i = 0; i < r->tries_n; i++) {
		struct try *t = &r->tries[i];

		if (!t->query || t->late || now_ms < t->due_ms)
			continue;
		t->late = true;
		if (!query_by_tcp(t->query))
			resolver_failed(r->resolver, &r->asked[i].at);
	}
	bound_open(r);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct resolve *r, uint64_t now_ms)
{
	uint64_t at = r->next_ms;
	unsigned i;

	if (r->owned && r->slow_ms < at)
		at = r->slow_ms;
	if (r->owned && r->deadline_ms < at)
		at = r->deadline_ms;
	for (i = 0; i < r->tries_n; i++) {
		const struct try *t = &r->tries[i];

		if (t->query && !t->late && t->due_ms < at)
			at = t->due_ms;
	}
	uv_timer_start(&r->timer, on_timer, at > now_ms ? at - now_ms : 0, 0);
}

/* Whatever is due now; then waits for the next, or ends. */
static void step(struct resolve *r)
{
	uint64_t now_ms = clock_ms();

	mark_late(r, now_ms);
	if (r->owned && now_ms >= r->deadline_ms)
		finish(r, -ETIMEDOUT, NULL, NULL, NULL);
	if (r->owned && now_ms >= r->slow_ms) {
		r->slow_ms = NEVER;
		r->owner.on_slow(r->owner.arg);
	}
	advance(r, now_ms);
	if (r->owned || waiting(r))
		arm(r, now_ms);
	else
		close_resolve(r);
}

static void on_timer(uv_timer_t *timer)
{
	step(container_of(timer, struct resolve, timer));
}

/* The i-th try succeeded. A server that ever understood EDNS is not taken for
 * one that does not, whatever it made of one question. */
static void learn_edns(struct resolve *r, unsigned i)
{
	struct upstream *u =
		upstreams_find(&r->resolver->upstreams, &r->asked[i].at);

	if (!u)
		return;
	if (r->tries[i].edns)
		u->knows_edns = true;
	else if (r->plain && !u->knows_edns)
		u->plain_ms = clock_ms() + UPSTREAM_PLAIN_MS;
}

/* Whether the answer is one to give on. If not, the next is asked: a server
 * that refuses us is as bad as none; one that fails at this question is not. */
static bool judge(struct resolve *r, unsigned i, const struct dns_answer *a)
{
	struct try *t = &r->tries[i];
	struct upstream_try *asked = &r->asked[i];

	switch (a->rcode) {
	case DNS_NOERROR:
	case DNS_NXDOMAIN:
	case DNS_YXDOMAIN:
		resolver_answered(r->resolver, &asked->at, t->asked_ms);
		learn_edns(r, i);
		return true;
	case DNS_FORMERR:
	case DNS_NOTIMP:
		/* RFC 6891, 6.2.2: once more without EDNS. */
		asked->final = !t->edns;
		r->plain = true;
		return false;
	case DNS_SERVFAIL:
		resolver_answered(r->resolver, &asked->at, t->asked_ms);
		break;
	default:
		resolver_failed(r->resolver, &asked->at);
	}
	asked->final = true;
	return false;
}

static void on_query_done(void *arg, struct query *q, int err,
			  const uint8_t *msg, const struct dns_answer *a)
{
	struct resolve *r = arg;
	unsigned i = 0;
	bool good;

	while (r->tries[i].query != q)
		i++;
	good = !err && judge(r, i, a);
	if (err)
		r->asked[i].final = true;
	if (err && err != -EBADMSG)
		resolver_failed(r->resolver, &r->asked[i].at);
	end_try(r, &r->tries[i]);
	if (good && r->owned)
		finish(r, 0, msg, a, &r->asked[i].at);
	if (r->owned)
		r->next_ms = clock_ms();
	step(r);
}

int resolve_start(struct resolver *res, const struct query_ask *ask,
		  const struct resolve_owner *owner)
{
	struct resolve *r = calloc(1, sizeof(*r));
	uint64_t now_ms = clock_ms();
	int err;

	if (!r)
		return -ENOMEM;
	err = uv_timer_init(res->way.loop, &r->timer);
	if (err) {
		free(r);
		return err;
	}
	r->resolver = res;
	r->ask = *ask;
	r->owner = *owner;
	r->owned = true;
	r->measure = upstreams_race_due(&res->upstreams);
	r->next_ms = now_ms;
	r->slow_ms = now_ms + RESOLVE_SLOW_MS;
	r->deadline_ms = now_ms + RESOLVE_DEADLINE_MS;
	r->next = res->all;
	if (r->next)
		r->next->at = &r->next;
	r->at = &res->all;
	res->all = r;
	/* By the timer even for what is due now: the owner is not called yet.
	 */
	arm(r, now_ms);
	return 0;
}
