/* dns_own.c - detector: a resolver of a device's own that does not answer.
 * Called by analysis.c. Pure. */
#include "dns_own.h"

static struct dns_own_pair *find(struct dns_own *d, const struct mac *mac,
				 const struct addr *to)
{
	for (unsigned i = 0; i < DNS_OWN_MAX; i++)
		if (mac_eq(&d->pairs[i].mac, mac) &&
		    addr_eq(&d->pairs[i].to, to))
			return &d->pairs[i];
	return NULL;
}

static struct dns_own_pair *place(struct dns_own *d, const struct mac *mac,
				  const struct addr *to)
{
	struct dns_own_pair *p = find(d, mac, to);

	if (p)
		return p;
	p = &d->pairs[0];
	for (unsigned i = 1; i < DNS_OWN_MAX; i++)
		if (d->pairs[i].last_ms < p->last_ms)
			p = &d->pairs[i];
	*p = (struct dns_own_pair){ .mac = *mac, .to = *to };
	return p;
}

void dns_own_asked(struct dns_own *d, const struct mac *mac,
		   const struct addr *to, uint64_t now_ms)
{
	struct dns_own_pair *p = place(d, mac, to);

	if (!p->asked || p->since_ms > now_ms)
		p->since_ms = now_ms;
	p->asked++;
	p->last_ms = now_ms;
}

void dns_own_answered(struct dns_own *d, const struct mac *mac,
		      const struct addr *to, uint64_t now_ms)
{
	struct dns_own_pair *p = find(d, mac, to);

	if (p)
		*p = (struct dns_own_pair){ .mac = *mac,
					    .to = *to,
					    .last_ms = now_ms };
}

const struct dns_own_pair *dns_own_look(struct dns_own *d)
{
	for (unsigned i = 0; i < DNS_OWN_MAX; i++) {
		struct dns_own_pair *p = &d->pairs[i];

		if (p->told || p->asked < DNS_OWN_ASKED ||
		    p->last_ms < p->since_ms + DNS_OWN_MS)
			continue;
		p->told = true;
		return p;
	}
	return NULL;
}
