/* store.c - see store.h. Called by gateway/traffic.c. Any thread; no state.
 * Invariant: what a frame says of itself is believed only if its checksum is
 * right and what it counts is there. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../state/file.h"

#define FRAME_HEAD 13 /* length, checksum, kind */
#define FILE_MODE  0600
#define FILE_MAX   (600u << 20)

static const char magic[8] = { 'P', 'C', 'H', 'I', 'S', 'T', '1', '\n' };

enum kind { KIND_RUNS = 1, KIND_SEGMENT = 2 };

static uint64_t checksum(const void *bytes, size_t len)
{
	static const struct hash_key none;

	return hash_bytes(&none, bytes, len);
}

static void wr_be64(struct wr *w, uint64_t v)
{
	wr_be32(w, (uint32_t)(v >> 32));
	wr_be32(w, (uint32_t)v);
}

static uint64_t rd_be64(struct rd *r)
{
	uint64_t high = rd_be32(r);

	return high << 32 | rd_be32(r);
}

/* ---- writing */

struct out {
	int fd;
	uint8_t *frame;
	size_t room;
};

static int put(int fd, const uint8_t *at, size_t len)
{
	ssize_t n;

	for (; len; at += n, len -= (size_t)n) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* A cursor over a new frame's content; 'bad': out of memory. */
static struct wr open_frame(struct out *o, size_t content)
{
	size_t need = FRAME_HEAD + content;
	uint8_t *more;

	if (need > o->room) {
		more = realloc(o->frame, need);
		if (!more)
			return (struct wr){ .bad = true };
		o->frame = more;
		o->room = need;
	}
	return wr_init(o->frame + FRAME_HEAD, content);
}

static int close_frame(struct out *o, const struct wr *w, enum kind kind)
{
	struct wr head = wr_init(o->frame, FRAME_HEAD);
	size_t len = w->bad ? 0 : wr_len(w) + 1;

	if (!len)
		return -ENOMEM;
	o->frame[FRAME_HEAD - 1] = (uint8_t)kind;
	wr_be32(&head, (uint32_t)len);
	wr_be64(&head, checksum(o->frame + FRAME_HEAD - 1, len));
	return put(o->fd, o->frame, FRAME_HEAD - 1 + len);
}

static int write_runs(struct out *o, const struct snapshot_of_history *s)
{
	struct wr w = open_frame(o, 4 + s->runs_n * 16 + TIERS * 8);

	wr_be32(&w, s->runs_n);
	for (unsigned i = 0; i < s->runs_n; i++) {
		wr_be64(&w, s->runs[i].from_ms);
		wr_be64(&w, s->runs[i].to_ms);
	}
	for (unsigned t = 0; t < TIERS; t++)
		wr_be64(&w, s->from_ms[t]);
	return close_frame(o, &w, KIND_RUNS);
}

static size_t names_bytes(const struct segment *s)
{
	size_t n = s->names_n;

	for (uint32_t i = 0; i < s->names_n; i++)
		if (s->names[i].text)
			n += strlen(s->names[i].text);
	return n;
}

static int write_segment(struct out *o, const struct segment *s)
{
	size_t devices = s->devices_n * sizeof(struct mac);
	struct wr w = open_frame(o, 25 + devices + names_bytes(s) + s->dict_n +
					    s->log_n);

	wr_u8(&w, s->tier);
	wr_be64(&w, s->base_ms);
	wr_be32(&w, s->devices_n);
	wr_be32(&w, s->names_n);
	wr_be32(&w, s->dict_n);
	wr_be32(&w, s->log_n);
	wr_bytes(&w, s->devices, devices);
	for (uint32_t i = 0; i < s->names_n; i++) {
		const char *text = s->names[i].text ? s->names[i].text : "";

		wr_u8(&w, (uint8_t)strlen(text));
		wr_bytes(&w, text, strlen(text));
	}
	wr_bytes(&w, s->dict, s->dict_n);
	wr_bytes(&w, s->log, s->log_n);
	return close_frame(o, &w, KIND_SEGMENT);
}

static int write_all(void *arg, int fd)
{
	const struct snapshot_of_history *s = arg;
	struct out o = { .fd = fd };
	int r = write_runs(&o, s);

	for (unsigned i = 0; !r && i < s->n; i++)
		if (!segment_is_empty(s->segments[i]))
			r = write_segment(&o, s->segments[i]);
	free(o.frame);
	return r;
}

static int write_file(void *arg, int fd)
{
	int r = put(fd, (const uint8_t *)magic, sizeof(magic));

	return r ? r : write_all(arg, fd);
}

int store_save(const struct snapshot_of_history *s, const char *path)
{
	return file_replace_by(path, FILE_MODE, write_file,
			       (void *)(uintptr_t)s);
}

int store_append(const struct snapshot_of_history *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC), r;
	off_t whole;

	if (fd < 0)
		return -errno;
	whole = lseek(fd, 0, SEEK_END);
	r = whole < 0 ? -errno : write_all((void *)(uintptr_t)s, fd);
	/* Half a frame would have the next start set the file aside. */
	if (r && whole >= 0 && ftruncate(fd, whole))
		r = -errno;
	return close(fd) && !r ? -errno : r;
}

/* ---- reading */

