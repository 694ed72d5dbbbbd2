/* journal.c - the list of changes on file, and taking them back.
 *
 * The first line says of which boot and network namespace the rest is. A line
 * without its newline was never acted upon: a kill came between. Opened by
 * gateway.c, written by all who change the machine; control thread only.
 * Invariant: what stands in the file is on disk before the change is made, and
 * the file holds the entries in memory, in their order. */
#include "journal.h"
#include "ns.h"
#include "undo.h"

#include "../base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID	     "/proc/sys/kernel/random/boot_id"
#define LINE_MAX_LEN 1024
#define HEADER_LEN   128
#define PATH_LEN     256
#define NET_WORD     " net "

struct entry {
	char *line; /* NULL: undone */
	bool kept;  /* this run's own, or taken over by it */
};

struct journal {
	int fd;
	char header[HEADER_LEN]; /* what the first line must be */
	char path[PATH_LEN];
	struct entry *entries;
	size_t entries_n, entries_cap;
};

/* "journal 2 boot BOOT-ID net DEVICE:INODE\n" */
static int header_make(char out[HEADER_LEN])
{
	char boot[40], net[NS_ID_LEN];
	ssize_t n;
	int fd, err;

	err = ns_id("net", net);
	if (err)
		return err;
	fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, boot, sizeof(boot) - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	boot[n] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	snprintf(out, HEADER_LEN, "journal 2 boot %s net %s\n", boot, net);
	return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

/* The whole file, NUL-terminated, to be freed; only complete lines are kept,
 * in the text and in the file. NULL: see errno. */
static char *file_read(int fd)
{
	struct stat st;
	char *text, *end;
	ssize_t n;

	if (fstat(fd, &st))
		return NULL;
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	end = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;
	end = end ? end + 1 : text;
	*end = '\0';
	if (n < 0 || ftruncate(fd, end - text)) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- entries in memory */

static int entry_add(struct journal *j, const char *line, bool kept)
{
	size_t cap = j->entries_cap ? 2 * j->entries_cap : 32;
	void *more;

	if (j->entries_n == j->entries_cap) {
		more = reallocarray(j->entries, cap, sizeof(*j->entries));
		if (!more)
			return -ENOMEM;
		j->entries = more;
		j->entries_cap = cap;
	}
	j->entries[j->entries_n].line = strdup(line);
	j->entries[j->entries_n].kept = kept;
	return j->entries[j->entries_n++].line ? 0 : -ENOMEM;
}

/* 'lines' is cut up. */
static int entries_load(struct journal *j, char *lines)
{
	const char *line;
	int err = 0;

	while (!err && (line = strsep(&lines, "\n")) && *line)
		err = entry_add(j, line, false);
	return err;
}

static void entries_compact(struct journal *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->entries_n; i++)
		if (j->entries[i].line)
			j->entries[n++] = j->entries[i];
	j->entries_n = n;
}

/* ---- the file */

/* The lock keeps a second process from undoing what the first still needs. */
static int file_open(struct journal *j, const char *path)
{
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	if (j->fd < 0)
		return -errno;
	if (flock(j->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* Writes the file anew, beside the old one, so that a kill loses neither. */
static int file_renew(struct journal *j)
{
	char fresh[PATH_LEN + 8];
	int old = j->fd, err;

	snprintf(fresh, sizeof(fresh), "%s.new", j->path);
	unlink(fresh);
	err = file_open(j, fresh);
	if (!err)
		err = write_all(j->fd, j->header, strlen(j->header));
	for (size_t i = 0; !err && i < j->entries_n; i++) {
		err = write_all(j->fd, j->entries[i].line,
				strlen(j->entries[i].line));
		if (!err)
			err = write_all(j->fd, "\n", 1);
	}
	if (!err && rename(fresh, j->path))
		err = -errno;
	if (err) {
		if (j->fd >= 0)
			close(j->fd);
		j->fd = old;
		return err;
	}
	close(old);
	return 0;
}

/* PATH.DEVICE:INODE, where the journal of a network namespace waits while
 * another one's takes its place. 'header' is a first line. */
static bool aside_path(const struct journal *j, const char *header,
		       char out[PATH_LEN + NS_ID_LEN])
{
	const char *net = strstr(header, NET_WORD);
	int len;

	if (!net)
		return false;
	net += strlen(NET_WORD);
	len = (int)strcspn(net, "\n");
	if (len >= NS_ID_LEN || memchr(net, '/', (size_t)len))
		return false;
	snprintf(out, PATH_LEN + NS_ID_LEN, "%s.%.*s", j->path, len, net);
	return true;
}

/* Of this boot, and another network namespace's? */
static bool is_elsewhere(const struct journal *j, const char *text)
{
	const char *net = strstr(j->header, NET_WORD);

	return net && !strncmp(text, j->header, (size_t)(net - j->header)) &&
	       strchr(text, '\n');
}

/* The file is not ours: makes room, and takes ours from where it waits. */
static int change_places(struct journal *j, const char *text)
{
	char aside[PATH_LEN + NS_ID_LEN];
	int err;

	if (is_elsewhere(j, text) && aside_path(j, text, aside) &&
	    rename(j->path, aside))
		return -errno;
	close(j->fd);
	j->fd = -1;
	if (aside_path(j, j->header, aside) && rename(aside, j->path) &&
	    errno != ENOENT)
		return -errno;
	err = file_open(j, j->path);
	return err;
}

/* Loads the entries when the header fits, else begins anew. */
static int adopt(struct journal *j)
{
	size_t len = strlen(j->header);
	char *text = file_read(j->fd);
	int err = 0;

	if (text && strncmp(text, j->header, len)) {
		err = change_places(j, text);
		free(text);
		if (err)
			return err;
		text = file_read(j->fd);
	}
	if (!text)
		return -errno;
	if (!strncmp(text, j->header, len))
		err = entries_load(j, text + len);
	else
		err = file_renew(j);
	free(text);
	return err;
}

int journal_open(struct journal **out, const char *path, bool *left,
		 struct error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int code;

	if (!j)
		return error_set(err, -ENOMEM, "journal: no memory");
	j->fd = -1;
	code = snprintf(j->path, sizeof(j->path), "%s", path) >= PATH_LEN
		       ? -ENAMETOOLONG
		       : file_open(j, path);
	if (!code)
		code = header_make(j->header);
	if (!code)
		code = adopt(j);
	if (!code) {
		*left = j->entries_n;
		*out = j;
		return 0;
	}
	journal_close(j);
	if (code == -EBUSY)
		return error_set(err, code,
				 "the journal %s is in use: stop the instance "
				 "that runs, or take another --name",
				 path);
	return error_set(err, code, "the journal %s cannot be written: %s",
			 path, strerror(-code));
}

void journal_close(struct journal *j)
{
	for (size_t i = 0; i < j->entries_n; i++)
		free(j->entries[i].line);
	free(j->entries);
	if (j->fd >= 0)
		close(j->fd);
	free(j);
}

/* ---- writing */

int journal_add(struct journal *j, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	int len, err;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len < 0 || len >= (int)sizeof(line) - 1)
		return -E2BIG;
	if (strchr(line, '\n'))
		return -EINVAL;
	for (size_t i = 0; i < j->entries_n; i++) {
		if (strcmp(j->entries[i].line, line))
			continue;
		j->entries[i].kept = true;
		return 0;
	}
	err = entry_add(j, line, true);
	if (err)
		return err;
	line[len] = '\n';
	return write_all(j->fd, line, (size_t)len + 1);
}

/* Whole words: "sysctl a" does not begin "sysctl ab 1". */
static bool begins(const char *line, const char *words, size_t len)
{
	return !strncmp(line, words, len) && (!line[len] || line[len] == ' ' ||
					      (len && words[len - 1] == ' '));
}

bool journal_keep(struct journal *j, const char *fmt, ...)
{
	char words[LINE_MAX_LEN];
	bool found = false;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	len = strlen(words);
	for (size_t i = 0; i < j->entries_n; i++) {
		const char *line = j->entries[i].line;

		if (!begins(line, words, len))
			continue;
		j->entries[i].kept = true;
		found = true;
	}
	return found;
}

void journal_each(const struct journal *j,
		  void (*each)(void *arg, const char *entry), void *arg)
{
	for (size_t i = 0; i < j->entries_n; i++)
		each(arg, j->entries[i].line);
}

/* ---- undoing */

static bool undo_logged(struct nlsock *rtnl, const char *entry)
{
	char line[LINE_MAX_LEN];
	int err;

	snprintf(line, sizeof(line), "%s", entry);
	err = undo_line(rtnl, line);
	if (err)
		log_warn("journal: cannot undo \"%s\": %s", entry,
			 strerror(-err));
	return !err;
}

/* Newest first. Returns how many failed. */
static int undo_stage(struct journal *j, struct nlsock *rtnl,
		      enum undo_stage stage, bool kept)
{
	int failed = 0;

	for (size_t i = j->entries_n; i-- > 0;) {
		struct entry *e = &j->entries[i];

		if (!e->line || undo_stage_of(e->line) != stage ||
		    (e->kept && !kept))
			continue;
		if (!undo_logged(rtnl, e->line)) {
			failed++;
			continue;
		}
		free(e->line);
		e->line = NULL;
	}
	return failed;
}

static int undo_until(struct journal *j, enum undo_stage last, bool kept)
{
	struct nlsock rtnl;
	int failed = 0, err = nlsock_open(&rtnl, NETLINK_ROUTE);

	if (err) {
		log_warn("journal: cannot undo what %s lists: %s", j->path,
			 strerror(-err));
		return 1;
	}
	for (int stage = 0; stage <= (int)last; stage++)
		failed += undo_stage(j, &rtnl, (enum undo_stage)stage, kept);
	nlsock_close(&rtnl);
	entries_compact(j);
	err = file_renew(j);
	if (err)
		log_warn("journal: cannot write %s anew: %s", j->path,
			 strerror(-err));
	return failed;
}

int journal_sweep(struct journal *j)
{
	return undo_until(j, UNDO_LAST, false);
}

int journal_undo_forwarding(struct journal *j)
{
	return undo_until(j, UNDO_FORWARDING, true);
}

int journal_undo(struct journal *j)
{
	return undo_until(j, UNDO_LAST, true);
}
