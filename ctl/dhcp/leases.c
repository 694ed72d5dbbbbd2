/* leases.c - the journal of leases: groups, syncing, rewriting.
 *
 * Called by dhcp.c. The lines themselves are lease_line.c. Loop's thread, but
 * for leases_write(), which touches 'writer' only.
 * Invariant: a reply waits until the group that holds its record is synced, so
 * the file never knows less than clients do. */
#include "leases.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/log.h"
#include "../state/file.h"
#include "lease_line.h"

#define FILE_MAX    (32u << 20)
#define PENDING_MAX (256u << 10) /* more, and the whole journal is shorter */
#define GROWTH_MIN  (64u << 10)	 /* appended before a rewrite pays */
#define FILE_MODE   0600

struct text {
	char *p;
	size_t len, room;
};

struct leases {
	/* Fixed after leases_open(). */
	char path[PATH_MAX];
	struct pool *pool;

	/* The loop's. */
	struct text pending;
	bool behind; /* the file misses records: write it whole */
	size_t rewrite_at;

	/* The writer's between take and done, else the loop's. */
	struct {
		int fd;
		size_t size;
		struct text group;
		bool whole;
	} writer;
};

/* ---- text */

static int text_room(struct text *t, size_t more)
{
	size_t room = t->room ? t->room : 4096;
	char *p;

	while (room - t->len < more)
		room *= 2;
	if (room == t->room)
		return 0;
	p = realloc(t->p, room);
	if (!p)
		return -ENOMEM;
	t->p = p;
	t->room = room;
	return 0;
}

static int text_add(struct text *t, const char *s)
{
	size_t n = strlen(s);
	int err = text_room(t, n + 1);

	if (err)
		return err;
	memcpy(t->p + t->len, s, n + 1);
	t->len += n;
	return 0;
}

static void text_free(struct text *t)
{
	free(t->p);
	memset(t, 0, sizeof(*t));
}

/* ---- reading */

static int unreadable(struct error *err, const char *path, unsigned line)
{
	return error_set(
		err, -EINVAL,
		"lease journal %s: line %u cannot be read; mend it, or "
		"move the file away to start without leases",
		path, line);
}

/* Reads whole lines; '*good' is where they end. */
static int read_lines(struct leases *l, char *text, size_t len,
		      const struct lease_clock *now, size_t *good,
		      struct error *err)
{
	char *at = text, *end;
	unsigned line = 0;

	while ((end = memchr(at, '\n', len - (size_t)(at - text)))) {
		*end = '\0';
		line++;
		if (strlen(at) != (size_t)(end - at))
			return unreadable(err, l->path, line);
		if (line == 1 ? strcmp(at, LEASE_LINE_HEAD)
			      : lease_line_read(at, l->pool, now))
			return unreadable(err, l->path, line);
		at = end + 1;
	}
	*good = (size_t)(at - text);
	if (*good == len)
		return 0;
	/* Cut off in its first line, it must at least begin like ours. */
	if (!line && strncmp(at, LEASE_LINE_HEAD, len))
		return unreadable(err, l->path, 1);
	log_warn("dhcp: lease journal %s: dropped a record that was never "
		 "finished",
		 l->path);
	return 0;
}

static int load(struct leases *l, const struct lease_clock *now, size_t *good,
		struct error *err)
{
	char *text = NULL;
	size_t len;
	int r;

	*good = 0;
	r = file_read(l->path, FILE_MAX, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r)
		return error_set(err, r,
				 "lease journal %s cannot be read: %s; nothing "
				 "was changed",
				 l->path, strerror(-r));
	r = read_lines(l, text, len, now, good, err);
	free(text);
	return r;
}

/* ---- writing */

