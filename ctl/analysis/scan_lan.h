/* scan_lan.h - detector: a device that looks for all others.
 *
 * Who asks by ARP for SCAN_LAN_TARGETS addresses within a minute goes through
 * the network; a device that looks for its printer asks for one. Bounded; pure:
 * time is passed in. Control thread. */
#ifndef ANALYSIS_SCAN_LAN_H
#define ANALYSIS_SCAN_LAN_H

#include <linux/types.h>
#include <stdint.h>

#include "../base/addr.h"

#define SCAN_LAN_TARGETS   48
#define SCAN_LAN_WINDOW_MS 60000
#define SCAN_LAN_ASKERS	   64

struct scan_lan {
	struct scan_lan_asker {
		struct mac mac;
		uint64_t began_ms; /* the window; 0: nobody */
		uint64_t asked[4]; /* a bit each by the address's last byte */
		unsigned n;
		uint32_t low, high; /* of the addresses, as numbers */
	} askers[SCAN_LAN_ASKERS];
};

/* 'mac' asked who has 'target'. Its window, in which it goes through the
 * network and this was one more: the first time, 'n' is SCAN_LAN_TARGETS. NULL:
 * it does not. Valid until the next call. */
const struct scan_lan_asker *scan_lan_asked(struct scan_lan *s,
					    const struct mac *mac,
					    __be32 target, uint64_t now_ms);

#endif
