/* fuzz_capture_blocks.c - kept packets and gaps, whatever stands in them, as a
 * file: its blocks are whole, and it says how many packets are in it.
 *
 * Input: how much is asked for, then records, each {kind, flags, label, length,
 * bytes …}. */
#include <stdlib.h>
#include <string.h>

#include "ctl/api/capture.h"
#include "ctl/base/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKET 6 /* block type */

const char *engine_drop_reason(unsigned reason)
{
	return reason % 2 ? "why" : NULL;
}

static void append(struct capture_read *r, struct rd *in)
{
	struct captured *rec = (struct captured *)(void *)(r->data + r->len);
	bool packet = rd_u8(in) % 4;
	uint8_t flags = rd_u8(in), label = rd_u8(in), len = rd_u8(in);
	uint32_t kept = packet ? len : sizeof(struct captured_gap);
	struct rd bytes = rd_sub(in, len < rd_left(in) ? len : rd_left(in));

	if (bytes.bad || captured_size(kept) > sizeof(r->data) - r->len)
		return;
	*rec = (struct captured){ .at_ns = flags * 1000u,
				  .size = captured_size(kept),
				  .kept = kept,
				  .len = kept + (flags & 64),
				  .label = label % 4,
				  .drop = label,
				  .mark = flags & 1 };
	rec->kind = packet	? CAPTURED_PACKET
		    : label % 2 ? CAPTURED_PROMOTED
				: CAPTURED_GAP;
	rec->flags = flags & 15;
	if (rd_left(&bytes) < kept)
		memset(captured_data(rec), 0, kept);
	memcpy(captured_data(rec), bytes.p,
	       rd_left(&bytes) < kept ? rd_left(&bytes) : kept);
	r->len += rec->size;
}

static void ask(struct capture_wish *w, uint8_t what)
{
	w->from_ns = what & 15 ? 0 : 100000;
	w->by_addr = what & 16;
	if (w->by_addr)
		w->remote = addr_v4(what);
	else if (what & 32)
		strcpy(w->name, "one.example");
}

static uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static void check(const struct capture_blocks *b)
{
	uint64_t packets = 0;
	size_t at = 0;

	while (at < b->len) {
		uint32_t n = b->len - at < 12 ? 0 : get32(b->out + at + 4);

		if (n < 12 || n % 4 || n > b->len - at ||
		    get32(b->out + at + n - 4) != n)
			abort();
		packets += get32(b->out + at) == PACKET;
		at += n;
	}
	if (packets != b->tally.accepted)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_blocks *b = calloc(1, sizeof(*b));
	struct capture_read *r = calloc(1, sizeof(*r));
	struct names *names = names_new(4);
	struct rd in = rd_init(data, size);

	if (!b || !r || !names || !names_id(names, "one.example", 11))
		abort();
	b->names = names;
	strcpy(b->device, "Radio");
	ask(&b->wish, rd_u8(&in));
	while (rd_left(&in))
		append(r, &in);
	capture_wish_look(b, r);
	memcpy(&r->lane[0], r->data, sizeof(r->lane[0]));
	r->lane_n = 1;
	r->counts.kept_packets = data ? size : 0;
	if (capture_blocks_begin(b, r) || capture_blocks_add(b, r) ||
	    capture_blocks_add(b, r) || capture_blocks_end(b, &r->counts))
		abort();
	check(b);
	capture_blocks_free(b);
	names_free(names);
	free(r);
	free(b);
	return 0;
}
