/* rates.h - bits per second from counters that only grow, and what they were.
 *
 * Private to api/. The boundary is sampled every RATES_STEP_MS; once a second
 * the devices are too, and the rate that is told is that of the last two
 * seconds. Pure: time and counters are passed in. */
#ifndef API_RATES_H
#define API_RATES_H

#include "../base/addr.h"
#include "../engine/engine.h"

#define RATES_DEVICES_MAX 1024
#define RATES_STEP_MS	  250
#define RATES_STEPS	  240 /* the boundary's last minute */
#define RATES_DEVICE_MS	  1000
#define RATES_DEVICE_N	  60 /* a device's last minute */

struct rates;

struct rate {
	uint64_t rx_bps, tx_bps;
};

/* Oldest first; valid until the next sample. */
struct rates_recent {
	unsigned n;
	const struct rate *rates;
};

struct rates *rates_new(void); /* NULL: out of memory */
void rates_free(struct rates *r);

/* The boundary's rate since the last step. One that comes late stands for all
 * the steps that it spans. */
struct rate rates_step(struct rates *r, uint64_t now_ms,
		       const struct engine_totals *totals);
/* 'devices' holds 'n' rows; those beyond RATES_DEVICES_MAX have no rate. */
void rates_sample(struct rates *r, uint64_t now_ms,
		  const struct engine_totals *totals,
		  const struct device_row *devices, unsigned n);

struct rate rates_total(const struct rates *r);
struct rates_recent rates_total_recent(const struct rates *r);
/* Zero, and none, for a device that was not in the last sample. */
struct rate rates_device(const struct rates *r, const struct mac *mac);
struct rates_recent rates_device_recent(const struct rates *r,
					const struct mac *mac);

#endif
