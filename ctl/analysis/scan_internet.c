/* scan_internet.c - detector: a scan of the world. Called by analysis.c. Pure.
 */
#include "scan_internet.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static struct scan_device *find(struct scan_internet *s, const struct mac *mac)
{
	unsigned i;

	for (i = 0; i < SCAN_DEVICES; i++)
		if (mac_eq(&s->macs[i], mac))
			return &s->devices[i];
	return NULL;
}

/* Who knocked longest ago gives way. */
static struct scan_device *place(struct scan_internet *s, const struct mac *mac)
{
	struct scan_device *d = find(s, mac);
	unsigned i;

	if (d)
		return d;
	d = &s->devices[0];
	for (i = 1; i < SCAN_DEVICES; i++)
		if (s->devices[i].last_ms < d->last_ms)
			d = &s->devices[i];
	memset(d, 0, sizeof(*d));
	d->mac = s->macs[d - s->devices] = *mac;
	return d;
}

/* It was not looked at yet when it was old enough. One that a wrong clock left
 * in the future does not stay. */
static bool is_kept(const struct scan_knock *k, uint64_t now_ms)
{
	return k->at_ms && k->at_ms <= now_ms &&
	       k->at_ms + SCAN_KEEP_MS > now_ms;
}

void scan_internet_opened(struct scan_internet *s, const struct mac *mac,
			  const struct endpoint *remote, uint64_t now_ms)
{
	struct scan_device *d = place(s, mac);
	struct scan_knock *knock = &d->knocks[d->next % SCAN_KNOCKS];

	d->last_ms = now_ms;
	d->knocked = true;
	/* Whoever knocks faster than there are places for would have each
	 * knock forgotten before it can be called unanswered: then those that
	 * are remembered stand for the rest. */
	if (is_kept(knock, now_ms))
		return;
	*knock = (struct scan_knock){ *remote, now_ms };
	d->next++;
}

void scan_internet_answered(struct scan_internet *s, const struct mac *mac,
			    const struct endpoint *remote)
{
	struct scan_device *d = find(s, mac);
	unsigned i;

	for (i = 0; d && i < SCAN_KNOCKS; i++)
		if (d->knocks[i].remote.port == remote->port &&
		    addr_eq(&d->knocks[i].remote.addr, &remote->addr))
			d->knocks[i].at_ms = 0;
}

/* ---- looking */

static int by_addr(const void *a, const void *b)
{
	const struct endpoint *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static int by_port(const void *a, const void *b)
{
	const struct endpoint *x = a, *y = b;

	return (int)x->port - (int)y->port;
}

static int by_addr_port(const void *a, const void *b)
{
	int order = by_addr(a, b);

	return order ? order : by_port(a, b);
}

static int by_port_addr(const void *a, const void *b)
{
	int order = by_port(a, b);

	return order ? order : by_addr(a, b);
}

/* Of endpoints that are sorted by 'group' first: the longest run of one group
 * without its repetitions, of which one is '*one'. */
static unsigned longest(const struct endpoint *e, unsigned n,
			int (*group)(const void *, const void *),
			struct endpoint *one)
{
	unsigned i, run = 0, best = 0;

	for (i = 0; i < n; i++) {
		if (!i || group(&e[i], &e[i - 1]))
			run = 1;
		else if (by_addr_port(&e[i], &e[i - 1]))
			run++;
		if (run > best) {
			best = run;
			*one = e[i];
		}
	}
	return best;
}

static unsigned unanswered(const struct scan_device *d, uint64_t now_ms,
			   struct endpoint out[SCAN_KNOCKS])
{
	unsigned i, n = 0;

	for (i = 0; i < SCAN_KNOCKS; i++) {
		uint64_t at_ms = d->knocks[i].at_ms;

		if (at_ms && at_ms + SCAN_PATIENCE_MS <= now_ms &&
		    at_ms + SCAN_WINDOW_MS > now_ms)
			out[n++] = d->knocks[i].remote;
	}
	return n;
}

static bool look_at(struct scan_device *d, unsigned least, uint64_t now_ms,
		    struct scan_found *out)
{
	struct endpoint list[SCAN_KNOCKS];
	unsigned n = unanswered(d, now_ms, list);

	out->mac = d->mac;
	out->hosts = out->ports = 1;
	if (n < least)
		return false;
	qsort(list, n, sizeof(list[0]), by_port_addr);
	out->hosts = longest(list, n, by_port, &out->one);
	if (out->hosts >= least)
		return true;
	out->hosts = 1;
	qsort(list, n, sizeof(list[0]), by_addr_port);
	out->ports = longest(list, n, by_addr, &out->one);
	return out->ports >= least;
}

bool scan_internet_look(struct scan_internet *s, unsigned least,
			uint64_t now_ms, struct scan_found *out)
{
	unsigned i;

	for (i = 0; i < SCAN_DEVICES; i++) {
		struct scan_device *d = &s->devices[i];

		if (!d->knocked)
			continue;
		/* What is too young now is looked at again. */
		d->knocked = d->last_ms + SCAN_PATIENCE_MS > now_ms;
		if (!look_at(d, least, now_ms, out))
			continue;
		memset(d->knocks, 0, sizeof(d->knocks));
		return true;
	}
	return false;
}
