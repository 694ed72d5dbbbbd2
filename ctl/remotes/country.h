/* country.h - in which country a remote is, by a database that the owner put
 * there or did not: MaxMind's format, as libmaxminddb reads it.
 *
 * Read whole when it is opened, so that nobody who writes over the file takes
 * memory away from under us. Without a database no remote has a country.
 * Control thread. */
#ifndef REMOTES_COUNTRY_H
#define REMOTES_COUNTRY_H

#include "../base/addr.h"

#define COUNTRIES_BYTES_MAX (64u << 20)

struct countries;

/* 'path' is looked for now and with every countries_look(). NULL: out of
 * memory. */
struct countries *countries_new(const char *path);
void countries_free(struct countries *c);
/* Has the file come, gone or changed? */
void countries_look(struct countries *c);

/* ISO 3166-1: two capital letters. NULL: not known. Good until the next call.
 */
const char *countries_of(struct countries *c, const struct addr *remote);

#endif
