/* catalog.h - blocklists that are well known, offered by name; and what the
 * owner calls a list. None is on until the owner turns it on. Pure. */
#ifndef DNS_CATALOG_H
#define DNS_CATALOG_H

#include <stdbool.h>

struct catalog_list {
	const char *name, *about, *licence, *url;
};

/* NULL behind the last. */
const struct catalog_list *catalog_at(unsigned i);
/* Where the list that the owner calls 'text' comes from: the URL of a known
 * name, or 'text' itself. NULL: a name that is not known. */
const char *catalog_source(const char *text);

#endif
