/* stats.c - counters of the boundary, of LAN hosts and of drops.
 * Written by the engine thread alone (worker.c), read by the control thread
 * (engine.c).
 * Invariant: a device's counters belong to the MAC its 'id' shows; the id
 * changes at every reuse, and a reader that saw two ids counts neither. */
#include "stats.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../slots.h"

#define MAC_BITS 48

/* Lists of devices: those that moved STATS_SLIGHT_BYTES, and the others. */
enum { SETTLED, SLIGHT };

typedef _Atomic uint64_t counter;

struct traffic {
	counter rx_packets, tx_packets, rx_bytes, tx_bytes;
};

/* One cache line, so that hosts do not share one between two threads. */
struct device {
	_Alignas(64) counter id; /* MAC, how often reused above it; 0: free */
	struct traffic traffic;
	counter last_seen_ms;
	_Atomic uint32_t addr; /* latest IPv4, network order */
};

struct drops {
	counter packets, bytes;
};

struct stats {
	/* immutable after new */
	struct hash_key key;

	/* engine writes, control reads */
	_Alignas(64) struct traffic total;
	_Alignas(64) struct drops drops[DROP_REASONS];
	_Alignas(64) struct device *devices;

	/* engine only */
	struct slots slots;
	uint64_t reused;

	struct ledger *ledger;
};

_Static_assert(sizeof(struct device) == 64, "a device is a cache line");

