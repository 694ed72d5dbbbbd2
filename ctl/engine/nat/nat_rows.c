/* nat_rows.c - the tables as people read them, a piece at a time.
 * Called by worker.c for engine_dump(), between two bursts. Engine thread
 * only. */
#include "../express/express.h"
#include "nat_core.h"

#include <netinet/in.h>

static const uint8_t protos[GATE_BITS_PROTOS] = {
	[GATE_BITS_TCP] = IPPROTO_TCP,
	[GATE_BITS_UDP] = IPPROTO_UDP,
	[GATE_BITS_ICMP] = IPPROTO_ICMP,
};

static const char *state_of(const struct session *s)
{
	switch (s->key.proto) {
	case IPPROTO_TCP:
		return tcp_state_name(s->tcp.state);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "query";
	case IPPROTO_UDP:
		break;
	default:
		return "active";
	}
	return s->packets[DIR_OUT] && s->packets[DIR_IN] ? "replied"
							 : "unreplied";
}

/* What eBPF has carried and not been charged for yet. */
static void add_carried(const struct nat *n, const struct session *s,
			struct flow_row *row)
{
	uint16_t pair = nat_watch_at(n, nat_session_number(n, s))->pair;
	struct express_due due[2];

	row->lane = "engine";
	if (!pair)
		return;
	row->lane = express_pending(n->express, pair, due);
	row->rx_packets += due[DIR_IN].packets;
	row->tx_packets += due[DIR_OUT].packets;
	row->rx_bytes += due[DIR_IN].bytes;
	row->tx_bytes += due[DIR_OUT].bytes;
	if (due[DIR_IN].packets || due[DIR_OUT].packets)
		row->idle_ms = 0;
}

static void fill_flow(const struct nat *n, const struct session *s,
		      struct flow_row *row, uint64_t now_ms)
{
	const struct mapping *m = s->map ? nat_map_at(n, s->map) : NULL;

	*row = (struct flow_row){
		.proto = s->key.proto,
		.inside = { *nat_session_inside(s), s->key.local_port },
		.outside = { addr_v4(n->wan_addr), m ? m->outside_port : 0 },
		.remote = { s->key.remote, s->key.remote_port },
		.state = state_of(s),
		.rx_packets = s->packets[DIR_IN],
		.tx_packets = s->packets[DIR_OUT],
		.rx_bytes = s->bytes[DIR_IN],
		.tx_bytes = s->bytes[DIR_OUT],
		.age_ms = now_ms - s->created_ms,
		.idle_ms = now_ms - s->last_ms,
		.label = nat_label(n, nat_session_number(n, s)),
	};
	add_carried(n, s, row);
	if (m && m->bits == GATE_BITS_ICMP)
		row->remote.port = m->outside_port;
	if (!addr_is_v4(&s->key.remote))
		row->outside = row->inside;
}

bool nat_flows(const struct nat *n, uint32_t *cursor, struct flow_row *out,
	       unsigned max, unsigned budget, unsigned *count, uint64_t now_ms)
{
	*count = 0;
	for (; *cursor < n->sessions.bump; (*cursor)++) {
		const struct session *s = nat_session_at(n, *cursor + 1);

		if (*count == max || !budget--)
			return true;
		if (s->serial && nat_session_deadline(n, s) > now_ms)
			fill_flow(n, s, &out[(*count)++], now_ms);
	}
	return false;
}

bool nat_mappings(const struct nat *n, uint32_t *cursor,
		  struct mapping_row *out, unsigned max, unsigned budget,
		  unsigned *count, uint64_t now_ms)
{
	*count = 0;
	for (; *cursor < n->maps.bump; (*cursor)++) {
		const struct mapping *m = nat_map_at(n, *cursor + 1);

		if (*count == max || !budget--)
			return true;
		if (!m->live)
			continue;
		out[(*count)++] = (struct mapping_row){
			.proto = protos[m->bits],
			.inside = { m->inside, m->inside_port },
			.outside = { addr_v4(n->wan_addr), m->outside_port },
			.fixed = m->fixed,
			.idle_ms = now_ms - m->last_ms,
		};
	}
	return false;
}
