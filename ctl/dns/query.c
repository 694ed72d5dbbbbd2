/* query.c - asks one upstream one question, by UDP, then TCP if need be.
 *
 * Called by resolve.c and probe.c. Control thread. RFC 5452 is the reason for
 * most of it. Invariant: 'fd' is polled until 'tcp' is open, never both; it is
 * closed with the poll handle, which would else forget a stranger's number. */
#include "query.h"
#include "../base/container_of.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "exchange.h"
#include "sock.h"

#define PLAIN_PORT  53
#define IDS_TRIED   4
#define UDP_MAX	    4096 /* more than we say that we take */
#define FOREIGN_MAX 16	 /* misfits after which somebody is guessing */

struct query {
	uv_poll_t poll;
	int fd; /* -1: by TLS, and no poll handle */
	struct exchange *tcp;
	struct dot_question tls;
	const struct query_way *way;
	struct endpoint to; /* of UDP and TCP */
	uint16_t id;
	struct dns_question asked; /* as spelled on the wire */
	unsigned foreign;
	bool may_be_plain; /* TLS failing */
	query_done *done;
	void *arg;
	size_t out_len;
	uint8_t out[DNS_QUERY_PADDED_MAX];
};

/* Upper case for every letter whose bit in 'dice' is set (0x20). */
static void spell(struct dns_name *n, const uint8_t *dice)
{
	unsigned i;

	for (i = 0; i < n->len; i++) {
		bool letter = n->b[i] >= 'a' && n->b[i] <= 'z';

		if (letter && (dice[i / 8] >> i % 8 & 1))
			n->b[i] = (uint8_t)(n->b[i] - ('a' - 'A'));
	}
}

static int compose(struct query *q, const struct query_ask *ask, bool edns,
		   bool padded)
{
	struct {
		uint16_t id;
		uint8_t dice[(DNS_NAME_MAX + 7) / 8];
	} random;
	struct wr w = wr_init(q->out, sizeof(q->out));
	/* AD: we understand that bit of the answer (RFC 6840, 5.7). */
	struct dns_header h = { .flags = DNS_RD | DNS_AD, .qd = 1, .ar = edns };

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	q->id = random.id;
	q->asked = ask->q;
	spell(&q->asked.name, random.dice);
	h.id = q->id;
	if (ask->checking_disabled)
		h.flags |= DNS_CD;
	dns_header_write(&w, &h);
	dns_question_write(&w, &q->asked);
	if (edns && padded)
		dns_opt_write_padded(&w, DNS_UDP_EDNS, ask->dnssec_ok);
	else if (edns)
		dns_opt_write(&w, DNS_UDP_EDNS, 0, ask->dnssec_ok);
	q->out_len = wr_len(&w);
	return w.bad ? -EMSGSIZE : 0;
}

static void on_poll_closed(uv_handle_t *h)
{
	free(container_of(h, struct query, poll));
}

void query_close(struct query *q)
{
	if (q->tcp)
		exchange_close(q->tcp);
	dot_cancel(&q->tls);
	if (q->fd < 0) {
		free(q);
		return;
	}
	uv_close((uv_handle_t *)&q->poll, on_poll_closed);
	close(q->fd);
}

bool query_by_tcp(const struct query *q)
{
	return q->tcp;
}

enum fit { FIT, FIT_BUT_SPELLING, FIT_NOT };

static bool question_fits(const struct query *q, const struct dns_answer *a)
{
	return a->has_question && a->q.type == q->asked.type &&
	       a->q.class == q->asked.class &&
	       dns_name_eq(&a->q.name, &q->asked.name);
}

/* Whether 'a' answers 'q'. A server that could not read the question may send
 * none back, but then it says no more than that. */
static enum fit fits(const struct query *q, const struct dns_answer *a)
{
	if (a->id != q->id)
		return FIT_NOT;
	if (!a->has_question)
		return a->rcode && !a->an && !a->ns ? FIT : FIT_NOT;
	if (!question_fits(q, a))
		return FIT_NOT;
	return memcmp(a->q.name.b, q->asked.name.b, a->q.name.len)
		       ? FIT_BUT_SPELLING
		       : FIT;
}

static void deliver(struct query *q, const uint8_t *msg, struct dns_answer *a)
{
	dns_name_lower(&a->q.name);
	q->done(q->arg, q, 0, msg, a);
}

/* What came by a way on which nobody else can speak. */
static void take_whole(struct query *q, int err, const uint8_t *msg, size_t len)
{
	struct dns_answer a;

	if (!err && dns_answer_read(msg, len, &a)) {
		tally_drop(q->way->tally, TALLY_UP_MALFORMED, len);
		err = -EBADMSG;
	}
	if (!err && (fits(q, &a) == FIT_NOT || (a.flags & DNS_TC))) {
		tally_drop(q->way->tally, TALLY_UP_FOREIGN, len);
		err = -EBADMSG;
	}
	if (err)
		q->done(q->arg, q, -EBADMSG, NULL, NULL);
	else
		deliver(q, msg, &a);
}

