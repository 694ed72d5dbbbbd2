/* sample.h - which hellos, and which answers of resolvers, the control thread
 * is shown.
 *
 * Reading one takes it some microseconds, of which it has no end: so many a
 * tenth of a second, and of one LAN host a part of those, so that who makes
 * hellos up costs little and keeps nobody else's from being read. Answers count
 * apart. Engine thread only. */
#ifndef ENGINE_SAMPLE_H
#define ENGINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/hash.h"
#include "../engine.h"
#include "../packet/pkt.h"

#define SAMPLE_WINDOW_MS	 100
#define SAMPLE_MOST		 192 /* in a window */
#define SAMPLE_HOST_MOST	 48
#define SAMPLE_ANSWERS_MOST	 63
#define SAMPLE_ANSWERS_HOST_MOST 24
#define SAMPLE_HOSTS		 64 /* counters; hosts may share one, by chance */

struct samples {
	struct hash_key key;
	uint16_t most;
	uint8_t host_most;
	uint64_t window_ms;
	uint16_t n;
	uint8_t hosts[SAMPLE_HOSTS];
};

/* The payload of 'p', TCP or UDP, whole in its place: fills all but 'session',
 * 'serial' and 'at_ms'. */
void sample_copy(struct engine_sample *s, const struct pkt *p);
/* One more of the host at 'mac', or of whom it stands for? */
bool sample_admit(struct samples *s, const struct mac *mac, uint64_t now_ms);

#endif
