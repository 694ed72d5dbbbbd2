/* local.h - the names of the home, and those that must not leave it.
 *
 * NAME.<domain>, NAME alone, and the PTR of its address, from a table that the
 * leases fill; and an empty answer for every special zone (zones.h). Pure.
 * Control thread. */
#ifndef DNS_LOCAL_H
#define DNS_LOCAL_H

#include <stdbool.h>

#include "../base/addr.h"
#include "../proto/dns_msg.h"

#define LOCAL_NAMES_MAX	     16384
#define LOCAL_TTL_S	     60 /* leases come and go */
#define LOCAL_NEGATIVE_TTL_S 10 /* the device may be plugged in any moment */

struct local;

/* NULL: no memory. */
struct local *local_new(const struct dns_name *domain);
void local_free(struct local *l);
void local_set_domain(struct local *l, const struct dns_name *domain);

/* 'name' is relative to the domain. -EINVAL: no name; -ENOSPC: table full. */
int local_set(struct local *l, const char *name, const struct addr *addr);
void local_del(struct local *l, const char *name);

/* Writes the whole answer to 'q' if it is ours to give. False: the question
 * may go upstream, and 'w' is untouched. */
bool local_answer(const struct local *l, const struct dns_query *q,
		  struct wr *w);

#endif
