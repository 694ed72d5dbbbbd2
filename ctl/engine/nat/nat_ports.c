/* nat_ports.c - the free lists of outside ports, as bitmaps of two levels.
 * Called by nat_map.c and nat.c. Engine thread only.
 * Invariant: a port is free, given or reserved; held ports are given and stand
 * in one queue, oldest first. */
#include "nat_ports.h"

#include <string.h>

#define PORT_NONE (-1)

/* ---- single ports */

static bool has_bit(const uint64_t *words, unsigned i)
{
	return words[i / 64] >> i % 64 & 1;
}

static void put_bit(uint64_t *words, unsigned i, bool on)
{
	uint64_t mask = 1ULL << i % 64;

	words[i / 64] = on ? words[i / 64] | mask : words[i / 64] & ~mask;
}

static bool is_reserved(const struct ports *p, enum gate_bits proto,
			uint16_t port)
{
	if (proto >= PORTS_RESERVED_PROTOS)
		return false; /* an ICMP identifier may be 0, too */
	return !port || has_bit(p->reserved[proto], port);
}

static bool is_free(const struct ports *p, enum gate_bits proto, uint16_t port)
{
	return has_bit(p->free[proto][port & 1], port >> 1);
}

/* Brings 'free' and 'sum' in line with 'given' and 'reserved'. */
static void settle(struct ports *p, enum gate_bits proto, uint16_t port)
{
	uint64_t *half = p->free[proto][port & 1];
	unsigned i = port >> 1;

	put_bit(half, i,
		!has_bit(p->given[proto], port) &&
			!is_reserved(p, proto, port));
	put_bit(p->sum[proto][port & 1], i / 64, half[i / 64]);
}

static void set_given(struct ports *p, enum gate_bits proto, uint16_t port,
		      bool given)
{
	put_bit(p->given[proto], port, given);
	settle(p, proto, port);
}

void ports_init(struct ports *p, struct port_hold *holds,
		const struct hash_key *key, uint64_t seed)
{
	*p = (struct ports){ .key = *key, .seed = seed, .holds = holds };
	memset(p->free, 0xff, sizeof(p->free));
	memset(p->sum, 0xff, sizeof(p->sum));
	for (unsigned proto = 0; proto < PORTS_RESERVED_PROTOS; proto++)
		settle(p, proto, 0);
}

/* ---- held ports */

static struct port_hold *hold_at(const struct ports *p, enum gate_bits proto,
				 uint32_t port)
{
	return &p->holds[proto * PORTS_SPACE + port];
}

static struct port_queue *queue_of(struct ports *p, enum gate_bits proto,
				   uint16_t port)
{
	return &p->queues[proto][(port >= PORTS_LOW_END) * 2 + (port & 1)];
}

static bool is_held(const struct ports *p, enum gate_bits proto, uint16_t port)
{
	return has_bit(p->held[proto], port);
}

static void hold_add(struct ports *p, enum gate_bits proto, uint16_t port)
{
	struct port_queue *q = queue_of(p, proto, port);
	struct port_hold *h = hold_at(p, proto, port);

	h->older = q->newest;
	h->newer = 0;
	if (q->newest)
		hold_at(p, proto, q->newest - 1)->newer = port + 1u;
	else
		q->oldest = port + 1u;
	q->newest = port + 1u;
	put_bit(p->held[proto], port, true);
}

static void hold_del(struct ports *p, enum gate_bits proto, uint16_t port)
{
	struct port_queue *q = queue_of(p, proto, port);
	struct port_hold *h = hold_at(p, proto, port);

	if (h->older)
		hold_at(p, proto, h->older - 1)->newer = h->newer;
	else
		q->oldest = h->newer;
	if (h->newer)
		hold_at(p, proto, h->newer - 1)->older = h->older;
	else
		q->newest = h->older;
	*h = (struct port_hold){ 0 };
	put_bit(p->held[proto], port, false);
}

/* ---- choice */

