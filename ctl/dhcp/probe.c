/* probe.c - clients that wait until their address is known to be free.
 *
 * Called by dhcp.c. Loop's thread. All wait equally long, so that the two
 * queues, before the second question and after it, are in order of time. Who
 * has waited long enough waits for one more turn of the loop: had the machine
 * stood still meanwhile, an answer would be there, unread. Invariant: a client
 * is in one queue and in the bucket of its address. */
#include "probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/hash.h"

#define BUCKETS PROBE_MAX

struct wait {
	struct wait *prev, *next; /* in its queue */
	struct wait *alike;	  /* in its bucket */
	struct queue *queue;
	__be32 ip;
	struct mac mac;
	uint64_t due_ms, began_ms;
	uint8_t *msg;
	size_t len;
};

struct queue {
	struct wait *first, *last;
};

struct probes {
	struct probe_events events;
	uv_timer_t timer;
	struct hash_key key;
	unsigned n;
	struct queue once, twice, over;
	struct wait *buckets[BUCKETS];
};

/* ---- queues and buckets */

static void leave(struct wait *w)
{
	*(w->prev ? &w->prev->next : &w->queue->first) = w->next;
	*(w->next ? &w->next->prev : &w->queue->last) = w->prev;
}

static void join(struct queue *q, struct wait *w)
{
	w->queue = q;
	w->prev = q->last;
	w->next = NULL;
	*(q->last ? &q->last->next : &q->first) = w;
	q->last = w;
}

static struct wait **bucket(struct probes *p, __be32 ip)
{
	return &p->buckets[hash_bytes(&p->key, &ip, sizeof(ip)) % BUCKETS];
}

static struct wait *find(struct probes *p, __be32 ip)
{
	struct wait *w = *bucket(p, ip);

	while (w && w->ip != ip)
		w = w->alike;
	return w;
}

static void take_out(struct probes *p, struct wait *w)
{
	struct wait **at = bucket(p, w->ip);

	while (*at != w)
		at = &(*at)->alike;
	*at = w->alike;
	leave(w);
	p->n--;
}

static void release(struct wait *w)
{
	free(w->msg);
	free(w);
}

/* ---- time */

static void on_timer(uv_timer_t *timer);

static void arm(struct probes *p)
{
	const struct wait *a = p->once.first, *b = p->twice.first;
	uint64_t now_ms = clock_ms(), due_ms = UINT64_MAX;

	if (p->over.first)
		due_ms = 0;
	else if (a)
		due_ms = a->due_ms;
	if (b && b->due_ms < due_ms)
		due_ms = b->due_ms;
	if (due_ms == UINT64_MAX)
		uv_timer_stop(&p->timer);
	else /* a timer without a wait would run before sockets are read */
		uv_timer_start(&p->timer, on_timer,
			       due_ms > now_ms ? due_ms - now_ms : 1, 0);
}

/* 'holder' NULL: nobody answered. The caller may add another wait. */
static void finish(struct probes *p, struct wait *w, const struct mac *holder)
{
	struct probe_done done = { .ip = w->ip,
				   .taken = holder,
				   .began_ms = w->began_ms,
				   .msg = w->msg,
				   .len = w->len };

	if (holder)
		done.holder = *holder;
	take_out(p, w);
	p->events.done(p->events.arg, &done);
	release(w);
}

static void on_timer(uv_timer_t *timer)
{
	struct probes *p = container_of(timer, struct probes, timer);
	uint64_t now_ms = clock_ms();
	struct wait *w;

	while ((w = p->once.first) && w->due_ms <= now_ms) {
		p->events.ask(p->events.arg, w->ip);
		leave(w);
		w->due_ms = now_ms + PROBE_MS - PROBE_AGAIN_MS;
		join(&p->twice, w);
	}
	while ((w = p->over.first))
		finish(p, w, NULL);
	while ((w = p->twice.first) && w->due_ms <= now_ms) {
		leave(w);
		join(&p->over, w);
	}
	arm(p);
}

/* ---- what the caller does */

int probes_new(struct probes **out, uv_loop_t *loop,
	       const struct probe_events *events)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->events = *events;
	hash_key_random(&p->key);
	uv_timer_init(loop, &p->timer);
	*out = p;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct probes, timer));
}

static void empty(struct queue *q)
{
	struct wait *w, *next;

	for (w = q->first; w; w = next) {
		next = w->next;
		release(w);
	}
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	empty(&p->once);
	empty(&p->twice);
	empty(&p->over);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

static bool set_message(struct wait *w, const void *msg, size_t len)
{
	uint8_t *copy = malloc(len);

	if (!copy)
		return false;
	memcpy(copy, msg, len);
	free(w->msg);
	w->msg = copy;
	w->len = len;
	return true;
}

bool probes_add(struct probes *p, __be32 ip, const struct mac *mac,
		const void *msg, size_t len, uint64_t began_ms)
{
	struct wait *w = find(p, ip);

	if (w) {
		w->mac = *mac;
		return set_message(w, msg, len);
	}
	w = p->n < PROBE_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w || !set_message(w, msg, len)) {
		free(w);
		return false;
	}
	w->ip = ip;
	w->mac = *mac;
	w->began_ms = began_ms;
	w->due_ms = clock_ms() + PROBE_AGAIN_MS;
	w->alike = *bucket(p, ip);
	*bucket(p, ip) = w;
	join(&p->once, w);
	p->n++;
	p->events.ask(p->events.arg, ip);
	if (!uv_is_active((uv_handle_t *)&p->timer))
		arm(p);
	return true;
}

/* The client itself may have the address still, or try it already. */
void probes_heard(struct probes *p, __be32 ip, const struct mac *holder)
{
	struct wait *w = find(p, ip);

	if (w && !mac_eq(&w->mac, holder))
		finish(p, w, holder);
}
