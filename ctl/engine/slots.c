/* slots.c - hash chains and recency lists over slot numbers.
 * Called by neigh.c, fdb.c and stats.c. Engine thread only.
 * Invariant: see slots.h. */
#include "slots.h"

#include <errno.h>
#include <stdlib.h>

int slots_init(struct slots *s, uint32_t capacity)
{
	uint32_t buckets = 1;

	while (buckets < capacity)
		buckets *= 2;
	*s = (struct slots){ .capacity = capacity, .mask = buckets - 1 };
	s->buckets = malloc(buckets * sizeof(*s->buckets));
	s->links = calloc(capacity, sizeof(*s->links));
	if (!s->buckets || !s->links) {
		slots_fini(s);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < buckets; i++)
		s->buckets[i] = SLOTS_NONE;
	for (uint32_t i = 0; i < capacity; i++)
		s->links[i].chain = i + 1 < capacity ? i + 1 : SLOTS_NONE;
	s->free = capacity ? 0 : SLOTS_NONE;
	for (unsigned i = 0; i < SLOTS_LISTS; i++)
		s->lists[i].newest = s->lists[i].oldest = SLOTS_NONE;
	return 0;
}

void slots_fini(struct slots *s)
{
	free(s->buckets);
	free(s->links);
	s->buckets = NULL;
	s->links = NULL;
}

static uint32_t same_hash(const struct slots *s, uint32_t slot, uint32_t hash)
{
	while (slot != SLOTS_NONE && s->links[slot].hash != hash)
		slot = s->links[slot].chain;
	return slot;
}

uint32_t slots_first(const struct slots *s, uint32_t hash)
{
	return same_hash(s, s->buckets[hash & s->mask], hash);
}

uint32_t slots_next(const struct slots *s, uint32_t slot)
{
	const struct slots_link *l = &s->links[slot];

	return same_hash(s, l->chain, l->hash);
}

static void list_remove(struct slots *s, uint32_t slot)
{
	struct slots_link *l = &s->links[slot];

	if (l->newer != SLOTS_NONE)
		s->links[l->newer].older = l->older;
	else
		s->lists[l->list].newest = l->older;
	if (l->older != SLOTS_NONE)
		s->links[l->older].newer = l->newer;
	else
		s->lists[l->list].oldest = l->newer;
	s->lists[l->list].n--;
}

static void list_push(struct slots *s, uint32_t slot, unsigned list)
{
	struct slots_link *l = &s->links[slot];

	l->list = list;
	l->newer = SLOTS_NONE;
	l->older = s->lists[list].newest;
	if (l->older != SLOTS_NONE)
		s->links[l->older].newer = slot;
	else
		s->lists[list].oldest = slot;
	s->lists[list].newest = slot;
	s->lists[list].n++;
}

uint32_t slots_add(struct slots *s, uint32_t hash, unsigned list)
{
	uint32_t slot = s->free, *bucket = &s->buckets[hash & s->mask];

	if (slot == SLOTS_NONE)
		return SLOTS_NONE;
	s->free = s->links[slot].chain;
	s->links[slot].hash = hash;
	s->links[slot].chain = *bucket;
	*bucket = slot;
	list_push(s, slot, list);
	s->used++;
	return slot;
}

void slots_del(struct slots *s, uint32_t slot)
{
	uint32_t *at = &s->buckets[s->links[slot].hash & s->mask];

	while (*at != slot)
		at = &s->links[*at].chain;
	*at = s->links[slot].chain;
	list_remove(s, slot);
	s->links[slot].chain = s->free;
	s->free = slot;
	s->used--;
}

void slots_touch(struct slots *s, uint32_t slot, unsigned list)
{
	if (s->lists[list].newest == slot)
		return;
	list_remove(s, slot);
	list_push(s, slot, list);
}

uint32_t slots_oldest(const struct slots *s, unsigned list)
{
	return s->lists[list].oldest;
}

uint32_t slots_newer(const struct slots *s, uint32_t slot)
{
	return s->links[slot].newer;
}
