/* devices.c - the table behind devices.h.
 *
 * Called by the gateway and, to read, by the API. Control thread.
 * Invariant: every row is in the chain of its bucket, once; fresh_n counts the
 * rows that are not settled. */
#include "devices.h"

#include <stdlib.h>

#include "devices_priv.h"

/* ---- the hash */

static uint16_t *bucket_of(struct devices *d, const struct mac *mac)
{
	return &d->buckets[hash_bytes(&d->key, mac, sizeof(*mac)) %
			   DEVICES_BUCKETS];
}

static void link_row(struct devices *d, unsigned i)
{
	uint16_t *bucket = bucket_of(d, &d->rows[i].mac);

	d->next[i] = *bucket;
	*bucket = (uint16_t)(i + 1);
}

static void unlink_row(struct devices *d, unsigned i)
{
	uint16_t *at = bucket_of(d, &d->rows[i].mac);

	while (*at != i + 1)
		at = &d->next[*at - 1];
	*at = d->next[i];
}

static struct device *find(const struct devices *d, const struct mac *mac)
{
	struct devices *table = (struct devices *)(uintptr_t)d;
	unsigned at;

	for (at = *bucket_of(table, mac); at; at = d->next[at - 1])
		if (mac_eq(&d->rows[at - 1].mac, mac))
			return &table->rows[at - 1];
	return NULL;
}

const struct device *devices_find(const struct devices *d,
				  const struct mac *mac)
{
	return find(d, mac);
}

/* ---- who stays */

/* The one of its kind that was not seen for longest; NULL: there is none. */
static struct device *oldest(struct devices *d, bool settled)
{
	struct device *found = NULL;
	unsigned i;

	for (i = 0; i < d->n; i++) {
		struct device *row = &d->rows[i];

		if (row->settled == settled &&
		    (!found || row->last_ms < found->last_ms))
			found = row;
	}
	return found;
}

/* Makes 'row' a new device. */
static struct device *fill(struct devices *d, struct device *row,
			   const struct mac *mac)
{
	*row = (struct device){ .mac = *mac };
	d->fresh_n++;
	link_row(d, (unsigned)(row - d->rows));
	return row;
}

static void empty(struct devices *d, struct device *row)
{
	unlink_row(d, (unsigned)(row - d->rows));
	devices_addrs_unlink(d, row);
	d->fresh_n -= !row->settled;
}

struct device *devices_add(struct devices *d, const struct mac *mac)
{
	struct device *row;

	if (d->fresh_n < DEVICES_FRESH_MAX && d->n < DEVICES_MAX)
		return fill(d, &d->rows[d->n++], mac);
	row = oldest(d, false);
	if (!row)
		return NULL;
	empty(d, row);
	return fill(d, row, mac);
}

/* The last row moves into its place. */
static void remove_row(struct devices *d, struct device *row)
{
	empty(d, row);
	d->n--;
	if (row == &d->rows[d->n])
		return;
	unlink_row(d, d->n);
	devices_addrs_unlink(d, &d->rows[d->n]);
	*row = d->rows[d->n];
	link_row(d, (unsigned)(row - d->rows));
	devices_addrs_link(d, row);
}

/* So many may be settled that the fresh ones keep their places; one that has
 * been away for long goes. Rows may move. */
static bool may_settle(struct devices *d, uint64_t now_ms)
{
	struct device *away;

	if (d->n - d->fresh_n < DEVICES_MAX - DEVICES_FRESH_MAX)
		return true;
	away = oldest(d, true);
	if (away->last_ms + DEVICES_AWAY_MS > now_ms)
		return false;
	remove_row(d, away);
	return true;
}

static struct device *settle(struct devices *d, struct device *row,
			     uint64_t now_ms)
{
	const struct mac mac = row->mac;

	if (row->settled || now_ms < row->first_ms + DEVICES_SETTLED_MS ||
	    !may_settle(d, now_ms))
		return row;
	row = find(d, &mac);
	row->settled = true;
	d->fresh_n--;
	return row;
}

/* ---- what is told of them */

static bool is_device(const struct mac *mac)
{
	return !mac_is_zero(mac) && !(mac->b[0] & 1);
}

struct device *devices_seen(struct devices *d, const struct mac *mac,
			    uint64_t now_ms)
{
	struct device *row = find(d, mac);

	if (!row) {
		row = is_device(mac) ? devices_add(d, mac) : NULL;
		if (!row)
			return NULL;
		row->first_ms = now_ms;
		/* The clock was ahead: else all who come until then would be
		 * of the first hour. */
		if (!d->began_ms || d->began_ms > now_ms)
			d->began_ms = now_ms;
	}
	if (row->last_ms != now_ms)
		d->changed = true;
	row->last_ms = now_ms;
	return settle(d, row, now_ms);
}

