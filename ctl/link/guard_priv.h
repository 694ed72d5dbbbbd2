/* guard_priv.h - guard's changes without their journal, for undo.c. */
#ifndef LINK_GUARD_PRIV_H
#define LINK_GUARD_PRIV_H

#include <stdbool.h>

/* Writes /proc/sys/<path>. 0 or -errno. */
int guard_sysctl_write(const char *path, const char *value);
/* Deletes table "inet <table>". -ENOENT: there is none. */
int guard_rules_del(const char *table);
/* Is 'path' on a BPF filesystem, with nothing in it? */
bool guard_bpffs_unused(const char *path);

#endif
