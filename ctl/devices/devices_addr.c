/* devices_addr.c - whose an address is.
 * Called by devices.c and devices_file.c, which say when a row's addresses
 * change, and by the gateway. Control thread.
 * Invariant: every address of a row is in the chain of its bucket, once for
 * each place that has it. */
#include "devices_priv.h"

static uint16_t *bucket_of(struct devices *d, const struct addr *addr)
{
	return &d->addr_buckets[hash_bytes(&d->key, addr, sizeof(*addr)) %
				DEVICES_ADDRS];
}

static const struct device_addr *place_of(const struct devices *d, unsigned i)
{
	return &d->rows[i / DEVICE_ADDRS_MAX].addrs[i % DEVICE_ADDRS_MAX];
}

static unsigned number_of(const struct devices *d, const struct device *row,
			  unsigned place)
{
	return (unsigned)(row - d->rows) * DEVICE_ADDRS_MAX + place;
}

static void link_place(struct devices *d, unsigned i)
{
	const struct addr *addr = &place_of(d, i)->addr;
	uint16_t *bucket;

	if (addr_is_zero(addr))
		return;
	bucket = bucket_of(d, addr);
	d->addr_next[i] = *bucket;
	*bucket = (uint16_t)(i + 1);
}

static void unlink_place(struct devices *d, unsigned i)
{
	const struct addr *addr = &place_of(d, i)->addr;
	uint16_t *at;

	if (addr_is_zero(addr))
		return;
	at = bucket_of(d, addr);
	while (*at != i + 1)
		at = &d->addr_next[*at - 1];
	*at = d->addr_next[i];
}

void devices_addr_put(struct devices *d, struct device *row, unsigned place,
		      const struct device_addr *addr)
{
	unlink_place(d, number_of(d, row, place));
	row->addrs[place] = *addr;
	link_place(d, number_of(d, row, place));
}

void devices_addrs_link(struct devices *d, const struct device *row)
{
	for (unsigned i = 0; i < DEVICE_ADDRS_MAX; i++)
		link_place(d, number_of(d, row, i));
}

void devices_addrs_unlink(struct devices *d, const struct device *row)
{
	for (unsigned i = 0; i < DEVICE_ADDRS_MAX; i++)
		unlink_place(d, number_of(d, row, i));
}

const struct device *devices_at(const struct devices *d,
				const struct addr *addr)
{
	struct devices *table = (struct devices *)(uintptr_t)d;
	const struct device_addr *best = NULL;
	const struct device *row = NULL;

	if (addr_is_zero(addr))
		return NULL;
	for (unsigned at = *bucket_of(table, addr); at;
	     at = d->addr_next[at - 1]) {
		const struct device_addr *a = place_of(d, at - 1);

		if (!addr_eq(&a->addr, addr) ||
		    (best && best->last_ms >= a->last_ms))
			continue;
		best = a;
		row = &d->rows[(at - 1) / DEVICE_ADDRS_MAX];
	}
	return row;
}
