/* journal.c - the list of changes on file, and taking them back.
 *
 * The first line says of which boot and network namespace the rest is. A line
 * without its newline was never acted upon: a kill came between. Opened by
 * gateway.c, written by all who change the machine; control thread only.
 * Invariant: what stands in the file is on disk before the change is made. */
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

struct journal {
	int fd;
	char header[HEADER_LEN]; /* what the first line must be */
	char path[256];
};

/* "journal 1 boot BOOT-ID net DEVICE:INODE\n" */
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
	snprintf(out, HEADER_LEN, "journal 1 boot %s net %s\n", boot, net);
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

/* Leaves the header alone in the file. */
static int empty(struct journal *j)
{
	if (ftruncate(j->fd, 0))
		return -errno;
	return write_all(j->fd, j->header, strlen(j->header));
}

/* Keeps the entries when the header fits, else begins anew. */
static int adopt(struct journal *j, bool *left)
{
	size_t len = strlen(j->header);
	char *text = file_read(j->fd);
	int err = 0;

	*left = false;
	if (!text)
		return -errno;
	if (!strncmp(text, j->header, len))
		*left = text[len] != '\0';
	else
		err = empty(j);
	free(text);
	return err;
}

/* The lock keeps a second process from undoing what the first still needs. */
static int file_open(struct journal *j, const char *path)
{
	if (snprintf(j->path, sizeof(j->path), "%s", path) >=
	    (int)sizeof(j->path))
		return -ENAMETOOLONG;
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	if (j->fd < 0)
		return -errno;
	if (flock(j->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

int journal_open(struct journal **out, const char *path, bool *left,
		 struct error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int code;

	if (!j)
		return error_set(err, -ENOMEM, "journal: no memory");
	j->fd = -1;
	code = file_open(j, path);
	if (!code)
		code = header_make(j->header);
	if (!code)
		code = adopt(j, left);
	if (!code) {
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
	if (j->fd >= 0)
		close(j->fd);
	free(j);
}

int journal_add(struct journal *j, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len < 0 || len >= (int)sizeof(line) - 1)
		return -E2BIG;
	if (strchr(line, '\n'))
		return -EINVAL;
	line[len] = '\n';
	return write_all(j->fd, line, (size_t)len + 1);
}

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

/* Cuts off and undoes the last line until none is left. */
static int undo_all(struct nlsock *rtnl, char *lines)
{
	int failed = 0;
	char *last;

	while (*lines) {
		lines[strlen(lines) - 1] = '\0';
		last = strrchr(lines, '\n');
		last = last ? last + 1 : lines;
		if (!undo_logged(rtnl, last))
			failed++;
		*last = '\0';
	}
	return failed;
}

/* Whoever emptied the file meanwhile has taken the list from us. */
static int undo_text(struct journal *j, struct nlsock *rtnl, char *text)
{
	size_t len = strlen(j->header);
	int err, failed = 0;

	if (!strncmp(text, j->header, len))
		failed = undo_all(rtnl, text + len);
	err = empty(j);
	if (err)
		log_warn("journal: cannot empty %s: %s", j->path,
			 strerror(-err));
	return failed;
}

int journal_undo(struct journal *j)
{
	struct nlsock rtnl;
	int failed;
	char *text = file_read(j->fd);

	if (!text || nlsock_open(&rtnl, NETLINK_ROUTE)) {
		log_warn("journal: cannot undo what %s lists: %s", j->path,
			 strerror(errno));
		free(text);
		return 1;
	}
	failed = undo_text(j, &rtnl, text);
	nlsock_close(&rtnl);
	free(text);
	return failed;
}
