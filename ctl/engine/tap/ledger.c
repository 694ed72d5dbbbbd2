/* ledger.c - the tick's table of pairs, and its handing over.
 * Filled by worker.c and express_books.c (engine thread), read through engine.c
 * (control thread).
 * Invariant: 'handed' says which of the two books is the control thread's; the
 * engine writes the other one alone. */
#include "ledger.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ROWS   32768
#define PLACES 65536 /* of the index: at most half of them are taken */
#define NOBODY 0     /* the row of what finds no other */
#define NONE   UINT32_MAX

/* Rows are handed out in three reaches: pairs first, then others, and the first
 * row is nobody's. */
_Static_assert(1 + LEDGER_PAIRS + LEDGER_HOSTS <= ROWS, "rows suffice");
_Static_assert(ROWS <= UINT16_MAX + 1 && ROWS <= PLACES / 2,
	       "a place can name any row, and the index is half empty");
_Static_assert(sizeof(struct traffic_row) == 64, "a row is a cache line");

/* Of another tick: free. That spares clearing the index ten times a second. */
struct place {
	uint32_t tick;
	uint16_t tag; /* of the hash, beside the bits that chose the place */
	uint16_t row;
};

struct book {
	uint64_t begin_ms, end_ms;
	bool used;
	uint32_t n; /* rows, nobody's included */
	uint32_t others;
	struct traffic_row *rows;
};

struct ledger {
	/* immutable after new */
	struct hash_key key;

	/* where threads meet: 0, or one more than the book */
	_Atomic uint32_t handed;

	/* engine; the book that is handed over is control's */
	struct book books[2];
	uint32_t active;
	uint32_t tick; /* number of the active book, never 0 */
	uint64_t now_ms;
	struct place *places;
};

static uint64_t floor_tick(uint64_t ms)
{
	return ms - ms % TRAFFIC_TICK_MS;
}

/* ---- life */

static void open_book(struct ledger *l, uint32_t which)
{
	struct book *b = &l->books[which];

	b->used = false;
	b->n = 1;
	b->others = 0;
	memset(&b->rows[NOBODY], 0, sizeof(*b->rows));
	l->active = which;
	l->tick++;
}

struct ledger *ledger_new(const struct hash_key *key)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->key = *key;
	l->places = calloc(PLACES, sizeof(*l->places));
	for (unsigned i = 0; i < 2; i++)
		l->books[i].rows =
			aligned_alloc(64, ROWS * sizeof(*l->books[i].rows));
	if (!l->places || !l->books[0].rows || !l->books[1].rows) {
		ledger_free(l);
		return NULL;
	}
	open_book(l, 0);
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	free(l->books[0].rows);
	free(l->books[1].rows);
	free(l->places);
	free(l);
}

/* ---- charging */

/* Whose row it is. */
struct pair {
	const struct mac *host;
	const struct addr *remote;
	uint32_t label;
};

static uint64_t host_bits(const struct mac *m)
{
	uint32_t head;
	uint16_t tail;

	memcpy(&head, m->b, sizeof(head));
	memcpy(&tail, m->b + sizeof(head), sizeof(tail));
	return (uint64_t)tail << 32 | head;
}

static uint64_t hash_of(const struct ledger *l, const struct pair *p)
{
	uint64_t h = hash_words(&l->key, p->remote->q[0], p->remote->q[1]);

	return hash_words(&l->key, h ^ p->label, host_bits(p->host));
}

static bool is_of(const struct traffic_row *row, const struct pair *p)
{
	return row->label == p->label && addr_eq(&row->remote, p->remote) &&
	       host_bits(&row->host) == host_bits(p->host);
}

/* NONE: the tick is full. */
static uint32_t take_row(struct book *b, bool others)
{
	if (others ? b->others == LEDGER_HOSTS
		   : b->n - b->others > LEDGER_PAIRS)
		return NONE;
	b->others += others;
	return b->n++;
}

