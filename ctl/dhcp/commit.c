/* commit.c - the answers that wait for the disk.
 *
 * Called by dhcp.c. An answer waits in 'waiting' until its group begins, in
 * 'flying' until that is on disk, and then leaves. Groups begin PACE_MS apart:
 * a lease that comes alone is written at once, and where many come, a write is
 * for many, which the processor notices, and a memory card too.
 * Invariant: the answers in 'flying' belong to the group being written. */
#include "commit.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/container_of.h"

#define REPLIES_MAX 4096 /* that wait for one group */
#define PACE_MS	    5	 /* no client minds */

struct replies {
	unsigned n;
	struct dora_reply *list[REPLIES_MAX]; /* ours, cut to their length */
};

struct commit {
	/* Fixed. */
	uv_loop_t *loop;
	struct leases *leases;
	struct commit_events events;

	/* The loop's. */
	bool writing;
	uint64_t began_ms; /* the last group; 0: none yet */
	uv_timer_t pace;
	bool timed;		   /* 'pace' is not closed yet */
	void (*closed)(void *arg); /* not NULL: to be freed */
	void *closed_arg;
	struct replies *waiting, *flying, room[2];

	/* The worker's while 'writing'. */
	uv_work_t work;
	int write_err;
};

int commit_new(struct commit **out, uv_loop_t *loop, struct leases *leases,
	       const struct commit_events *events)
{
	struct commit *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->loop = loop;
	c->leases = leases;
	c->events = *events;
	c->waiting = &c->room[0];
	c->flying = &c->room[1];
	uv_timer_init(loop, &c->pace);
	c->timed = true;
	*out = c;
	return 0;
}

static void drop(struct replies *r)
{
	while (r->n)
		free(r->list[--r->n]);
}

void commit_forget(struct commit *c)
{
	drop(c->waiting);
	drop(c->flying);
}

static void release(struct commit *c)
{
	void (*closed)(void *arg) = c->closed;
	void *arg = c->closed_arg;

	if (c->writing || c->timed)
		return;
	commit_forget(c);
	free(c);
	closed(arg);
}

static void on_pace_closed(uv_handle_t *handle)
{
	struct commit *c = container_of(handle, struct commit, pace);

	c->timed = false;
	release(c);
}

void commit_close(struct commit *c, void (*closed)(void *arg), void *arg)
{
	c->closed = closed;
	c->closed_arg = arg;
	uv_close((uv_handle_t *)&c->pace, on_pace_closed);
}

void commit_add(struct commit *c, const struct dora_reply *reply)
{
	size_t size = offsetof(struct dora_reply, bytes) + reply->len;
	struct dora_reply *copy = NULL;

	if (c->waiting->n < REPLIES_MAX)
		copy = malloc(size);
	if (!copy) {
		c->events.lost(c->events.arg, DHCP_DROP_QUEUE_FULL, reply->len);
		return;
	}
	memcpy(copy, reply, size);
	c->waiting->list[c->waiting->n++] = copy;
}

static void end_group(struct commit *c, int err)
{
	unsigned i;

	leases_done(c->leases, err);
	for (i = 0; i < c->flying->n && !c->closed; i++) {
		const struct dora_reply *reply = c->flying->list[i];

		if (err)
			c->events.lost(c->events.arg, DHCP_DROP_NOT_WRITTEN,
				       reply->len);
		else
			c->events.send(c->events.arg, reply);
	}
	drop(c->flying);
}

static void write_group(uv_work_t *work)
{
	struct commit *c = container_of(work, struct commit, work);

	c->write_err = leases_write(c->leases);
}

static void on_written(uv_work_t *work, int status)
{
	struct commit *c = container_of(work, struct commit, work);
	int err = status ? status : c->write_err;

	c->writing = false;
	end_group(c, err);
	if (c->closed)
		release(c);
	/* A disk that fails is tried again when a client asks again. */
	else if (!err || c->waiting->n)
		commit_begin(c);
}

static void on_pace(uv_timer_t *timer)
{
	commit_begin(container_of(timer, struct commit, pace));
}

/* The last group began just now: others may share the next. */
static bool must_wait(struct commit *c, uint64_t now_ms)
{
	if (now_ms - c->began_ms >= PACE_MS)
		return false;
	if (!uv_is_active((uv_handle_t *)&c->pace))
		uv_timer_start(&c->pace, on_pace,
			       c->began_ms + PACE_MS - now_ms, 0);
	return true;
}

void commit_begin(struct commit *c)
{
	struct replies *group = c->waiting;
	uint64_t now_ms = clock_ms();
	int err;

	if (c->writing || !leases_pending(c->leases) || must_wait(c, now_ms))
		return;
	c->began_ms = now_ms;
	c->waiting = c->flying;
	c->flying = group;
	err = leases_take(c->leases, now_ms, clock_wall_ms());
	if (!err)
		err = uv_queue_work(c->loop, &c->work, write_group, on_written);
	if (err)
		end_group(c, err);
	else
		c->writing = true;
}
