/* leases.h - the journal of leases: what clients were promised, on disk.
 *
 * Text, one record a line, the latest of an address counts:
 *   leases 1
 *   bind IP MAC CLIENT-ID EXPIRES NAME     (wall seconds; "-": no name)
 *   free IP MAC CLIENT-ID ENDED NAME       (its last holder is remembered)
 *   drop IP
 * Appended and synced in groups, rewritten whole when it has grown. A last
 * line without its end was never promised to anyone and is dropped. */
#ifndef DHCP_LEASES_H
#define DHCP_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"
#include "pool.h"

struct leases;

/* Reads 'path' into 'pool', which must outlive the journal; a missing file is
 * made. -EINVAL and a sentence that names the line when it is not a journal;
 * the file is left as it is. Both clocks in milliseconds. */
int leases_open(struct leases **out, const char *path, struct pool *pool,
		uint64_t now_ms, uint64_t wall_ms, struct error *err);
/* Writes what is pending and closes. Not between take and done. */
void leases_close(struct leases *l, uint64_t now_ms, uint64_t wall_ms);

/* Notes a change, to be written with the next group. */
void leases_note(struct leases *l, const struct lease *lease,
		 enum pool_change change, uint64_t now_ms, uint64_t wall_ms);
bool leases_pending(const struct leases *l);

/* A group: take on the loop's thread, write (blocks, until it is on disk) on
 * any, done on the loop's again, with what write returned. One at a time;
 * notes go on meanwhile. After an error the next group is the whole journal. */
int leases_take(struct leases *l, uint64_t now_ms, uint64_t wall_ms);
int leases_write(struct leases *l);
void leases_done(struct leases *l, int err);

#endif
