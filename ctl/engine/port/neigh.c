/* neigh.c - the engine's neighbour table.
 * Called by egress.c (lookup, wait) and worker.c (answers, expiry). Engine
 * thread only.
 * Invariant: only ASKED entries hold waiting packets; ASKED and FAILED entries
 * are in the list UNRESOLVED, KNOWN ones in RESOLVED. */
#include "neigh.h"

#include <stdlib.h>

#include "../../../bpf/abi.h"
#include "../slots.h"

enum { RESOLVED, UNRESOLVED };

struct entry {
	struct addr addr;
	uint32_t ifindex;
	enum neigh_state state;
	struct mac mac;
	uint64_t ask_at_ms;   /* ASKED: no question before */
	uint64_t deadline_ms; /* ASKED: give up; FAILED: ask anew */
	uint64_t told_ms;     /* last notice of use, 0: none */
	struct waiting_list waits;
};

struct neigh {
	struct hash_key key;
	struct slots slots;
	struct waiting_pool *pool;
	struct waiting_list done;
	struct {
		uint32_t ifindex; /* 0: there is none */
		struct addr addr;
	} pins[2];	    /* IPv4's, IPv6's */
	uint64_t due_ms;    /* no deadline of a waiting packet is before this */
	uint64_t window_ms; /* when the count of 'asks' began */
	unsigned asks;
	struct entry entries[NEIGH_MAX];
};

_Static_assert(NEIGH_UNRESOLVED_MAX >= 3 &&
		       NEIGH_UNRESOLVED_MAX <= NEIGH_MAX - 3,
	       "a scan leaves room for what is known");

struct neigh *neigh_new(const struct hash_key *key)
{
	struct neigh *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->key = *key;
	t->due_ms = UINT64_MAX;
	t->pool = waiting_new();
	if (!t->pool || slots_init(&t->slots, NEIGH_MAX)) {
		waiting_free(t->pool);
		free(t);
		return NULL;
	}
	return t;
}

void neigh_free(struct neigh *t)
{
	if (!t)
		return;
	slots_fini(&t->slots);
	waiting_free(t->pool);
	free(t);
}

void neigh_pin(struct neigh *t, uint32_t ifindex, const struct addr *addr)
{
	bool ipv6 = !addr_is_v4(addr);

	t->pins[ipv6].ifindex = addr_is_zero(addr) ? 0 : ifindex;
	t->pins[ipv6].addr = *addr;
}

static bool is_pinned(const struct neigh *t, const struct entry *e)
{
	for (unsigned i = 0; i < 2; i++)
		if (t->pins[i].ifindex && e->ifindex == t->pins[i].ifindex &&
		    addr_eq(&e->addr, &t->pins[i].addr))
			return true;
	return false;
}

static uint32_t hash_of(const struct neigh *t, uint32_t ifindex,
			const struct addr *addr)
{
	struct {
		struct addr addr;
		uint64_t ifindex;
	} key = { *addr, ifindex };

	return (uint32_t)hash_bytes(&t->key, &key, sizeof(key));
}

static uint32_t find_slot(const struct neigh *t, uint32_t hash,
			  uint32_t ifindex, const struct addr *addr)
{
	uint32_t i = slots_first(&t->slots, hash);

	for (; i != SLOTS_NONE; i = slots_next(&t->slots, i))
		if (t->entries[i].ifindex == ifindex &&
		    addr_eq(&t->entries[i].addr, addr))
			break;
	return i;
}

static struct entry *find(struct neigh *t, uint32_t hash, uint32_t ifindex,
			  const struct addr *addr)
{
	uint32_t i = find_slot(t, hash, ifindex, addr);

	if (i >= NEIGH_MAX)
		return NULL;
	return &t->entries[i];
}

static uint32_t slot_of(const struct neigh *t, const struct entry *e)
{
	return (uint32_t)(e - t->entries);
}

static void release(struct neigh *t, struct entry *e, enum verdict verdict,
		    enum gate_drop drop)
{
	for (struct waiting *x = e->waits.first; x; x = x->next) {
		x->pkt.verdict = verdict;
		x->pkt.drop = drop;
	}
	waiting_move(&t->done, &e->waits);
}

