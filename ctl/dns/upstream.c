/* upstream.c - choice of upstream servers by measured latency.
 *
 * Called by resolve.c, probe.c and dns.c. Control thread.
 * Invariant: a retired one has a probe due; one that answers has no failures.
 */
#include "upstream.h"

#define FAILURES_MAX	   3	 /* in a row … */
#define FAILING_MIN_MS	   2000u /* … and for so long: retired */
#define PROBE_FIRST_MS	   1000u
#define PROBE_LAST_MS	   60000u
#define TIMEOUT_UNKNOWN_MS 1000u
#define TIMEOUT_MIN_MS	   250u
#define TIMEOUT_MAX_MS	   2000u
#define RACE_EVERY	   64u

void upstreams_set(struct upstreams *s, const struct nameserver *at, unsigned n)
{
	struct upstreams old = *s;
	unsigned i;

	*s = (struct upstreams){ .n = n };
	for (i = 0; i < n; i++) {
		struct upstream *known = upstreams_find(&old, &at[i]);

		if (known)
			s->u[i] = *known;
		s->u[i].at = at[i];
	}
}

struct upstream *upstreams_find(struct upstreams *s,
				const struct nameserver *at)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (nameserver_eq(&s->u[i].at, at))
			return &s->u[i];
	return NULL;
}

/* How often 'u' was tried; -1: it said no. */
static int tried(const struct upstream *u, const struct upstream_try *tries,
		 unsigned n)
{
	int count = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (!nameserver_eq(&u->at, &tries[i].at))
			continue;
		if (tries[i].final)
			return -1;
		count++;
	}
	return count;
}

/* Smaller is better. To be retired weighs as much as one try in vain. */
static uint64_t cost(const struct upstream *u, int count, bool measure)
{
	uint64_t rank = (uint64_t)count + u->retired;
	uint64_t within = measure ? u->measured_ms : u->srtt_ms8;

	return rank << 56 | (uint64_t)u->retired << 55 | within;
}

struct upstream *upstreams_pick(struct upstreams *s,
				const struct upstream_try *tries, unsigned n,
				bool measure)
{
	struct upstream *best = NULL;
	uint64_t best_cost = 0;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		int count = tried(&s->u[i], tries, n);
		uint64_t c;

		if (count < 0)
			continue;
		c = cost(&s->u[i], count, measure);
		if (best && c >= best_cost)
			continue;
		best = &s->u[i];
		best_cost = c;
	}
	return best;
}

unsigned upstreams_live(const struct upstreams *s)
{
	unsigned i, n = 0;

	for (i = 0; i < s->n; i++)
		n += !s->u[i].retired;
	return n ? n : s->n;
}

bool upstreams_race_due(struct upstreams *s)
{
	return s->n > 1 && s->asked++ % RACE_EVERY == 0;
}

bool upstream_doubtful(const struct upstream *u)
{
	return !u->measured || u->failures;
}

uint32_t upstream_timeout_ms(const struct upstream *u, unsigned tries)
{
	uint32_t ms = u->measured ? u->srtt_ms8 / 2 : TIMEOUT_UNKNOWN_MS;

	if (ms < TIMEOUT_MIN_MS)
		ms = TIMEOUT_MIN_MS;
	while (tries-- && ms < TIMEOUT_MAX_MS)
		ms *= 2;
	return ms < TIMEOUT_MAX_MS ? ms : TIMEOUT_MAX_MS;
}

bool upstream_answered(struct upstream *u, uint32_t rtt_ms, uint64_t now_ms)
{
	bool back = u->retired;

	if (u->measured)
		u->srtt_ms8 += rtt_ms - u->srtt_ms8 / 8;
	else
		u->srtt_ms8 = rtt_ms * 8;
	u->measured = true;
	u->measured_ms = now_ms;
	u->failures = 0;
	u->retired = false;
	return back;
}

bool upstream_failed(struct upstream *u, uint64_t now_ms)
{
	if (!u->failures++)
		u->failing_ms = now_ms;
	if (u->retired || u->failures < FAILURES_MAX ||
	    now_ms - u->failing_ms < FAILING_MIN_MS)
		return false;
	u->retired = true;
	u->measured = false;
	u->srtt_ms8 = 0;
	u->probe_wait_ms = PROBE_FIRST_MS;
	u->probe_ms = now_ms + PROBE_FIRST_MS;
	return true;
}

struct upstream *upstreams_probe(struct upstreams *s, uint64_t now_ms,
				 uint64_t *wait_ms)
{
	uint64_t next = UINT64_MAX;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		struct upstream *u = &s->u[i];

		if (!u->retired)
			continue;
		if (u->probe_ms <= now_ms) {
			u->probe_ms = now_ms + u->probe_wait_ms;
			u->probe_wait_ms *= 2;
			if (u->probe_wait_ms > PROBE_LAST_MS)
				u->probe_wait_ms = PROBE_LAST_MS;
			return u;
		}
		if (u->probe_ms < next)
			next = u->probe_ms;
	}
	*wait_ms = next == UINT64_MAX ? next : next - now_ms;
	return NULL;
}
