/* fuzz_dns_tcp.c - clients by TCP: lengths and messages in any pieces, many
 * connections, answers in any order, or none.
 *
 * An input is a script. What is handed on must be what was sent, in its order;
 * nothing whole may lie about where there is room for it; what is sent must be
 * the answer behind its length. */
#include "uv_fake.h"

#include <stdlib.h>

#include "ctl/base/bytes.h"
#include "ctl/dns/listen_tcp.h"

#define CLIENTS	    72 /* more than one client may have connections */
#define SENT_MAX    32768
#define ASKERS_MAX  256
#define PENDING_MAX 32
#define MESSAGE_MAX 1500
#define STEPS_MAX   32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_CONNECT,
	OP_CROWD, /* as many as there may be, from one address */
	OP_BYTES,
	OP_MESSAGE, /* likewise with a length that is right */
	OP_ANSWER,
	OP_WRITTEN,
	OP_END,
	OP_TURN,
	OP_SWEEP,
	OP_MANNERS, /* who asks is answered at once, or refused */
	OPS
};

struct client {
	uv_stream_t *s; /* NULL: gone */
	size_t sent_n, given_n, seen_n;
	unsigned pending;
	uint8_t sent[SENT_MAX];
};

static struct lab {
	struct listen_tcp *l;
	unsigned clients_n, askers_n;
	bool at_once, silent;
	struct asker askers[ASKERS_MAX];
	const uint8_t *said; /* the answer under way */
	size_t said_len;
	struct client clients[CLIENTS];
} lab;

static uint8_t answer_bytes[65535];

static struct client *client_of(const void *via)
{
	for (unsigned i = 0; i < lab.clients_n; i++)
		if (lab.clients[i].s == via)
			return &lab.clients[i];
	abort();
}

static void fake_said(uv_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_init(bytes, len);

	assert(client_of(s) && rd_be16(&r) == lab.said_len);
	assert(rd_left(&r) == lab.said_len);
	assert(!memcmp(r.p, lab.said, lab.said_len));
}

static void answer(const struct asker *a, size_t len)
{
	client_of(a->via)->pending--;
	lab.said = answer_bytes;
	lab.said_len = len;
	a->send(a, answer_bytes, len);
}

/* ---- what the listener says */

static void on_message(void *arg, const struct asker *a, const uint8_t *msg,
		       size_t len)
{
	struct client *c = client_of(a->via);
	struct rd r = rd_init(c->sent + c->seen_n, c->given_n - c->seen_n);

	(void)arg;
	assert(a->by_tcp && rd_be16(&r) == len && rd_left(&r) >= len && len);
	assert(!memcmp(r.p, msg, len));
	c->seen_n += 2 + len;
	assert(++c->pending <= PENDING_MAX);
	if (lab.at_once || lab.askers_n == ASKERS_MAX)
		answer(a, lab.silent ? 0 : len);
	else
		lab.askers[lab.askers_n++] = *a;
}

static void on_gone(void *arg, const void *via)
{
	unsigned kept = 0;

	(void)arg;
	client_of(via)->s = NULL;
	for (unsigned i = 0; i < lab.askers_n; i++)
		if (lab.askers[i].via != via)
			lab.askers[kept++] = lab.askers[i];
	lab.askers_n = kept;
}

static bool is_served(void *arg, const struct addr *addr)
{
	(void)arg;
	return addr->b[15] != 7;
}

/* ---- what clients do */

static void check_client(const struct client *c)
{
	struct rd r = rd_init(c->sent + c->seen_n, c->given_n - c->seen_n);
	size_t len = rd_be16(&r);

	if (!c->s)
		return;
	/* Who rests reads on once something was taken by the client. */
	if (c->pending >= PENDING_MAX || c->s->write_queue_size)
		return;
	assert(fake_reads(c->s));
	assert(r.bad || (len && len <= MESSAGE_MAX && rd_left(&r) < len));
}

/* All that it sent, as far as it is read. */
static void deliver(struct client *c)
{
	while (c->s && fake_reads(c->s) && c->given_n < c->sent_n) {
		size_t n = c->sent_n - c->given_n, from = c->given_n;

		n = n < 4096 ? n : 4096;
		c->given_n += n;
		assert(fake_feed(c->s, c->sent + from, n) == n);
	}
	check_client(c);
}

