/* lists.h - the owner's blocklists: fetched, read, read again when they change.
 *
 * What is slow happens on worker threads; the sets in force stay so until the
 * new ones are whole. Lists by URL are kept in a folder, so that they hold from
 * the start, and asked for again once a day. Control thread's loop. */
#ifndef DNS_LISTS_H
#define DNS_LISTS_H

#include <uv.h>

#include "dns.h"
#include "nameset.h"

struct lists;

struct lists_events {
	void *arg;
	/* The sets are the receiver's from now on; NULL: no list is on. */
	void (*on_loaded)(void *arg, struct nameset *block,
			  struct nameset *allow);
	/* Finds the address of a host: lists_found(), now or later. */
	void (*find)(void *arg, const char *host);
	/* Whether an address is of the home or this machine: no server may send
	 * us there. The owner may. */
	bool (*is_home)(void *arg, const struct addr *addr);
};

/* NULL: no memory. */
struct lists *lists_new(uv_loop_t *loop, const struct lists_events *events);
/* Freed when the loop ran; nothing is called any more. */
void lists_free(struct lists *l);

/* Which lists are on; 'dir' is where fetched ones are kept. Those that stay
 * keep what is known of them. */
void lists_set(struct lists *l, const struct settings_source *sources,
	       unsigned n, const char *dir);
/* What events.find asked for. NULL: not found. */
void lists_found(struct lists *l, const struct addr *addr);

/* Rows for the owner; how many. */
unsigned lists_rows(const struct lists *l, struct dns_list_row *out);
/* Name of the list that a tag of filter.h stands for. */
const char *lists_name(const struct lists *l, uint8_t tag);

#endif
