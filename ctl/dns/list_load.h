/* list_load.h - files of blocked names to sets of names: the slow work, for a
 * worker thread. */
#ifndef DNS_LIST_LOAD_H
#define DNS_LIST_LOAD_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "dns.h"
#include "nameset.h"

struct list_file {
	char path[512];
	uint8_t tag;
	/* Filled: */
	int error;	  /* 0, or why it could not be read (-errno) */
	unsigned names;	  /* taken from it, allowed ones too */
	int64_t mtime_ns; /* of what was read, since 1970 */
};

struct list_load {
	unsigned n;
	struct list_file files[DNS_LISTS_MAX];
	atomic_bool stop; /* set from outside: come to an end */
	/* Filled; the caller's to free. NULL: no memory, or stopped. */
	struct nameset *block, *allow;
};

/* When that file was changed last. */
int64_t list_mtime_ns(const struct stat *st);
/* Reads all of them. Any thread. */
void list_load(struct list_load *l);

#endif
