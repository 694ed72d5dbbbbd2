/* names_file.h - a table of names in a file on a tmpfs, so that numbers mean
 * the same to the process that comes after, also after kill -9.
 *
 * Private to names.c. A record for each slot, written so that at any moment it
 * has its number with the whole text, or with none. One thread's. */
#ifndef BASE_NAMES_FILE_H
#define BASE_NAMES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With its NUL; a longer one has its number kept, not its text. */
#define NAMES_FILE_TEXT 124

struct name_record {
	uint32_t id; /* the slot's last number; 0: it had none */
	char text[NAMES_FILE_TEXT];
};

struct names_file {
	void *memory; /* NULL: there is none */
	size_t len;
	struct name_record *records; /* [max] */
	uint64_t line; /* of processes among whom numbers mean the same */
};

/* Opens what a process of ours left at 'path', or makes it anew: whatever does
 * not fit 'max' slots goes. 0 or -errno, -ENOSPC: the tmpfs is too full. */
int names_file_open(struct names_file *f, const char *path, uint32_t max);
/* The file stays. */
void names_file_close(struct names_file *f);

/* NULL: no text that may be shown stands there. */
const char *names_file_text(const struct name_record *r);
void names_file_put(struct names_file *f, uint32_t slot, uint32_t id,
		    const char *text, size_t len);
/* The number stays: it is used no more. */
void names_file_clear(struct names_file *f, uint32_t slot);

#endif
