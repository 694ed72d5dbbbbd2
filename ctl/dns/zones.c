/* zones.c - the list behind zones.h.
 *
 * Called by local.c. Control thread. Invariant: a zone that the public DNS
 * delegates (all of them are under arpa) says so by in_arpa. */
#include "zones.h"

#include <assert.h>
#include <stdio.h>

/* A "%u" is every number from first to last. */
static const struct {
	const char *name;
	unsigned first, last;
} list[] = {
	{ "lan", 0, 0 },
	{ "local", 0, 0 },     /* RFC 6762: multicast DNS's */
	{ "localhost", 0, 0 }, /* RFC 6761 */
	{ "invalid", 0, 0 },   /* RFC 6761 */
	{ "test", 0, 0 },      /* RFC 6761 */
	{ "onion", 0, 0 },     /* RFC 7686 */
	{ "alt", 0, 0 },       /* RFC 9476 */
	{ "internal", 0, 0 },
	{ "home.arpa", 0, 0 },	   /* RFC 8375 */
	{ "resolver.arpa", 0, 0 }, /* RFC 9462, 6.4 */
	{ "0.in-addr.arpa", 0, 0 },
	{ "10.in-addr.arpa", 0, 0 },
	{ "127.in-addr.arpa", 0, 0 },
	{ "254.169.in-addr.arpa", 0, 0 },
	{ "%u.172.in-addr.arpa", 16, 31 },
	{ "168.192.in-addr.arpa", 0, 0 },
	{ "%u.100.in-addr.arpa", 64, 127 },
	{ "2.0.192.in-addr.arpa", 0, 0 },
	{ "100.51.198.in-addr.arpa", 0, 0 },
	{ "113.0.203.in-addr.arpa", 0, 0 },
	{ "255.255.255.255.in-addr.arpa", 0, 0 },
	{ "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	  ".ip6.arpa",
	  0, 0 },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	  ".ip6.arpa",
	  0, 0 },
	{ "c.f.ip6.arpa", 0, 0 }, /* RFC 4193, both halves */
	{ "d.f.ip6.arpa", 0, 0 },
	{ "8.e.f.ip6.arpa", 0, 0 }, /* link-local */
	{ "9.e.f.ip6.arpa", 0, 0 },
	{ "a.e.f.ip6.arpa", 0, 0 },
	{ "b.e.f.ip6.arpa", 0, 0 },
	{ "8.b.d.0.1.0.0.2.ip6.arpa", 0, 0 },
};

static void add(struct zones *z, const char *text)
{
	struct zone *zone = &z->zone[z->n];

	assert(z->n < ZONES_MAX);
	if (!dns_name_from_text(&zone->name, text))
		return;
	zone->in_arpa = dns_name_under(&zone->name, &z->arpa);
	z->n++;
}

static void add_range(struct zones *z, const char *name, unsigned first,
		      unsigned last)
{
	const char *rest = name + strlen("%u");
	char text[128];
	unsigned i;

	for (i = first; i <= last; i++) {
		snprintf(text, sizeof(text), "%u%s", i, rest);
		add(z, text);
	}
}

void zones_init(struct zones *z)
{
	size_t i;

	z->n = 0;
	dns_name_from_text(&z->arpa, "arpa");
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i].last)
			add_range(z, list[i].name, list[i].first, list[i].last);
		else
			add(z, list[i].name);
	}
}

const struct zone *zones_find(const struct zones *z,
			      const struct dns_name *name)
{
	bool in_arpa = dns_name_under(name, &z->arpa);
	unsigned i;

	for (i = 0; i < z->n; i++)
		if (z->zone[i].in_arpa == in_arpa &&
		    dns_name_under(name, &z->zone[i].name))
			return &z->zone[i];
	return NULL;
}
