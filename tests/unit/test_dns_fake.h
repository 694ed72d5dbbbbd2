/* test_dns_fake.h - an upstream on loopback that behaves as it is told, and an
 * asker that keeps what it is sent. */
#ifndef TEST_DNS_FAKE_H
#define TEST_DNS_FAKE_H

#include "test_dns_build.h"
#include "test_dns_port.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "ctl/dns/asker.h"
#include "ctl/base/container_of.h"
#include "ctl/dns/sock.h"

#define FAKE_GOOD "192.0.2.1"
#define FAKE_EVIL "203.0.113.66"

enum fake_mode {
	FAKE_ANSWERS,
	FAKE_IS_SPOOFED, /* everything wrong first, then the right answer */
	FAKE_GUESSED_AT, /* many IDs by UDP; the right answer by TCP */
	FAKE_LOWERS,	 /* loses the spelling by UDP */
	FAKE_TRUNCATES,	 /* TC by UDP */
	FAKE_SILENT,
	FAKE_FAILS,
	FAKE_REFUSES,
	FAKE_HATES_EDNS,
	FAKE_IS_PRIVATE,
	FAKE_MALFORMED,
};

struct fake {
	uv_poll_t poll;
	uv_tcp_t tcp;
	int fd;
	struct endpoint at;
	enum fake_mode mode;
	uint32_t ttl_s;
	unsigned udp_n, tcp_n;
	struct fake_seen {
		struct dns_header head;
		struct dns_name name; /* as spelled */
		struct endpoint from;
	} seen[256];
};

/* The answer to the query in 'msg': 'name' replaces its name if there is one,
 * 'id' is added to its ID, 'type' to its type, 'flags' to its flags. */
static inline void fake_build(struct build *b, const struct dns_query *q,
			      const struct dns_name *name, uint16_t id,
			      uint16_t type, uint16_t flags, const char *addr,
			      uint32_t ttl_s)
{
	build_begin(b, (uint16_t)(q->id + id),
		    (uint16_t)(DNS_QR | DNS_RD | DNS_RA | flags), 1, !!addr, 0,
		    0);
	dns_name_write(&b->w, name ? name : &q->q.name);
	wr_be16(&b->w, (uint16_t)(q->q.type + type));
	wr_be16(&b->w, 1);
	if (addr)
		build_a(b, "x", ttl_s, addr);
}

static inline void fake_send(struct fake *f, const struct build *b,
			     const struct sockaddr_storage *to)
{
	sendto(f->fd, b->bytes, wr_len(&b->w), 0, (const struct sockaddr *)to,
	       sizeof(struct sockaddr_in));
}

static inline void fake_spoof(struct fake *f, const struct dns_query *q,
			      const struct sockaddr_storage *to)
{
	int stranger = socket(AF_INET, SOCK_DGRAM, 0);
	struct dns_name other;
	struct build b;

	dns_name_from_text(&other, "other.example.com");
	fake_build(&b, q, NULL, 0, 0, 0, FAKE_EVIL, 60);
	sendto(stranger, b.bytes, wr_len(&b.w), 0, (const struct sockaddr *)to,
	       sizeof(struct sockaddr_in));
	close(stranger);
	fake_build(&b, q, NULL, 1, 0, 0, FAKE_EVIL, 60);
	fake_send(f, &b, to);
	fake_build(&b, q, &other, 0, 0, 0, FAKE_EVIL, 60);
	fake_send(f, &b, to);
	fake_build(&b, q, NULL, 0, 27, 0, FAKE_EVIL, 60);
	fake_send(f, &b, to);
	fake_build(&b, q, NULL, 0, 0, 0, FAKE_EVIL, 60);
	b.bytes[2] &= 0x7f; /* no answer */
	fake_send(f, &b, to);
}

static inline void fake_answer(struct fake *f, const struct dns_query *q,
			       const struct sockaddr_storage *to)
{
	struct dns_name lower = q->q.name;
	const char *addr = FAKE_GOOD;
	const struct dns_name *name = NULL;
	uint16_t flags = 0, i;
	struct build b;

	dns_name_lower(&lower);
	if (f->mode == FAKE_IS_SPOOFED)
		fake_spoof(f, q, to);
	for (i = 1; f->mode == FAKE_GUESSED_AT && i < 40; i++) {
		fake_build(&b, q, NULL, i, 0, 0, FAKE_EVIL, 60);
		fake_send(f, &b, to);
	}
	if (f->mode == FAKE_GUESSED_AT || f->mode == FAKE_SILENT)
		return;
	if (f->mode == FAKE_LOWERS)
		name = &lower;
	if (f->mode == FAKE_TRUNCATES)
		flags = DNS_TC;
	if (f->mode == FAKE_FAILS)
		flags = DNS_SERVFAIL;
	if (f->mode == FAKE_REFUSES)
		flags = DNS_REFUSED;
	if (f->mode == FAKE_HATES_EDNS && q->edns)
		flags = DNS_FORMERR;
	if (f->mode == FAKE_IS_PRIVATE)
		addr = "192.168.1.1";
	fake_build(&b, q, name, 0, 0, flags, flags ? NULL : addr, f->ttl_s);
	if (f->mode == FAKE_MALFORMED)
		b.w.p--;
	fake_send(f, &b, to);
}

