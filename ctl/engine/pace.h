/* pace.h - how long to look away while questions come thick and fast.
 *
 * Who waits in poll() is woken for the first packet of many, which takes both
 * sides longer than to answer it. Above a rate that no home's devices reach in
 * earnest, the engine sleeps for some tens of microseconds instead, while
 * packets gather in the rings, as network cards do that moderate their
 * interrupts. Only questions to the gateway count: what is forwarded waits for
 * nobody. Engine thread. */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_RATE    50000 /* questions a second */
#define PACE_SPAN_US 5000  /* it is measured over so long */
#define PACE_NAP_US  25
#define PACE_SLACK_NS                                                          \
	1000 /* by which the kernel may be late on purpose: else twice that    \
	      */

struct pace {
	uint32_t begun_us; /* of the span; low bits of clock_us() */
	uint32_t n;	   /* questions in it */
	bool dense;	   /* so were those of the last one */
	bool fresh;	   /* some came since the last nap */
};

/* Of the calling thread, once. */
void pace_begin(void);
/* 'n' questions came with a burst. */
void pace_count(struct pace *p, uint32_t n, uint32_t at_us);
/* Whether to nap before the next look. Without new questions not again. */
bool pace_wants_nap(struct pace *p);
void pace_nap(void);

#endif
