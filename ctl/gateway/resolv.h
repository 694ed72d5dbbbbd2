/* resolv.h - the name servers that the machine itself uses (resolv.conf(5)). */
#ifndef RESOLV_H
#define RESOLV_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/nameserver.h"

/* At most 'max' servers of /etc/resolv.conf, port 53. Returns how many; 0 also
 * when the file cannot be read. */
unsigned resolv_read(struct nameserver *out, unsigned max);

/* Which version of the file was seen. */
struct resolv_stamp {
	uint64_t inode, size;
	int64_t mtime_s, mtime_ns;
};

/* Is the file another than 'seen', which is brought up to date? */
bool resolv_changed(struct resolv_stamp *seen);

#endif
