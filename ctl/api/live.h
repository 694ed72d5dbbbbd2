/* live.h - a page that listens, to the files that speak to it. Private to api/.
 *
 *   live.c    who listens; ticks, status, clients, events
 *   packets.c the packets, to those who want them, and all else with them */
#ifndef API_LIVE_H
#define API_LIVE_H

#include "room.h"

struct page {
	struct api *api;
	struct page *next, **link;
	struct ws *ws;
	struct addr peer;
	struct pass pass;
	bool owner; /* let in as such: where there is a password, all are */
	unsigned skipped; /* messages, or their packets, since it was told */

	/* packets.c */
	bool packets, by_device;
	struct mac device;
	uint64_t left_out; /* packets, since the last message about them */
};

/* live.c: puts 'f' in the page's queue, or counts it as skipped; NULL: there
 * was no memory for it. false: the page is gone. */
bool page_send(struct page *p, struct ws_frame *f);

/* packets.c */
/* Reads what is asked for; false: said what is wrong with it. */
bool packets_wish(struct api *a, struct http_request *r, struct page *p);
/* Somebody came or went: the engine writes summaries or not. */
void packets_follow(struct api *a);
/* Is the page told its news with the packets? */
bool packets_hears(const struct api *a, const struct page *p);
/* Keeps the news, a list, for the pages that are. */
void packets_take(struct api *a, json_t *news);

#endif
