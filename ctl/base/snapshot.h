/* snapshot.h - one thread publishes pictures, another looks at the latest.
 *
 * The writer never waits and the reader never locks. A load also says that the
 * reader has let go of every older picture; the writer frees what the reader
 * has passed when it publishes the next one. A picture does not change once it
 * is published. One writer thread, one reader thread. */
#ifndef BASE_SNAPSHOT_H
#define BASE_SNAPSHOT_H

#include <stdint.h>

/* Stands first in every picture. */
struct snapshot_node {
	uint64_t generation; /* set by snapshot_publish(), from 1 on */
	struct snapshot_node *older;
};

struct snapshot {
	/* immutable after init */
	void (*free)(struct snapshot_node *node);

	/* writer writes, reader loads */
	struct snapshot_node *_Atomic latest;

	/* reader writes: generation it holds, UINT64_MAX: none */
	_Atomic uint64_t held;
};

/* 'free_node' is called by the writer, for every picture once. */
void snapshot_init(struct snapshot *s,
		   void (*free_node)(struct snapshot_node *node));
/* Frees everything; no reader is left. */
void snapshot_fini(struct snapshot *s);

/* Writer: the generation that the next picture will have. */
uint64_t snapshot_next_generation(const struct snapshot *s);
/* Writer: takes 'node' over. */
void snapshot_publish(struct snapshot *s, struct snapshot_node *node);

/* Reader: the latest picture, valid until the next load; NULL: none yet. The
 * first load of a reader that starts anew is made before the writer goes on,
 * normally by the thread that starts it. */
struct snapshot_node *snapshot_load(struct snapshot *s);
/* Reader, or the writer once the reader has ended: holds no picture. */
void snapshot_leave(struct snapshot *s);

#endif
