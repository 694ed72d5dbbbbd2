/* pairs.h - who moves something now: pairs, their numbers in the segments that
 * grow, their sums of this second and this minute. Private to history/.
 *
 * Bounded. When all are in use and busy, a new pair is its device's others;
 * while three quarters are, also that of a device with more than its share.
 * Control thread. */
#ifndef HISTORY_PAIRS_H
#define HISTORY_PAIRS_H

#include "../base/hash.h"
#include "history.h"

#define PAIRS_MAX    32768
#define PAIRS_OTHERS (HISTORY_DEVICES_MAX + 1) /* of these, kept for others */
#define PAIRS_NONE   0

struct pair_place {
	uint32_t serial; /* of the segment; 0: in none yet */
	uint32_t number;
};

struct device {
	struct mac mac;
	uint32_t pairs;	 /* in use */
	uint32_t others; /* its pair of that name, PAIRS_NONE: none yet */
	uint64_t seen_ms;
	struct pair_place places[TIERS];
	struct traffic_sum folded;
};

struct pair {
	struct addr remote;
	uint32_t label;
	uint16_t device;
	bool used;
	uint32_t next; /* of the same hash, or free */
	struct pair_place places[TIERS];
	struct traffic_sum second, minute;
};

struct pairs {
	struct hash_key key;
	struct names *names;
	unsigned devices_n;
	struct device devices[HISTORY_DEVICES_MAX + 1]; /* 0: nobody's */
	uint32_t used, bump, free;
	uint32_t heads[PAIRS_MAX];
	struct pair pairs[PAIRS_MAX + 1];
	/* who has sums of the second, of the minute */
	uint32_t seconds_n, minutes_n;
	uint32_t seconds[PAIRS_MAX], minutes[PAIRS_MAX];
};

struct pairs *pairs_new(struct names *names, const struct hash_key *key);
void pairs_free(struct pairs *p);
size_t pairs_bytes(const struct pairs *p);

/* Never PAIRS_NONE: what finds no room is its device's others, and a device
 * that finds none is nobody. */
uint32_t pairs_get(struct pairs *p, const struct traffic_row *row,
		   uint64_t now_ms);
uint32_t pairs_others(struct pairs *p, unsigned device);
/* Adds to the sums of second and minute. */
void pairs_add(struct pairs *p, uint32_t pair, const struct traffic_sum *sum);
/* Forgets those without sums, if room is getting short. */
void pairs_rest(struct pairs *p);

/* Its number in a segment that grows; SEGMENT_NONE: out of memory. */
uint32_t pairs_number(struct pairs *p, uint32_t pair, struct segment *s);

static inline void traffic_add(struct traffic_sum *to,
			       const struct traffic_sum *sum)
{
	to->rx_bytes += sum->rx_bytes;
	to->tx_bytes += sum->tx_bytes;
	to->rx_packets += sum->rx_packets;
	to->tx_packets += sum->tx_packets;
}

static inline bool traffic_is_zero(const struct traffic_sum *s)
{
	return !(s->rx_bytes | s->tx_bytes | s->rx_packets | s->tx_packets);
}

#endif
