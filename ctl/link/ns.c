/* ns.c - names a namespace by the file that stands for it.
 *
 * Called by journal.c, guard.c and undo.c. */
#include "ns.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

int ns_id(const char *kind, char out[NS_ID_LEN])
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &st))
		return -errno;
	snprintf(out, NS_ID_LEN, "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return 0;
}
