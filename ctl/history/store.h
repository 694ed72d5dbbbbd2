/* store.h - history in a file.
 *
 * A magic word, then frames: length, checksum, kind, content. Segments are
 * written as they are in memory; so a frame that is broken costs itself and
 * what follows, and nothing that is read needs more than its length. msgpack,
 * which other state files use, would wrap the same bytes once more and has
 * neither checksums nor a way to append. Any thread. */
#ifndef HISTORY_STORE_H
#define HISTORY_STORE_H

#include "history.h"

/* Replaces the file, whole or not at all. 0 or -errno. */
int store_save(const struct snapshot_of_history *s, const char *path);
/* Adds the segments to a file that store_save() wrote; what it says of runs
 * counts from then on. If that fails, the file is as it was. Not synced: for a
 * start that follows at once. */
int store_append(const struct snapshot_of_history *s, const char *path);

/* What a file held; segments have texts for names, and belong to no history
 * yet. */
struct store_content {
	unsigned runs_n;
	struct history_run runs[HISTORY_RUNS_MAX];
	uint64_t from_ms[TIERS];
	unsigned n, room;
	struct segment **segments;
	bool broken; /* in part, or all of it */
};
/* From a file's bytes. 'out' is what could be read. 0 or -ENOMEM. */
int store_parse(const uint8_t *bytes, size_t len, struct store_content *out);
/* -errno: there is none, or it cannot be read. */
int store_load(const char *path, struct store_content *out);
/* Into the history; 'c' is empty afterwards. Control thread. */
void store_adopt(struct history *h, struct store_content *c);
void store_free(struct store_content *c);

#endif
