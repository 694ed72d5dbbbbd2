/* capture_blocks.c - kept records as blocks of a pcapng file.
 *
 * Called by capture.c. Control thread. Names stand in front of the packets that
 * first need them; what was not kept is told as a comment of the next packet,
 * and in the statistics at the end.
 * Invariant: 'out' holds whole blocks. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "../base/clock.h"
#include "../proto/pcapng.h"
#include "capture.h"

#define ETHER_TYPE_AT 12
#define TYPE_IPV4     0x0800
#define TYPE_IPV6     0x86dd
#define NS_PER_S      1e9
#define TEXTS_MAX     (PCAPNG_COMMENTS_MAX * (CAPTURE_NOTE_MAX + 8))
#define BLOCKS_MAX    (4 * PCAPNG_TEXT_MAX + PCAPNG_BLOCK_MAX)

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

static void format_filter(const struct capture_wish *wish, char out[96])
{
	char mac[MAC_STRLEN], remote[ADDR_STRLEN];

	snprintf(out, 96, "ether host %s%s%s", mac_format(&wish->device, mac),
		 wish->by_addr ? " and host " : "",
		 wish->by_addr ? addr_format(&wish->remote, remote) : "");
}

int capture_blocks_begin(struct capture_blocks *b)
{
	char os[160], description[CLIENT_TEXT_MAX + 64], filter[96];
	struct utsname name;
	struct wr w;

	if (!make_room(b, 2 * BLOCKS_MAX))
		return -ENOMEM;
	if (uname(&name))
		memset(&name, 0, sizeof(name));
	snprintf(os, sizeof(os), "%.64s %.64s", name.sysname, name.release);
	snprintf(description, sizeof(description),
		 "%s, as seen from the gateway's LAN side", b->device);
	format_filter(&b->wish, filter);
	w = begin_block(b);
	pcapng_section(&w, &(struct pcapng_section){
				   .hardware = name.machine,
				   .os = os,
				   .application = "Portcullis " VERSION });
	pcapng_interface(
		&w, &(struct pcapng_interface){ .name = "lan",
						.description = description,
						.filter = filter,
						.os = os,
						.snaplen = CAPTURED_LEN_MAX });
	end_block(b, &w);
	return 0;
}

/* ---- what a record is about */

struct ends {
	bool known;
	struct addr local, remote;
};

static struct addr read_addr(struct rd *r, bool v4)
{
	struct addr a = addr_v4(0);

	rd_bytes(r, v4 ? a.b + 12 : a.b, v4 ? 4 : 16);
	return a;
}

static struct ends ends_of(struct captured *rec)
{
	struct rd r = rd_init(captured_data(rec), rec->kept);
	struct addr src, dst;
	uint16_t type;

	rd_skip(&r, ETHER_TYPE_AT);
	type = rd_be16(&r);
	if (type != TYPE_IPV4 && type != TYPE_IPV6)
		return (struct ends){ 0 };
	rd_skip(&r, type == TYPE_IPV4 ? 12 : 8);
	src = read_addr(&r, type == TYPE_IPV4);
	dst = read_addr(&r, type == TYPE_IPV4);
	if (r.bad)
		return (struct ends){ 0 };
	return rec->flags & CAPTURED_RX ? (struct ends){ true, dst, src }
					: (struct ends){ true, src, dst };
}

static const char *name_of(const struct capture_blocks *b, uint32_t label)
{
	return label ? names_text(b->names, label) : NULL;
}

static bool has_name(const struct capture_blocks *b, uint32_t label)
{
	const char *name = name_of(b, label);

	return name && !strcasecmp(name, b->wish.name);
}

static bool goes_by_name(const struct capture_wish *w, const struct addr *a)
{
	for (unsigned i = 0; i < w->addrs_n; i++)
		if (addr_eq(&w->addrs[i], a))
			return true;
	return false;
}

void capture_blocks_look(struct capture_blocks *b, struct capture_read *r)
{
	struct capture_wish *w = &b->wish;
	struct captured *rec;
	struct ends ends;
	uint32_t at = 0;

	while ((rec = captured_next(r->data, r->len, &at))) {
		if (rec->kind != CAPTURED_PACKET || !has_name(b, rec->label))
			continue;
		ends = ends_of(rec);
		if (ends.known && w->addrs_n < CAPTURE_WISH_ADDRS &&
		    !goes_by_name(w, &ends.remote))
			w->addrs[w->addrs_n++] = ends.remote;
	}
}

/* A name is learnt in the midst of a flow: what came before, and has none, is
 * told by the address. */
