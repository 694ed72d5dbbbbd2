/* fuzz_dns_upstream.c - what upstreams say by TCP and by TLS: lengths and
 * messages in any pieces, to several questions at once, and ends at any time.
 *
 * An input is a script. UDP is not spoken: questions go to an exchange or to a
 * TLS connection as query.c puts them there. Each hears once, and only a whole
 * message; by TLS one of its own ID, or that there is none. TLS itself is
 * passed through: its bytes are OpenSSL's to read. */
#include "uv_fake.h"

#include <stdlib.h>

#include "ctl/base/bytes.h"
#include "ctl/dns/dot.h"
#include "ctl/dns/exchange.h"
#include "ctl/dns/tls.h"
#include "ctl/proto/dns_msg.h"

#define QUESTIONS  6
#define SAID_MAX   (1 << 17)
#define STEPS_MAX  32
#define LONG_LEN   0xf000 /* as long, or … */
#define SHORT_LEN  600
#define PIECES_MAX 32
#define ASK_LEN	   16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_ASK_TCP,
	OP_ASK_TLS,
	OP_CONNECTED,
	OP_BYTES,
	OP_MESSAGE, /* with a length that is right, and somebody's ID */
	OP_WRITTEN,
	OP_END,
	OP_TURN,
	OP_TIME,
	OP_CANCEL,
	OPS
};

struct asking {
	struct dot_question tls; /* first */
	struct exchange *tcp;
	unsigned heard;
	bool busy, by_tls;
	uint8_t msg[ASK_LEN];
};

struct tls {
	size_t n, at, out;
	bool open, over;
	uint8_t in[SAID_MAX];
};

static struct dots *dots;
static struct asking askings[QUESTIONS];
static uv_stream_t *streams[FAKE_MAX]; /* that were connected to */
static unsigned streams_n;
static bool shakes_badly, out_of_tls;

/* ---- TLS that adds nothing */

struct tls *tls_new(const struct tls_peer *peer)
{
	struct tls *t = malloc(sizeof(*t));

	assert(peer->alpn);
	if (t)
		memset(t, 0, offsetof(struct tls, in));
	return t;
}

void tls_free(struct tls *t)
{
	free(t);
}

int tls_feed(struct tls *t, const void *data, size_t len)
{
	if (len > SAID_MAX - t->n)
		return -ENOMEM;
	memcpy(t->in + t->n, data, len);
	t->n += len;
	return 0;
}

size_t tls_drain(struct tls *t, void *out, size_t room)
{
	size_t n = t->out < room ? t->out : room;

	memset(out, 0, n);
	t->out -= n;
	return n;
}

/* One byte is the handshake. */
int tls_handshake(struct tls *t)
{
	if (t->at == t->n)
		return -EAGAIN;
	if (shakes_badly)
		return -EPROTO;
	t->at++;
	t->open = true;
	return 0;
}

int tls_read(struct tls *t, void *out, size_t room)
{
	size_t n = t->n - t->at;

	assert(t->open && room);
	n = n < room ? n : room;
	if (!n)
		return t->over ? 0 : -EAGAIN;
	memcpy(out, t->in + t->at, n);
	t->at += n;
	if (t->at == t->n)
		t->at = t->n = 0;
	return (int)n;
}

int tls_write(struct tls *t, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);

	assert(t->open && rd_be16(&r) == ASK_LEN && rd_left(&r) == ASK_LEN);
	if (out_of_tls)
		return -EPROTO;
	t->out += len;
	return 0;
}

const char *tls_why(const struct tls *t)
{
	(void)t;
	return "it did not please";
}

/* ---- who asks */

static void fake_said(uv_stream_t *s, const uint8_t *bytes, size_t len)
{
	(void)s;
	(void)bytes;
	assert(len);
}

static void hear(struct asking *a, int err, const uint8_t *msg, size_t len)
{
	assert(a->busy && !a->heard++);
	a->busy = false;
	if (err)
		return;
	for (size_t i = 0; i < len; i++) /* every byte is there */
		a->msg[2] ^= msg[i];
}

static void on_tls(struct dot_question *q, int err, const uint8_t *msg,
		   size_t len)
{
	struct asking *a = (struct asking *)q;

	assert(!q->dot);
	assert(err || (len >= 2 && !memcmp(msg, a->msg, 2)));
	hear(a, err, msg, len);
}

static void on_tcp(void *arg, int err, const uint8_t *msg, size_t len)
{
	struct asking *a = arg;

	assert(err || len >= DNS_HEADER_LEN);
	hear(a, err, msg, len);
	exchange_close(a->tcp);
	a->tcp = NULL;
}

