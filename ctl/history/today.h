/* today.h - what each device has moved since midnight. Private to history/.
 *
 * Of more devices than the pairs have at one time: who was here in the morning
 * still has it in the evening, however many came between. Bounded: where there
 * is no room, whoever moved least gives way, so that devices that somebody
 * makes up push out each other. Control thread. */
#ifndef HISTORY_TODAY_H
#define HISTORY_TODAY_H

#include "../base/hash.h"
#include "../base/traffic.h"

#define TODAY_SETS 1024
#define TODAY_WAYS 16 /* of the devices that fall into one set */

struct today_row {
	struct mac mac; /* zero: free */
	uint8_t pad[2];
	struct traffic_sum sum;
};

struct today {
	struct hash_key key;
	struct today_row rows[TODAY_SETS][TODAY_WAYS];
};

/* NULL: out of memory. Freed by free(). */
struct today *today_new(const struct hash_key *key);
void today_clear(struct today *t);
/* Of nobody nothing is kept. */
void today_add(struct today *t, const struct mac *mac,
	       const struct traffic_sum *sum);
struct traffic_sum today_of(const struct today *t, const struct mac *mac);

#endif
