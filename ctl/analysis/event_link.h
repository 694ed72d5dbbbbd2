/* event_link.h - where in the page one sees what an event says.
 *
 * Each writes event->link; what they mean is read by web/core/route.js and by
 * the view that is named. Pure. */
#ifndef ANALYSIS_EVENT_LINK_H
#define ANALYSIS_EVENT_LINK_H

#include "events.h"

/* The device that it is about. */
void event_link_device(struct event *e);
/* A view, and what of it: "names?why=failed". */
void event_link_view(struct event *e, const char *place);
/* What DHCP wrote down. */
void event_link_diary(struct event *e);
/* What its device moved since 'before_ms' ago, by remote; with 'remote' alone,
 * unless that is NULL. */
void event_link_traffic(struct event *e, const struct addr *remote,
			uint64_t before_ms, uint64_t now_ms);
/* How the line did in these minutes. */
void event_link_line(struct event *e, uint64_t now_ms);

#endif