static uint32_t draw(struct ports *p)
{
	if (p->drawn++ % 2)
		return (uint32_t)(p->random >> 32);
	p->random = hash_pair(&p->key, p->seed, p->drawn);
	return (uint32_t)p->random;
}

/* The first free place of a parity in [from, end); -1: none. */
static int find_from(const uint64_t *half, const uint64_t *sum, unsigned from,
		     unsigned end)
{
	unsigned word = from / 64, s;
	uint64_t bits;

	if (from >= end)
		return PORT_NONE;
	bits = half[word] & ~0ULL << from % 64;
	if (!bits) {
		if (++word == PORTS_HALF_WORDS)
			return PORT_NONE;
		s = word / 64;
		bits = sum[s] & ~0ULL << word % 64;
		while (!bits && ++s < PORTS_SUM_WORDS)
			bits = sum[s];
		if (!bits)
			return PORT_NONE;
		word = s * 64 + (unsigned)__builtin_ctzll(bits);
		bits = half[word];
	}
	from = word * 64 + (unsigned)__builtin_ctzll(bits);
	return from < end ? (int)from : PORT_NONE;
}

static int find_random(struct ports *p, enum gate_bits proto, uint16_t want)
{
	bool high = want >= PORTS_LOW_END;
	unsigned first = high ? PORTS_LOW_END / 2 : 0;
	unsigned end = high ? PORTS_SPACE / 2 : PORTS_LOW_END / 2;
	unsigned start =
		first + (unsigned)((uint64_t)draw(p) * (end - first) >> 32);
	const uint64_t *half = p->free[proto][want & 1];
	const uint64_t *sum = p->sum[proto][want & 1];
	int i = find_from(half, sum, start, end);

	if (i < 0)
		i = find_from(half, sum, first, start);
	return i < 0 ? PORT_NONE : i * 2 + (want & 1);
}

static int take_of_class(struct ports *p, enum gate_bits proto, uint16_t want)
{
	int port = find_random(p, proto, want);
	uint32_t oldest;

	if (port >= 0) {
		set_given(p, proto, (uint16_t)port, true);
		return port;
	}
	oldest = queue_of(p, proto, want)->oldest;
	if (!oldest)
		return PORT_NONE;
	hold_del(p, proto, (uint16_t)(oldest - 1));
	p->yielded++;
	return (int)oldest - 1;
}

static int take_of_parity(struct ports *p, enum gate_bits proto, uint16_t want)
{
	int port = take_of_class(p, proto, want);

	if (port < 0 && want < PORTS_LOW_END)
		port = take_of_class(p, proto, want + PORTS_LOW_END);
	return port;
}

int ports_take(struct ports *p, enum gate_bits proto, uint16_t want,
	       __be32 host)
{
	int port;

	if (is_held(p, proto, want) && hold_at(p, proto, want)->host == host) {
		hold_del(p, proto, want);
		return want;
	}
	if (is_free(p, proto, want)) {
		set_given(p, proto, want, true);
		return want;
	}
	port = take_of_parity(p, proto, want);
	return port < 0 ? take_of_parity(p, proto, want ^ 1) : port;
}

bool ports_take_this(struct ports *p, enum gate_bits proto, uint16_t port)
{
	if (is_held(p, proto, port)) {
		hold_del(p, proto, port);
		return true;
	}
	if (has_bit(p->given[proto], port))
		return false;
	set_given(p, proto, port, true);
	return true;
}

void ports_give(struct ports *p, enum gate_bits proto, uint16_t port)
{
	set_given(p, proto, port, false);
}

void ports_hold(struct ports *p, enum gate_bits proto, uint16_t port,
		__be32 host, uint64_t until_ms)
{
	if (is_reserved(p, proto, port) || !until_ms) {
		ports_give(p, proto, port);
		return;
	}
	hold_add(p, proto, port);
	hold_at(p, proto, port)->until_ms = until_ms;
	hold_at(p, proto, port)->host = host;
}