/* Every change of state. Not logged: strangers bring it about at any rate. */
static void become(struct neigh *t, struct entry *e, enum neigh_state state,
		   uint64_t now_ms)
{
	e->state = state;
	switch (state) {
	case NEIGH_ASKED:
		e->ask_at_ms = now_ms;
		e->deadline_ms = now_ms + NEIGH_PATIENCE_MS;
		break;
	case NEIGH_KNOWN:
		release(t, e, VERDICT_FORWARD, 0);
		break;
	case NEIGH_FAILED:
		e->deadline_ms = now_ms + NEIGH_FAILED_MS;
		release(t, e, VERDICT_DROP, DROP_NEIGH_FAILED);
		break;
	}
	slots_touch(&t->slots, slot_of(t, e),
		    state == NEIGH_KNOWN ? RESOLVED : UNRESOLVED);
}

static void evict(struct neigh *t, struct entry *e)
{
	release(t, e, VERDICT_DROP, DROP_NEIGH_QUEUE);
	slots_del(&t->slots, slot_of(t, e));
}

/* The list has three entries at least: two may be gateways'. */
static void evict_stalest(struct neigh *t, unsigned list)
{
	uint32_t i = slots_oldest(&t->slots, list);

	while (is_pinned(t, &t->entries[i]))
		i = slots_newer(&t->slots, i);
	evict(t, &t->entries[i]);
}

static void make_room(struct neigh *t)
{
	if (t->slots.lists[UNRESOLVED].n >= NEIGH_UNRESOLVED_MAX)
		evict_stalest(t, UNRESOLVED);
	else if (t->slots.used == NEIGH_MAX)
		evict_stalest(t, RESOLVED);
}

/* The caller made room, and gives it a state. */
static struct entry *make(struct neigh *t, uint32_t hash, uint32_t ifindex,
			  const struct addr *addr)
{
	uint32_t i = slots_add(&t->slots, hash, UNRESOLVED);

	t->entries[i] = (struct entry){ .addr = *addr, .ifindex = ifindex };
	return &t->entries[i];
}

/* Is it time for a question? A scan makes the kernel ask in measure only;
 * what the measure holds back is asked at a later packet. */
static bool ask(struct neigh *t, struct entry *e, uint64_t now_ms)
{
	if (now_ms < e->ask_at_ms)
		return false;
	if (now_ms - t->window_ms >= NEIGH_WINDOW_MS) {
		t->window_ms = now_ms;
		t->asks = 0;
	}
	if (t->asks >= NEIGH_ASKS && !is_pinned(t, e))
		return false;
	t->asks++;
	e->ask_at_ms = now_ms + NEIGH_ASK_MS;
	return true;
}

/* Looks at the clock of an entry that a packet wants. */
static void use(struct neigh *t, struct entry *e, uint64_t now_ms,
		struct neigh_hop *hop)
{
	switch (e->state) {
	case NEIGH_KNOWN:
		hop->used = !e->told_ms || now_ms - e->told_ms >= NEIGH_USED_MS;
		if (hop->used)
			e->told_ms = now_ms;
		slots_touch(&t->slots, slot_of(t, e), RESOLVED);
		break;
	case NEIGH_FAILED:
		if (now_ms < e->deadline_ms)
			break;
		become(t, e, NEIGH_ASKED, now_ms);
		hop->ask = ask(t, e, now_ms);
		break;
	case NEIGH_ASKED:
		hop->ask = ask(t, e, now_ms);
		slots_touch(&t->slots, slot_of(t, e), UNRESOLVED);
		break;
	}
}

struct neigh_hop neigh_lookup(struct neigh *t, uint32_t ifindex,
			      const struct addr *addr, uint64_t now_ms)
{
	uint32_t hash = hash_of(t, ifindex, addr);
	uint32_t i = find_slot(t, hash, ifindex, addr);
	struct neigh_hop hop = { 0 };
	struct entry *e;

	if (i != SLOTS_NONE) {
		e = &t->entries[i];
		use(t, e, now_ms, &hop);
	} else {
		make_room(t);
		e = make(t, hash, ifindex, addr);
		become(t, e, NEIGH_ASKED, now_ms);
		hop.ask = ask(t, e, now_ms);
	}
	hop.state = e->state;
	hop.mac = e->mac;
	hop.slot = slot_of(t, e);
	return hop;
}

