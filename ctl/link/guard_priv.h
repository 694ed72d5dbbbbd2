/* guard_priv.h - guard's changes without their journal, for undo.c. */
#ifndef LINK_GUARD_PRIV_H
#define LINK_GUARD_PRIV_H

#include <stdbool.h>

/* Between what we set and what was there before: "OURS <- OLD". */
#define GUARD_SYSCTL_WAS " <- "

/* Writes 'old' to /proc/sys/<path>, if 'ours' is still there. 0 or -errno. */
int guard_sysctl_restore(const char *path, const char *ours, const char *old);
/* Deletes table "inet <table>". -ENOENT: there is none. */
int guard_rules_del(const char *table);
/* Is 'path' on a BPF filesystem, with nothing in it? */
bool guard_bpffs_unused(const char *path);

#endif
