/* probe.c - timer and query behind probe.h.
 *
 * Called by dns.c and, through it, by resolve.c. Control thread.
 * Invariant: the timer runs while a query is out or somebody is retired. */
#include "probe.h"

#include <stdlib.h>

#include "../base/container_of.h"
#include "../base/clock.h"

#define ANSWER_WAIT_MS 2000

struct probe {
	uv_timer_t timer;
	struct resolver *resolver;
	struct query *query;
	struct nameserver asked;
	uint64_t asked_ms;
};

static void on_timer(uv_timer_t *timer);

static void end_query(struct probe *p)
{
	if (p->query)
		query_close(p->query);
	p->query = NULL;
}

static void on_query_done(void *arg, struct query *q, int err,
			  const uint8_t *msg, const struct dns_answer *a)
{
	struct probe *p = arg;

	(void)q;
	(void)msg;
	end_query(p);
	if (!err && a->rcode == DNS_NOERROR)
		resolver_answered(p->resolver, &p->asked, p->asked_ms);
	uv_timer_start(&p->timer, on_timer, 0, 0);
}

static void ask(struct probe *p, const struct upstream *u, uint64_t now_ms)
{
	struct query_ask root = { .q = { .type = DNS_NS, .class = DNS_IN } };

	dns_name_from_text(&root.q.name, "");
	p->asked = u->at;
	p->asked_ms = now_ms;
	if (query_start(&p->query, &p->resolver->way, &u->at, &root,
			now_ms >= u->plain_ms, on_query_done, p))
		p->query = NULL;
	uv_timer_start(&p->timer, on_timer, p->query ? ANSWER_WAIT_MS : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct probe *p = container_of(timer, struct probe, timer);
	uint64_t now_ms = clock_ms(), wait_ms;
	struct upstream *u;

	end_query(p);
	u = upstreams_probe(&p->resolver->upstreams, now_ms, &wait_ms);
	if (u)
		ask(p, u, now_ms);
	else if (wait_ms != UINT64_MAX)
		uv_timer_start(timer, on_timer, wait_ms, 0);
}

int probe_start(struct probe **out, struct resolver *resolver)
{
	struct probe *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	err = uv_timer_init(resolver->way.loop, &p->timer);
	if (err) {
		free(p);
		return err;
	}
	p->resolver = resolver;
	*out = p;
	return 0;
}

void probe_wake(struct probe *p)
{
	if (!p->query)
		uv_timer_start(&p->timer, on_timer, 0, 0);
}

static void on_closed(uv_handle_t *h)
{
	free(container_of(h, struct probe, timer));
}

void probe_stop(struct probe *p)
{
	end_query(p);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}
