/* file.c - see file.h.
 *
 * Called by settings.c and by whoever keeps a file that must survive a power
 * cut. Blocking: small files, seldom written. Any thread: no state. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int mkdir_one(const char *path, mode_t mode)
{
	struct stat st;

	if (!mkdir(path, mode))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_mkdirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t i, len = strlen(path);
	int r;

	if (!len)
		return -ENOENT;
	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	for (i = 1; i < len; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		r = mkdir_one(part, mode);
		if (r)
			return r;
		part[i] = '/';
	}
	return mkdir_one(part, mode);
}

/* Reads to the end; one byte more than 'max' proves the file too big. */
static int read_all(int fd, size_t max, char **out, size_t *len)
{
	size_t size = 0, room = 0;
	char *text = NULL, *more;
	ssize_t n;
	int r = -ENOMEM;

	do {
		if (size == room) {
			room = room ? room * 2 : 4096;
			if (room > max + 1)
				room = max + 1;
			more = realloc(text, room + 1);
			if (!more)
				goto fail;
			text = more;
		}
		n = read(fd, text + size, room - size);
		if (n < 0 && errno != EINTR) {
			r = -errno;
			goto fail;
		}
		size += n > 0 ? (size_t)n : 0;
	} while (n && size <= max);
	if (size > max) {
		r = -EFBIG;
		goto fail;
	}
	text[size] = '\0';
	*out = text;
	*len = size;
	return 0;
fail:
	free(text);
	return r;
}

int file_read(const char *path, size_t max, char **out, size_t *len)
{
	struct stat st;
	int fd, r;

	/* A FIFO put in the file's place must not stop the gateway. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else
		r = read_all(fd, max, out, len);
	close(fd);
	return r;
}

struct text {
	const char *data;
	size_t len;
};

static int write_all(void *arg, int fd)
{
	const struct text *text = arg;
	const char *data = text->data;
	size_t len = text->len;
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A rename is durable only when the folder itself has been synced. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd, r;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s",
			 slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) ? -errno : 0;
	close(fd);
	return r;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	struct text text = { data, len };

	return file_replace_by(path, mode, write_all, &text);
}

int file_replace_by(const char *path, mode_t mode,
		    int (*give)(void *arg, int fd), void *arg)
{
	char temp[PATH_MAX];
	int fd, r;

	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  mode);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, mode) ? -errno : give(arg, fd);
	if (!r && fsync(fd))
		r = -errno;
	if (close(fd) && !r)
		r = -errno;
	if (!r && rename(temp, path))
		r = -errno;
	if (r) {
		unlink(temp);
		return r;
	}
	return sync_folder(path);
}
