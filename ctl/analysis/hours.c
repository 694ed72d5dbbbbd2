/* hours.c - detector: an unusual hour. Called by analysis.c. Pure.
 * Invariant: bit n of a mask stands for n days before h->day. */
#include "hours.h"

#define MASK ((1u << HABIT_DAYS) - 1)

static uint32_t aged(uint32_t mask, uint32_t days)
{
	return days < HABIT_DAYS ? mask << days & MASK : 0;
}

/* A clock that went back stays on its day. */
static void age(struct habit *h, uint32_t day)
{
	uint32_t days = day > h->day ? day - h->day : 0;
	unsigned i;

	if (!days)
		return;
	h->days = aged(h->days, days);
	for (i = 0; i < 24; i++)
		h->hours[i] = aged(h->hours[i], days);
	h->day = day;
}

bool hours_is_new(struct habit *h, uint64_t bytes, struct habit_time t)
{
	uint32_t hour_at = t.day * 24 + t.hour, near, before;
	bool was = h->hour_at == hour_at && h->hour_bytes >= HOURS_BYTES;

	if (h->hour_at != hour_at)
		h->hour_bytes = 0;
	h->hour_at = hour_at;
	h->hour_bytes += bytes;
	if (was || h->hour_bytes < HOURS_BYTES)
		return false;
	age(h, t.day);
	near = h->hours[t.hour] | h->hours[(t.hour + 1) % 24] |
	       h->hours[(t.hour + 23) % 24];
	before = h->days & ~1u; /* today is no habit yet */
	h->hours[t.hour] |= 1;
	h->days |= 1;
	return !near && __builtin_popcount(before) >= HOURS_DAYS_LEAST;
}
