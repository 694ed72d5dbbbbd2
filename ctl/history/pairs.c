/* pairs.c - see pairs.h. Called by history.c. Control thread.
 * Invariant: a pair that is in 'seconds' or 'minutes' is in use. */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#define BUSY (PAIRS_MAX - PAIRS_MAX / 4)

struct pairs *pairs_new(struct names *names, const struct hash_key *key)
{
	struct pairs *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->names = names;
	p->key = *key;
	p->devices_n = 1;
	return p;
}

void pairs_free(struct pairs *p)
{
	for (uint32_t i = 1; p && i <= p->bump; i++)
		if (p->pairs[i].used)
			names_drop(p->names, p->pairs[i].label);
	free(p);
}

size_t pairs_bytes(const struct pairs *p)
{
	return offsetof(struct pairs, pairs) +
	       (p->bump + 1) * (sizeof(struct pair) + 2 * sizeof(uint32_t));
}

/* ---- devices */

static bool is_idle(const struct device *d)
{
	return !d->pairs;
}

/* A new one, in the place of who has been gone for longest if need be. 0: there
 * are too many. */
static unsigned make_device(struct pairs *p, const struct mac *mac)
{
	unsigned i = p->devices_n, oldest = 0;

	if (i <= HISTORY_DEVICES_MAX) {
		p->devices_n++;
	} else {
		for (i = 1; i < p->devices_n; i++)
			if (is_idle(&p->devices[i]) &&
			    (!oldest || p->devices[i].seen_ms <
						p->devices[oldest].seen_ms))
				oldest = i;
		i = oldest;
		if (!i)
			return 0;
	}
	p->devices[i] = (struct device){ .mac = *mac };
	return i;
}

static unsigned find_device(const struct pairs *p, const struct mac *mac)
{
	for (unsigned i = 1; i < p->devices_n; i++)
		if (mac_eq(&p->devices[i].mac, mac))
			return i;
	return 0;
}

/* Finds or makes; 0: nobody. */
static unsigned device_number(struct pairs *p, const struct mac *mac)
{
	unsigned i = mac_is_zero(mac) ? 0 : find_device(p, mac);

	return i || mac_is_zero(mac) ? i : make_device(p, mac);
}

/* ---- pairs */

static uint32_t *head_of(struct pairs *p, const struct mac *host,
			 const struct addr *remote, uint32_t label)
{
	uint64_t bits = 0, h;

	memcpy(&bits, host, sizeof(*host));
	h = hash_words(&p->key, remote->q[0], remote->q[1]);
	h = hash_words(&p->key, h ^ label, bits);
	return &p->heads[h % PAIRS_MAX];
}

static uint32_t take(struct pairs *p, bool others)
{
	uint32_t i = p->free;

	if (p->used >= PAIRS_MAX - (others ? 0 : PAIRS_OTHERS))
		return PAIRS_NONE;
	if (i)
		p->free = p->pairs[i].next;
	else
		i = ++p->bump;
	p->used++;
	return i;
}

static uint32_t make_pair(struct pairs *p, unsigned device, uint32_t *head,
			  const struct addr *remote, uint32_t label,
			  bool others)
{
	uint32_t i = take(p, others);

	if (!i)
		return PAIRS_NONE;
	p->pairs[i] = (struct pair){ .remote = *remote,
				     .label = label,
				     .device = (uint16_t)device,
				     .used = true,
				     .next = *head };
	*head = i;
	p->devices[device].pairs++;
	names_hold(p->names, label);
	return i;
}

uint32_t pairs_others(struct pairs *p, unsigned device)
{
	static const struct addr none;
	struct device *d = &p->devices[device];

	if (!d->others)
		d->others = make_pair(p, device, head_of(p, &d->mac, &none, 0),
				      &none, 0, true);
	return d->others;
}

/* No device may keep the others from having pairs. */
static bool may_have_more(const struct pairs *p, const struct device *d)
{
	return p->used < BUSY || d->pairs < PAIRS_MAX / p->devices_n;
}

uint32_t pairs_get(struct pairs *p, const struct traffic_row *row,
		   uint64_t now_ms)
{
	bool others = !row->remote.q[0] && !row->remote.q[1];
	uint32_t *head = head_of(p, &row->host, &row->remote, row->label), i;
	unsigned device;

	for (i = *head; i; i = p->pairs[i].next)
		if (addr_eq(&p->pairs[i].remote, &row->remote) &&
		    p->pairs[i].label == row->label &&
		    mac_eq(&p->devices[p->pairs[i].device].mac, &row->host))
			break;
	if (i) {
		p->devices[p->pairs[i].device].seen_ms = now_ms;
		return i;
	}
	device = device_number(p, &row->host);
	p->devices[device].seen_ms = now_ms;
	/* Whom there is no room for is nobody. */
	if (!others && (device || mac_is_zero(&row->host)) &&
	    may_have_more(p, &p->devices[device]))
		i = make_pair(p, device, head, &row->remote, row->label, false);
	return i ? i : pairs_others(p, device);
}

void pairs_add(struct pairs *p, uint32_t pair, const struct traffic_sum *sum)
{
	struct pair *x = &p->pairs[pair];

	if (traffic_is_zero(sum))
		return;
	if (traffic_is_zero(&x->second))
		p->seconds[p->seconds_n++] = pair;
	if (traffic_is_zero(&x->minute))
		p->minutes[p->minutes_n++] = pair;
	traffic_add(&x->second, sum);
	traffic_add(&x->minute, sum);
}

static void forget(struct pairs *p, uint32_t i)
{
	struct pair *x = &p->pairs[i];
	struct device *d = &p->devices[x->device];
	uint32_t *at = head_of(p, &d->mac, &x->remote, x->label);

	while (*at != i)
		at = &p->pairs[*at].next;
	*at = x->next;
	names_drop(p->names, x->label);
	d->pairs--;
	if (d->others == i)
		d->others = PAIRS_NONE;
	*x = (struct pair){ .next = p->free };
	p->free = i;
	p->used--;
}

void pairs_rest(struct pairs *p)
{
	if (p->used < PAIRS_MAX / 2 && p->devices_n <= HISTORY_DEVICES_MAX)
		return;
	for (uint32_t i = 1; i <= p->bump; i++)
		if (p->pairs[i].used && traffic_is_zero(&p->pairs[i].second) &&
		    traffic_is_zero(&p->pairs[i].minute))
			forget(p, i);
}

/* ---- numbers */

uint32_t pairs_number(struct pairs *p, uint32_t pair, struct segment *s)
{
	struct pair *x = &p->pairs[pair];
	struct device *d = &p->devices[x->device];
	struct pair_place *at = &x->places[s->tier];
	struct pair_place *home = &d->places[s->tier];

	if (at->serial == s->serial)
		return at->number;
	if (home->serial != s->serial) {
		home->number = segment_device(s, &d->mac);
		home->serial = home->number == SEGMENT_NONE ? 0 : s->serial;
	}
	at->number =
		segment_pair(s, home->number, &x->remote, x->label, p->names);
	at->serial = at->number == SEGMENT_NONE ? 0 : s->serial;
	return at->number;
}
