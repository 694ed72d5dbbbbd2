/* file.h - whole files, read and replaced so that a crash leaves the old or
 * the new one. */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* mkdir -p; existing is fine. 0 or -errno. */
int file_mkdirs(const char *path, mode_t mode);
/* Whole file into '*out' (malloc'ed, NUL after the end). -ENOENT, -EFBIG … */
int file_read(const char *path, size_t max, char **out, size_t *len);
/* Temp beside it, fsync, rename, fsync of the folder. */
int file_replace(const char *path, const void *data, size_t len, mode_t mode);
/* The same for what is too large to have in one piece: 'give' gives it to the
 * new file. Its error is returned, and the old file stays. */
int file_replace_by(const char *path, mode_t mode,
		    int (*give)(void *arg, int fd), void *arg);

#endif
