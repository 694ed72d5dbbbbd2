/* evidence.c - what was seen behind events: the line by the minute, who went
 * through the home, where a remote is. GET /api/v1/line, scans and country.
 *
 * Called by api.c's routes. Control thread; no state. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "room.h"

#define MINUTE_MS 60000u

/* ---- the line */

/* In minutes since 1970; 'to' is not of it. False: said what is wrong. */
static bool read_minutes(struct http_request *r, uint64_t *from, uint64_t *to)
{
	uint64_t from_ms = 0, to_ms = clock_wall_ms();

	if (!answer_number(r, "to", ANSWER_LATEST, &to_ms) ||
	    !answer_number(r, "from", ANSWER_LATEST, &from_ms))
		return false;
	*to = (to_ms + MINUTE_MS - 1) / MINUTE_MS;
	*from = from_ms / MINUTE_MS;
	if (!http_query(r, "from"))
		*from = *to > EVIDENCE_MINUTES ? *to - EVIDENCE_MINUTES : 0;
	if (*from < *to && *to - *from <= EVIDENCE_MINUTES)
		return true;
	answer_error(r, 400, NULL,
		     *from < *to ? "from: give at most a day before 'to'."
				 : "to: give a time after 'from'.");
	return false;
}

static json_t *latency_json(const struct line_minute *m)
{
	return m && m->us ? json_real(m->us / 1000.0) : json_null();
}

static json_t *count_json(const struct line_minute *m, uint32_t n)
{
	return m ? json_integer((json_int_t)n) : json_null();
}

void line_answer(struct api *a, struct http_request *r)
{
	const struct evidence *e = a->house.evidence(a->house.arg);
	json_t *latency, *asked, *lost;
	uint64_t from, to, i;

	if (!read_minutes(r, &from, &to))
		return;
	latency = json_array();
	asked = json_array();
	lost = json_array();
	for (i = from; i < to; i++) {
		const struct line_minute *m = evidence_minute(e, i);

		json_array_append_new(latency, latency_json(m));
		json_array_append_new(asked, count_json(m, m ? m->asked : 0));
		json_array_append_new(lost, count_json(m, m ? m->lost : 0));
	}
	answer_json(r, 200,
		    json_pack("{s:I,s:I,s:i,s:o,s:o,s:o}", "from_ms",
			      (json_int_t)from * MINUTE_MS, "to_ms",
			      (json_int_t)to * MINUTE_MS, "step_ms",
			      (int)MINUTE_MS, "latency_ms", latency, "asked",
			      asked, "lost", lost));
}

/* ---- a remote */

void country_answer(struct api *a, struct http_request *r)
{
	const char *remote = http_query(r, "remote");
	struct addr addr = { 0 };

	/* A name is in no country. */
	if (!remote || !addr_parse(remote, &addr))
		addr = (struct addr){ 0 };
	answer_json(r, 200,
		    json_pack("{s:o}", "country", answer_country(a, &addr)));
}

/* ---- scans of the home */

static int latest_first(const void *a, const void *b)
{
	const struct lan_scan *x = *(const struct lan_scan *const *)a;
	const struct lan_scan *y = *(const struct lan_scan *const *)b;

	return x->to_ms > y->to_ms ? -1 : x->to_ms < y->to_ms;
}

static json_t *scan_json(const struct lan_scan *s)
{
	struct addr low = addr_v4(htonl(s->low)),
		    high = addr_v4(htonl(s->high));

	return json_pack("{s:o,s:I,s:I,s:I,s:I,s:o,s:o}", "device",
			 answer_mac(&s->mac), "from_ms", (json_int_t)s->from_ms,
			 "to_ms", (json_int_t)s->to_ms, "times",
			 (json_int_t)s->times, "addresses", (json_int_t)s->most,
			 "first", answer_addr(&low), "last",
			 answer_addr(&high));
}

void scans_answer(struct api *a, struct http_request *r)
{
	const struct evidence *e = a->house.evidence(a->house.arg);
	const struct lan_scan *all[EVIDENCE_SCANS], *s;
	const char *text = http_query(r, "device");
	bool by_device = text && strcmp(text, "all") != 0;
	json_t *list = json_array();
	unsigned i, n = 0;
	struct mac mac;

	if (by_device && !mac_parse(text, &mac)) {
		json_decref(list);
		answer_error(r, 400, NULL,
			     "device: give a MAC address such as "
			     "02:00:00:00:00:01, or all.");
		return;
	}
	for (i = 0; i < EVIDENCE_SCANS; i++) {
		s = evidence_scan_at(e, i);
		if (s && (!by_device || mac_eq(&s->mac, &mac)))
			all[n++] = s;
	}
	qsort(all, n, sizeof(all[0]), latest_first);
	for (i = 0; i < n; i++)
		json_array_append_new(list, scan_json(all[i]));
	answer_json(r, 200, list);
}
