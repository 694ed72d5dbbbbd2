/* pace.c - see pace.h. Called by worker.c. Engine thread. */
#include "pace.h"

#include <sys/prctl.h>
#include <time.h>

void pace_begin(void)
{
	prctl(PR_SET_TIMERSLACK, (unsigned long)PACE_SLACK_NS);
}

void pace_count(struct pace *p, uint32_t n, uint32_t at_us)
{
	uint32_t span_us = at_us - p->begun_us;

	p->n += n;
	p->fresh |= n > 0;
	if (span_us < PACE_SPAN_US)
		return;
	p->dense = (uint64_t)p->n * 1000000 >= (uint64_t)span_us * PACE_RATE;
	p->n = 0;
	p->begun_us = at_us;
}

bool pace_wants_nap(struct pace *p)
{
	bool wants = p->dense && p->fresh;

	p->fresh = false;
	return wants;
}

void pace_nap(void)
{
	const struct timespec nap = { .tv_nsec = PACE_NAP_US * 1000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}
