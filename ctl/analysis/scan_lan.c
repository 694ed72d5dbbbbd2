/* scan_lan.c - detector: a scan of the home. Called by analysis.c. Pure. */
#include "scan_lan.h"

#include <arpa/inet.h>

/* The place of 'mac', else the one that has asked for fewest; one whose window
 * is over counts for nothing. */
static struct scan_lan_asker *place(struct scan_lan *s, const struct mac *mac,
				    uint64_t now_ms)
{
	struct scan_lan_asker *least = &s->askers[0];
	unsigned i;

	for (i = 0; i < SCAN_LAN_ASKERS; i++) {
		struct scan_lan_asker *a = &s->askers[i];

		if (a->began_ms + SCAN_LAN_WINDOW_MS <= now_ms)
			a->n = 0;
		if (mac_eq(&a->mac, mac))
			return a;
		if (a->n < least->n)
			least = a;
	}
	*least = (struct scan_lan_asker){ .mac = *mac };
	return least;
}

const struct scan_lan_asker *scan_lan_asked(struct scan_lan *s,
					    const struct mac *mac,
					    __be32 target, uint64_t now_ms)
{
	struct scan_lan_asker *a = place(s, mac, now_ms);
	uint32_t addr = ntohl(target);
	unsigned byte = addr & 0xff;
	uint64_t bit = 1ull << byte % 64;

	if (!a->n)
		*a = (struct scan_lan_asker){ .mac = *mac,
					      .began_ms = now_ms,
					      .low = addr,
					      .high = addr };
	if (a->asked[byte / 64] & bit)
		return NULL;
	a->asked[byte / 64] |= bit;
	if (addr < a->low)
		a->low = addr;
	if (addr > a->high)
		a->high = addr;
	return ++a->n < SCAN_LAN_TARGETS ? NULL : a;
}
