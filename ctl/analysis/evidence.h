/* evidence.h - what was seen behind events, as far as nothing else keeps it:
 * how the line did by the minute, and who went through the home.
 *
 * Bounded: a day of minutes, and some times of each device. Times are civil,
 * passed in. Written by analysis.c, read by the API; control thread. */
#ifndef ANALYSIS_EVIDENCE_H
#define ANALYSIS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "scan_lan.h"

#define EVIDENCE_MINUTES    1440
#define EVIDENCE_SCANS	    128
#define EVIDENCE_SCANS_EACH 8 /* of one device */
#define EVIDENCE_REST_MS    (3600 * 1000ull)
#define EVIDENCE_FILE_MAX   (1u << 17)

struct line_minute {
	uint64_t number;      /* since 1970; 0: none */
	uint32_t asked, lost; /* pings */
	uint32_t us;	      /* the middle of the answers; 0: there was none */
};

/* A device went through the home, once or again and again with less than
 * EVIDENCE_REST_MS between. */
struct lan_scan {
	struct mac mac; /* zero: none */
	uint64_t from_ms, to_ms;
	uint32_t times;	    /* minutes in which it did */
	uint32_t most;	    /* addresses that it asked for in one of them */
	uint32_t low, high; /* the first and the last of all, as numbers */
};

struct evidence;

/* NULL: no memory. */
struct evidence *evidence_new(void);
void evidence_free(struct evidence *e);

/* A ping took 'us', or (UINT32_MAX) was lost. */
void evidence_ping(struct evidence *e, uint32_t us, uint64_t now_ms);
/* The minute of that number; NULL: nothing is known of it. */
const struct line_minute *evidence_minute(const struct evidence *e,
					  uint64_t number);

/* As scan_lan_asked() returned it just now. */
void evidence_scan(struct evidence *e, const struct scan_lan_asker *seen,
		   uint64_t now_ms);
/* The i-th of EVIDENCE_SCANS places, in no order; NULL: it is empty. */
const struct lan_scan *evidence_scan_at(const struct evidence *e, unsigned i);

/* ---- the file; as events.h has it */
bool evidence_changed(struct evidence *e);
void *evidence_write(const struct evidence *e, size_t *len);
int evidence_read(struct evidence *e, const void *data, size_t len);

#endif