static inline void fake_note(struct fake *f, const struct dns_query *q,
			     const uint8_t *msg, size_t len,
			     const struct endpoint *from)
{
	struct rd r = rd_init(msg, len);
	struct fake_seen *s = &f->seen[f->udp_n++ % 256];

	dns_header_read(&r, &s->head);
	s->name = q->q.name;
	s->from = *from;
}

static inline void fake_on_udp(uv_poll_t *p, int status, int events)
{
	struct fake *f = container_of(p, struct fake, poll);
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);
	struct endpoint from;
	struct dns_query q;
	uint8_t msg[1500];
	ssize_t n;

	(void)status;
	(void)events;
	n = recvfrom(f->fd, msg, sizeof(msg), 0, (struct sockaddr *)&ss,
		     &ss_len);
	if (n < 0)
		return;
	assert_int_equal(dns_query_read(msg, (size_t)n, &q), 0);
	from = sock_to_endpoint(&ss);
	fake_note(f, &q, msg, (size_t)n, &from);
	fake_answer(f, &q, &ss);
}

static inline void fake_free_handle(uv_handle_t *h)
{
	free(h);
}

static inline void fake_on_alloc(uv_handle_t *h, size_t n, uv_buf_t *buf)
{
	static char in[1500];

	(void)h;
	(void)n;
	*buf = uv_buf_init(in, sizeof(in));
}

/* Queries are small enough to come whole on loopback. */
static inline void fake_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct fake *f = s->data;
	struct dns_query q;
	struct build b, framed;
	uv_buf_t out;

	if (n <= 0) {
		uv_close((uv_handle_t *)s, fake_free_handle);
		return;
	}
	assert_int_equal(
		dns_query_read((uint8_t *)buf->base + 2, (size_t)n - 2, &q), 0);
	f->tcp_n++;
	fake_build(&b, &q, NULL, 0, 0, 0, FAKE_GOOD, f->ttl_s);
	framed.w = wr_init(framed.bytes, sizeof(framed.bytes));
	wr_be16(&framed.w, (uint16_t)wr_len(&b.w));
	wr_bytes(&framed.w, b.bytes, wr_len(&b.w));
	out = uv_buf_init((char *)framed.bytes, (unsigned)wr_len(&framed.w));
	uv_try_write(s, &out, 1);
}

static inline void fake_on_connection(uv_stream_t *s, int status)
{
	struct fake *f = container_of(s, struct fake, tcp);
	uv_tcp_t *c = calloc(1, sizeof(*c));

	(void)status;
	uv_tcp_init(s->loop, c);
	c->data = f;
	uv_accept(s, (uv_stream_t *)c);
	uv_read_start((uv_stream_t *)c, fake_on_alloc, fake_on_read);
}

static inline void fake_open(struct fake *f, uv_loop_t *loop,
			     enum fake_mode mode)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(f, 0, sizeof(*f));
	f->mode = mode;
	f->ttl_s = 60;
	port_find(&f->at);
	f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	len = sock_from_endpoint(&ss, &f->at);
	assert_return_code(bind(f->fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof(ss);
	getsockname(f->fd, (struct sockaddr *)&ss, &len);
	f->at = sock_to_endpoint(&ss);
	uv_poll_init(loop, &f->poll, f->fd);
	uv_poll_start(&f->poll, UV_READABLE, fake_on_udp);
	uv_tcp_init(loop, &f->tcp);
	uv_tcp_bind(&f->tcp, (struct sockaddr *)&ss, 0);
	assert_return_code(
		uv_listen((uv_stream_t *)&f->tcp, 16, fake_on_connection), 0);
}

static inline void fake_close(struct fake *f)
{
	uv_close((uv_handle_t *)&f->poll, NULL);
	uv_close((uv_handle_t *)&f->tcp, NULL);
	close(f->fd);
}

/* Everything that was sent to any asker. */
struct inbox {
	unsigned n;    /* answers */
	unsigned none; /* "there is no answer" */
	struct dns_header head[512];
	uint8_t last4[512][4];
};

static inline void inbox_send(const struct asker *a, const uint8_t *msg,
			      size_t len)
{
	struct inbox *in = a->via;
	struct rd r = rd_init(msg, len);

	if (!len) {
		in->none++;
		return;
	}
	assert_true(in->n < 512);
	dns_header_read(&r, &in->head[in->n]);
	rd_skip(&r, rd_left(&r) - 4);
	rd_bytes(&r, in->last4[in->n++], 4);
}

static inline struct asker inbox_asker(struct inbox *in, uint16_t port)
{
	struct asker a = { .via = in, .send = inbox_send };

	endpoint_parse("10.77.0.9", port, &a.from);
	return a;
}

static inline unsigned inbox_rcode(const struct inbox *in, unsigned i)
{
	return in->head[i].flags & DNS_RCODE;
}

#endif
