/* rebind.c - the guard behind rebind.h. Called by forward.c. No state. */
#include "rebind.h"

#include "../proto/dns_rdata.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A server in a private network; one on this machine only hands on what the
 * world says. */
static bool is_near(const struct addr *at)
{
	bool loopback = addr_is_v4(at) && at->b[12] == 127;
	struct addr six = { .b = { [15] = 1 } };

	return dns_addr_private(*at) && !loopback && !addr_eq(at, &six);
}

/* What even a server in a private network may not name. */
static bool is_refused_of_near(const struct rebind *r, const struct dns_kept *k,
			       const struct nameserver *upstream)
{
	static const struct prefix nowhere[] = {
		{ { .b = { [10] = 0xff, 0xff, 0 } }, 104 },   /* 0/8 */
		{ { .b = { [10] = 0xff, 0xff, 127 } }, 104 }, /* loopback */
		{ { .b = { [10] = 0xff, 0xff, 169, 254 } }, 112 },
		{ { .b = { 0 } }, 127 },	 /* :: and ::1 */
		{ { .b = { 0xfe, 0x80 } }, 10 }, /* link-local */
	};
	struct prefix there[] = { { upstream->at.addr, 128 }, r->wan };

	return dns_answer_points_into(k, nowhere, COUNT(nowhere)) ||
	       dns_answer_points_into(k, there, r->wan.len ? 2 : 1) ||
	       dns_answer_points_into(k, r->homes, r->homes_n);
}

bool rebind_refuses(const struct rebind *r, const struct dns_name *name,
		    const struct dns_kept *k, const struct nameserver *upstream)
{
	uint8_t tag;

	if (nameset_has(r->excepted, name, &tag))
		return false;
	return !is_near(&upstream->at.addr) ||
	       is_refused_of_near(r, k, upstream);
}
