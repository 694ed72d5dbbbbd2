/* capture_copy.c - a device's packets on their way to who asked for them.
 * Called by worker.c (the copy; engine thread) and engine.c (the rest; control
 * thread). A copy is one chunk at most, so that no burst waits for long, and
 * nothing is kept from being overwritten between two. What comes meanwhile is
 * not copied. */
#include <linux/if_ether.h>
#include <string.h>

#include "capture_core.h"
#include "../packet/csum.h"
#include "../packet/parse.h"

/* What there is at the first question. */
static void begin(const struct capture *c, uint32_t host,
		  struct capture_read *read)
{
	const struct capture_device *d = &c->store.devices[host];
	const struct ring *r = &c->rings[host];

	read->begun = true;
	read->end_serial = r->n ? c->store.chunks[r->last].serial : 0;
	read->end_had = CAPTURED_CHUNK - r->left;
	read->counts = (struct capture_counts){
		.since_ns = d->since_ns,
		.kept_packets = d->kept_packets,
		.kept_bytes = d->kept_bytes,
		.missed_packets = d->missed_packets,
		.missed_bytes = d->missed_bytes,
		.overwritten = d->overwritten,
		.at_ns = c->wall_ns,
	};
	capture_lane_list(c, host, read);
}

/* The bytes of whole records in a chunk that is due. */
static uint32_t filled(const struct capture_chunk *k,
		       const struct capture_read *read)
{
	return k->serial == read->end_serial ? read->end_had : k->used;
}

/* The one to go on with; CAPTURE_NONE: that was the end. */
static uint32_t due(const struct capture *c, const struct ring *r,
		    struct capture_read *read)
{
	uint32_t chunk = r->first, n = r->n;

	for (; n; n--, chunk = c->chain[chunk]) {
		const struct capture_chunk *k = &c->store.chunks[chunk];

		if (k->serial > read->end_serial)
			break;
		if (k->serial == read->serial && filled(k, read) > read->had)
			return chunk;
		if (k->serial <= read->serial)
			continue;
		read->serial = k->serial;
		read->had = 0;
		return chunk;
	}
	return CAPTURE_NONE;
}

void capture_copy(struct capture *c, struct capture_read *read)
{
	uint32_t host = capture_host(c, &read->mac, false), chunk;
	const struct capture_chunk *k;

	read->known = host != CAPTURE_NONE;
	read->len = 0;
	read->last = true;
	if (!read->known)
		return;
	if (!read->begun)
		begin(c, host, read);
	chunk = due(c, &c->rings[host], read);
	if (chunk == CAPTURE_NONE)
		return;
	k = &c->store.chunks[chunk];
	read->len = filled(k, read) - read->had;
	memcpy(read->data, capture_store_at(&c->store, chunk) + read->had,
	       read->len);
	read->had += read->len;
	read->last = k->serial == read->end_serial;
}

/* Senders with offloads leave the sum to a card; ours is the last place where
 * it can be told from a wrong one. A packet that is not all here keeps it. */
static void close_sum(struct captured *rec)
{
	struct pkt p = { .data = captured_data(rec), .len = rec->kept };

	if (rec->kept < rec->len || !parse(&p) || p.flags & PKT_FRAG)
		return;
	csum_close(p.data + p.l4, p.proto, p.l3_len - (uint32_t)(p.l4 - p.l3));
}

void capture_finish(struct capture_read *read)
{
	struct captured *rec;
	uint32_t at = 0;

	while ((rec = captured_next(read->data, read->len, &at)))
		if (rec->flags & CAPTURED_CSUM_OPEN)
			close_sum(rec);
	/* A record that is not whole ends it. */
	if (at < read->len)
		read->len = at;
}