bool neigh_known(const struct neigh *t, uint32_t ifindex,
		 const struct addr *addr, struct mac *mac)
{
	uint32_t i = find_slot(t, hash_of(t, ifindex, addr), ifindex, addr);

	if (i == SLOTS_NONE || t->entries[i].state != NEIGH_KNOWN)
		return false;
	*mac = t->entries[i].mac;
	return true;
}

bool neigh_wait(struct neigh *t, uint32_t slot, const struct pkt *p,
		uint64_t now_ms)
{
	struct entry *e = &t->entries[slot];

	if (!waiting_put(t->pool, &e->waits, p, is_pinned(t, e)))
		return false;
	/* The first to wait starts the clock; an old question may have been
	 * lost with a full event ring. */
	if (e->waits.n == 1)
		e->deadline_ms = now_ms + NEIGH_PATIENCE_MS;
	if (e->deadline_ms < t->due_ms)
		t->due_ms = e->deadline_ms;
	return true;
}

/* Entries that nobody asked for are welcome while there is room: they spare
 * the first packet its wait. */
void neigh_learn(struct neigh *t, uint32_t ifindex, const struct addr *addr,
		 const struct mac *mac, uint64_t now_ms)
{
	uint32_t hash = hash_of(t, ifindex, addr);
	uint32_t i = find_slot(t, hash, ifindex, addr);
	struct entry *e;

	if (i == SLOTS_NONE && t->slots.used == NEIGH_MAX)
		return;
	e = i == SLOTS_NONE ? make(t, hash, ifindex, addr) : &t->entries[i];
	e->mac = *mac;
	become(t, e, NEIGH_KNOWN, now_ms);
}

void neigh_fail(struct neigh *t, uint32_t ifindex, const struct addr *addr,
		uint64_t now_ms)
{
	struct entry *e = find(t, hash_of(t, ifindex, addr), ifindex, addr);

	if (e)
		become(t, e, NEIGH_FAILED, now_ms);
}

void neigh_forget(struct neigh *t, uint32_t ifindex, const struct addr *addr)
{
	struct entry *e = find(t, hash_of(t, ifindex, addr), ifindex, addr);

	if (e && e->state == NEIGH_KNOWN)
		evict(t, e);
}

void neigh_flush(struct neigh *t, uint32_t ifindex)
{
	for (unsigned list = 0; list < SLOTS_LISTS; list++) {
		uint32_t next, i = slots_oldest(&t->slots, list);

		for (; i != SLOTS_NONE; i = next) {
			next = slots_newer(&t->slots, i);
			if (t->entries[i].ifindex == ifindex)
				evict(t, &t->entries[i]);
		}
	}
}

/* Looks at every unresolved entry, but only when one may be due. */
uint64_t neigh_expire(struct neigh *t, uint64_t now_ms)
{
	uint32_t next, i = slots_oldest(&t->slots, UNRESOLVED);

	if (now_ms < t->due_ms)
		return t->due_ms == UINT64_MAX ? UINT64_MAX
					       : t->due_ms - now_ms;
	t->due_ms = UINT64_MAX;
	for (; i != SLOTS_NONE; i = next) {
		struct entry *e = &t->entries[i];

		next = slots_newer(&t->slots, i);
		if (!e->waits.n)
			continue;
		if (now_ms >= e->deadline_ms)
			become(t, e, NEIGH_FAILED, now_ms);
		else if (e->deadline_ms < t->due_ms)
			t->due_ms = e->deadline_ms;
	}
	return t->due_ms == UINT64_MAX ? UINT64_MAX : t->due_ms - now_ms;
}

struct waiting *neigh_done(struct neigh *t)
{
	return waiting_take(&t->done);
}

void neigh_done_free(struct neigh *t, struct waiting *x)
{
	waiting_put_back(t->pool, x);
}
