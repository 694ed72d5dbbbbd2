/* capture_rings.c - whose memory which chunk is.
 * Called by capture.c. Engine thread, or the control thread while the engine is
 * stopped.
 * Invariant: a chunk is in one ring, or in one of the two lists of free ones,
 * or was never used; settled rings that have a chunk are in the list of their
 * size; slight hosts have a chunk, or are about to get one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture_core.h"

#define SEEN_MS 1000 /* who was heard last is known to a second */
#define TRIM	8    /* chunks a turn that a lowered budget takes back */

static bool is_slight(const struct capture *c, uint32_t host)
{
	return c->slots.links[host].list == CAPTURE_SLIGHT;
}

static void set_used(struct capture *c, uint32_t n)
{
	atomic_store_explicit(&c->used_n, n, memory_order_relaxed);
}

static void set_hosts(struct capture *c)
{
	atomic_store_explicit(&c->hosts_n, c->slots.used, memory_order_relaxed);
}

/* ---- settled rings, by how many chunks they have */

static void unlist(struct capture *c, uint32_t host)
{
	struct ring *r = &c->rings[host];

	if (!r->n || is_slight(c, host))
		return;
	if (r->prev != CAPTURE_NONE)
		c->rings[r->prev].next = r->next;
	else
		c->sizes[r->n].first = r->next;
	if (r->next != CAPTURE_NONE)
		c->rings[r->next].prev = r->prev;
	else
		c->sizes[r->n].last = r->prev;
}

/* The last of its size to be asked for a chunk. */
static void enlist(struct capture *c, uint32_t host)
{
	struct ring *r = &c->rings[host];

	if (!r->n || is_slight(c, host))
		return;
	r->next = CAPTURE_NONE;
	r->prev = c->sizes[r->n].last;
	if (r->prev != CAPTURE_NONE)
		c->rings[r->prev].next = host;
	else
		c->sizes[r->n].first = host;
	c->sizes[r->n].last = host;
}

static uint32_t largest(const struct capture *c)
{
	for (unsigned n = CAPTURE_RING_CHUNKS; n; n--)
		if (c->sizes[n].first != CAPTURE_NONE)
			return c->sizes[n].first;
	return CAPTURE_NONE;
}

/* ---- chunks in and out of a ring */

static void append(struct capture *c, uint32_t host, uint32_t chunk)
{
	struct ring *r = &c->rings[host];

	unlist(c, host);
	c->chain[chunk] = CAPTURE_NONE;
	if (r->n)
		c->chain[r->last] = chunk;
	else
		r->first = chunk;
	r->last = chunk;
	r->n++;
	c->slight_n += is_slight(c, host);
	set_used(c, c->used_n + 1);
	enlist(c, host);
}

/* Its oldest chunk, which is nobody's now. CAPTURE_NONE: it has none. */
static uint32_t give(struct capture *c, uint32_t host)
{
	struct ring *r = &c->rings[host];
	uint32_t chunk = r->first;

	if (!r->n)
		return CAPTURE_NONE;
	unlist(c, host);
	r->first = c->chain[chunk];
	r->n--;
	if (!r->n) {
		r->at = NULL;
		r->left = 0;
		r->last = CAPTURE_NONE;
	}
	c->slight_n -= is_slight(c, host);
	set_used(c, c->used_n - 1);
	enlist(c, host);
	c->store.devices[host].overwritten += c->store.chunks[chunk].packets;
	c->store.chunks[chunk] = (struct capture_chunk){ 0 };
	return chunk;
}

static void put_free(struct capture *c, uint32_t chunk)
{
	c->chain[chunk] = c->free;
	c->free = chunk;
	c->free_n++;
}

static void forget(struct capture *c, uint32_t host)
{
	uint32_t chunk;

	while ((chunk = give(c, host)) != CAPTURE_NONE)
		put_free(c, chunk);
	c->store.devices[host] = (struct capture_device){ 0 };
	slots_del(&c->slots, host);
	set_hosts(c);
}

