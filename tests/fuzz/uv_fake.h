/* uv_fake.h - libuv for fuzz targets: nothing happens but by their word.
 *
 * Stands in for the library as a whole, so that sockets cost nothing and their
 * events come in any order. What libuv promises holds: callbacks come by
 * fake_…() only, what is cancelled hears of it before its handle is closed, and
 * nothing is read from who stopped. For streams and timers. */
#ifndef TESTS_UV_FAKE_H
#define TESTS_UV_FAKE_H

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <uv.h>

#define FAKE_MAX     256
#define FAKE_CLOSING 0x40000000u

struct fake_close {
	uv_handle_t *handle;
	uv_close_cb cb;
};

static struct {
	unsigned writes_n, closes_n, connects_n;
	uv_write_t *writes[FAKE_MAX];
	size_t writes_len[FAKE_MAX];
	struct fake_close closes[FAKE_MAX];
	uv_connect_t *connects[FAKE_MAX];
	uv_stream_t *listening, *accepted;
	uv_timer_t *timer; /* the latest */
	struct sockaddr_in peer;
	int refuse; /* what the next to begin something hears */
} fake;

/* The target's: what was said, in the moment that it is. */
static void fake_said(uv_stream_t *s, const uint8_t *bytes, size_t len);

static inline int fake_refusal(void)
{
	int err = fake.refuse;

	fake.refuse = 0;
	return err;
}

/* ---- handles */

static inline void fake_init(uv_handle_t *h)
{
	h->flags = 0;
}

void uv_close(uv_handle_t *h, uv_close_cb cb)
{
	assert(!(h->flags & FAKE_CLOSING) && fake.closes_n < FAKE_MAX);
	h->flags |= FAKE_CLOSING;
	if ((uv_handle_t *)fake.timer == h)
		fake.timer = NULL;
	fake.closes[fake.closes_n++] = (struct fake_close){ h, cb };
}

uv_buf_t uv_buf_init(char *base, unsigned len)
{
	return (uv_buf_t){ .base = base, .len = len };
}

/* ---- timers */

int uv_timer_init(uv_loop_t *loop, uv_timer_t *t)
{
	(void)loop;
	fake_init((uv_handle_t *)t);
	t->timer_cb = NULL;
	fake.timer = t;
	return 0;
}

int uv_timer_start(uv_timer_t *t, uv_timer_cb cb, uint64_t ms, uint64_t again)
{
	(void)ms;
	t->timer_cb = cb;
	t->repeat = again;
	return 0;
}

int uv_timer_stop(uv_timer_t *t)
{
	t->timer_cb = NULL;
	return 0;
}

/* Its time has come, if it runs. */
static inline void fake_ring(uv_timer_t *t)
{
	uv_timer_cb cb = t->timer_cb;

	if (!cb || (t->flags & FAKE_CLOSING))
		return;
	if (!t->repeat)
		t->timer_cb = NULL;
	cb(t);
}

/* ---- streams */

int uv_tcp_init(uv_loop_t *loop, uv_tcp_t *t)
{
	t->loop = loop;
	fake_init((uv_handle_t *)t);
	t->read_cb = NULL;
	t->write_queue_size = 0;
	return fake_refusal();
}

int uv_tcp_nodelay(uv_tcp_t *t, int on)
{
	(void)t;
	(void)on;
	return 0;
}

int uv_tcp_bind(uv_tcp_t *t, const struct sockaddr *at, unsigned flags)
{
	(void)t;
	(void)at;
	(void)flags;
	return 0;
}

int uv_listen(uv_stream_t *s, int backlog, uv_connection_cb cb)
{
	(void)backlog;
	s->connection_cb = cb;
	fake.listening = s;
	return 0;
}

int uv_accept(uv_stream_t *s, uv_stream_t *c)
{
	(void)s;
	fake.accepted = c;
	return fake_refusal();
}

int uv_tcp_getpeername(const uv_tcp_t *t, struct sockaddr *out, int *len)
{
	(void)t;
	memcpy(out, &fake.peer, sizeof(fake.peer));
	*len = sizeof(fake.peer);
	return fake_refusal();
}

