/* rebind.c - the guard behind rebind.h. Called by forward.c. No state. */
#include "rebind.h"

#include "../proto/dns_rdata.h"

/* A server in a private network; one on this machine only hands on what the
 * world says. */
static bool is_near(const struct addr *at)
{
	bool loopback = addr_is_v4(at) && at->b[12] == 127;
	struct addr six = { .b = { [15] = 1 } };

	return dns_addr_private(*at) && !loopback && !addr_eq(at, &six);
}

bool rebind_refuses(const struct rebind *r, const struct dns_name *name,
		    const struct dns_kept *k, const struct nameserver *upstream)
{
	uint8_t tag;

	if (nameset_has(r->excepted, name, &tag))
		return false;
	return !is_near(&upstream->at.addr) ||
	       dns_answer_points_into(k, r->homes, r->homes_n);
}