/* From another host: one that is slight goes with its last chunk. */
static uint32_t take_from(struct capture *c, uint32_t donor, uint32_t host)
{
	uint32_t chunk;

	if (donor == CAPTURE_NONE)
		return CAPTURE_NONE;
	chunk = give(c, donor);
	if (donor != host && is_slight(c, donor) && !c->rings[donor].n)
		forget(c, donor);
	return chunk;
}

/* One whose pages are not there yet. */
static uint32_t fresh_cold(struct capture *c)
{
	uint32_t chunk = c->cold;

	if (chunk != CAPTURE_NONE)
		c->cold = c->chain[chunk];
	else if (*c->store.bump < c->store.chunks_n)
		chunk = (*c->store.bump)++;
	if (chunk != CAPTURE_NONE)
		capture_store_warm(&c->store, chunk);
	return chunk;
}

/* One that is free; touched ones first. */
static uint32_t fresh(struct capture *c)
{
	uint32_t chunk = c->free;

	if (chunk == CAPTURE_NONE)
		return fresh_cold(c);
	c->free = c->chain[chunk];
	c->free_n--;
	return chunk;
}

/* ---- who gives to whom */

static uint32_t slight_donor(const struct capture *c, uint32_t host)
{
	uint32_t i = slots_oldest(&c->slots, CAPTURE_SLIGHT);

	if (i == host && !c->rings[host].n)
		i = slots_newer(&c->slots, i);
	return i == SLOTS_NONE ? host : i;
}

/* Who has most gives to who has less by two at least, lest the same chunk goes
 * back and forth; among equals each takes its own oldest. */
static uint32_t donor(const struct capture *c, uint32_t host)
{
	uint32_t n = c->rings[host].n, big = largest(c);

	if (big != CAPTURE_NONE && c->rings[big].n > n + (n > 0))
		return big;
	if (!is_slight(c, host) && c->slight_n)
		return slots_oldest(&c->slots, CAPTURE_SLIGHT);
	return n ? host : slight_donor(c, host);
}

static uint32_t slight_max(const struct capture *c)
{
	uint32_t n = c->budget_n / CAPTURE_SLIGHT_PART;

	return n ? n : 1;
}

static uint32_t take(struct capture *c, uint32_t host)
{
	bool slight = is_slight(c, host);

	if (!c->budget_n)
		return CAPTURE_NONE;
	if (c->rings[host].n >=
	    (slight ? CAPTURE_SLIGHT_CHUNKS : CAPTURE_RING_CHUNKS))
		return give(c, host);
	if (slight && c->slight_n >= slight_max(c))
		return take_from(c, slight_donor(c, host), host);
	if (c->used_n < c->budget_n)
		return fresh(c);
	return take_from(c, donor(c, host), host);
}

bool capture_extend(struct capture *c, uint32_t host)
{
	struct ring *r = &c->rings[host];
	uint32_t chunk;

	if (r->n)
		c->store.chunks[r->last].used = CAPTURED_CHUNK - r->left;
	chunk = take(c, host);
	if (chunk == CAPTURE_NONE) {
		r->left = 0;
		if (!r->n && is_slight(c, host))
			forget(c, host);
		return false;
	}
	append(c, host, chunk);
	c->store.chunks[chunk] =
		(struct capture_chunk){ .serial = ++c->serial, .owner = host };
	r->at = capture_store_at(&c->store, chunk);
	r->left = CAPTURED_CHUNK;
	return true;
}

void capture_trim(struct capture *c)
{
	uint32_t chunk, from;

	for (unsigned n = 0; n < TRIM; n++) {
		if (c->used_n + c->free_n <= c->budget_n)
			return;
		if (!c->free_n) {
			from = largest(c);
			if (from == CAPTURE_NONE)
				from = slots_oldest(&c->slots, CAPTURE_SLIGHT);
			chunk = take_from(c, from, CAPTURE_NONE);
			if (chunk == CAPTURE_NONE)
				return;
			put_free(c, chunk);
		}
		chunk = fresh(c);
		capture_store_cool(&c->store, chunk);
		c->chain[chunk] = c->cold;
		c->cold = chunk;
	}
}

