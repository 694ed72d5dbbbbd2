/* rates.c - see rates.h.
 *
 * Sampled by api.c's tick, read by views.c and clients.c. Control thread.
 * Invariant: a meter's samples are in order of time and never shrink. */
#include "rates.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES 3 /* a second apart: a rate is that of the last two */

struct sample {
	uint64_t at_ms, rx, tx;
};

struct meter {
	unsigned n;
	struct sample samples[SAMPLES]; /* newest first */
};

struct device {
	struct mac mac;
	struct meter meter;
	unsigned recent_n;
	struct rate recent[RATES_DEVICE_N];
};

struct rates {
	struct meter total;
	struct sample step;
	unsigned steps_n;
	struct rate steps[RATES_STEPS];
	unsigned n;
	struct device devices[RATES_DEVICES_MAX], next[RATES_DEVICES_MAX];
};

static void meter_add(struct meter *m, const struct sample *now)
{
	/* Counters that went back belong to a device counted anew. */
	if (m->n && (now->rx < m->samples[0].rx || now->tx < m->samples[0].tx))
		m->n = 0;
	memmove(m->samples + 1, m->samples,
		(SAMPLES - 1) * sizeof(m->samples[0]));
	m->samples[0] = *now;
	if (m->n < SAMPLES)
		m->n++;
}

static struct rate between(const struct sample *old, const struct sample *new)
{
	uint64_t ms = new->at_ms - old->at_ms;

	if (!ms || new->rx < old->rx || new->tx < old->tx)
		return (struct rate){ 0 };
	return (struct rate){ .rx_bps = (new->rx - old->rx) * 8000 / ms,
			      .tx_bps = (new->tx - old->tx) * 8000 / ms };
}

static struct rate meter_rate(const struct meter *m)
{
	if (m->n < 2)
		return (struct rate){ 0 };
	return between(&m->samples[m->n - 1], &m->samples[0]);
}

/* Appends to 'recent', which holds 'n' of 'max'; the oldest makes room. */
static unsigned remember(struct rate *recent, unsigned n, unsigned max,
			 struct rate now)
{
	if (n == max) {
		memmove(recent, recent + 1, (max - 1) * sizeof(*recent));
		n--;
	}
	recent[n] = now;
	return n + 1;
}

/* Rows keep their order from sample to sample, mostly: 'hint' finds them. */
static const struct device *find(const struct rates *r, const struct mac *mac,
				 unsigned hint)
{
	unsigned i;

	if (hint < r->n && mac_eq(&r->devices[hint].mac, mac))
		return &r->devices[hint];
	for (i = 0; i < r->n; i++)
		if (mac_eq(&r->devices[i].mac, mac))
			return &r->devices[i];
	return NULL;
}

struct rates *rates_new(void)
{
	return calloc(1, sizeof(struct rates));
}

void rates_free(struct rates *r)
{
	free(r);
}

struct rate rates_step(struct rates *r, uint64_t now_ms,
		       const struct engine_totals *totals)
{
	struct sample now = { now_ms, totals->rx_bytes, totals->tx_bytes };
	struct rate rate = { 0 };
	uint64_t steps;

	if (r->step.at_ms) {
		rate = between(&r->step, &now);
		steps = (now_ms - r->step.at_ms + RATES_STEP_MS / 2) /
			RATES_STEP_MS;
		steps = steps < 1 ? 1 : steps;
		steps = steps > RATES_STEPS ? RATES_STEPS : steps;
		while (steps--)
			r->steps_n = remember(r->steps, r->steps_n, RATES_STEPS,
					      rate);
	}
	r->step = now;
	return rate;
}

void rates_sample(struct rates *r, uint64_t now_ms,
		  const struct engine_totals *totals,
		  const struct device_row *devices, unsigned n)
{
	struct sample now = { now_ms, totals->rx_bytes, totals->tx_bytes };
	const struct device *old;
	unsigned i;

	if (n > RATES_DEVICES_MAX)
		n = RATES_DEVICES_MAX;
	meter_add(&r->total, &now);
	for (i = 0; i < n; i++) {
		struct device *d = &r->next[i];

		old = find(r, &devices[i].mac, i);
		*d = old ? *old : (struct device){ .mac = devices[i].mac };
		now.rx = devices[i].rx_bytes;
		now.tx = devices[i].tx_bytes;
		meter_add(&d->meter, &now);
		d->recent_n = remember(d->recent, d->recent_n, RATES_DEVICE_N,
				       meter_rate(&d->meter));
	}
	memcpy(r->devices, r->next, n * sizeof(r->next[0]));
	r->n = n;
}

struct rate rates_total(const struct rates *r)
{
	return meter_rate(&r->total);
}

struct rates_recent rates_total_recent(const struct rates *r)
{
	return (struct rates_recent){ r->steps_n, r->steps };
}

struct rates_recent rates_device_recent(const struct rates *r,
					const struct mac *mac)
{
	const struct device *d = find(r, mac, 0);

	return d ? (struct rates_recent){ d->recent_n, d->recent }
		 : (struct rates_recent){ 0 };
}

struct rate rates_device(const struct rates *r, const struct mac *mac)
{
	const struct device *d = find(r, mac, 0);

	return d ? meter_rate(&d->meter) : (struct rate){ 0 };
}
