/* country.h - detector: a device that speaks with a country it never spoke
 * with. Pure. */
#ifndef ANALYSIS_COUNTRY_H
#define ANALYSIS_COUNTRY_H

#include "habit.h"

#define COUNTRY_LEARN_MS (7 * 86400 * 1000ull)

/* The device began to speak with somebody in 'iso' ("DE"). True: after a week
 * of habit this is new. It is none from then on. */
bool country_is_new(struct habit *h, const char *iso, uint64_t now_ms);

#endif
