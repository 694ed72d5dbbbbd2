/* capture_lane.c - what is not kept of a host's packets, as the express lane
 * carries them.
 * Called by express*.c, and by capture_copy.c for who asks. Engine thread, or
 * the control thread while the engine is stopped.
 * Invariant: a flow is in the list of the host that it is 'born' with, or in
 * that of one that is forgotten, or in none. */
#include "capture_core.h"

#include <string.h>

/* ---- a host's flows */

static void list_out(struct capture *c, uint32_t pair)
{
	struct lane_flow *f = &c->lane[pair];
	struct ring *r = &c->rings[f->host];

	if (!f->born)
		return;
	if (f->prev)
		c->lane[f->prev].next = f->next;
	else if (r->born == f->born)
		r->lane = f->next;
	if (f->next)
		c->lane[f->next].prev = f->prev;
	f->born = 0;
}

static void list_in(struct capture *c, uint32_t pair, uint32_t host)
{
	struct lane_flow *f = &c->lane[pair];
	struct ring *r = &c->rings[host];

	if (f->born && f->host == host && f->born == r->born)
		return;
	list_out(c, pair);
	f->host = host;
	f->born = r->born;
	f->prev = 0;
	f->next = r->lane;
	if (r->lane)
		c->lane[r->lane].prev = pair;
	r->lane = pair;
}

static bool has_carried(const struct captured_gap *g)
{
	return g->packets[0] || g->packets[1];
}

void capture_lane_list(const struct capture *c, uint32_t host,
		       struct capture_read *read)
{
	uint32_t pair = c->rings[host].lane;

	read->lane_n = 0;
	for (unsigned n = 0; pair && n < CAPTURE_LANE; n++) {
		const struct lane_flow *f = &c->lane[pair];

		if (has_carried(&f->gap))
			read->lane[read->lane_n++] = f->gap;
		pair = f->next;
	}
	read->lane_more = pair;
}

/* ---- what happens to them */

static uint32_t host_of(struct capture *c, const struct mac *mac)
{
	if (!c->budget_n || !capture_is_host(mac))
		return CAPTURE_NONE;
	return capture_host(c, mac, false);
}

static void note(struct capture *c, uint32_t host, const struct captured_gap *g,
		 uint8_t kind)
{
	struct captured *rec = capture_reserve(c, host, sizeof(*g));

	if (!rec)
		return;
	rec->kind = kind;
	memcpy(captured_data(rec), g, sizeof(*g));
}

void capture_promoted(struct capture *c, uint32_t pair, const struct mac *mac,
		      const struct nat_offer *flow)
{
	struct lane_flow *f = &c->lane[pair];
	uint32_t host = host_of(c, mac);

	list_out(c, pair);
	f->on = true;
	f->gap = (struct captured_gap){ .inside = flow->inside,
					.remote = flow->remote,
					.proto = flow->proto,
					.since_ns = c->wall_ns };
	if (host == CAPTURE_NONE)
		return;
	list_in(c, pair, host);
	note(c, host, &f->gap, CAPTURED_PROMOTED);
}

/* What an earlier run left on the lane is promoted before there is a time, and
 * a host may be heard, or forgotten, after its flow got there. */
void capture_carried(struct capture *c, uint32_t pair, const struct mac *mac,
		     bool rx, uint64_t packets, uint64_t bytes)
{
	struct lane_flow *f = &c->lane[pair];
	uint32_t host = host_of(c, mac);

	f->gap.packets[rx] += packets;
	f->gap.bytes[rx] += bytes;
	if (!f->gap.since_ns)
		f->gap.since_ns = c->wall_ns;
	if (host == CAPTURE_NONE)
		return;
	if (f->on)
		list_in(c, pair, host);
	c->store.devices[host].missed_packets += packets;
	c->store.devices[host].missed_bytes += bytes;
	c->rings[host].answered |= rx;
	capture_seen(c, host);
}

void capture_demoted(struct capture *c, uint32_t pair, const struct mac *mac)
{
	struct lane_flow *f = &c->lane[pair];
	uint32_t host = host_of(c, mac);

	f->on = false;
	list_out(c, pair);
	if (host != CAPTURE_NONE && has_carried(&f->gap))
		note(c, host, &f->gap, CAPTURED_GAP);
	memset(f->gap.packets, 0, sizeof(f->gap.packets));
	memset(f->gap.bytes, 0, sizeof(f->gap.bytes));
	f->gap.since_ns = c->wall_ns;
}