uint64_t ports_reserve(struct ports *p, enum gate_bits proto, unsigned word,
		       uint64_t bits)
{
	uint64_t changed = p->reserved[proto][word] ^ bits;

	p->reserved[proto][word] = bits;
	for (uint64_t left = changed; left; left &= left - 1) {
		uint16_t port =
			(uint16_t)(word * 64 + (unsigned)__builtin_ctzll(left));

		if (is_held(p, proto, port)) {
			hold_del(p, proto, port);
			put_bit(p->given[proto], port, false);
		}
		settle(p, proto, port);
	}
	return changed & bits;
}

/* ---- time */

unsigned ports_expire(struct ports *p, uint64_t now_ms, unsigned budget)
{
	unsigned done = 0;

	for (unsigned i = 0; i < GATE_BITS_PROTOS * PORTS_CLASSES; i++) {
		enum gate_bits proto = i / PORTS_CLASSES;
		struct port_queue *q = &p->queues[proto][i % PORTS_CLASSES];

		while (q->oldest && done < budget) {
			uint16_t port = (uint16_t)(q->oldest - 1);

			if (hold_at(p, proto, port)->until_ms > now_ms)
				break;
			hold_del(p, proto, port);
			set_given(p, proto, port, false);
			done++;
		}
	}
	return done;
}

uint64_t ports_due(const struct ports *p)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < GATE_BITS_PROTOS * PORTS_CLASSES; i++) {
		enum gate_bits proto = i / PORTS_CLASSES;
		uint32_t port = p->queues[proto][i % PORTS_CLASSES].oldest;

		if (port && hold_at(p, proto, port - 1)->until_ms < due)
			due = hold_at(p, proto, port - 1)->until_ms;
	}
	return due;
}

/* ---- invariants */

static bool check_queue(const struct ports *p, enum gate_bits proto,
			unsigned class, unsigned *held)
{
	const struct port_queue *q = &p->queues[proto][class];
	uint32_t older = 0;

	for (uint32_t at = q->oldest; at;
	     at = hold_at(p, proto, at - 1)->newer) {
		if (!is_held(p, proto, (uint16_t)(at - 1)) ||
		    hold_at(p, proto, at - 1)->older != older ||
		    ++*held > PORTS_SPACE)
			return false;
		older = at;
	}
	return q->newest == older;
}

/* Of 64 ports, those of one parity, packed as in 'free'. */
static uint32_t half_of(uint64_t bits, unsigned parity)
{
	bits = bits >> parity & 0x5555555555555555;
	bits = (bits | bits >> 1) & 0x3333333333333333;
	bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
	bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
	bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
	return (uint32_t)(bits | bits >> 16);
}

static bool check_free(const struct ports *p, enum gate_bits proto,
		       unsigned word)
{
	uint64_t taken = p->given[proto][word];

	if (proto < PORTS_RESERVED_PROTOS)
		taken |= p->reserved[proto][word] | !word;
	for (unsigned parity = 0; parity < 2; parity++) {
		uint64_t free = p->free[proto][parity][word / 2];
		uint64_t sum = p->sum[proto][parity][word / 128];

		if ((uint32_t)(free >> word % 2 * 32) !=
			    half_of(~taken, parity) ||
		    (sum >> word / 2 % 64 & 1) != !!free)
			return false;
	}
	return true;
}

bool ports_check(const struct ports *p, enum gate_bits proto,
		 const uint64_t mapped[PORTS_WORDS])
{
	unsigned queued = 0, held = 0;

	for (unsigned word = 0; word < PORTS_WORDS; word++) {
		uint64_t given = p->given[proto][word];

		if ((mapped[word] | p->held[proto][word]) & ~given ||
		    !check_free(p, proto, word))
			return false;
		for (; given; given &= given - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(given);
			uint16_t port = (uint16_t)(word * 64 + bit);

			if (has_bit(mapped, port) == is_held(p, proto, port) ||
			    is_held(p, proto, port) !=
				    !!hold_at(p, proto, port)->until_ms)
				return false;
			held += is_held(p, proto, port);
		}
	}
	for (unsigned i = 0; i < PORTS_CLASSES; i++)
		if (!check_queue(p, proto, i, &queued))
			return false;
	return queued == held;
}
