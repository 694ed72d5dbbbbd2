/* capture_blocks.c - kept records as blocks of a pcapng file.
 *
 * Called by capture.c. Control thread. Names stand in front of the packets that
 * first need them; what was not kept is told in comments (capture_notes.c), and
 * in the statistics at the end.
 * Invariant: 'out' holds whole blocks. */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../proto/pcapng.h"

#define TEXTS_MAX  (CAPTURE_TEXTS * (CAPTURE_TEXT_MAX + PCAPNG_TEXT_AROUND))
#define BLOCKS_MAX (4 * PCAPNG_TEXT_MAX + PCAPNG_BLOCK_MAX)

/* Room for one more block of 'len' bytes beside its texts. */
static bool make_room(struct capture_blocks *b, size_t len)
{
	size_t room = b->room ? b->room : 2 * CAPTURED_CHUNK;
	uint8_t *more;

	while (room < b->len + len)
		room *= 2;
	if (room == b->room)
		return true;
	more = realloc(b->out, room);
	if (!more)
		return false;
	b->out = more;
	b->room = room;
	return true;
}

static struct wr begin_block(const struct capture_blocks *b)
{
	return wr_init(b->out + b->len, b->room - b->len);
}

/* A block that did not fit is left out whole. */
static void end_block(struct capture_blocks *b, const struct wr *w)
{
	if (!w->bad)
		b->len += wr_len(w);
}

void capture_blocks_free(struct capture_blocks *b)
{
	free(b->out);
	b->out = NULL;
}

/* ---- the beginning */

/* A clock that is read for each packet would say no more than this one: when it
 * is its turn, not when it came. */
static const char *const shared_time[] = {
	"Packets that the gateway handled in one burst have the same time: "
	"when "
	"it began to.",
};

static struct pcapng_comments comments_of(const struct capture_blocks *b)
{
	return (struct pcapng_comments){ b->texts.n, b->texts.at };
}

static void describe(const struct capture_blocks *b,
		     char out[CLIENT_TEXT_MAX + NAMES_LEN_MAX + 64])
{
	const char *name = b->wish.name;
	bool told = *name && capture_is_plain(name);

	snprintf(out, CLIENT_TEXT_MAX + NAMES_LEN_MAX + 64,
		 "%s, as seen from the gateway's LAN side%s%s", b->device,
		 told ? ", with " : "", told ? name : "");
}

static void add_head(struct capture_blocks *b, const char *os,
		     const char *machine)
{
	char description[CLIENT_TEXT_MAX + NAMES_LEN_MAX + 64];
	char filter[CAPTURE_FILTER_MAX];
	struct wr w = begin_block(b);

	describe(b, description);
	capture_wish_filter(&b->wish, filter);
	pcapng_section(&w, &(struct pcapng_section){
				   .comments = comments_of(b),
				   .hardware = machine,
				   .os = os,
				   .application = "Portcullis " VERSION });
	pcapng_interface(
		&w, &(struct pcapng_interface){ .comments = { 1, shared_time },
						.name = "lan",
						.description = description,
						.filter = filter,
						.os = os,
						.snaplen = CAPTURED_LEN_MAX });
	end_block(b, &w);
}

int capture_blocks_begin(struct capture_blocks *b, const struct capture_read *r)
{
	struct utsname name;
	char os[160];

	if (!make_room(b, 2 * BLOCKS_MAX + TEXTS_MAX))
		return -ENOMEM;
	if (b->wish.until_ns < r->counts.at_ns)
		b->wish.until_ns = r->counts.at_ns;
	if (uname(&name))
		memset(&name, 0, sizeof(name));
	snprintf(os, sizeof(os), "%.64s %.64s", name.sysname, name.release);
	capture_notes_begin(b, r);
	add_head(b, os, name.machine);
	return 0;
}

/* ---- names */

