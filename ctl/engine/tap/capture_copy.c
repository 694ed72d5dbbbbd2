/* capture_copy.c - a device's packets on their way to who asked for them.
 * Called by worker.c (the copy; engine thread) and engine.c (the rest; control
 * thread). A copy is one chunk at most, so that no burst waits for long, and
 * nothing is kept from being overwritten between two. */
#include <linux/if_ether.h>
#include <string.h>

#include "capture_core.h"
#include "../packet/csum.h"
#include "../packet/parse.h"

/* The bytes of whole records in a chunk of the ring. */
static uint32_t filled(const struct capture *c, const struct ring *r,
		       uint32_t chunk)
{
	return chunk == r->last ? CAPTURED_CHUNK - r->left
				: c->store.chunks[chunk].used;
}

/* The one to go on with; CAPTURE_NONE: there is nothing newer. */
static uint32_t due(const struct capture *c, const struct ring *r,
		    struct capture_read *read)
{
	uint32_t chunk = r->first, n = r->n;

	for (; n; n--, chunk = c->chain[chunk]) {
		const struct capture_chunk *k = &c->store.chunks[chunk];

		if (k->serial == read->serial &&
		    filled(c, r, chunk) > read->had)
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
	const struct capture_device *d;
	const struct ring *r;

	read->known = host != CAPTURE_NONE;
	read->len = 0;
	read->last = true;
	if (!read->known)
		return;
	d = &c->store.devices[host];
	r = &c->rings[host];
	read->counts = (struct capture_counts){
		.since_ns = d->since_ns,
		.kept_packets = d->kept_packets,
		.kept_bytes = d->kept_bytes,
		.missed_packets = d->missed_packets,
		.missed_bytes = d->missed_bytes,
		.overwritten = d->overwritten,
	};
	chunk = due(c, r, read);
	if (chunk == CAPTURE_NONE)
		return;
	read->len = filled(c, r, chunk) - read->had;
	memcpy(read->data, capture_store_at(&c->store, chunk) + read->had,
	       read->len);
	read->had += read->len;
	read->last = chunk == r->last;
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
