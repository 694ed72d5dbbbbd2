/* listen_tcp.c - TCP connections of clients.
 *
 * Called by dns.c. Control thread. A connection is read until a whole message
 * is there, which is handed on; reading rests while too much is in flight.
 * Invariant: 'pending' is how many messages were handed on and not answered;
 * a closing connection is in no list, and nobody knows it as 'via' any more. */
#include "listen_tcp.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/container_of.h"
#include "../base/bytes.h"
#include "../base/clock.h"
#include "sock.h"

#define BACKLOG	    64
#define LENGTH_LEN  2
#define MESSAGE_MAX 1500	 /* queries are far smaller */
#define PENDING_MAX 32		 /* questions in flight on one connection */
#define UNSENT_MAX  (256 * 1024) /* answers that the client does not take */
#define SWEEP_MS    1000
#define READ_MAX    4096
#define IN_MAX	    (LENGTH_LEN + MESSAGE_MAX + READ_MAX)

struct conn {
	uv_tcp_t tcp;
	struct listen_tcp *listener; /* NULL: closing */
	struct conn *next, **at;
	struct endpoint from;
	unsigned pending;
	bool resting;	  /* does not read */
	uint64_t used_ms; /* last whole message, in or out */
	size_t have;	  /* bytes in 'in' */
	uint8_t *in;	  /* IN_MAX; NULL: none are held */
};

struct listen_tcp {
	uv_tcp_t tcp;
	uv_timer_t sweep; /* runs while there are connections */
	unsigned handles; /* of the two above, still open */
	struct tally *tally;
	struct asker_events events;
	unsigned conns_n;
	struct conn *conns;
	char read[READ_MAX]; /* of whoever is read just now */
};

struct outgoing {
	uv_write_t write;
	size_t len;
	uint8_t bytes[];
};

static void on_conn_closed(uv_handle_t *h)
{
	struct conn *c = container_of(h, struct conn, tcp);

	free(c->in);
	free(c);
}

static void conn_close(struct conn *c)
{
	struct listen_tcp *l = c->listener;

	if (!l)
		return;
	c->listener = NULL;
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	if (!--l->conns_n)
		uv_timer_stop(&l->sweep);
	l->events.on_gone(l->events.arg, c);
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static bool is_full(const struct conn *c)
{
	return c->pending >= PENDING_MAX ||
	       uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) >
		       UNSENT_MAX;
}

static void conn_take(struct conn *c);

static void on_written(uv_write_t *w, int err)
{
	struct outgoing *a = container_of(w, struct outgoing, write);
	struct conn *c = container_of(w->handle, struct conn, tcp);

	free(a);
	if (!c->listener)
		return;
	if (err)
		conn_close(c);
	else if (c->resting)
		conn_take(c);
}

static void send_answer(const struct asker *to, const uint8_t *msg, size_t len)
{
	struct conn *c = to->via;
	struct outgoing *a;
	struct wr w;
	uv_buf_t buf;

	c->pending--;
	c->used_ms = clock_ms();
	a = len ? malloc(sizeof(*a) + LENGTH_LEN + len) : NULL;
	if (!a) {
		conn_close(c);
		return;
	}
	w = wr_init(a->bytes, LENGTH_LEN + len);
	wr_be16(&w, (uint16_t)len);
	wr_bytes(&w, msg, len);
	buf = uv_buf_init((char *)a->bytes, (unsigned)wr_len(&w));
	if (uv_write(&a->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written)) {
		tally_drop(c->listener->tally, TALLY_SEND, len);
		free(a);
		conn_close(c);
	}
}

/* The message at the front of what was read: its length, 0 while it is not
 * whole, or -EMSGSIZE. */
static int front(const struct conn *c)
{
	struct rd r;
	size_t len;

	if (c->have < LENGTH_LEN)
		return 0;
	r = rd_init(c->in, c->have);
	len = rd_be16(&r);
	if (len < 1 || len > MESSAGE_MAX)
		return -EMSGSIZE;
	return rd_left(&r) >= len ? (int)len : 0;
}

/* Hands the first message on and moves up what follows it. */
static void hand_on(struct conn *c, size_t len)
{
	struct listen_tcp *l = c->listener;
	struct asker a = {
		.via = c,
		.from = c->from,
		.send = send_answer,
		.by_tcp = true,
	};
	uint8_t msg[MESSAGE_MAX];

	memcpy(msg, c->in + LENGTH_LEN, len);
	c->have -= LENGTH_LEN + len;
	memmove(c->in, c->in + LENGTH_LEN + len, c->have);
	if (!c->have) {
		free(c->in);
		c->in = NULL;
	}
	c->pending++;
	c->used_ms = clock_ms();
	l->events.on_message(l->events.arg, &a, msg, len);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct conn *c = container_of(h, struct conn, tcp);

	(void)suggested;
	*buf = uv_buf_init(c->listener->read, READ_MAX);
}

/* Reading rests while more than the beginning of a message is held, so that
 * there is room for a whole read. */
