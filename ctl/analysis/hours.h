/* hours.h - detector: a device that is active at an hour at which it never is.
 *
 * Active: it moved HOURS_BYTES within the hour. Unusual: on none of the last
 * 28 days was it so at this hour or at one beside it, though it was on 14 of
 * them. Pure. */
#ifndef ANALYSIS_HOURS_H
#define ANALYSIS_HOURS_H

#include "habit.h"

#define HOURS_BYTES	 (1u << 20)
#define HOURS_DAYS_LEAST 14

/* The device moved so many bytes just now. True, once: this is unusual. */
bool hours_is_new(struct habit *h, uint64_t bytes, struct habit_time t);

#endif