/* Multiplication and shift; who makes two collide loses a name in a file. */
static uint64_t mix(const struct addr *a, uint32_t label)
{
	uint64_t h = (a->q[0] ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;

	h = (h ^ (h >> 29) ^ a->q[1]) * 0x94d049bb133111eb;
	h = (h ^ (h >> 31) ^ label) * 0xbf58476d1ce4e5b9;
	h ^= h >> 32;
	return h ? h : 1;
}

/* true: it was not told before, and is now. */
static bool is_news(struct capture_blocks *b, const struct addr *a,
		    uint32_t label)
{
	uint64_t h = mix(a, label);
	unsigned i = (unsigned)(h % CAPTURE_KNOWN);

	for (; b->known[i]; i = (i + 1) % CAPTURE_KNOWN)
		if (b->known[i] == h)
			return false;
	if (b->known_n > CAPTURE_KNOWN / 2)
		return false;
	b->known[i] = h;
	b->known_n++;
	return true;
}

static void add_names(struct capture_blocks *b, const struct capture_ends *ends,
		      uint32_t label)
{
	const char *remote = capture_name_of(b, label);
	const struct addr *local = &ends->local.addr, *far = &ends->remote.addr;
	struct pcapng_name names[2];
	unsigned n = 0;
	struct wr w;

	if (!ends->known)
		return;
	if (capture_is_plain(b->device) && is_news(b, local, 0))
		names[n++] = (struct pcapng_name){ *local, b->device };
	if (remote && capture_is_plain(remote) && is_news(b, far, label))
		names[n++] = (struct pcapng_name){ *far, remote };
	w = begin_block(b);
	pcapng_names(&w, names, n);
	end_block(b, &w);
}

/* ---- records */

static int add_packet(struct capture_blocks *b, struct captured *rec)
{
	struct capture_ends ends = capture_ends_of(rec);
	struct wr w;

	if (!capture_is_wanted(b, ends.known ? &ends.remote.addr : NULL,
			       rec->label))
		return 0;
	if (!make_room(b, 2 * BLOCKS_MAX + TEXTS_MAX + rec->kept))
		return -ENOMEM;
	add_names(b, &ends, rec->label);
	capture_notes_packet(b, rec, &ends);
	b->tally.accepted++;
	b->tally.gso += !!(rec->flags & CAPTURED_GSO);
	b->tally.cut += rec->kept < rec->len;
	w = begin_block(b);
	pcapng_packet(&w, &(struct pcapng_packet){
				  .at_ns = rec->at_ns,
				  .data = captured_data(rec),
				  .kept = rec->kept,
				  .len = rec->len,
				  .direction = rec->flags & CAPTURED_RX
						       ? PCAPNG_OUTBOUND
						       : PCAPNG_INBOUND,
				  .comments = comments_of(b) });
	end_block(b, &w);
	return 0;
}

int capture_blocks_add(struct capture_blocks *b, struct capture_read *r)
{
	struct captured *rec;
	uint32_t at = 0;
	int rc = 0;

	capture_notes_mark(r);
	while (!rc && (rec = captured_next(r->data, r->len, &at))) {
		if (rec->kind == CAPTURED_PACKET) {
			b->tally.seen_packets++;
			b->tally.seen_bytes += rec->len;
		}
		if (rec->at_ns < b->wish.from_ns)
			continue;
		if (rec->kind == CAPTURED_PACKET)
			rc = add_packet(b, rec);
		else if (rec->kind == CAPTURED_GAP)
			capture_notes_gap(b, rec);
	}
	return rc;
}

/* ---- the end */

/* The device's since it was first heard; the recorder is what an operating
 * system's buffer is to others. What of the packets that are gone had been
 * asked for nobody knows: if not all were, those alone are accepted that are
 * here. */
int capture_blocks_end(struct capture_blocks *b, const struct capture_counts *c)
{
	const struct capture_tally *t = &b->tally;
	struct wr w;

	if (!make_room(b, BLOCKS_MAX + TEXTS_MAX))
		return -ENOMEM;
	capture_notes_end(b, c);
	w = begin_block(b);
	pcapng_statistics(
		&w, &(struct pcapng_statistics){
			    .at_ns = b->wish.until_ns,
			    .start_ns = c->since_ns,
			    .end_ns = b->wish.until_ns,
			    .received = c->kept_packets + c->missed_packets,
			    .dropped = c->missed_packets,
			    .accepted = capture_wish_narrows(&b->wish)
						? t->accepted
						: c->kept_packets,
			    .os_dropped = capture_overwritten(b, c),
			    .delivered = t->accepted,
			    .comments = comments_of(b) });
	end_block(b, &w);
	return 0;
}
