/* express_books.c - what eBPF carried, charged to whom it belongs.
 * Called by express.c and express_slots.c. Engine thread, or the control thread
 * while the engine is stopped.
 * Invariant: 'charged' of a slot is what sessions, devices and the boundary
 * have had of it; the difference is due. */
#include "../tap/capture.h"
#include "express_core.h"
#include "../tap/summary.h"

#define NS_PER_MS 1000000

static uint64_t load(const __u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static struct express_due due_of(const struct express_stats *s)
{
	return (struct express_due){
		.packets = load(&s->packets) - s->charged_packets,
		.bytes = load(&s->bytes) - s->charged_bytes,
	};
}

/* Packets pass also after the turn began, whose one time is ours. */
static uint64_t seen_ms(const struct express *x, const struct express_stats *s)
{
	uint64_t seen = load(&s->seen_ns) / NS_PER_MS;

	return seen < x->now_ms ? seen : x->now_ms;
}

static void show(struct express *x, const struct pair *p, unsigned way,
		 const struct nat_carried *c)
{
	uint32_t pair = (uint32_t)(p - x->pairs);
	const struct express_flow *out = &x->flows[express_slot(pair, WAY_OUT)];
	bool v4 = out->key.ifindex;
	uint16_t inside = v4 ? out->key.sport : out->key6.sport;
	uint16_t remote = v4 ? out->key.dport : out->key6.dport;
	uint8_t proto = (uint8_t)(v4 ? out->key.proto : out->key6.proto);
	const struct packet_row row = {
		.at_ms = x->now_ms,
		.mac = p->host,
		.proto = proto,
		.rx = way == WAY_IN,
		.inside_port = inside,
		.remote_port = nat_is_echo(proto, &p->remote) ? inside : remote,
		.remote = p->remote,
		.packets = (uint32_t)c->packets,
		.label = p->label,
		.bytes = c->bytes,
	};

	summary_carried(x->egress->summary, &row);
}

static void charge_way(struct express *x, struct pair *p, uint32_t slot,
		       unsigned way)
{
	struct express_stats *s = &x->stats[slot];
	const struct nat_carried carried = {
		.packets = due_of(s).packets,
		.bytes = due_of(s).bytes,
		.seen_ms = seen_ms(x, s),
	};

	if (!carried.packets && !carried.bytes)
		return;
	s->charged_packets += carried.packets;
	s->charged_bytes += carried.bytes;
	if (carried.seen_ms > p->active_ms)
		p->active_ms = carried.seen_ms;
	if (nat_carried(x->nat, p->session, p->serial, way, &carried))
		p->label = nat_label(x->nat, p->session);
	stats_carried(x->egress->stats,
		      &(struct stats_charge){ .mac = &p->host,
					      .addr = &p->inside,
					      .remote = &p->remote,
					      .label = p->label,
					      .to_lan = way == WAY_IN,
					      .packets = carried.packets,
					      .bytes = carried.bytes },
		      x->now_ms);
	capture_carried(x->egress->capture, (uint32_t)(p - x->pairs), &p->host,
			way == WAY_IN, carried.packets, carried.bytes);
	show(x, p, way, &carried);
}

void express_charge(struct express *x, uint32_t pair)
{
	for (unsigned way = 0; way < WAYS; way++)
		charge_way(x, &x->pairs[pair], express_slot(pair, way), way);
}

const char *express_pending(const struct express *x, uint32_t pair,
			    struct express_due due[2])
{
	static const char *const names[] = { "xdp", "tc", "xdp+tc" };
	unsigned tcs = 0;

	memset(due, 0, WAYS * sizeof(*due));
	if (!x->flows)
		return "engine";
	for (unsigned way = 0; way < WAYS; way++) {
		uint32_t slot = express_slot(pair, way);

		due[way] = due_of(&x->stats[slot]);
		tcs += x->flows[slot].face == EXPRESS_FACE_TC;
	}
	return tcs == WAYS ? names[1] : tcs ? names[2] : names[0];
}