int uv_tcp_connect(uv_connect_t *c, uv_tcp_t *t, const struct sockaddr *to,
		   uv_connect_cb cb)
{
	int err = fake_refusal();

	(void)to;
	if (err)
		return err;
	assert(fake.connects_n < FAKE_MAX);
	c->handle = (uv_stream_t *)t;
	c->cb = cb;
	fake.connects[fake.connects_n++] = c;
	return 0;
}

int uv_read_start(uv_stream_t *s, uv_alloc_cb alloc, uv_read_cb cb)
{
	if (s->flags & FAKE_CLOSING)
		return UV_EINVAL;
	s->alloc_cb = alloc;
	s->read_cb = cb;
	return 0;
}

int uv_read_stop(uv_stream_t *s)
{
	s->read_cb = NULL;
	return 0;
}

size_t uv_stream_get_write_queue_size(const uv_stream_t *s)
{
	return s->write_queue_size;
}

int uv_write(uv_write_t *w, uv_stream_t *s, const uv_buf_t *buf, unsigned n,
	     uv_write_cb cb)
{
	int err = fake_refusal();

	assert(n == 1 && !(s->flags & FAKE_CLOSING));
	if (err || fake.writes_n == FAKE_MAX)
		return err ? err : UV_ENOBUFS;
	fake_said(s, (const uint8_t *)buf->base, buf->len);
	w->handle = s;
	w->cb = cb;
	s->write_queue_size += buf->len;
	fake.writes_len[fake.writes_n] = buf->len;
	fake.writes[fake.writes_n++] = w;
	return 0;
}

/* ---- what the target lets happen */

static inline bool fake_reads(const uv_stream_t *s)
{
	return s->read_cb && !(s->flags & FAKE_CLOSING);
}

/* Bytes come as far as they are read; returns how many were. */
static inline size_t fake_feed(uv_stream_t *s, const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && fake_reads(s)) {
		uv_buf_t buf = { 0 };
		size_t n;

		s->alloc_cb((uv_handle_t *)s, 65536, &buf);
		assert(buf.base && buf.len);
		n = len - at < buf.len ? len - at : buf.len;
		memcpy(buf.base, bytes + at, n);
		at += n;
		s->read_cb(s, (ssize_t)n, &buf);
	}
	return at;
}

/* The stream ends, or fails: 'err' is libuv's. */
static inline void fake_end(uv_stream_t *s, int err)
{
	uv_buf_t buf = { 0 };

	if (fake_reads(s))
		s->read_cb(s, err, &buf);
}

static inline void fake_written(unsigned i, int err)
{
	uv_write_t *w = fake.writes[i];

	if (w->handle->flags & FAKE_CLOSING)
		err = UV_ECANCELED;
	w->handle->write_queue_size -= fake.writes_len[i];
	fake.writes_n--;
	memmove(fake.writes + i, fake.writes + i + 1,
		(fake.writes_n - i) * sizeof(fake.writes[0]));
	memmove(fake.writes_len + i, fake.writes_len + i + 1,
		(fake.writes_n - i) * sizeof(fake.writes_len[0]));
	w->cb(w, err);
}

static inline void fake_connected(unsigned i, int err)
{
	uv_connect_t *c = fake.connects[i];

	if (c->handle->flags & FAKE_CLOSING)
		err = UV_ECANCELED;
	fake.connects[i] = fake.connects[--fake.connects_n];
	c->cb(c, err);
}

static inline void fake_cancel(const uv_handle_t *h)
{
	for (unsigned i = fake.connects_n; i-- > 0;)
		if ((uv_handle_t *)fake.connects[i]->handle == h)
			fake_connected(i, UV_ECANCELED);
	for (unsigned i = 0; i < fake.writes_n;)
		if ((uv_handle_t *)fake.writes[i]->handle == h)
			fake_written(i, UV_ECANCELED);
		else
			i++;
}

/* What was closed is gone. */
static inline void fake_turn(void)
{
	for (unsigned i = 0; i < fake.closes_n; i++) {
		struct fake_close c = fake.closes[i];

		fake_cancel(c.handle);
		c.cb(c.handle);
	}
	fake.closes_n = 0;
}

#endif
