/* exchange.c - DNS over TCP as a client.
 *
 * Called by query.c. Control thread. Invariant: 'done' is called at most once;
 * what is read never exceeds the length that the peer announced. */
#include "exchange.h"
#include "../base/container_of.h"

#include <errno.h>
#include <stdlib.h>

#include "../proto/dns_msg.h"
#include "sock.h"

#define LENGTH_LEN 2

struct exchange {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	exchange_done *done;
	void *arg;
	size_t out_len, have, want; /* 'want': bytes in all, with the length */
	uint8_t *in;
	uint8_t length[LENGTH_LEN];
	uint8_t out[LENGTH_LEN + DNS_QUERY_PADDED_MAX];
};

static void on_closed(uv_handle_t *h)
{
	struct exchange *x = container_of(h, struct exchange, tcp);

	free(x->in);
	free(x);
}

void exchange_close(struct exchange *x)
{
	uv_close((uv_handle_t *)&x->tcp, on_closed);
}

static void finish(struct exchange *x, int err)
{
	uv_read_stop((uv_stream_t *)&x->tcp);
	x->done(x->arg, err, x->in, err ? 0 : x->want - LENGTH_LEN);
}

/* Room for the length first, then for the message; never for more. */
static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct exchange *x = container_of(h, struct exchange, tcp);

	(void)suggested;
	if (x->have < LENGTH_LEN)
		*buf = uv_buf_init((char *)x->length + x->have,
				   (unsigned)(LENGTH_LEN - x->have));
	else
		*buf = uv_buf_init((char *)x->in + x->have - LENGTH_LEN,
				   (unsigned)(x->want - x->have));
}

/* The length is here: 0, or no memory for what it announces. */
static int take_length(struct exchange *x)
{
	struct rd r = rd_init(x->length, LENGTH_LEN);
	size_t len = rd_be16(&r);

	if (len < DNS_HEADER_LEN)
		return -EBADMSG;
	x->want = LENGTH_LEN + len;
	x->in = malloc(len);
	return x->in ? 0 : -ENOMEM;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct exchange *x = container_of(s, struct exchange, tcp);
	int err = 0;

	(void)buf;
	if (n < 0) {
		finish(x, n == UV_EOF ? -ECONNRESET : (int)n);
		return;
	}
	x->have += (size_t)n;
	if (x->have == LENGTH_LEN && !x->in)
		err = take_length(x);
	if (err || (x->in && x->have == x->want))
		finish(x, err);
}

static void on_written(uv_write_t *w, int err)
{
	struct exchange *x = container_of(w, struct exchange, write);

	if (err && err != UV_ECANCELED)
		finish(x, err);
}

static void on_connected(uv_connect_t *c, int err)
{
	struct exchange *x = container_of(c, struct exchange, connect);
	uv_buf_t buf = uv_buf_init((char *)x->out, (unsigned)x->out_len);

	if (err == UV_ECANCELED)
		return;
	if (!err)
		err = uv_read_start((uv_stream_t *)&x->tcp, on_alloc, on_read);
	if (!err)
		err = uv_write(&x->write, (uv_stream_t *)&x->tcp, &buf, 1,
			       on_written);
	if (err)
		finish(x, err);
}

int exchange_start(struct exchange **out, uv_loop_t *loop,
		   const struct endpoint *to, const uint8_t *msg, size_t len,
		   exchange_done *done, void *arg)
{
	struct exchange *x = calloc(1, sizeof(*x));
	struct sockaddr_storage ss;
	struct wr w;
	int err;

	if (!x)
		return -ENOMEM;
	w = wr_init(x->out, sizeof(x->out));
	wr_be16(&w, (uint16_t)len);
	wr_bytes(&w, msg, len);
	x->out_len = wr_len(&w);
	x->done = done;
	x->arg = arg;
	err = uv_tcp_init(loop, &x->tcp);
	if (err) {
		free(x);
		return err;
	}
	sock_from_endpoint(&ss, to);
	err = uv_tcp_connect(&x->connect, &x->tcp, (struct sockaddr *)&ss,
			     on_connected);
	if (err) {
		exchange_close(x);
		return err;
	}
	*out = x;
	return 0;
}
