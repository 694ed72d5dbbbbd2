/* today.c - see today.h. Called by history.c and history_keep.c. Control
 * thread.
 * Invariant: a device is in one row of its set at most. */
#include "today.h"

#include <stdlib.h>
#include <string.h>

struct today *today_new(const struct hash_key *key)
{
	struct today *t = calloc(1, sizeof(*t));

	if (t)
		t->key = *key;
	return t;
}

void today_clear(struct today *t)
{
	memset(t->rows, 0, sizeof(t->rows));
}

static unsigned set_of(const struct today *t, const struct mac *mac)
{
	uint64_t bits = 0;

	memcpy(&bits, mac, sizeof(*mac));
	return (unsigned)(hash_pair(&t->key, bits, 0) % TODAY_SETS);
}

static uint64_t weight_of(const struct today_row *r)
{
	return mac_is_zero(&r->mac) ? 0 : r->sum.rx_bytes + r->sum.tx_bytes;
}

/* Its row; else the one that it may have. */
static struct today_row *row_for(struct today_row *set, const struct mac *mac)
{
	struct today_row *least = set;

	for (unsigned i = 0; i < TODAY_WAYS; i++) {
		if (mac_eq(&set[i].mac, mac))
			return &set[i];
		if (weight_of(&set[i]) < weight_of(least))
			least = &set[i];
	}
	return least;
}

void today_add(struct today *t, const struct mac *mac,
	       const struct traffic_sum *sum)
{
	struct today_row *r;

	if (mac_is_zero(mac))
		return;
	r = row_for(t->rows[set_of(t, mac)], mac);
	if (!mac_eq(&r->mac, mac))
		*r = (struct today_row){ .mac = *mac };
	r->sum.rx_bytes += sum->rx_bytes;
	r->sum.tx_bytes += sum->tx_bytes;
	r->sum.rx_packets += sum->rx_packets;
	r->sum.tx_packets += sum->tx_packets;
}

struct traffic_sum today_of(const struct today *t, const struct mac *mac)
{
	const struct today_row *set = t->rows[set_of(t, mac)];

	for (unsigned i = 0; i < TODAY_WAYS && !mac_is_zero(mac); i++)
		if (mac_eq(&set[i].mac, mac))
			return set[i].sum;
	return (struct traffic_sum){ 0 };
}
