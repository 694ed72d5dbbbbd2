/* summary.c - a line for every packet that crosses the boundary, while somebody
 * watches.
 * Called by worker.c and express_books.c (engine thread), and by engine.c
 * (control thread). */
#include "summary.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../base/ring.h"

RING_DEFINE(packet, struct packet_row)

struct summary {
	/* control writes, engine reads */
	_Atomic bool wanted;

	/* engine -> control */
	struct packet_ring rows;
	_Atomic uint64_t lost;
};

struct summary *summary_new(void)
{
	struct summary *s = calloc(1, sizeof(*s));

	if (s && !packet_ring_init(&s->rows, SUMMARY_ROWS))
		return s;
	free(s);
	return NULL;
}

void summary_free(struct summary *s)
{
	if (!s)
		return;
	packet_ring_fini(&s->rows);
	free(s);
}

/* ---- engine */

bool summary_wanted(const struct summary *s)
{
	return atomic_load_explicit(&s->wanted, memory_order_relaxed);
}

static void put(struct summary *s, const struct packet_row *row)
{
	if (!packet_ring_put(&s->rows, row))
		atomic_fetch_add_explicit(&s->lost, row->packets,
					  memory_order_relaxed);
}

/* From outside the NAT alone knows which port of the host it is. */
static uint16_t inside_port(const struct nat *nat, const struct pkt *p)
{
	struct engine_report ends;

	if (!p->to_lan)
		return ntohs(p->sport);
	if (p->session && nat_ends(nat, p, &ends))
		return ntohs(ends.inside.port);
	return ntohs(p->dport);
}

void summary_packet(struct summary *s, const struct nat *nat,
		    const struct pkt *p, uint64_t now_ms)
{
	struct packet_row row;

	if (p->verdict != VERDICT_FORWARD ||
	    p->flags & (PKT_HAIRPIN | PKT_REPLY))
		return;
	row = (struct packet_row){
		.at_ms = now_ms,
		.mac = p->host_mac,
		.proto = p->proto,
		.rx = p->to_lan,
		.tcp_flags = p->tcp_flags,
		.inside_port = inside_port(nat, p),
		.remote_port = ntohs(p->to_lan ? p->sport : p->dport),
		.remote = p->to_lan ? p->src : p->dst,
		.packets = 1,
		.bytes = p->l3_len,
		.label = p->label,
	};
	put(s, &row);
}

void summary_carried(struct summary *s, const struct packet_row *row)
{
	if (summary_wanted(s))
		put(s, row);
}

/* ---- control */

void summary_watch(struct summary *s, bool on)
{
	struct packet_row old;

	while (packet_ring_take(&s->rows, &old))
		;
	summary_lost(s);
	atomic_store_explicit(&s->wanted, on, memory_order_relaxed);
}

bool summary_next(struct summary *s, struct packet_row *out)
{
	return packet_ring_take(&s->rows, out);
}

uint64_t summary_lost(struct summary *s)
{
	return atomic_exchange_explicit(&s->lost, 0, memory_order_relaxed);
}
