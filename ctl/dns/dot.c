/* dot.c - TLS connections to upstreams.
 *
 * Called by query.c. Control thread. A connection is CONNECTING (TCP), then
 * SHAKING (TLS), then OPEN; it ends by a failure, by the other side, or by its
 * timer, and then belongs to no server any more.
 * Invariant: a question is in the list of a connection that has not ended. */
#include "dot.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/log.h"
#include "../proto/dns_msg.h"
#include "dns.h"
#include "sock.h"
#include "tls.h"

#define LENGTH_LEN   2
#define READ_MAX     16384
#define BEGIN_MS     3000  /* for TCP and TLS to stand */
#define BEGIN_TRY_MS 1000  /* where plain is the way out */
#define IDLE_MS	     20000 /* RFC 7858, 3.4: kept for what comes next */
#define LOG_EVERY_MS 60000
#define HOPELESS_MS  300000

struct dots {
	uv_loop_t *loop;
	struct dot *all;
	uint64_t logged_ms;
	unsigned failed_n; /* counts up; the place is modulo */
	struct {
		struct nameserver to;
		uint64_t until_ms;
	} failed[DNS_UPSTREAMS_MAX];
};

struct dot {
	uv_tcp_t tcp;
	uv_timer_t timer;
	unsigned handles; /* of the two above, still open */
	uv_connect_t connect;
	struct dots *dots; /* NULL: ended */
	struct dot *next, **at;
	struct nameserver to;
	enum { CONNECTING, SHAKING, OPEN } state;
	bool answered; /* something, ever */
	struct tls *tls;
	struct dot_question *questions;
	size_t have; /* of 'in': messages in the making */
	uint8_t in[LENGTH_LEN + DNS_MSG_MAX];
	char read[READ_MAX];
};

struct sending {
	uv_write_t write;
	char bytes[];
};

static void on_closed(uv_handle_t *h)
{
	struct dot *d = h->data;

	if (--d->handles)
		return;
	tls_free(d->tls);
	free(d);
}

static void unlink_question(struct dot_question *q)
{
	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	q->dot = NULL;
}

static void link_question(struct dot *d, struct dot_question *q)
{
	q->dot = d;
	q->next = d->questions;
	if (q->next)
		q->next->at = &q->next;
	q->at = &d->questions;
	d->questions = q;
}