static void connect_from(uint8_t addr)
{
	struct client *c = &lab.clients[lab.clients_n];

	if (lab.clients_n == CLIENTS)
		return;
	fake.peer = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x0a4d0000 | addr),
	};
	fake.accepted = NULL;
	c->sent_n = c->given_n = c->seen_n = c->pending = 0;
	fake.listening->connection_cb(fake.listening, 0);
	fake.refuse = 0;
	if (!fake.accepted || (fake.accepted->flags & FAKE_CLOSING))
		return;
	c->s = fake.accepted;
	lab.clients_n++;
}

/* At the beginning alone, as it takes its time. */
static void crowd(uint8_t addr)
{
	unsigned n = lab.clients_n ? 0 : LISTEN_TCP_CONNS_PER_CLIENT;

	while (n--)
		connect_from(addr);
}

static void send_bytes(struct client *c, struct rd *r, bool framed)
{
	size_t n = rd_be16(r) % 2048, have = rd_left(r), room;
	struct wr w = wr_init(c->sent + c->sent_n, SENT_MAX - c->sent_n);

	have = have < n ? have : n;
	have = have < 64 ? have : 64; /* the rest is whatever */
	room = wr_left(&w);
	if (!c->s || room < n + 2)
		return;
	if (framed)
		wr_be16(&w, (uint16_t)n);
	rd_bytes(r, w.p, have);
	memset(w.p + have, 0, n - have);
	w.p += n;
	c->sent_n += wr_len(&w);
	deliver(c);
}

static void op_answer(struct rd *r)
{
	unsigned i = rd_u8(r);
	size_t len = rd_be16(r);
	struct asker a;

	if (!lab.askers_n)
		return;
	i %= lab.askers_n;
	a = lab.askers[i];
	lab.askers[i] = lab.askers[--lab.askers_n];
	answer(&a, len);
}

/* A client is given what it sent meanwhile, if it is read again. */
static void op_written(struct rd *r)
{
	unsigned i = rd_u8(r), how = rd_u8(r);

	if (fake.writes_n)
		fake_written(i % fake.writes_n, how % 8 ? 0 : UV_EPIPE);
	for (i = 0; i < lab.clients_n; i++)
		deliver(&lab.clients[i]);
}

static void step(struct rd *r)
{
	uint8_t op = rd_u8(r), which = rd_u8(r);
	struct client *c =
		&lab.clients[lab.clients_n ? which % lab.clients_n : 0];

	switch ((enum op)(op % OPS)) {
	case OP_CONNECT:
		fake.refuse = which & 64 ? UV_EMFILE : 0;
		connect_from(which & 7);
		break;
	case OP_CROWD:
		crowd(which & 3);
		break;
	case OP_BYTES:
	case OP_MESSAGE:
		if (lab.clients_n)
			send_bytes(c, r, op % OPS == OP_MESSAGE);
		break;
	case OP_ANSWER:
		fake.refuse = which == 255 ? UV_EPIPE : 0;
		op_answer(r);
		fake.refuse = 0;
		break;
	case OP_WRITTEN:
		op_written(r);
		break;
	case OP_END:
		if (lab.clients_n && c->s)
			fake_end(c->s, which & 128 ? UV_ECONNRESET : UV_EOF);
		break;
	case OP_TURN:
		fake_turn();
		break;
	case OP_SWEEP:
		fake_ring(fake.timer);
		break;
	case OP_MANNERS:
	case OPS:
		lab.at_once = which & 1;
		lab.silent = which & 2;
		break;
	}
}

static void begin(void)
{
	static const struct endpoint at;
	static struct tally tally;
	const struct asker_events events = { .on_message = on_message,
					     .on_gone = on_gone,
					     .is_served = is_served };

	lab.clients_n = lab.askers_n = 0;
	lab.at_once = lab.silent = false;
	memset(&fake, 0, sizeof(fake));
	tally_init(&tally);
	assert(!listen_tcp_open(&lab.l, NULL, &at, &tally, &events));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	begin();
	for (unsigned i = 0; i < STEPS_MAX && rd_left(&r); i++)
		step(&r);
	listen_tcp_close(lab.l);
	assert(!lab.askers_n);
	fake_turn();
	assert(!fake.writes_n);
	return 0;
}
