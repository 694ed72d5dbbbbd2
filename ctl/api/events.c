/* events.c - what happened, in sentences.
 *
 * Called by api.c's route and, through it, by the gateway as it happens.
 * Control thread; no state. */
#include <stdlib.h>

#include "room.h"

#define EVENTS_SHOWN 100

json_t *event_json(const struct event *e)
{
	bool device = !mac_is_zero(&e->mac);

	return json_pack("{s:I,s:I,s:I,s:s,s:o,s:o,s:s,s:o,s:I,s:I}", "id",
			 (json_int_t)e->id, "at_ms", (json_int_t)e->at_ms,
			 "last_ms", (json_int_t)e->last_ms, "kind",
			 event_kind_name(e->kind), "device",
			 device ? answer_mac(&e->mac) : json_null(), "name",
			 answer_text_or_null(e->name), "text", e->text, "link",
			 answer_text_or_null(e->link), "times",
			 (json_int_t)e->times, "more", (json_int_t)e->more);
}

/* False: no whole number. */
static bool read_number(const char *text, uint64_t *out)
{
	char *end;

	if (!text)
		return true;
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !*end;
}

void events_answer(struct api *a, struct http_request *r)
{
	const struct events *log = a->house.events(a->house.arg);
	uint64_t since = 0, limit = EVENTS_SHOWN;
	unsigned i, n = events_count(log);
	json_t *list;

	if (!read_number(http_query(r, "since"), &since)) {
		answer_error(r, 400, NULL, "since: give the id of an event.");
		return;
	}
	if (!read_number(http_query(r, "limit"), &limit) || !limit) {
		answer_error(r, 400, NULL, "limit: give a number from 1 on.");
		return;
	}
	list = json_array();
	for (i = 0; i < n && i < limit; i++) {
		if (events_at(log, i)->id <= since)
			break;
		json_array_append_new(list, event_json(events_at(log, i)));
	}
	answer_json(r, 200, json_pack("{s:o}", "events", list));
}

void api_tell_event(struct api *a, const struct event *event)
{
	live_tell_owner(a, json_pack("{s:s,s:o}", "type", "event", "event",
				     event_json(event)));
}
