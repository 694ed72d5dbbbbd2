/* journal.h - what was changed on the machine, written before it is changed.
 *
 * One text line a change, under /run, appended with fsync. The next start
 * reads what a killed one left, takes over what it wants as it is, and undoes
 * the rest, newest first. A journal of another boot is dropped: its changes are
 * gone. One of another network namespace is put aside for whoever starts there.
 * Control thread only. */
#ifndef LINK_JOURNAL_H
#define LINK_JOURNAL_H

#include <stdbool.h>

#include "../base/error.h"

struct journal;

/* Creates or opens 'path'. '*left' tells whether an earlier run left entries
 * that fit this namespace and boot. */
int journal_open(struct journal **out, const char *path, bool *left,
		 struct error *err);
/* Keeps the file: what is written stays to be undone. */
void journal_close(struct journal *j);

/* Appends "verb args…" durably; one that stands there already is taken over. 0
 * or -errno; on error nothing may be changed. */
int journal_add(struct journal *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Takes over every entry that begins with these words: its change is found made
 * and shall stay. False: there is none, the change is somebody else's. */
bool journal_keep(struct journal *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Calls back with every entry, oldest first. */
void journal_each(const struct journal *j,
		  void (*each)(void *arg, const char *entry), void *arg);

/* Undoes what an earlier run left and nobody took over. Returns how many
 * failed; those stay in the file for the next try, here and below. */
int journal_sweep(struct journal *j);
/* Undoes what makes the machine forward, alone. */
int journal_undo_forwarding(struct journal *j);
/* Undoes all entries, newest first but for the rules against leaks, which come
 * last. Entries that no longer apply (the port is gone) are passed over. */
int journal_undo(struct journal *j);

#endif
