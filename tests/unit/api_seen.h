/* api_seen.h - what happened in the made-up house of api_house.h, and what was
 * seen behind it. */
#ifndef TEST_API_SEEN_H
#define TEST_API_SEEN_H

#include "../../ctl/analysis/events.h"
#include "../../ctl/analysis/evidence.h"

static struct events *log_of_events;
static struct evidence *seen;

static const struct events *house_events(void *arg)
{
	(void)arg;
	return log_of_events;
}

static const struct evidence *house_evidence(void *arg)
{
	(void)arg;
	return seen;
}

static void seen_begin(void)
{
	log_of_events = events_new();
	seen = evidence_new();
}

static void seen_end(void)
{
	events_free(log_of_events);
	evidence_free(seen);
}

#endif