/* Finds the row or makes it. NONE: it cannot be made. */
static uint32_t row_of(struct ledger *l, struct book *b, const struct pair *p,
		       bool others)
{
	uint64_t hash = hash_of(l, p);
	uint16_t tag = (uint16_t)(hash >> 48);
	uint32_t at = (uint32_t)hash % PLACES, i;
	struct place *place;

	for (;; at = (at + 1) % PLACES) {
		place = &l->places[at];
		if (place->tick != l->tick)
			break;
		if (place->tag == tag && is_of(&b->rows[place->row], p))
			return place->row;
	}
	i = take_row(b, others);
	if (i == NONE)
		return NONE;
	*place = (struct place){ l->tick, tag, (uint16_t)i };
	b->rows[i] = (struct traffic_row){ .host = *p->host,
					   .label = p->label,
					   .remote = *p->remote };
	return i;
}

static uint32_t others_of(struct ledger *l, struct book *b,
			  const struct mac *host)
{
	static const struct addr none;
	const struct pair p = { host, &none, 0 };
	uint32_t i = mac_is_zero(host) ? NONE : row_of(l, b, &p, true);

	return i == NONE ? NOBODY : i;
}

void ledger_charge(struct ledger *l, const struct mac *host,
		   const struct addr *remote, uint32_t label, bool to_lan,
		   uint64_t packets, uint64_t bytes)
{
	struct book *b = &l->books[l->active];
	const struct pair p = { host, remote, label };
	struct traffic_sum *sum;
	uint32_t i = NONE;

	if (!b->used) {
		b->used = true;
		b->begin_ms = floor_tick(l->now_ms);
	}
	if (remote->q[0] | remote->q[1])
		i = row_of(l, b, &p, false);
	if (i == NONE)
		i = others_of(l, b, host);
	sum = &b->rows[i].sum;
	if (to_lan) {
		sum->rx_packets += packets;
		sum->rx_bytes += bytes;
	} else {
		sum->tx_packets += packets;
		sum->tx_bytes += bytes;
	}
}

/* ---- handing over */

static bool hand_over(struct ledger *l, uint64_t end_ms)
{
	struct book *b = &l->books[l->active];

	if (atomic_load_explicit(&l->handed, memory_order_acquire))
		return false;
	b->end_ms = end_ms;
	atomic_store_explicit(&l->handed, l->active + 1, memory_order_release);
	open_book(l, !l->active);
	return true;
}

bool ledger_turn(struct ledger *l, uint64_t now_ms)
{
	const struct book *b = &l->books[l->active];

	l->now_ms = now_ms;
	if (!b->used || now_ms < b->begin_ms + TRAFFIC_TICK_MS)
		return false;
	return hand_over(l, floor_tick(now_ms));
}

uint64_t ledger_due(const struct ledger *l, uint64_t now_ms)
{
	const struct book *b = &l->books[l->active];
	uint64_t end_ms = b->begin_ms + TRAFFIC_TICK_MS;

	if (!b->used)
		return UINT64_MAX;
	return now_ms < end_ms ? end_ms - now_ms
			       : TRAFFIC_TICK_MS - now_ms % TRAFFIC_TICK_MS;
}

bool ledger_close(struct ledger *l, uint64_t now_ms)
{
	const struct book *b = &l->books[l->active];
	uint64_t end_ms = floor_tick(now_ms) + TRAFFIC_TICK_MS;

	if (!b->used)
		return false;
	if (end_ms <= b->begin_ms)
		end_ms = b->begin_ms + TRAFFIC_TICK_MS;
	return hand_over(l, end_ms);
}

/* ---- control */

bool ledger_next(struct ledger *l, struct traffic_tick *out)
{
	uint32_t handed =
		atomic_load_explicit(&l->handed, memory_order_acquire);
	const struct traffic_sum *nobody;
	const struct book *b;
	uint32_t first;

	if (!handed)
		return false;
	b = &l->books[handed - 1];
	nobody = &b->rows[NOBODY].sum;
	first = !(nobody->rx_packets | nobody->tx_packets | nobody->rx_bytes |
		  nobody->tx_bytes);
	*out = (struct traffic_tick){ .begin_ms = b->begin_ms,
				      .end_ms = b->end_ms,
				      .n = b->n - first,
				      .rows = b->rows + first };
	return true;
}

void ledger_done(struct ledger *l)
{
	atomic_store_explicit(&l->handed, 0, memory_order_release);
}
