/* upload.c - detector: a sudden upload. Called by analysis.c. Pure. */
#include "upload.h"

#include <string.h>

#define MINUTE_MS 60000

static uint64_t sum(const struct habit *h)
{
	uint64_t total = 0;
	unsigned i;

	for (i = 0; i < UPLOAD_MINUTES; i++)
		total += h->minutes[i];
	return total;
}

/* What an hour taught is believed when it is over: the surge itself must not
 * be its own measure. */
static void end_hour(struct habit *h, bool day_over)
{
	if (day_over)
		h->upload_peak -= h->upload_peak / 20;
	if (h->hour_peak > h->upload_peak)
		h->upload_peak = h->hour_peak;
	h->hour_peak = 0;
}

static void go_on(struct habit *h, uint64_t minute)
{
	uint64_t passed = minute - h->minute_at;

	if (minute <= h->minute_at)
		return;
	if (minute / 60 != h->minute_at / 60)
		end_hour(h, minute / 1440 != h->minute_at / 1440);
	if (passed > UPLOAD_MINUTES)
		passed = UPLOAD_MINUTES;
	memmove(h->minutes + passed, h->minutes,
		(UPLOAD_MINUTES - passed) * sizeof(h->minutes[0]));
	memset(h->minutes, 0, passed * sizeof(h->minutes[0]));
	h->minute_at = minute;
}

uint64_t upload_is_sudden(struct habit *h, uint64_t bytes, uint64_t now_ms)
{
	uint64_t least, before, after;

	go_on(h, now_ms / MINUTE_MS);
	before = sum(h);
	h->minutes[0] += bytes;
	after = before + bytes;
	if (after > h->hour_peak)
		h->hour_peak = after;
	least = h->upload_peak * UPLOAD_TIMES;
	if (least < UPLOAD_FLOOR)
		least = UPLOAD_FLOOR;
	return before < least && after >= least ? after : 0;
}