static bool is_wanted(const struct capture_blocks *b, const struct ends *ends,
		      uint32_t label)
{
	const struct capture_wish *w = &b->wish;

	if (w->by_addr)
		return ends->known && addr_eq(&ends->remote, &w->remote);
	if (!w->name[0])
		return true;
	if (name_of(b, label))
		return has_name(b, label);
	return ends->known && goes_by_name(w, &ends->remote);
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

/* A name is read by terminals, too. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if ((uint8_t)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

static void add_names(struct capture_blocks *b, const struct ends *ends,
		      uint32_t label)
{
	const char *remote = name_of(b, label);
	struct pcapng_name names[2];
	unsigned n = 0;
	struct wr w;

	if (!ends->known)
		return;
	if (is_plain(b->device) && is_news(b, &ends->local, 0))
		names[n++] = (struct pcapng_name){ ends->local, b->device };
	if (remote && is_plain(remote) && is_news(b, &ends->remote, label))
		names[n++] = (struct pcapng_name){ ends->remote, remote };
	w = begin_block(b);
	pcapng_names(&w, names, n);
	end_block(b, &w);
}

/* ---- what was not kept */

static void format_flow(const struct captured_gap *g,
			char out[2 * ENDPOINT_STRLEN + 16])
{
	char inside[ENDPOINT_STRLEN], remote[ENDPOINT_STRLEN];

	snprintf(out, 2 * ENDPOINT_STRLEN + 16, "%s %s - %s",
		 g->proto == IPPROTO_TCP ? "TCP" : "UDP",
		 endpoint_format(&g->inside, inside),
		 endpoint_format(&g->remote, remote));
}

static void add_note(struct capture_blocks *b, struct captured *rec)
{
	char flow[2 * ENDPOINT_STRLEN + 16], *note = b->notes[b->notes_n];
	struct captured_gap g;
	struct ends ends;

	memcpy(&g, captured_data(rec), sizeof(g));
	ends = (struct ends){ true, g.inside.addr, g.remote.addr };
	if (!is_wanted(b, &ends, rec->label))
		return;
	if (b->notes_n == CAPTURE_NOTES) {
		b->notes_lost++;
		return;
	}
	b->notes_n++;
	format_flow(&g, flow);
	if (rec->kind == CAPTURED_PROMOTED) {
		snprintf(note, CAPTURE_NOTE_MAX,
			 "%s: the express lane carries it from here on; its "
			 "packets are not kept.",
			 flow);
		return;
	}
	snprintf(note, CAPTURE_NOTE_MAX,
		 "%s: not kept, as the express lane carried them for the last "
		 "%.1f s: %llu packets to the device (%llu bytes), %llu from "
		 "it (%llu bytes).",
		 flow, (double)(rec->at_ns - g.since_ns) / NS_PER_S,
		 (unsigned long long)g.packets[1],
		 (unsigned long long)g.bytes[1],
		 (unsigned long long)g.packets[0],
		 (unsigned long long)g.bytes[0]);
}

/* Those that wait; they are told. */
static unsigned take_notes(struct capture_blocks *b, const char **out,
			   char more[64])
{
	unsigned n = 0;

	for (; n < b->notes_n; n++)
		out[n] = b->notes[n];
	if (b->notes_lost) {
		snprintf(more, 64, "%u more notes of this kind.",
			 b->notes_lost);
		out[n++] = more;
	}
	b->notes_n = 0;
	b->notes_lost = 0;
	return n;
}

/* ---- records */

static int add_packet(struct capture_blocks *b, struct captured *rec)
{
	struct pcapng_packet p = { .at_ns = rec->at_ns,
				   .data = captured_data(rec),
				   .kept = rec->kept,
				   .len = rec->len,
				   .direction = rec->flags & CAPTURED_RX
							? PCAPNG_OUTBOUND
							: PCAPNG_INBOUND };
	const char *reason = engine_drop_reason(rec->drop);
	struct ends ends = ends_of(rec);
	char more[64], drop[80];
	struct wr w;

	if (!is_wanted(b, &ends, rec->label))
		return 0;
	if (!make_room(b, 2 * BLOCKS_MAX + TEXTS_MAX + rec->kept))
		return -ENOMEM;
	add_names(b, &ends, rec->label);
	p.comments_n = take_notes(b, p.comments, more);
	if (rec->flags & CAPTURED_DROPPED) {
		snprintf(drop, sizeof(drop), "The gateway dropped it: %s.",
			 reason ? reason : "unknown");
		p.comments[p.comments_n++] = drop;
	}
	b->accepted++;
	b->gso |= rec->flags & CAPTURED_GSO;
	b->cut |= rec->kept < rec->len;
	w = begin_block(b);
	pcapng_packet(&w, &p);
	end_block(b, &w);
	return 0;
}

int capture_blocks_add(struct capture_blocks *b, struct capture_read *r)
{
	struct captured *rec;
	uint32_t at = 0;
	int rc = 0;

	_Static_assert(CAPTURE_NOTES + 2 <= PCAPNG_COMMENTS_MAX,
		       "notes, how many more, and the reason of a drop");

	while (!rc && (rec = captured_next(r->data, r->len, &at))) {
		if (rec->at_ns < b->wish.from_ns)
			continue;
		b->past |= rec->at_ns > b->wish.until_ns;
		if (b->past)
			break;
		if (rec->kind == CAPTURED_PACKET)
			rc = add_packet(b, rec);
		else
			add_note(b, rec);
	}
	return rc;
}

/* ---- the end */

int capture_blocks_end(struct capture_blocks *b, const struct capture_counts *c)
{
	struct pcapng_statistics s = {
		.at_ns = b->wish.until_ns,
		.start_ns = c->since_ns,
		.end_ns = b->wish.until_ns,
		.received = c->kept_packets + c->missed_packets,
		.dropped = c->missed_packets,
		.accepted = b->accepted,
		.delivered = b->accepted,
	};
	char more[64];
	struct wr w;

	if (!make_room(b, BLOCKS_MAX + TEXTS_MAX))
		return -ENOMEM;
	s.comments_n = take_notes(b, s.comments, more);
	if (b->gso && s.comments_n < PCAPNG_COMMENTS_MAX)
		s.comments[s.comments_n++] =
			"Frames longer than the link allows are several "
			"segments that the kernel handed over as one.";
	w = begin_block(b);
	pcapng_statistics(&w, &s);
	end_block(b, &w);
	return 0;
}