struct stats *stats_new(uint32_t devices_max, const struct hash_key *key)
{
	struct stats *s = aligned_alloc(64, sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->key = *key;
	s->devices = aligned_alloc(64, devices_max * sizeof(*s->devices));
	s->ledger = ledger_new(key);
	if (!s->devices || !s->ledger || slots_init(&s->slots, devices_max)) {
		ledger_free(s->ledger);
		free(s->devices);
		free(s);
		return NULL;
	}
	memset(s->devices, 0, devices_max * sizeof(*s->devices));
	return s;
}

void stats_free(struct stats *s)
{
	if (!s)
		return;
	slots_fini(&s->slots);
	ledger_free(s->ledger);
	free(s->devices);
	free(s);
}

struct ledger *stats_ledger(struct stats *s)
{
	return s->ledger;
}

/* ---- engine */

/* One writer: no locked instruction is needed. */
static void add(counter *c, uint64_t n)
{
	atomic_store_explicit(c,
			      atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void charge(struct traffic *t, bool rx, uint64_t packets, uint64_t bytes)
{
	add(rx ? &t->rx_packets : &t->tx_packets, packets);
	add(rx ? &t->rx_bytes : &t->tx_bytes, bytes);
}

static uint64_t mac_bits(const struct mac *m)
{
	uint32_t head;
	uint16_t tail;

	memcpy(&head, m->b, sizeof(head));
	memcpy(&tail, m->b + sizeof(head), sizeof(tail));
	return (uint64_t)ntohl(head) << 16 | ntohs(tail);
}

static struct mac mac_of(uint64_t bits)
{
	struct mac m;

	for (unsigned i = sizeof(m.b); i-- > 0; bits >>= 8)
		m.b[i] = (uint8_t)bits;
	return m;
}

static uint64_t id_mac(uint64_t id)
{
	return id & ((1ULL << MAC_BITS) - 1);
}

/* The slot of a full table that a new host may take, or SLOTS_NONE. */
static uint32_t dispensable(const struct stats *s, uint64_t now_ms)
{
	uint32_t i = slots_oldest(&s->slots, SLIGHT);

	if (i != SLOTS_NONE)
		return i;
	i = slots_oldest(&s->slots, SETTLED);
	if (i != SLOTS_NONE &&
	    now_ms - s->devices[i].last_seen_ms < STATS_STALE_MS)
		return SLOTS_NONE;
	return i;
}

/* A slot for a host not seen before; NULL: none can be had. The old owner's id
 * goes first, so that no reader gives its counters to the new. */
static struct device *make_device(struct stats *s, uint32_t hash, uint64_t mac,
				  uint64_t now_ms)
{
	struct device *d;
	uint32_t i;

	if (s->slots.used == s->slots.capacity) {
		i = dispensable(s, now_ms);
		if (i == SLOTS_NONE)
			return NULL;
		slots_del(&s->slots, i);
	}
	i = slots_add(&s->slots, hash, SLIGHT);
	d = &s->devices[i];
	atomic_store_explicit(&d->id, 0, memory_order_relaxed);
	atomic_store_explicit(&d->traffic.rx_packets, 0, memory_order_release);
	atomic_store_explicit(&d->traffic.tx_packets, 0, memory_order_release);
	atomic_store_explicit(&d->traffic.rx_bytes, 0, memory_order_release);
	atomic_store_explicit(&d->traffic.tx_bytes, 0, memory_order_release);
	atomic_store_explicit(&d->last_seen_ms, now_ms, memory_order_release);
	atomic_store_explicit(&d->addr, 0, memory_order_release);
	s->reused++;
	atomic_store_explicit(&d->id, s->reused << MAC_BITS | mac,
			      memory_order_release);
	return d;
}

static struct device *device_of(struct stats *s, const struct mac *mac,
				uint64_t now_ms)
{
	uint64_t bits = mac_bits(mac);
	uint32_t hash = (uint32_t)hash_words(&s->key, bits, 0);
	uint32_t i = slots_first(&s->slots, hash);

	for (; i != SLOTS_NONE; i = slots_next(&s->slots, i))
		if (id_mac(s->devices[i].id) == bits)
			return &s->devices[i];
	return make_device(s, hash, bits, now_ms);
}

static void seen(struct stats *s, struct device *d, uint64_t now_ms)
{
	uint64_t bytes = d->traffic.rx_bytes + d->traffic.tx_bytes;
	unsigned list = bytes < STATS_SLIGHT_BYTES ? SLIGHT : SETTLED;
	uint32_t i = (uint32_t)(d - s->devices);

	if (d->last_seen_ms == now_ms && s->slots.links[i].list == list)
		return;
	slots_touch(&s->slots, i, list);
	atomic_store_explicit(&d->last_seen_ms, now_ms, memory_order_relaxed);
}

void stats_carried(struct stats *s, const struct stats_charge *c,
		   uint64_t now_ms)
{
	static const struct mac nobody;
	bool known = !addr_is_zero(c->addr) && !mac_is_zero(c->mac);
	struct device *d;

	charge(&s->total, c->to_lan, c->packets, c->bytes);
	ledger_charge(s->ledger, known ? c->mac : &nobody, c->remote, c->label,
		      c->to_lan, c->packets, c->bytes);
	d = known ? device_of(s, c->mac, now_ms) : NULL;
	if (!d)
		return;
	charge(&d->traffic, c->to_lan, c->packets, c->bytes);
	seen(s, d, now_ms);
	if (addr_is_v4(c->addr))
		atomic_store_explicit(&d->addr, addr_to_v4(c->addr),
				      memory_order_relaxed);
}

static void tap_forwarded(struct stats *s, const struct pkt *p, uint64_t now_ms)
{
	const struct stats_charge c = { .mac = &p->host_mac,
					.addr = &p->device,
					.remote = &p->remote,
					.label = p->label,
					.to_lan = p->to_lan,
					.packets = 1,
					.bytes = p->l3_len };

	if (!(p->flags & (PKT_HAIRPIN | PKT_REPLY)))
		stats_carried(s, &c, now_ms);
}

void stats_tap(struct stats *s, const struct pkt *p, uint64_t now_ms)
{
	switch ((enum verdict)p->verdict) {
	case VERDICT_FORWARD:
		tap_forwarded(s, p, now_ms);
		break;
	case VERDICT_DROP:
		stats_drop(s, p->drop, 1, p->l3_len ? p->l3_len : p->len);
		break;
	case VERDICT_LOCAL:
	case VERDICT_HELD:
	case VERDICT_ANSWERED:
		break;
	}
}

void stats_drop(struct stats *s, enum gate_drop reason, uint64_t packets,
		uint64_t bytes)
{
	if (reason >= DROP_REASONS)
		return;
	add(&s->drops[reason].packets, packets);
	add(&s->drops[reason].bytes, bytes);
}

/* ---- control */

void stats_totals(const struct stats *s, struct engine_totals *out)
{
	out->rx_packets = s->total.rx_packets;
	out->tx_packets = s->total.tx_packets;
	out->rx_bytes = s->total.rx_bytes;
	out->tx_bytes = s->total.tx_bytes;
}

/* False: the slot is free, or changed hands while we read. */
static bool read_device(const struct device *d, struct device_row *out)
{
	uint64_t id = atomic_load_explicit(&d->id, memory_order_acquire);

	if (!id)
		return false;
	out->mac = mac_of(id_mac(id));
	out->addr =
		addr_v4(atomic_load_explicit(&d->addr, memory_order_acquire));
	out->rx_packets = d->traffic.rx_packets;
	out->tx_packets = d->traffic.tx_packets;
	out->rx_bytes = d->traffic.rx_bytes;
	out->tx_bytes = d->traffic.tx_bytes;
	out->last_seen_ms = d->last_seen_ms;
	return atomic_load_explicit(&d->id, memory_order_acquire) == id;
}

unsigned stats_devices(const struct stats *s, struct device_row *out,
		       unsigned max)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < s->slots.capacity && n < max; i++)
		n += read_device(&s->devices[i], &out[n]);
	return n;
}

const char *stats_drop_reason(unsigned reason)
{
	static const char *const names[] = {
#define X(id, name) [DROP_##id] = name,
		GATE_DROPS(X)
#undef X
	};

	return reason < DROP_REASONS ? names[reason] : NULL;
}

unsigned stats_drops(const struct stats *s, struct drop_row *out, unsigned max)
{
	unsigned n = 0;

	for (; n < DROP_REASONS && n < max; n++)
		out[n] = (struct drop_row){
			.reason = stats_drop_reason(n),
			.packets = s->drops[n].packets,
			.bytes = s->drops[n].bytes,
		};
	return n;
}
