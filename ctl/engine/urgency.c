/* urgency.c - see urgency.h. Called by worker.c. Engine thread.
 *
 * SCHED_FIFO's lowest priority goes before whatever is not real-time. The
 * kernel's own limit to such threads, 95 % of a core, is no protection. */
#include "urgency.h"

#include <sched.h>
#include <time.h>

/* No longer is a core kept from others. Nor shorter: whose softirqs are due
 * when we send, we run them, and for some milliseconds that is most of it. */
#define LOOK_MS	    100
#define SHARE	    3 /* one part of so many */
#define ORDINARY_MS 1000

bool urgency_weigh(struct urgency *u, uint64_t now_ms, uint64_t used_us)
{
	uint64_t span_us = (now_ms - u->looked_ms) * 1000;
	uint64_t used = used_us - u->used_us;

	u->looked_ms = now_ms;
	u->used_us = used_us;
	if (used > span_us / SHARE)
		u->until_ms = now_ms + ORDINARY_MS;
	return now_ms >= u->until_ms;
}

static uint64_t thread_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Process 0 is the calling thread. */
static bool set_class(bool urgent)
{
	const struct sched_param first = { .sched_priority = urgent ? 1 : 0 };

	return !sched_setscheduler(0, urgent ? SCHED_FIFO : SCHED_OTHER,
				   &first);
}

void urgency_turn(struct urgency *u, uint64_t now_ms)
{
	bool urgent;

	if (u->refused || now_ms - u->looked_ms < LOOK_MS)
		return;
	urgent = urgency_weigh(u, now_ms, thread_us());
	if (urgent == u->urgent)
		return;
	if (set_class(urgent))
		u->urgent = urgent;
	else
		u->refused = true;
}