static void on_exchanged(void *arg, int err, const uint8_t *msg, size_t len)
{
	take_whole(arg, err, msg, len);
}

static void go_tcp(struct query *q)
{
	int err;

	uv_poll_stop(&q->poll);
	err = exchange_start(&q->tcp, q->way->loop, &q->to, q->out, q->out_len,
			     on_exchanged, q);
	if (err)
		q->done(q->arg, q, -EBADMSG, NULL, NULL);
}

static void take_datagram(struct query *q, const uint8_t *msg, size_t len)
{
	struct dns_answer a;
	bool bad = len > UDP_MAX || dns_answer_read(msg, len, &a);
	enum fit fit = len > UDP_MAX ? FIT_NOT : fits(q, &a);

	if (bad || fit == FIT_NOT)
		tally_drop(q->way->tally,
			   bad ? TALLY_UP_MALFORMED : TALLY_UP_FOREIGN, len);
	if (fit == FIT_NOT) {
		if (++q->foreign == FOREIGN_MAX)
			go_tcp(q);
		return;
	}
	if (bad)
		q->done(q->arg, q, -EBADMSG, NULL, NULL);
	else if (fit == FIT_BUT_SPELLING || (a.flags & DNS_TC))
		go_tcp(q);
	else
		deliver(q, msg, &a);
}

/* One datagram; more come by the next wakeup, since the poll is by level and
 * the query may be gone after this. An ICMP error is an error of the socket,
 * for which libuv stops polling ('status'). */
static void on_readable(uv_poll_t *p, int status, int events)
{
	struct query *q = container_of(p, struct query, poll);
	uint8_t msg[UDP_MAX];
	ssize_t n;

	(void)events;
	n = recv(q->fd, msg, sizeof(msg), MSG_TRUNC);
	if (n >= 0)
		take_datagram(q, msg, (size_t)n);
	else if (status || errno != EAGAIN)
		q->done(q->arg, q, -errno, NULL, NULL);
}

/* The kernel picks the port when it connects: random, of its own range. */
static int open_udp(struct query *q)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_endpoint(&ss, &q->to);

	q->fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0);
	if (q->fd < 0)
		return -errno;
	if (connect(q->fd, (struct sockaddr *)&ss, len) < 0 ||
	    send(q->fd, q->out, q->out_len, 0) < 0) {
		int err = -errno;

		close(q->fd);
		return err;
	}
	return 0;
}

/* On an error the query is as it was. */
static int go_udp(struct query *q)
{
	int err = open_udp(q);

	if (err)
		goto fail;
	err = uv_poll_init(q->way->loop, &q->poll, q->fd);
	if (err)
		goto fail_fd;
	uv_poll_start(&q->poll, UV_READABLE, on_readable); /* cannot fail */
	return 0;

fail_fd:
	close(q->fd);
fail:
	q->fd = -1;
	return err;
}

static void on_tls_done(struct dot_question *tls, int err, const uint8_t *msg,
			size_t len)
{
	struct query *q = container_of(tls, struct query, tls);

	if (!err) {
		take_whole(q, 0, msg, len);
		return;
	}
	if (q->may_be_plain)
		err = go_udp(q);
	if (err)
		q->done(q->arg, q, err, NULL, NULL);
}

static int go_tls(struct query *q, const struct nameserver *to)
{
	q->tls.done = on_tls_done;
	q->tls.msg = q->out;
	q->tls.len = q->out_len;
	return dot_ask(q->way->dots, to, &q->tls);
}

static int send_by(struct query *q, const struct nameserver *to)
{
	bool hopeless = to->tls == NAMESERVER_TRY_TLS &&
			dot_is_hopeless(q->way->dots, to);

	q->to = to->at;
	q->may_be_plain = to->tls == NAMESERVER_TRY_TLS;
	if (q->may_be_plain)
		q->to.port = htons(PLAIN_PORT);
	if (to->tls == NAMESERVER_PLAIN || hopeless)
		return go_udp(q);
	return go_tls(q, to);
}

int query_start(struct query **out, const struct query_way *way,
		const struct nameserver *to, const struct query_ask *ask,
		bool edns, query_done *done, void *arg)
{
	struct query *q = calloc(1, sizeof(*q));
	int err, tries = IDS_TRIED;

	if (!q)
		return -ENOMEM;
	q->fd = -1;
	q->way = way;
	q->done = done;
	q->arg = arg;
	do {
		err = compose(q, ask, edns, to->tls != NAMESERVER_PLAIN);
		if (!err)
			err = send_by(q, to);
	} while (err == -EEXIST && --tries);
	if (err)
		free(q);
	else
		*out = q;
	return err;
}
