/* capture_notes.c - what a file of kept packets does not hold, in words.
 *
 * Called by capture_blocks.c. Control thread. A flow that takes the express
 * lane says so at its last packet before, and at its next one how much was
 * carried. Where there is none, the file's end tells; of flows that are on the
 * lane now its beginning does, which is where Wireshark shows what concerns the
 * whole file.
 * Invariant: no two gaps that wait are of the same flow. */
#include "capture.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS	     1000000000ull
#define NS_PER_MS    1000000
#define TIME_STRLEN  40
#define FLOW_STRLEN  (2 * ENDPOINT_STRLEN + 16)
#define COUNT_STRLEN 160

_Static_assert(CAPTURE_LANE + 2 <= CAPTURE_TEXTS, "what the beginning says");
_Static_assert(CAPTURE_GAPS + 6 <= CAPTURE_TEXTS, "what the end says");

static void say(struct capture_texts *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct capture_texts *t, const char *format, ...)
{
	va_list args;

	if (t->n == CAPTURE_TEXTS)
		return;
	va_start(args, format);
	vsnprintf(t->text[t->n], CAPTURE_TEXT_MAX, format, args);
	va_end(args);
	t->at[t->n] = t->text[t->n];
	t->n++;
}

static const char *format_time(uint64_t ns, char out[TIME_STRLEN])
{
	time_t s = (time_t)(ns / NS);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(out, TIME_STRLEN, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out + n, TIME_STRLEN - n, ".%03u UTC",
		 (unsigned)(ns % NS / NS_PER_MS));
	return out;
}

static const char *format_echoes(const struct captured_gap *g,
				 char out[FLOW_STRLEN])
{
	char inside[ADDR_STRLEN], remote[ADDR_STRLEN];

	snprintf(out, FLOW_STRLEN, "%s %s - %s, identifier %u,",
		 g->proto == IPPROTO_ICMP ? "ICMP" : "ICMPv6",
		 addr_format(&g->inside.addr, inside),
		 addr_format(&g->remote.addr, remote), ntohs(g->inside.port));
	return out;
}

static const char *format_flow(const struct captured_gap *g,
			       char out[FLOW_STRLEN])
{
	char inside[ENDPOINT_STRLEN], remote[ENDPOINT_STRLEN];

	if (g->proto != IPPROTO_TCP && g->proto != IPPROTO_UDP)
		return format_echoes(g, out);
	snprintf(out, FLOW_STRLEN, "%s %s - %s",
		 g->proto == IPPROTO_TCP ? "TCP" : "UDP",
		 endpoint_format(&g->inside, inside),
		 endpoint_format(&g->remote, remote));
	return out;
}

static const char *format_count(const struct captured_gap *g,
				char out[COUNT_STRLEN])
{
	snprintf(out, COUNT_STRLEN,
		 "%llu packets to the device (%llu IP bytes), %llu from it "
		 "(%llu IP bytes)",
		 (unsigned long long)g->packets[1],
		 (unsigned long long)g->bytes[1],
		 (unsigned long long)g->packets[0],
		 (unsigned long long)g->bytes[0]);
	return out;
}

/* ---- gaps that wait */

static bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

static bool is_of(const struct captured_gap *g, uint8_t proto,
		  const struct endpoint *inside, const struct endpoint *remote)
{
	return g->proto == proto && endpoint_eq(&g->inside, inside) &&
	       endpoint_eq(&g->remote, remote);
}

static void add_up(struct captured_gap *sum, const struct captured_gap *g)
{
	for (unsigned way = 0; way < 2; way++) {
		sum->packets[way] += g->packets[way];
		sum->bytes[way] += g->bytes[way];
	}
}

/* CAPTURE_GAPS: there is none. */
static unsigned find(const struct capture_blocks *b, uint8_t proto,
		     const struct endpoint *inside,
		     const struct endpoint *remote)
{
	for (unsigned i = 0; i < b->gaps_n; i++)
		if (is_of(&b->gaps[i].flow, proto, inside, remote))
			return i;
	return CAPTURE_GAPS;
}

static void take_out(struct capture_blocks *b, unsigned i)
{
	b->gaps_n--;
	memmove(&b->gaps[i], &b->gaps[i + 1],
		(b->gaps_n - i) * sizeof(*b->gaps));
}

void capture_notes_gap(struct capture_blocks *b, struct captured *rec)
{
	struct captured_gap g;
	unsigned i;

	memcpy(&g, captured_data(rec), sizeof(g));
	if (!capture_is_wanted(b, &g.remote.addr, rec->label))
		return;
	i = find(b, g.proto, &g.inside, &g.remote);
	if (i < CAPTURE_GAPS) {
		add_up(&b->gaps[i].flow, &g);
		b->gaps[i].until_ns = rec->at_ns;
		return;
	}
	if (b->gaps_n == CAPTURE_GAPS) {
		add_up(&b->lost, &b->gaps[0].flow);
		b->gaps_lost++;
		take_out(b, 0);
	}
	b->gaps[b->gaps_n++] = (struct capture_gap){ g, rec->at_ns };
}