/* ---- hosts */

/* As in stats.c: the one that is unseen the longest among the slight, else one
 * that was not heard of for a while. */
static uint32_t dispensable(const struct capture *c)
{
	uint32_t i = slots_oldest(&c->slots, CAPTURE_SLIGHT);

	if (i != SLOTS_NONE)
		return i;
	i = slots_oldest(&c->slots, CAPTURE_SETTLED);
	if (i != SLOTS_NONE &&
	    c->now_ms - c->rings[i].seen_ms < CAPTURE_STALE_MS)
		return CAPTURE_NONE;
	return i;
}

static uint32_t make_host(struct capture *c, const struct mac *mac,
			  uint32_t hash)
{
	uint32_t i;

	if (c->slots.used == c->slots.capacity) {
		i = dispensable(c);
		if (i == CAPTURE_NONE)
			return i;
		forget(c, i);
	}
	i = slots_add(&c->slots, hash, CAPTURE_SLIGHT);
	c->rings[i] = (struct ring){ .first = CAPTURE_NONE,
				     .last = CAPTURE_NONE,
				     .born = ++c->born,
				     .seen_ms = c->now_ms };
	c->store.devices[i] =
		(struct capture_device){ .mac = *mac, .since_ns = c->wall_ns };
	set_hosts(c);
	return i;
}

uint32_t capture_host(struct capture *c, const struct mac *mac, bool make)
{
	uint16_t *last = &c->cache[(mac->b[5] ^ mac->b[4] << 3 ^ mac->b[3]) %
				   CAPTURE_CACHE];
	uint32_t hash, i = *last;

	if (mac_eq(&c->store.devices[i].mac, mac))
		return i;
	hash = (uint32_t)hash_bytes(&c->key, mac, sizeof(*mac));
	for (i = slots_first(&c->slots, hash); i != SLOTS_NONE;
	     i = slots_next(&c->slots, i))
		if (mac_eq(&c->store.devices[i].mac, mac))
			break;
	if (i == SLOTS_NONE && make)
		i = make_host(c, mac, hash);
	if (i == CAPTURE_NONE)
		return i;
	*last = (uint16_t)i;
	return i;
}

static void settle(struct capture *c, uint32_t host)
{
	c->slight_n -= c->rings[host].n;
	slots_touch(&c->slots, host, CAPTURE_SETTLED);
	c->store.devices[host].settled = true;
	enlist(c, host);
}

void capture_seen(struct capture *c, uint32_t host)
{
	const struct capture_device *d = &c->store.devices[host];
	struct ring *r = &c->rings[host];

	if (is_slight(c, host) && r->answered &&
	    d->kept_bytes + d->missed_bytes >= CAPTURE_SLIGHT_BYTES)
		settle(c, host);
	if (c->now_ms - r->seen_ms < SEEN_MS)
		return;
	r->seen_ms = c->now_ms;
	slots_touch(&c->slots, host, c->slots.links[host].list);
}

/* ---- from one process to the next */

void capture_rings_init(struct capture *c)
{
	c->free = c->cold = CAPTURE_NONE;
	for (unsigned n = 0; n <= CAPTURE_RING_CHUNKS; n++)
		c->sizes[n].first = c->sizes[n].last = CAPTURE_NONE;
}

void capture_rings_close(struct capture *c)
{
	for (uint32_t i = 0; i < CAPTURE_DEVICES; i++)
		if (c->rings[i].n)
			c->store.chunks[c->rings[i].last].used =
				CAPTURED_CHUNK - c->rings[i].left;
}

struct kept {
	uint64_t serial;
	uint32_t chunk, owner;
};

