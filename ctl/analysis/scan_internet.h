/* scan_internet.h - detector: a device that knocks at many doors outside.
 *
 * Of one protocol, and only what was not answered: so many hosts at one port,
 * or ports of one host, within a minute. Peers of a download have ports of
 * their own each, a browser is answered; of UDP it takes more, as peers without
 * a connection have often gone, and traceroute knocks at ninety ports. Bounded;
 * pure: time is passed in. Control thread. */
#ifndef ANALYSIS_SCAN_INTERNET_H
#define ANALYSIS_SCAN_INTERNET_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define SCAN_TCP	 100 /* hosts, or ports */
#define SCAN_UDP	 250
#define SCAN_WINDOW_MS	 60000
#define SCAN_PATIENCE_MS 3000 /* younger than this may yet be answered */
#define SCAN_KEEP_MS	 (SCAN_PATIENCE_MS + 2000) /* looked at once, at least */
#define SCAN_DEVICES	 64
#define SCAN_KNOCKS	 512 /* of a device; of a flood, some */

struct scan_knock {
	struct endpoint remote;
	uint64_t at_ms; /* 0: none, or answered */
};

struct scan_internet {
	struct mac macs[SCAN_DEVICES]; /* of them: to be searched quickly */
	struct scan_device {
		struct mac mac;
		uint64_t last_ms; /* it knocked, or was told of; 0: nobody */
		unsigned next;
		bool knocked; /* since it was last looked at */
		struct scan_knock knocks[SCAN_KNOCKS];
	} devices[SCAN_DEVICES];
};

struct scan_found {
	struct mac mac;
	unsigned hosts, ports; /* one of the two is 1 */
	struct endpoint one;   /* that it knocked at, or one of those */
};

void scan_internet_opened(struct scan_internet *s, const struct mac *mac,
			  const struct endpoint *remote, uint64_t now_ms);
void scan_internet_answered(struct scan_internet *s, const struct mac *mac,
			    const struct endpoint *remote);
/* Looks at all of them for 'least' hosts or ports; to be called every second.
 * False: nobody does; else one who does, whose knocks are then forgotten. */
bool scan_internet_look(struct scan_internet *s, unsigned least,
			uint64_t now_ms, struct scan_found *out);

#endif