static int read_runs(struct rd *r, struct store_content *c)
{
	struct history_run runs[HISTORY_RUNS_MAX];
	uint64_t from_ms[TIERS];
	uint32_t n = rd_be32(r);

	if (n > HISTORY_RUNS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < n; i++) {
		runs[i].from_ms = rd_be64(r);
		runs[i].to_ms = rd_be64(r);
		if (runs[i].to_ms < runs[i].from_ms ||
		    runs[i].to_ms >= (uint64_t)1 << 48)
			return -EBADMSG;
	}
	for (unsigned t = 0; t < TIERS; t++)
		from_ms[t] = rd_be64(r);
	if (r->bad)
		return -EBADMSG;
	c->runs_n = n;
	memcpy(c->runs, runs, n * sizeof(runs[0]));
	memcpy(c->from_ms, from_ms, sizeof(from_ms));
	return 0;
}

/* Texts of their own, until the history has numbers for them. */
static int read_names(struct rd *r, struct segment *s, uint32_t n)
{
	if (n > rd_left(r))
		return -EBADMSG;
	s->names = calloc(n + 1, sizeof(*s->names));
	if (!s->names)
		return -ENOMEM;
	s->names_room = n + 1;
	for (; s->names_n < n; s->names_n++) {
		uint8_t len = rd_u8(r);
		const uint8_t *text = rd_take(r, len);
		char *copy;

		if (!text || len > NAMES_LEN_MAX || memchr(text, 0, len))
			return -EBADMSG;
		copy = strndup((const char *)text, len);
		if (!copy)
			return -ENOMEM;
		s->names[s->names_n].text = copy;
	}
	return 0;
}

static void *read_bytes(struct rd *r, size_t n)
{
	const uint8_t *at = rd_take(r, n);
	void *copy = at ? malloc(n + 1) : NULL;

	if (copy && n)
		memcpy(copy, at, n);
	return copy;
}

static int fill_segment(struct rd *r, struct segment *s)
{
	uint32_t names_n;
	int e;

	s->devices_n = rd_be32(r);
	names_n = rd_be32(r);
	s->dict_n = s->dict_room = rd_be32(r);
	s->log_n = s->log_room = rd_be32(r);
	s->devices_room = s->devices_n;
	s->devices = read_bytes(r, (size_t)s->devices_n * sizeof(*s->devices));
	e = read_names(r, s, names_n);
	s->dict = read_bytes(r, s->dict_n);
	s->log = read_bytes(r, s->log_n);
	if (e || !s->devices || !s->dict || !s->log)
		return e == -ENOMEM || !r->bad ? (e ? e : -ENOMEM) : -EBADMSG;
	return rd_left(r) || !segment_check(s) ? -EBADMSG : 0;
}

static void free_segment(struct segment *s)
{
	for (uint32_t i = 0; i < s->names_n; i++)
		free((char *)(uintptr_t)s->names[i].text);
	s->names_n = 0;
	segment_unref(s, NULL);
}

static int read_segment(struct rd *r, struct store_content *c)
{
	unsigned room = c->room ? 2 * c->room : 64;
	uint8_t tier = rd_u8(r);
	struct segment *s, **more;
	int e;

	if (c->n == c->room) {
		more = realloc(c->segments, room * sizeof(struct segment *));
		if (!more)
			return -ENOMEM;
		c->segments = more;
		c->room = room;
	}
	s = segment_new(tier < TIERS ? tier : 0, 0, 0);
	if (!s)
		return -ENOMEM;
	s->tier = tier;
	s->base_ms = rd_be64(r);
	e = fill_segment(r, s);
	if (e || segment_is_empty(s))
		free_segment(s);
	else
		c->segments[c->n++] = s;
	return e;
}

static int read_frame(struct rd *file, struct store_content *c)
{
	uint32_t len = rd_be32(file);
	uint64_t sum = rd_be64(file);
	struct rd r = rd_sub(file, len);

	if (file->bad || !len || checksum(r.p, len) != sum)
		return -EBADMSG;
	switch (rd_u8(&r)) {
	case KIND_RUNS:
		return read_runs(&r, c);
	case KIND_SEGMENT:
		return read_segment(&r, c);
	}
	return -EBADMSG;
}

int store_parse(const uint8_t *bytes, size_t len, struct store_content *out)
{
	struct rd r = rd_init(bytes, len);
	const uint8_t *head = rd_take(&r, sizeof(magic));
	int e = head && !memcmp(head, magic, sizeof(magic)) ? 0 : -EBADMSG;

	*out = (struct store_content){ 0 };
	while (!e && rd_left(&r))
		e = read_frame(&r, out);
	if (e == -ENOMEM) {
		store_free(out);
		return e;
	}
	out->broken = e;
	return 0;
}

int store_load(const char *path, struct store_content *out)
{
	char *bytes;
	size_t len;
	int e = file_read(path, FILE_MAX, &bytes, &len);

	*out = (struct store_content){ 0 };
	if (e)
		return e;
	e = store_parse((const uint8_t *)bytes, len, out);
	free(bytes);
	return e;
}

void store_adopt(struct history *h, struct store_content *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct segment *s = c->segments[i];
		uint32_t names_n = s->names_n;
		const char **texts = calloc(names_n + 1, sizeof(*texts));

		if (!texts) {
			free_segment(s);
			continue;
		}
		for (uint32_t k = 0; k < names_n; k++)
			texts[k] = s->names[k].text;
		history_adopt(h, s);
		for (uint32_t k = 0; k < names_n; k++)
			free((char *)(uintptr_t)texts[k]);
		free(texts);
	}
	c->n = 0;
	history_adopted(h, c->runs, c->runs_n, c->from_ms);
	store_free(c);
}

void store_free(struct store_content *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free_segment(c->segments[i]);
	free(c->segments);
	*c = (struct store_content){ 0 };
}
