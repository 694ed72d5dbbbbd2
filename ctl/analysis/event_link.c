/* event_link.c - see event_link.h. Called by analysis.c. Pure.
 * Invariant: the longest of these fits EVENT_LINK_SIZE. */
#include "event_link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_MS	 (15 * 60 * 1000u)
#define AFTER_MS (60 * 1000u) /* what has just begun is seen, too */

#define LONGEST                                                                \
	"#/traffic?from=18446744073709551615&to=18446744073709551615"          \
	"&device=&remote=&group=remote"
static_assert(sizeof(LONGEST) + MAC_STRLEN + ADDR_STRLEN <= EVENT_LINK_SIZE,
	      "a link is cut");

void event_link_device(struct event *e)
{
	char mac[MAC_STRLEN];

	snprintf(e->link, sizeof(e->link), "#/device/%s",
		 mac_format(&e->mac, mac));
}

void event_link_view(struct event *e, const char *place)
{
	snprintf(e->link, sizeof(e->link), "#/%s", place);
}

void event_link_diary(struct event *e)
{
	event_link_view(e, "names/addresses?show=happened");
}

static void link_span(struct event *e, const char *view, uint64_t before_ms,
		      uint64_t now_ms)
{
	snprintf(e->link, sizeof(e->link), "#/%s?from=%" PRIu64 "&to=%" PRIu64,
		 view, now_ms - before_ms, now_ms + AFTER_MS);
}

void event_link_traffic(struct event *e, const struct addr *remote,
			uint64_t before_ms, uint64_t now_ms)
{
	char mac[MAC_STRLEN], addr[ADDR_STRLEN] = "";
	size_t len;

	link_span(e, "traffic", before_ms, now_ms);
	len = strlen(e->link);
	if (remote)
		addr_format(remote, addr);
	snprintf(e->link + len, sizeof(e->link) - len,
		 "&device=%s%s%s&group=remote", mac_format(&e->mac, mac),
		 remote ? "&remote=" : "", addr);
}

void event_link_line(struct event *e, uint64_t now_ms)
{
	link_span(e, "line", LINE_MS, now_ms);
}
