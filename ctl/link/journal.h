/* journal.h - what was changed on the machine, written before it is changed.
 *
 * One text line a change, under /run, appended with fsync. The next start
 * reads what a killed one left and undoes it, newest first. A journal of
 * another network namespace or another boot is dropped: its changes are not
 * here. Control thread only. */
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

/* Appends "verb args…" durably. 0 or -errno; on error nothing may be changed.
 */
int journal_add(struct journal *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Undoes all entries, newest first, and empties the file. Entries that no
 * longer apply (the port is gone) are passed over. Returns how many failed. */
int journal_undo(struct journal *j);

#endif
