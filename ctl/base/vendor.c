/* vendor.c - longest match in three sorted tables, one a length of prefix.
 *
 * Called by the API when it lists devices. Any thread: no state. */
#include "vendor.h"

#include "vendor_tables.h"

#define NAME_BITS	     16
#define LOCALLY_ADMINISTERED 0x02 /* IEEE 802, first octet */

static const char *find(const uint64_t *rows, unsigned n, uint64_t prefix)
{
	unsigned low = 0, high = n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (rows[middle] >> NAME_BITS < prefix)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || rows[low] >> NAME_BITS != prefix)
		return NULL;
	return vendor_names + vendor_name_at[(uint16_t)rows[low]];
}

const char *vendor_name(const struct mac *m)
{
	uint64_t value = 0;
	const char *name;
	int i;

	if (m->b[0] & LOCALLY_ADMINISTERED)
		return NULL;
	for (i = 0; i < 6; i++)
		value = value << 8 | m->b[i];
	name = find(vendor_rows36, vendor_rows36_n, value >> 12);
	if (!name)
		name = find(vendor_rows28, vendor_rows28_n, value >> 20);
	if (!name)
		name = find(vendor_rows24, vendor_rows24_n, value >> 24);
	return name;
}
