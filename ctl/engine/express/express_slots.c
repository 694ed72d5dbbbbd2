/* express_slots.c - rows and keys in the gate's maps, and the rest that slots
 * take between two flows.
 * Called by express.c. Engine thread, or the control thread while the engine
 * is stopped.
 * Invariant: a program that finds a key finds its row whole, and the row stays
 * as it is for EXPRESS_REST_MS after the key is gone; what XDP passed to tc for
 * a key finds it there. */
#include <bpf/bpf.h>
#include <errno.h>

#include "../tap/capture.h"
#include "express_core.h"

static bool is_v4(const struct express_flow *row)
{
	return row->key.ifindex;
}

static int add_key(const struct express *x, uint32_t slot)
{
	const struct express_flow *row = &x->flows[slot];
	const struct express_slot value = { slot };
	int rc = is_v4(row) ? bpf_map_update_elem(x->express4_fd, &row->key,
						  &value, BPF_ANY)
			    : bpf_map_update_elem(x->express6_fd, &row->key6,
						  &value, BPF_ANY);

	return rc ? -errno : 0;
}

/* Unless it leads elsewhere by now: after a crash, a slot that was at rest
 * still says whose it was, and the flow may have got another since. */
static void delete_own(int map, const void *key, uint32_t slot)
{
	struct express_slot at;

	if (!bpf_map_lookup_elem(map, key, &at) && at.slot == slot)
		(void)bpf_map_delete_elem(map, key);
}

static void delete_key(const struct express *x, uint32_t slot)
{
	const struct express_flow *row = &x->flows[slot];

	if (is_v4(row))
		delete_own(x->express4_fd, &row->key, slot);
	else if (row->key6.ifindex)
		delete_own(x->express6_fd, &row->key6, slot);
}

uint32_t express_take(struct express *x)
{
	uint32_t i = x->free;

	if (i)
		x->free = x->pairs[i].next;
	else if (x->used < GATE_EXPRESS_PAIRS)
		i = ++x->used;
	return i;
}

static void wait_in(struct express *x, struct pair_queue *q, uint32_t pair,
		    unsigned ms)
{
	struct pair *p = &x->pairs[pair];

	p->until_ms = x->now_ms + ms;
	p->next = 0;
	if (q->last)
		x->pairs[q->last].next = pair;
	else
		q->first = pair;
	q->last = pair;
}

/* The first whose time is over, taken out; 0: none. */
static uint32_t next_of(struct express *x, struct pair_queue *q)
{
	uint32_t i = q->first;

	if (!i || x->now_ms < x->pairs[i].until_ms)
		return 0;
	q->first = x->pairs[i].next;
	if (!q->first)
		q->last = 0;
	return i;
}

static uint64_t due_of(const struct express *x, const struct pair_queue *q)
{
	return q->first ? x->pairs[q->first].until_ms : UINT64_MAX;
}

void express_rest(struct express *x, uint32_t pair)
{
	x->pairs[pair].state = PAIR_RESTING;
	wait_in(x, &x->resting, pair, EXPRESS_REST_MS);
}

void express_join(struct express *x, uint32_t pair)
{
	uint32_t n = x->live_n;

	x->pairs[pair].state = PAIR_LIVE;
	x->pairs[pair].place = n;
	x->live[n] = pair;
	atomic_store_explicit(&x->live_n, n + 1, memory_order_relaxed);
}

static void part(struct express *x, uint32_t pair)
{
	uint32_t n = x->live_n - 1, place = x->pairs[pair].place;
	uint32_t last = x->live[n];

	x->live[place] = last;
	x->pairs[last].place = place;
	atomic_store_explicit(&x->live_n, n, memory_order_relaxed);
}

/* The way back first: what goes out may be answered at once. */
int express_enter(struct express *x, uint32_t pair,
		  const struct express_plan *p)
{
	int rc;

	for (unsigned way = 0; way < WAYS; way++)
		x->flows[express_slot(pair, way)] = p->rows[way];
	atomic_thread_fence(memory_order_release);
	rc = add_key(x, express_slot(pair, WAY_IN));
	if (!rc) {
		rc = add_key(x, express_slot(pair, WAY_OUT));
		if (rc)
			delete_key(x, express_slot(pair, WAY_IN));
	}
	if (rc)
		express_rest(x, pair);
	else
		express_join(x, pair);
	return rc;
}

