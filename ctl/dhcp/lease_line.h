/* lease_line.h - one lease as a line of the journal (leases.h has the form). */
#ifndef DHCP_LEASE_LINE_H
#define DHCP_LEASE_LINE_H

#include <stdint.h>

#include "pool.h"

#define LEASE_LINE_HEAD "leases 1"
#define LEASE_LINE_MAX	768 /* with the longest identifier, end and NUL */

/* One moment on both clocks: leases run by the first, files tell the second. */
struct lease_clock {
	uint64_t ms, wall_ms;
};

/* Writes a line with its end. BOUND: "bind"; any other state: "free". */
void lease_line_write(const struct lease *l, const struct lease_clock *now,
		      char out[LEASE_LINE_MAX]);
void lease_line_drop(const struct lease *l, char out[LEASE_LINE_MAX]);
/* Reads a line without its end, which is cut up, into 'pool'. -EINVAL: it is
 * none of ours. */
int lease_line_read(char *line, struct pool *pool,
		    const struct lease_clock *now);

#endif
