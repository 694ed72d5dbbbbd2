/* snapshot.c - pictures in a chain, newest first, freed behind the reader.
 *
 * Called by the control thread (publish) and the engine (load).
 * Invariant: a node older than 'held' is out of the reader's hands, because
 * 'held' is stored with release after its last use. */
#include "snapshot.h"

#include <stdatomic.h>
#include <stddef.h>

void snapshot_init(struct snapshot *s,
		   void (*free_node)(struct snapshot_node *node))
{
	s->free = free_node;
	atomic_init(&s->latest, NULL);
	atomic_init(&s->held, UINT64_MAX);
}

static void free_chain(struct snapshot *s, struct snapshot_node *node)
{
	while (node) {
		struct snapshot_node *older = node->older;

		s->free(node);
		node = older;
	}
}

void snapshot_fini(struct snapshot *s)
{
	free_chain(s, atomic_exchange(&s->latest, NULL));
}

uint64_t snapshot_next_generation(const struct snapshot *s)
{
	const struct snapshot_node *latest =
		atomic_load_explicit(&s->latest, memory_order_relaxed);

	return latest ? latest->generation + 1 : 1;
}

void snapshot_publish(struct snapshot *s, struct snapshot_node *node)
{
	uint64_t held;

	node->generation = snapshot_next_generation(s);
	node->older = atomic_load_explicit(&s->latest, memory_order_relaxed);
	atomic_store_explicit(&s->latest, node, memory_order_release);

	/* The reader may just be taking the one before this: it stays until
	 * 'held' has moved on, and only what is older than 'held' goes. */
	held = atomic_load_explicit(&s->held, memory_order_acquire);
	while (node->older && node->generation > held)
		node = node->older;
	free_chain(s, node->older);
	node->older = NULL;
}

struct snapshot_node *snapshot_load(struct snapshot *s)
{
	struct snapshot_node *node =
		atomic_load_explicit(&s->latest, memory_order_acquire);

	if (node)
		atomic_store_explicit(&s->held, node->generation,
				      memory_order_release);
	return node;
}

void snapshot_leave(struct snapshot *s)
{
	atomic_store_explicit(&s->held, UINT64_MAX, memory_order_release);
}