static void close_dot(struct dot *d)
{
	d->dots = NULL;
	*d->at = d->next;
	if (d->next)
		d->next->at = d->at;
	uv_close((uv_handle_t *)&d->tcp, on_closed);
	uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void note_failure(struct dots *all, const struct nameserver *to)
{
	unsigned i = all->failed_n++ % DNS_UPSTREAMS_MAX;

	all->failed[i].to = *to;
	all->failed[i].until_ms = clock_ms() + HOPELESS_MS;
}

bool dot_is_hopeless(const struct dots *d, const struct nameserver *to)
{
	uint64_t now_ms = clock_ms();
	unsigned i;

	for (i = 0; i < DNS_UPSTREAMS_MAX; i++)
		if (now_ms < d->failed[i].until_ms &&
		    nameserver_eq(&d->failed[i].to, to))
			return true;
	return false;
}

/* It ends. Those who asked on a connection that had rested, and was closed in
 * that moment, are put once more; the others are told. */
static void end_dot(struct dot *d, int err)
{
	struct dots *all = d->dots;
	bool stale = d->state == OPEN && d->answered;
	struct dot_question *q;

	if (!all)
		return;
	if (d->state != OPEN)
		note_failure(all, &d->to);
	close_dot(d);
	while ((q = d->questions)) {
		bool again = stale && !q->again;

		unlink_question(q);
		q->again = true;
		if (!again || dot_ask(all, &d->to, q))
			q->done(q, err, NULL, 0);
	}
}

static void log_why(struct dot *d, const char *why)
{
	uint64_t now_ms = clock_ms();
	char buf[NAMESERVER_STRLEN];

	if (d->dots->logged_ms && now_ms - d->dots->logged_ms < LOG_EVERY_MS)
		return;
	d->dots->logged_ms = now_ms;
	log_warn("dns: upstream %s: no TLS: %s", nameserver_format(&d->to, buf),
		 why);
}

static void on_written(uv_write_t *w, int err)
{
	struct dot *d = w->handle->data;

	free(container_of(w, struct sending, write));
	if (err && err != UV_ECANCELED)
		end_dot(d, err);
}

/* Sends what TLS has to say. */
static int flush(struct dot *d)
{
	char bytes[READ_MAX];
	size_t n;

	while ((n = tls_drain(d->tls, bytes, sizeof(bytes)))) {
		struct sending *s = malloc(sizeof(*s) + n);
		uv_buf_t buf;

		if (s) {
			memcpy(s->bytes, bytes, n);
			buf = uv_buf_init(s->bytes, (unsigned)n);
		}
		if (!s || uv_write(&s->write, (uv_stream_t *)&d->tcp, &buf, 1,
				   on_written)) {
			free(s);
			return -ENOBUFS;
		}
	}
	return 0;
}

static bool say(struct dot *d, const struct dot_question *q)
{
	uint8_t out[LENGTH_LEN + DNS_QUERY_PADDED_MAX];
	struct wr w = wr_init(out, sizeof(out));

	wr_be16(&w, (uint16_t)q->len);
	wr_bytes(&w, q->msg, q->len);
	return !w.bad && !tls_write(d->tls, out, wr_len(&w));
}

static void on_idle(uv_timer_t *timer)
{
	struct dot *d = timer->data;

	/* Questions have their own time; nothing may be asked any more. */
	if (d->state != OPEN)
		log_why(d, "nobody answers there");
	if (d->state != OPEN || !d->questions)
		end_dot(d, -ETIMEDOUT);
}

static void on_broken(uv_timer_t *timer)
{
	end_dot(timer->data, -EPIPE);
}

static void rest(struct dot *d)
{
	uv_timer_start(&d->timer, on_idle, IDLE_MS, IDLE_MS);
}

static void say_all(struct dot *d)
{
	struct dot_question *q;

	d->state = OPEN;
	rest(d);
	for (q = d->questions; q; q = q->next) {
		if (!say(d, q)) {
			end_dot(d, -EPROTO);
			return;
		}
	}
}

static void give(struct dot *d, const uint8_t *msg, size_t len)
{
	struct rd r = rd_init(msg, len);
	uint16_t id = rd_be16(&r);
	struct dot_question *q;

	for (q = d->questions; q; q = q->next) {
		struct rd asked = rd_init(q->msg, q->len);

		if (rd_be16(&asked) != id)
			continue;
		unlink_question(q);
		d->answered = true;
		q->done(q, 0, msg, len);
		return;
	}
}

/* Gives out what is whole, and moves up the rest, once. To give may end the
 * connection; who sends what cannot be an answer has lost its place. */
static void take_messages(struct dot *d)
{
	struct rd r = rd_init(d->in, d->have);

	while (d->dots) {
		struct rd front = r;
		size_t len = rd_be16(&front);

		if (!front.bad && len < DNS_HEADER_LEN) {
			end_dot(d, -EBADMSG);
			return;
		}
		if (front.bad || rd_left(&front) < len)
			break;
		r = front;
		give(d, rd_take(&r, len), len);
	}
	d->have = rd_left(&r);
	memmove(d->in, r.p, d->have);
}

static void read_answers(struct dot *d)
{
	int n;

	while (d->dots) {
		n = tls_read(d->tls, d->in + d->have, sizeof(d->in) - d->have);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			end_dot(d, -ECONNRESET);
			return;
		}
		d->have += (size_t)n;
		rest(d);
		take_messages(d);
	}
}

