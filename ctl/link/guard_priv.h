/* guard_priv.h - guard's changes without their journal, for undo.c. */
#ifndef LINK_GUARD_PRIV_H
#define LINK_GUARD_PRIV_H

#include <stdbool.h>

/* Between what we set and what was there before: "OURS <- OLD". */
#define GUARD_SYSCTL_WAS " <- "

/* Reads /proc/sys/<path>, one line without its newline. 0 or -errno. */
#define GUARD_SYSCTL_BYTES 512
int guard_sysctl_get(const char *path, char out[GUARD_SYSCTL_BYTES]);
/* Writes it, unjournalled. */
int guard_sysctl_write(const char *path, const char *value);
/* Writes 'old' to /proc/sys/<path>, if 'ours' is still there. 0 or -errno. */
int guard_sysctl_restore(const char *path, const char *ours, const char *old);
/* Deletes table "inet <table>". -ENOENT: there is none. */
int guard_rules_del(const char *table);
/* Deletes our rules in somebody else's chain. */
int guard_foreign_del(const char *family, const char *table, const char *chain,
		      const char *instance);
/* Is 'path' on a BPF filesystem, with nothing in it? */
bool guard_bpffs_unused(const char *path);

#endif
