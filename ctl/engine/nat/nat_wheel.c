/* nat_wheel.c - when to look at a session or an idle mapping again.
 * Called by nat_session.c, nat_map.c and nat_expire(). Engine thread only.
 *
 * One turn of slots, a second each. A deadline that moves later costs nothing:
 * the entry stays, and who finds it due too early arms it again. One beyond the
 * turn waits in its last slot, likewise.
 * Invariant: an entry with a slot is in that slot's list and in no other. */
#include "nat_core.h"

static struct nat_timer *timer_of(struct nat *n, uint32_t id)
{
	if (id & NAT_ID_MAP)
		return &nat_map_at(n, id & ~NAT_ID_MAP)->timer;
	return &nat_links_at(n, id)->timer;
}

static void mark(struct nat_wheel *w, unsigned slot)
{
	uint64_t mask = 1ULL << slot % 64;

	if (w->heads[slot])
		w->busy[slot / 64] |= mask;
	else
		w->busy[slot / 64] &= ~mask;
}

void nat_wheel_disarm(struct nat *n, uint32_t id)
{
	struct nat_wheel *w = &n->wheel;
	struct nat_timer *t = timer_of(n, id);
	unsigned slot = t->slot - 1u;

	if (!t->slot)
		return;
	if (t->prev)
		timer_of(n, t->prev)->next = t->next;
	else
		w->heads[slot] = t->next;
	if (t->next)
		timer_of(n, t->next)->prev = t->prev;
	*t = (struct nat_timer){ 0 };
	mark(w, slot);
	w->armed--;
}

void nat_wheel_arm(struct nat *n, uint32_t id, uint64_t due_ms)
{
	struct nat_wheel *w = &n->wheel;
	struct nat_timer *t = timer_of(n, id);
	uint64_t tick = due_ms / NAT_TICK_MS + 1;
	unsigned slot;

	nat_wheel_disarm(n, id);
	if (!w->armed)
		w->tick = n->now_ms / NAT_TICK_MS;
	if (tick < w->tick)
		tick = w->tick;
	if (tick > w->tick + NAT_TICKS - 1)
		tick = w->tick + NAT_TICKS - 1;
	slot = (unsigned)(tick % NAT_TICKS);
	*t = (struct nat_timer){ .next = w->heads[slot],
				 .slot = (uint16_t)(slot + 1) };
	if (t->next)
		timer_of(n, t->next)->prev = id;
	w->heads[slot] = id;
	mark(w, slot);
	w->armed++;
}

/* Whoever is popped ends, most often: the next one's record will be wanted. */
static void fetch_next(struct nat *n, uint32_t id)
{
	if (!id || id & NAT_ID_MAP)
		return;
	__builtin_prefetch(nat_session_at(n, id), 1);
	__builtin_prefetch(&nat_session_at(n, id)->owner, 1);
}

uint32_t nat_wheel_pop(struct nat *n)
{
	struct nat_wheel *w = &n->wheel;
	uint64_t now = n->now_ms / NAT_TICK_MS;
	uint32_t id;

	if (!w->armed)
		return 0;
	if (now >= NAT_TICKS && w->tick < now - (NAT_TICKS - 1))
		w->tick = now - (NAT_TICKS - 1); /* every slot once is enough */
	while (w->tick <= now) {
		id = w->heads[w->tick % NAT_TICKS];
		if (id) {
			nat_wheel_disarm(n, id);
			fetch_next(n, w->heads[w->tick % NAT_TICKS]);
			return id;
		}
		w->tick++;
	}
	return 0;
}

uint64_t nat_wheel_due(const struct nat *n)
{
	const struct nat_wheel *w = &n->wheel;

	for (uint64_t i = 0; i < NAT_TICKS; i++) {
		uint64_t slot = (w->tick + i) % NAT_TICKS;
		uint64_t busy = w->busy[slot / 64] >> slot % 64;

		if (busy & 1)
			return (w->tick + i) * NAT_TICK_MS;
		if (!busy)
			i += 63 - slot % 64; /* nothing up to the next word */
	}
	return UINT64_MAX;
}