/* Whatever the bytes that came allow. */
static void step(struct dot *d)
{
	int err = 0;

	if (d->state == SHAKING) {
		err = tls_handshake(d->tls);
		if (err && err != -EAGAIN) {
			log_why(d, tls_why(d->tls));
			end_dot(d, err);
			return;
		}
		if (!err)
			say_all(d);
	}
	if (!d->dots)
		return;
	err = flush(d);
	if (err)
		end_dot(d, err);
	else if (d->state == OPEN)
		read_answers(d);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct dot *d = h->data;

	(void)suggested;
	*buf = uv_buf_init(d->read, sizeof(d->read));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct dot *d = s->data;

	if (n < 0 || tls_feed(d->tls, buf->base, (size_t)n)) {
		if (d->state == SHAKING)
			log_why(d, "it hung up");
		end_dot(d, -ECONNRESET);
		return;
	}
	step(d);
}

static void on_connected(uv_connect_t *c, int err)
{
	struct dot *d = container_of(c, struct dot, connect);

	if (err == UV_ECANCELED || !d->dots)
		return;
	if (!err)
		err = uv_read_start((uv_stream_t *)&d->tcp, on_alloc, on_read);
	if (err) {
		end_dot(d, err);
		return;
	}
	d->state = SHAKING;
	step(d);
}

static struct dot *new_dot(struct dots *all, const struct nameserver *to)
{
	bool strict = to->tls == NAMESERVER_TLS;
	struct tls_peer peer = {
		.name = strict && *to->name ? to->name : NULL,
		.addr = strict && !*to->name ? &to->at.addr : NULL,
		.alpn = "dot",
	};
	struct dot *d = calloc(1, sizeof(*d));

	if (d)
		d->tls = tls_new(&peer);
	if (!d || !d->tls) {
		free(d);
		return NULL;
	}
	d->to = *to;
	uv_tcp_init(all->loop, &d->tcp); /* neither can fail */
	uv_timer_init(all->loop, &d->timer);
	d->handles = 2;
	d->tcp.data = d->timer.data = d;
	d->dots = all;
	d->next = all->all;
	if (d->next)
		d->next->at = &d->next;
	d->at = &all->all;
	all->all = d;
	return d;
}

static int open_dot(struct dots *all, const struct nameserver *to,
		    struct dot **out)
{
	struct dot *d = new_dot(all, to);
	struct sockaddr_storage ss;
	int err;

	if (!d)
		return -ENOMEM;
	sock_from_endpoint(&ss, &to->at);
	uv_tcp_nodelay(&d->tcp, 1);
	err = uv_tcp_connect(&d->connect, &d->tcp, (struct sockaddr *)&ss,
			     on_connected);
	if (err) {
		close_dot(d);
		return err;
	}
	uv_timer_start(&d->timer, on_idle,
		       to->tls == NAMESERVER_TLS ? BEGIN_MS : BEGIN_TRY_MS, 0);
	*out = d;
	return 0;
}

static struct dot *find_dot(struct dots *all, const struct nameserver *to)
{
	struct dot *d = all->all;

	while (d && !nameserver_eq(&d->to, to))
		d = d->next;
	return d;
}

static bool id_is_taken(const struct dot *d, const struct dot_question *q)
{
	const struct dot_question *other;

	for (other = d->questions; other; other = other->next)
		if (!memcmp(other->msg, q->msg, sizeof(uint16_t)))
			return true;
	return false;
}

int dot_ask(struct dots *all, const struct nameserver *to,
	    struct dot_question *q)
{
	struct dot *d = find_dot(all, to);
	int err = 0;

	if (d && id_is_taken(d, q))
		return -EEXIST;
	if (!d)
		err = open_dot(all, to, &d);
	if (err)
		return err;
	link_question(d, q);
	if (d->state != OPEN)
		return 0;
	/* Who asks is not told from here. */
	if (!say(d, q) || flush(d))
		uv_timer_start(&d->timer, on_broken, 0, 0);
	return 0;
}

void dot_cancel(struct dot_question *q)
{
	if (q->dot)
		unlink_question(q);
}

struct dots *dots_new(uv_loop_t *loop)
{
	struct dots *d = calloc(1, sizeof(*d));

	if (d)
		d->loop = loop;
	return d;
}

void dots_free(struct dots *d)
{
	while (d && d->all)
		close_dot(d->all);
	free(d);
}