static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int reopen(struct leases *l)
{
	int fd = open(l->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (l->writer.fd >= 0)
		close(l->writer.fd);
	l->writer.fd = fd;
	return 0;
}

/* A journal that is new gets its first line, one that was torn loses the torn
 * end; then appending can begin. */
static int start_file(struct leases *l, size_t good)
{
	static const char head[] = LEASE_LINE_HEAD "\n";
	int err = 0;

	if (!good) {
		good = sizeof(head) - 1;
		err = file_replace(l->path, head, good, FILE_MODE);
	}
	if (!err)
		err = reopen(l);
	if (!err && ftruncate(l->writer.fd, (off_t)good))
		err = -errno;
	l->writer.size = good;
	l->rewrite_at = 2 * good + GROWTH_MIN;
	return err;
}

int leases_open(struct leases **out, const char *path, struct pool *pool,
		uint64_t now_ms, uint64_t wall_ms, struct error *err)
{
	const struct lease_clock now = { .ms = now_ms, .wall_ms = wall_ms };
	struct leases *l = calloc(1, sizeof(*l));
	size_t good;
	int r;

	if (!l)
		return error_set(err, -ENOMEM, "dhcp: out of memory");
	l->writer.fd = -1;
	l->pool = pool;
	snprintf(l->path, sizeof(l->path), "%s", path);
	r = load(l, &now, &good, err);
	if (r)
		goto fail;
	r = start_file(l, good);
	if (r) {
		error_set(err, r, "lease journal %s cannot be written: %s",
			  path, strerror(-r));
		goto fail;
	}
	*out = l;
	return 0;
fail:
	if (l->writer.fd >= 0)
		close(l->writer.fd);
	free(l);
	return r;
}

void leases_close(struct leases *l, uint64_t now_ms, uint64_t wall_ms)
{
	int err;

	if (!l)
		return;
	if (leases_pending(l)) {
		err = leases_take(l, now_ms, wall_ms);
		leases_done(l, err ? err : leases_write(l));
	}
	close(l->writer.fd);
	text_free(&l->pending);
	text_free(&l->writer.group);
	free(l);
}

void leases_note(struct leases *l, const struct lease *lease,
		 enum pool_change change, uint64_t now_ms, uint64_t wall_ms)
{
	const struct lease_clock now = { .ms = now_ms, .wall_ms = wall_ms };
	char line[LEASE_LINE_MAX];

	/* The end is in the record of the lease already, and what replaces
	 * one comes next. */
	if (change == POOL_EXPIRED || change == POOL_REPLACED || l->behind)
		return;
	if (change == POOL_FORGOTTEN)
		lease_line_drop(lease, line);
	else
		lease_line_write(lease, &now, line);
	if (l->pending.len > PENDING_MAX || text_add(&l->pending, line))
		l->behind = true;
}

bool leases_pending(const struct leases *l)
{
	return l->behind || l->pending.len;
}

static int take_whole(struct leases *l, const struct lease_clock *now)
{
	struct text *group = &l->writer.group;
	char line[LEASE_LINE_MAX];
	const struct lease *lease;
	unsigned at = 0;
	int err;

	group->len = 0;
	err = text_add(group, LEASE_LINE_HEAD "\n");
	while (!err && (lease = pool_next(l->pool, &at))) {
		if (!lease->known)
			continue;
		lease_line_write(lease, now, line);
		err = text_add(group, line);
	}
	return err;
}

int leases_take(struct leases *l, uint64_t now_ms, uint64_t wall_ms)
{
	const struct lease_clock now = { .ms = now_ms, .wall_ms = wall_ms };
	struct text group = l->writer.group;

	l->writer.whole = l->behind || l->writer.size > l->rewrite_at;
	if (l->writer.whole) {
		l->pending.len = 0;
		l->behind = false;
		return take_whole(l, &now);
	}
	group.len = 0;
	l->writer.group = l->pending;
	l->pending = group;
	return 0;
}

static int write_whole(struct leases *l)
{
	const struct text *group = &l->writer.group;
	int err = file_replace(l->path, group->p, group->len, FILE_MODE);

	if (!err)
		err = reopen(l);
	if (!err)
		l->writer.size = group->len;
	return err;
}

int leases_write(struct leases *l)
{
	const struct text *group = &l->writer.group;
	int err;

	if (l->writer.whole)
		return write_whole(l);
	err = write_all(l->writer.fd, group->p, group->len);
	if (!err && fdatasync(l->writer.fd))
		err = -errno;
	l->writer.size += group->len;
	return err;
}

/* What the file holds after a failed write, or what the page cache holds after
 * a failed sync, is anyone's guess: the next group replaces it. */
void leases_done(struct leases *l, int err)
{
	if (err) {
		log_err("dhcp: lease journal %s cannot be written: %s; no "
			"lease "
			"is confirmed until it can",
			l->path, strerror(-err));
		l->behind = true;
	} else if (l->writer.whole) {
		l->rewrite_at = 2 * l->writer.size + GROWTH_MIN;
	}
}
