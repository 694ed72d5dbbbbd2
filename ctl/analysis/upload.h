/* upload.h - detector: a device sends much more than it ever does.
 *
 * Its last ten minutes against the most of any ten minutes in the hours before,
 * which fades by a twentieth a day. Pure. */
#ifndef ANALYSIS_UPLOAD_H
#define ANALYSIS_UPLOAD_H

#include "habit.h"

#define UPLOAD_FLOOR (200 * 1000000ull) /* bytes: less is nothing */
#define UPLOAD_TIMES 4

/* The device sent so many bytes just now. Not 0: so many within ten minutes,
 * which is sudden; told once, until it stops being so. */
uint64_t upload_is_sudden(struct habit *h, uint64_t bytes, uint64_t now_ms);

#endif
