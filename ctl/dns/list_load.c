/* list_load.c - reads lists line by line into two sets.
 *
 * Called by lists.c on a worker thread; touches nothing but what it is given.
 * A list that cannot be read, or is no text, is left out, and says so. */
#include "list_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/block_line.h"

#define LINE_MAX_BYTES 1024 /* longer ones are for browsers */
#define NAMES_MAX      4000000u

/* False: no memory, or more than anybody means. */
static bool take_line(struct list_load *l, struct list_file *f,
		      const char *text, size_t len)
{
	struct block_line line;
	struct dns_name name;

	if (!block_line_begin(&line, text, len))
		return true;
	while (block_line_next(&line, &name)) {
		struct nameset *set = line.allow ? l->allow : l->block;

		if (nameset_count(set) >= NAMES_MAX ||
		    nameset_add(set, &name, line.below, f->tag))
			return false;
		f->names++;
	}
	return true;
}

/* Behind a line that did not fit. */
static void skip_line(FILE *in)
{
	int c;

	do
		c = getc_unlocked(in);
	while (c != EOF && c != '\n');
}

static int read_lines(struct list_load *l, struct list_file *f, FILE *in)
{
	char line[LINE_MAX_BYTES], *end = line + sizeof(line) - 2;
	size_t len;

	/* Only a line that does not fit reaches 'end'; 0 may be in any. */
	while (*end = '\n', fgets(line, sizeof(line), in)) {
		if (l->stop)
			return -ECANCELED;
		if (*end != '\n' && !feof(in)) {
			skip_line(in);
			continue;
		}
		len = strcspn(line, "\n");
		if (!take_line(l, f, line, len))
			return -ENOMEM;
	}
	return ferror(in) ? -EIO : 0;
}

/* Without waiting, should it be a pipe. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (!in && fd >= 0)
		close(fd);
	return in;
}

int64_t list_mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec;
}

static void load_file(struct list_load *l, struct list_file *f)
{
	FILE *in = open_file(f->path);
	struct stat st;

	f->names = 0;
	f->error = in ? 0 : -errno;
	if (!in)
		return;
	if (fstat(fileno(in), &st))
		f->error = -errno;
	else if (!S_ISREG(st.st_mode))
		f->error = -EINVAL;
	f->mtime_ns = list_mtime_ns(&st);
	if (!f->error)
		f->error = read_lines(l, f, in);
	fclose(in);
}

void list_load(struct list_load *l)
{
	unsigned i;

	l->block = nameset_new();
	l->allow = nameset_new();
	for (i = 0; l->block && l->allow && i < l->n; i++)
		load_file(l, &l->files[i]);
	if (l->block && l->allow && !l->stop) {
		nameset_seal(l->block);
		nameset_seal(l->allow);
		return;
	}
	nameset_free(l->block);
	nameset_free(l->allow);
	l->block = l->allow = NULL;
}