static void leave(struct asking *a)
{
	if (!a->busy)
		return;
	a->busy = false;
	if (a->by_tls)
		dot_cancel(&a->tls);
	else
		exchange_close(a->tcp);
	a->tcp = NULL;
}

static void ask(struct asking *a, uint8_t how, bool tls)
{
	struct nameserver to = { .tls = how & 64 ? NAMESERVER_TRY_TLS
						 : NAMESERVER_TLS };
	int err;

	if (a->busy)
		return;
	memset(a, 0, sizeof(*a));
	a->msg[1] = how & 7;
	a->busy = true;
	a->by_tls = tls;
	to.at.addr = addr_v4(htonl(0x01010101 + (how >> 3 & 1)));
	a->tls.done = on_tls;
	a->tls.msg = a->msg;
	a->tls.len = ASK_LEN;
	fake.refuse = how & 128 ? UV_EMFILE : 0;
	if (tls)
		err = dot_ask(dots, &to, &a->tls);
	else
		err = exchange_start(&a->tcp, NULL, &to.at, a->msg, ASK_LEN,
				     on_tcp, a);
	fake.refuse = 0;
	if (err)
		a->busy = false;
}

/* ---- what comes */

static void connected(uint8_t which)
{
	unsigned i = which % fake.connects_n;

	if (streams_n < FAKE_MAX)
		streams[streams_n++] = fake.connects[i]->handle;
	fake_connected(i, which & 128 ? UV_ECONNREFUSED : 0);
}

/* Pieces of the size that the script says, the rest being zeros. */
static void say(uv_stream_t *s, struct rd *r, bool framed)
{
	static uint8_t bytes[SAID_MAX];
	size_t n = rd_be16(r), piece = rd_be16(r), have, at;
	struct wr w = wr_init(bytes, sizeof(bytes));

	n = n < LONG_LEN ? n % SHORT_LEN : n;
	have = rd_left(r);
	have = have < 32 ? have : 32;
	have = have < n ? have : n;
	if (framed) {
		wr_be16(&w, (uint16_t)(n + 2));
		wr_be16(&w, rd_u8(r) & 7);
		have = have ? have - 1 : 0;
	}
	rd_bytes(r, w.p, have);
	memset(w.p + have, 0, n - have);
	n += wr_len(&w);
	piece = piece < n / PIECES_MAX ? n / PIECES_MAX : piece;
	piece = piece ? piece : 1;
	for (at = 0; at < n; at += piece)
		fake_feed(s, bytes + at, n - at < piece ? n - at : piece);
}

static void turn(void)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < streams_n; i++)
		if (!(streams[i]->flags & FAKE_CLOSING))
			streams[kept++] = streams[i];
	streams_n = kept;
	fake_turn();
}

static void step(struct rd *r)
{
	uint8_t op = rd_u8(r), which = rd_u8(r);
	struct asking *a = &askings[which % QUESTIONS];
	uv_stream_t *s = streams_n ? streams[which % streams_n] : NULL;

	switch ((enum op)(op % OPS)) {
	case OP_ASK_TCP:
	case OP_ASK_TLS:
		ask(a, rd_u8(r), op % OPS == OP_ASK_TLS);
		break;
	case OP_CONNECTED:
		if (fake.connects_n)
			connected(which);
		break;
	case OP_BYTES:
	case OP_MESSAGE:
		if (s)
			say(s, r, op % OPS == OP_MESSAGE);
		break;
	case OP_WRITTEN:
		if (fake.writes_n)
			fake_written(which % fake.writes_n,
				     which & 128 ? UV_EPIPE : 0);
		break;
	case OP_END:
		if (s)
			fake_end(s, which & 128 ? UV_ECONNRESET : UV_EOF);
		break;
	case OP_TURN:
		turn();
		break;
	case OP_TIME:
		if (fake.timer)
			fake_ring(fake.timer);
		break;
	case OP_CANCEL:
	case OPS:
		leave(a);
		shakes_badly = which & 64;
		out_of_tls = (which & 192) == 128;
		break;
	}
	fake.refuse = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	memset(&fake, 0, sizeof(fake));
	memset(askings, 0, sizeof(askings));
	streams_n = 0;
	shakes_badly = out_of_tls = false;
	dots = dots_new(NULL);
	assert(dots);
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&r); i++)
		step(&r);
	for (unsigned i = 0; i < QUESTIONS; i++)
		leave(&askings[i]);
	dots_free(dots);
	turn();
	assert(!fake.writes_n && !fake.connects_n);
	return 0;
}
