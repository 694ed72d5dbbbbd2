/* habit.h - what each device usually does: the measure for what is unusual.
 *
 * A row a device, HABITS_MAX at most: one that has been watched for the fewest
 * days gives way, so that made-up devices push out each other. Pure: civil time
 * is passed in. Control thread. */
#ifndef ANALYSIS_HABIT_H
#define ANALYSIS_HABIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

#define HABITS_MAX	1024
#define HABIT_DAYS	28 /* looked back */
#define HABIT_COUNTRIES ((26 * 26 + 7) / 8)
#define UPLOAD_MINUTES	10
#define HABITS_FILE_MAX (1u << 20)

/* Local civil time. */
struct habit_time {
	uint64_t now_ms; /* since 1970 */
	uint32_t day;	 /* since 1970, by the local clock */
	uint8_t hour;
};

struct habit {
	struct mac mac;
	uint64_t since_ms, last_ms;
	/* kept over restarts */
	uint32_t day;	    /* what bit 0 of the masks stands for */
	uint32_t days;	    /* on which of the last days it was active */
	uint32_t hours[24]; /* the same, for every hour */
	uint8_t countries[HABIT_COUNTRIES]; /* a bit each, AA … ZZ */
	uint64_t upload_peak;		    /* see upload.h */
	/* not kept */
	uint64_t tx_total, rx_total; /* as last told; 0: not yet */
	bool told;		     /* the totals are */
	uint32_t hour_at;	     /* hours since 1970, of 'hour_bytes' */
	uint64_t hour_bytes;
	uint64_t minute_at; /* minutes since 1970, of the newest one */
	uint64_t minutes[UPLOAD_MINUTES];
	uint64_t hour_peak; /* of the sums of 'minutes', within the hour */
};

struct habits;

/* NULL: no memory. */
struct habits *habits_new(void);
void habits_free(struct habits *h);
/* Finds or makes; never NULL. Valid until the next. */
struct habit *habits_of(struct habits *h, const struct mac *mac,
			uint64_t now_ms);

/* ---- the file; as devices/devices.h has it */
bool habits_changed(struct habits *h);
void *habits_write(const struct habits *h, size_t *len);
int habits_read(struct habits *h, const void *data, size_t len);

#endif