static int by_age(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* Rows in the order of their old places; where[old] is the new one. */
static void adopt_hosts(struct capture *c, const struct capture_device *old,
			uint32_t where[CAPTURE_DEVICES])
{
	for (uint32_t i = 0; i < CAPTURE_DEVICES; i++) {
		where[i] = CAPTURE_NONE;
		if (mac_is_zero(&old[i].mac) ||
		    capture_host(c, &old[i].mac, false) != CAPTURE_NONE)
			continue;
		where[i] = capture_host(c, &old[i].mac, true);
		c->store.devices[where[i]] = old[i];
		if (old[i].settled)
			settle(c, where[i]);
	}
}

static void adopt_chunk(struct capture *c, const struct kept *k, uint32_t host)
{
	struct capture_chunk *chunk = &c->store.chunks[k->chunk];
	struct ring *r = &c->rings[host];

	if (r->n >= CAPTURE_RING_CHUNKS)
		put_free(c, give(c, host));
	chunk->owner = host;
	chunk->serial = ++c->serial;
	append(c, host, k->chunk);
	r->at = capture_store_at(&c->store, k->chunk) + chunk->used;
	r->left = CAPTURED_CHUNK - chunk->used;
}

int capture_rings_adopt(struct capture *c)
{
	uint32_t n = 0, where[CAPTURE_DEVICES], bump = *c->store.bump;
	struct capture_device *old = malloc(CAPTURE_DEVICES * sizeof(*old));
	struct kept *kept = malloc((bump + 1) * sizeof(*kept));

	if (!old || !kept) {
		free(old);
		free(kept);
		return -ENOMEM;
	}
	memcpy(old, c->store.devices, CAPTURE_DEVICES * sizeof(*old));
	memset(c->store.devices, 0, CAPTURE_DEVICES * sizeof(*old));
	adopt_hosts(c, old, where);
	for (uint32_t i = 0; i < bump; i++) {
		const struct capture_chunk *chunk = &c->store.chunks[i];
		uint32_t owner =
			chunk->serial ? where[chunk->owner] : CAPTURE_NONE;

		if (owner == CAPTURE_NONE) {
			c->store.chunks[i] = (struct capture_chunk){ 0 };
			put_free(c, i);
			continue;
		}
		kept[n++] = (struct kept){ chunk->serial, i, owner };
	}
	qsort(kept, n, sizeof(*kept), by_age);
	for (uint32_t i = 0; i < n; i++)
		adopt_chunk(c, &kept[i], kept[i].owner);
	for (uint32_t i = 0; i < CAPTURE_DEVICES; i++)
		if (!mac_is_zero(&c->store.devices[i].mac) && is_slight(c, i) &&
		    !c->rings[i].n)
			forget(c, i);
	free(old);
	free(kept);
	return 0;
}

/* ---- for tests */

static uint32_t ring_is_whole(const struct capture *c, uint32_t host)
{
	const struct ring *r = &c->rings[host];
	uint32_t n = 0, i = r->first;
	uint64_t serial = 0;

	for (; n < r->n; n++, i = c->chain[i]) {
		const struct capture_chunk *k;

		if (i >= *c->store.bump)
			return CAPTURE_NONE;
		k = &c->store.chunks[i];
		if (k->owner != host || k->serial <= serial ||
		    (n + 1 == r->n && i != r->last))
			return CAPTURE_NONE;
		serial = k->serial;
	}
	return n;
}

bool capture_check(const struct capture *c)
{
	uint32_t used = 0, slight = 0, hosts = 0, listed = 0, free_n = 0;

	for (uint32_t i = 0; i < CAPTURE_DEVICES; i++) {
		uint32_t n;

		if (mac_is_zero(&c->store.devices[i].mac))
			continue;
		n = ring_is_whole(c, i);
		if (n == CAPTURE_NONE)
			return false;
		hosts++;
		used += n;
		slight += is_slight(c, i) ? n : 0;
	}
	for (uint32_t n = 1; n <= CAPTURE_RING_CHUNKS; n++)
		for (uint32_t i = c->sizes[n].first; i != CAPTURE_NONE;
		     i = c->rings[i].next) {
			if (c->rings[i].n != n || is_slight(c, i))
				return false;
			listed += n;
		}
	for (uint32_t i = c->free; i != CAPTURE_NONE; i = c->chain[i])
		free_n++;
	return used == c->used_n && slight == c->slight_n &&
	       hosts == c->slots.used && listed + slight == used &&
	       free_n == c->free_n;
}