/* IPv4 has the first place; the oldest of the others gives way. */
static unsigned place_for(const struct device *row, const struct addr *addr)
{
	unsigned i, oldest_one = 1;

	if (addr_is_v4(addr))
		return 0;
	for (i = 1; i < DEVICE_ADDRS_MAX; i++) {
		if (addr_eq(&row->addrs[i].addr, addr))
			return i;
		if (row->addrs[i].last_ms < row->addrs[oldest_one].last_ms)
			oldest_one = i;
	}
	return oldest_one;
}

void devices_has(struct devices *d, const struct mac *mac,
		 const struct addr *addr, uint64_t now_ms)
{
	struct device *row;

	if (addr_is_zero(addr))
		return;
	row = devices_seen(d, mac, now_ms);
	if (row)
		devices_addr_put(d, row, place_for(row, addr),
				 &(struct device_addr){ *addr, now_ms });
}

/* ---- identity */

/* Without the number that the DHCP server puts behind a name that is taken. */
static size_t base_len(const char *name)
{
	const char *dash = strrchr(name, '-');

	if (dash && dash != name && dash[1] &&
	    strspn(dash + 1, "0123456789") == strlen(dash + 1) &&
	    strlen(dash + 1) <= 3)
		return (size_t)(dash - name);
	return strlen(name);
}

static bool is_same(const struct device *a, const struct device *b)
{
	size_t len = base_len(a->hostname);

	if (a->id_len && a->id_len == b->id_len &&
	    !memcmp(a->id, b->id, a->id_len))
		return true;
	return len && base_len(b->hostname) == len &&
	       !memcmp(a->hostname, b->hostname, len);
}

/* A made-up address that comes with the name or the identifier of another
 * made-up one that has gone. No more than a guess: whoever knows the name can
 * take it, so nothing but the hint follows from it. */
static void find_twin(struct devices *d, struct device *row)
{
	const struct device *found = NULL;
	unsigned i;

	if (!mac_is_random(&row->mac))
		return;
	for (i = 0; i < d->n; i++) {
		const struct device *other = &d->rows[i];

		if (other != row && mac_is_random(&other->mac) &&
		    other->last_ms < row->first_ms && is_same(row, other) &&
		    (!found || other->last_ms > found->last_ms))
			found = other;
	}
	row->twin = found ? found->mac : (struct mac){ 0 };
}

void devices_leased(struct devices *d, const struct mac *mac,
		    const char *hostname, const uint8_t *id, size_t id_len,
		    uint64_t now_ms)
{
	struct device *row = devices_seen(d, mac, now_ms);

	if (!row)
		return;
	/* Most identifiers are the hardware address again (RFC 2132, 9.14):
	 * they say nothing more. */
	if (id_len > DEVICE_ID_MAX ||
	    (id_len == 7 && !memcmp(id + 1, mac, sizeof(*mac))))
		id_len = 0;
	if (!strcmp(row->hostname, hostname) && row->id_len == id_len &&
	    (!id_len || !memcmp(row->id, id, id_len)))
		return;
	strncpy(row->hostname, hostname, sizeof(row->hostname) - 1);
	row->id_len = (uint8_t)id_len;
	if (id_len)
		memcpy(row->id, id, id_len);
	find_twin(d, row);
	d->changed = true;
}

void devices_calls_itself(struct devices *d, const struct mac *mac,
			  const char *name, uint64_t now_ms)
{
	struct device *row = devices_seen(d, mac, now_ms);

	if (!row || !strcmp(row->mdns, name))
		return;
	strncpy(row->mdns, name, sizeof(row->mdns) - 1);
	d->changed = true;
}

void devices_asked(struct devices *d, const struct mac *mac, uint64_t now_ms)
{
	struct device *row = find(d, mac);

	if (row)
		row->asked_ms = now_ms;
}

void devices_told(struct devices *d, const struct mac *mac)
{
	struct device *row = find(d, mac);

	if (!row || row->told)
		return;
	row->told = true;
	d->changed = true;
}

void devices_forget(struct devices *d, uint64_t now_ms)
{
	unsigned i = d->n;

	while (i--) {
		struct device *row = &d->rows[i];

		if (row->settled || row->last_ms + DEVICES_FORGET_MS > now_ms)
			continue;
		remove_row(d, row);
		d->changed = true;
	}
}

/* ---- life */

struct devices *devices_new(void)
{
	struct devices *d = calloc(1, sizeof(*d));

	if (d)
		hash_key_random(&d->key);
	return d;
}

void devices_free(struct devices *d)
{
	free(d);
}

unsigned devices_all(const struct devices *d, const struct device **out)
{
	*out = d->rows;
	return d->n;
}

uint64_t devices_began_ms(const struct devices *d)
{
	return d->began_ms;
}

bool devices_changed(struct devices *d)
{
	bool changed = d->changed;

	d->changed = false;
	return changed;
}