/* Is what comes in passed to tc by XDP? Yes, where it is not known. */
static bool is_behind_xdp(const struct express *x,
			  const struct express_flow *row)
{
	const struct ports *ps = x->egress->ports;
	uint32_t in = is_v4(row) ? row->key.ifindex : row->key6.ifindex;
	unsigned can = 0;

	for (unsigned i = 0; i < ps->n; i++)
		if (ps->ports[i].info.ifindex == in)
			can |= express_ability(x, i);
	return row->face == EXPRESS_FACE_TC &&
	       (can & ENGINE_XDP_IN || !(can & ENGINE_TC_IN));
}

/* true: tc is to carry yet what XDP has passed. */
static bool stop(struct express *x, uint32_t slot)
{
	struct express_flow *row = &x->flows[slot];

	if (!is_behind_xdp(x, row)) {
		delete_key(x, slot);
		return false;
	}
	__atomic_store_n(&row->face, EXPRESS_FACE_LEAVING, __ATOMIC_RELAXED);
	return true;
}

void express_leave(struct express *x, uint32_t pair)
{
	bool out = stop(x, express_slot(pair, WAY_OUT));
	bool in = stop(x, express_slot(pair, WAY_IN));

	part(x, pair);
	if (!out && !in) {
		express_rest(x, pair);
		return;
	}
	x->pairs[pair].state = PAIR_LEAVING;
	wait_in(x, &x->leaving, pair, EXPRESS_LEAVE_MS);
}

void express_forget(struct express *x, uint32_t pair)
{
	delete_key(x, express_slot(pair, WAY_OUT));
	delete_key(x, express_slot(pair, WAY_IN));
	express_rest(x, pair);
}

/* 'to' and 'mtu' lie in one word, which programs read as one. */
static uint64_t *hop_word(struct express_flow *row)
{
	return (uint64_t *)(void *)row->to;
}

/* Either program does all that a row says, whichever it names. */
static bool differs_in_little(const struct express_flow *row,
			      const struct express_flow *planned)
{
	struct express_flow copy = *planned;

	copy.face = row->face;
	*hop_word(&copy) = *hop_word((struct express_flow *)(uintptr_t)row);
	return !memcmp(row, &copy, sizeof(copy));
}

bool express_follow(struct express *x, uint32_t pair,
		    const struct express_plan *p)
{
	for (unsigned way = 0; way < WAYS; way++)
		if (!differs_in_little(&x->flows[express_slot(pair, way)],
				       &p->rows[way]))
			return false;
	for (unsigned way = 0; way < WAYS; way++) {
		struct express_flow row = p->rows[way];

		__atomic_store_n(hop_word(&x->flows[express_slot(pair, way)]),
				 *hop_word(&row), __ATOMIC_RELAXED);
		__atomic_store_n(&x->flows[express_slot(pair, way)].face,
				 row.face, __ATOMIC_RELAXED);
	}
	return true;
}

/* Returns when the next is due. */
static uint64_t let_go(struct express *x)
{
	uint32_t i;

	for (unsigned n = 0; n < EXPRESS_DEMOTIONS; n++) {
		i = next_of(x, &x->leaving);
		if (!i)
			break;
		express_charge(x, i);
		express_forget(x, i);
	}
	return due_of(x, &x->leaving);
}

static void set_free(struct express *x, uint32_t pair)
{
	struct pair *p = &x->pairs[pair];

	express_charge(x, pair);
	capture_demoted(x->egress->capture, pair, &p->host);
	for (unsigned way = 0; way < WAYS; way++) {
		uint32_t slot = express_slot(pair, way);

		x->flows[slot] = (struct express_flow){ 0 };
		x->stats[slot] = (struct express_stats){ 0 };
	}
	*p = (struct pair){ .next = x->free };
	x->free = pair;
}

uint64_t express_rested(struct express *x)
{
	uint64_t left = let_go(x), rested;
	uint32_t i;

	while ((i = next_of(x, &x->resting)))
		set_free(x, i);
	rested = due_of(x, &x->resting);
	return left < rested ? left : rested;
}
