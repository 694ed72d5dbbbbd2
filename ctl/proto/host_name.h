/* host_name.h - the name of a server as it may be shown and kept: a host's,
 * whatever a stranger wrote. Pure. */
#ifndef PROTO_HOST_NAME_H
#define PROTO_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_NAME_MAX_LEN 253 /* RFC 1035 2.3.4, without the root's dot */
#define HOST_NAME_SIZE	  (HOST_NAME_MAX_LEN + 1)

/* In lower case and without a last dot: letters, digits, '-' and '_' in labels
 * of 1 to 63, at most HOST_NAME_MAX_LEN. Anything else: false. */
bool host_name_clean(const void *text, size_t len, char out[HOST_NAME_SIZE]);

#endif