static bool hold(struct conn *c, const void *bytes, size_t n)
{
	if (!c->in)
		c->in = malloc(IN_MAX);
	if (!c->in || n > IN_MAX - c->have)
		return false;
	memcpy(c->in + c->have, bytes, n);
	c->have += n;
	return true;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = container_of(s, struct conn, tcp);

	if (n < 0 || (n && !hold(c, buf->base, (size_t)n)))
		conn_close(c);
	else if (n)
		conn_take(c);
}

/* Hands on what is whole, as far as it may; then reads on, or rests. The
 * client may be gone after any message. */
static void conn_take(struct conn *c)
{
	int len = 0;

	while (c->listener && !is_full(c) && (len = front(c)) > 0)
		hand_on(c, (size_t)len);
	if (!c->listener)
		return;
	if (len < 0) {
		tally_drop(c->listener->tally, TALLY_TCP_LENGTH, c->have);
		conn_close(c);
		return;
	}
	c->resting = is_full(c);
	if (c->resting)
		uv_read_stop((uv_stream_t *)&c->tcp);
	else
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static void on_sweep(uv_timer_t *timer)
{
	struct listen_tcp *l = container_of(timer, struct listen_tcp, sweep);
	uint64_t now_ms = clock_ms();
	struct conn *c, *next;

	for (c = l->conns; c; c = next) {
		next = c->next;
		if (now_ms - c->used_ms > LISTEN_TCP_IDLE_MS)
			conn_close(c);
	}
}

/* Closes the connection, of 'addr' or (NULL) of anybody, that has rested for
 * longest. False: all are at work. */
static bool make_room(struct listen_tcp *l, const struct addr *addr)
{
	struct conn *c, *oldest = NULL;

	for (c = l->conns; c; c = c->next)
		if (!c->pending && (!addr || addr_eq(&c->from.addr, addr)) &&
		    (!oldest || c->used_ms <= oldest->used_ms))
			oldest = c;
	if (!oldest)
		return false;
	conn_close(oldest);
	return true;
}

static bool is_crowded(struct listen_tcp *l, const struct addr *addr)
{
	const struct conn *c;
	unsigned n = 0;

	for (c = l->conns; c; c = c->next)
		n += addr_eq(&c->from.addr, addr);
	if (n >= LISTEN_TCP_CONNS_PER_CLIENT)
		return !make_room(l, addr);
	return l->conns_n >= LISTEN_TCP_CONNS_MAX && !make_room(l, NULL);
}

static bool peer(const struct conn *c, struct endpoint *out)
{
	struct sockaddr_storage ss;
	int len = sizeof(ss);

	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&ss, &len))
		return false;
	*out = sock_to_endpoint(&ss);
	return true;
}

static bool is_welcome(struct listen_tcp *l, const struct addr *addr)
{
	if (!l->events.is_served(l->events.arg, addr)) {
		tally_drop(l->tally, TALLY_NOT_SERVED, 0);
		return false;
	}
	if (is_crowded(l, addr)) {
		tally_drop(l->tally, TALLY_TCP_CROWDED, 0);
		return false;
	}
	return true;
}

static void conn_begin(struct listen_tcp *l, struct conn *c)
{
	c->listener = l;
	c->used_ms = clock_ms();
	c->next = l->conns;
	if (c->next)
		c->next->at = &c->next;
	c->at = &l->conns;
	l->conns = c;
	if (!l->conns_n++)
		uv_timer_start(&l->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	conn_take(c);
}

static void on_connection(uv_stream_t *s, int status)
{
	struct listen_tcp *l = container_of(s, struct listen_tcp, tcp);
	struct conn *c;

	if (status)
		return;
	c = calloc(1, sizeof(*c));
	if (!c)
		return;
	if (uv_tcp_init(s->loop, &c->tcp)) {
		free(c);
		return;
	}
	if (uv_accept(s, (uv_stream_t *)&c->tcp) || !peer(c, &c->from) ||
	    !is_welcome(l, &c->from.addr)) {
		uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
		return;
	}
	conn_begin(l, c);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct listen_tcp *l = h->data;

	if (!--l->handles)
		free(l);
}

void listen_tcp_close(struct listen_tcp *l)
{
	while (l->conns)
		conn_close(l->conns);
	uv_close((uv_handle_t *)&l->sweep, on_listener_closed);
	uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
}

static int open_listener(struct listen_tcp *l, const struct endpoint *at)
{
	struct sockaddr_storage ss;
	int err;

	sock_from_endpoint(&ss, at);
	err = uv_tcp_bind(&l->tcp, (struct sockaddr *)&ss,
			  ss.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	if (err)
		return err;
	return uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
}

int listen_tcp_open(struct listen_tcp **out, uv_loop_t *loop,
		    const struct endpoint *at, struct tally *tally,
		    const struct asker_events *events)
{
	struct listen_tcp *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->tally = tally;
	l->events = *events;
	err = uv_tcp_init(loop, &l->tcp);
	if (err) {
		free(l);
		return err;
	}
	uv_timer_init(loop, &l->sweep); /* cannot fail */
	l->tcp.data = l->sweep.data = l;
	l->handles = 2;
	err = open_listener(l, at);
	if (err)
		listen_tcp_close(l);
	else
		*out = l;
	return err;
}