static void say_gap(struct capture_texts *t, const char *whose,
		    const struct capture_gap *g)
{
	char count[COUNT_STRLEN], until[TIME_STRLEN];
	uint64_t since_ns = g->flow.since_ns, took_ns = 0;

	/* A clock that was set back between the two says nothing. */
	if (since_ns < g->until_ns)
		took_ns = g->until_ns - since_ns;
	say(t, "%s was on the express lane for %.3f s until %s; not kept: %s.",
	    whose, (double)took_ns / (double)NS,
	    format_time(g->until_ns, until), format_count(&g->flow, count));
}

/* ---- of a packet */

static void mark_last(struct capture_read *r, struct captured *promoted)
{
	struct captured *rec, *last = NULL;
	struct capture_ends e;
	struct captured_gap g;
	uint32_t at = 0;

	memcpy(&g, captured_data(promoted), sizeof(g));
	while ((rec = captured_next(r->data, r->len, &at)) && rec != promoted) {
		if (rec->kind != CAPTURED_PACKET)
			continue;
		e = capture_ends_of(rec);
		if (is_of(&g, e.proto, &e.local, &e.remote))
			last = rec;
	}
	if (last)
		last->mark = 1;
}

/* One whose packets are all in an earlier chunk goes without: they are written
 * already. */
void capture_notes_mark(struct capture_read *r)
{
	struct captured *rec;
	uint32_t at = 0;

	while ((rec = captured_next(r->data, r->len, &at)))
		if (rec->kind == CAPTURED_PROMOTED)
			mark_last(r, rec);
}

void capture_notes_packet(struct capture_blocks *b, const struct captured *rec,
			  const struct capture_ends *ends)
{
	unsigned i = find(b, ends->proto, &ends->local, &ends->remote);
	const char *reason = engine_drop_reason(rec->drop);

	b->texts.n = 0;
	if (i < CAPTURE_GAPS) {
		say_gap(&b->texts, "Its flow", &b->gaps[i]);
		take_out(b, i);
	}
	if (rec->mark)
		say(&b->texts, "Its flow is on the express lane from here on; "
			       "what that carries is not kept.");
	if (rec->flags & CAPTURED_DROPPED)
		say(&b->texts, "The gateway dropped it: %s.",
		    reason ? reason : "unknown");
}

/* ---- of the file */

static void say_missed(struct capture_texts *t, const struct capture_counts *c)
{
	char since[TIME_STRLEN];

	if (c->missed_packets)
		say(t,
		    "Of the device's packets since %s %llu (%llu IP bytes) are "
		    "not kept, as the express lane carried them.",
		    format_time(c->since_ns, since),
		    (unsigned long long)c->missed_packets,
		    (unsigned long long)c->missed_bytes);
}

void capture_notes_begin(struct capture_blocks *b, const struct capture_read *r)
{
	char flow[FLOW_STRLEN], since[TIME_STRLEN], count[COUNT_STRLEN];

	b->texts.n = 0;
	say_missed(&b->texts, &r->counts);
	for (unsigned i = 0; i < r->lane_n; i++) {
		const struct captured_gap *g = &r->lane[i];

		if (!capture_is_wanted(b, &g->remote.addr, 0))
			continue;
		say(&b->texts,
		    "%s is on the express lane since %s; not kept until now: "
		    "%s.",
		    format_flow(g, flow), format_time(g->since_ns, since),
		    format_count(g, count));
	}
	if (r->lane_more)
		say(&b->texts,
		    "More of the device's flows are on the express lane.");
}

uint64_t capture_overwritten(const struct capture_blocks *b,
			     const struct capture_counts *c)
{
	uint64_t seen = b->tally.seen_packets;

	return c->kept_packets > seen ? c->kept_packets - seen : 0;
}

static void say_left_out(struct capture_blocks *b,
			 const struct capture_counts *c)
{
	const struct capture_tally *t = &b->tally;
	uint64_t gone = capture_overwritten(b, c);
	uint64_t bytes = c->kept_bytes > t->seen_bytes
				 ? c->kept_bytes - t->seen_bytes
				 : 0;

	if (gone)
		say(&b->texts,
		    "%llu packets (%llu bytes) are no longer kept, as newer "
		    "ones took their place.",
		    (unsigned long long)gone, (unsigned long long)bytes);
	if (t->seen_packets > t->accepted)
		say(&b->texts, "%llu packets that are kept were not asked for.",
		    (unsigned long long)(t->seen_packets - t->accepted));
	if (t->cut)
		say(&b->texts,
		    "%llu frames are cut: of long ones that come to the "
		    "gateway in one piece the first bytes alone are kept.",
		    (unsigned long long)t->cut);
	if (t->gso)
		say(&b->texts,
		    "%llu frames may be longer than the link allows: they are "
		    "several segments that the kernel handed over as one.",
		    (unsigned long long)t->gso);
}

static void say_waiting(struct capture_blocks *b)
{
	char flow[FLOW_STRLEN], count[COUNT_STRLEN];

	for (unsigned i = 0; i < b->gaps_n; i++)
		say_gap(&b->texts, format_flow(&b->gaps[i].flow, flow),
			&b->gaps[i]);
	if (b->gaps_lost)
		say(&b->texts,
		    "%u more times a flow was on the express lane; not kept: "
		    "%s.",
		    b->gaps_lost, format_count(&b->lost, count));
}

void capture_notes_end(struct capture_blocks *b, const struct capture_counts *c)
{
	b->texts.n = 0;
	say_missed(&b->texts, c);
	say_left_out(b, c);
	say_waiting(b);
}
