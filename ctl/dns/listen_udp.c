/* listen_udp.c - a UDP socket for clients, read in bursts.
 *
 * Called by dns.c. Control thread. No SO_REUSEADDR: another server on the port
 * is a thing to be told, not to be hidden. */
#include "listen_udp.h"
#include "../base/container_of.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock.h"

#define BURST		  32
#define BURSTS_PER_WAKEUP 4    /* then the rest of the loop has its turn */
#define MESSAGE_MAX	  1500 /* queries are far smaller */
#define ANSWER_MAX	  1232 /* see reply.c; longer ones go alone */

struct listen_udp {
	uv_poll_t poll;
	int fd;
	struct addr at;
	struct tally *tally;
	struct asker_events events;
	struct mmsghdr heads[BURST];
	struct iovec iov[BURST];
	struct sockaddr_storage from[BURST];
	uint8_t bytes[BURST][MESSAGE_MAX];
	/* Answers that are ready while a burst is handled go together. */
	bool in_burst;
	unsigned out_n;
	struct mmsghdr out_heads[BURST];
	struct iovec out_iov[BURST];
	struct sockaddr_storage out_to[BURST];
	uint8_t out_bytes[BURST][ANSWER_MAX];
};

/* What the socket does not take is lost, as on the wire. */
static void flush(struct listen_udp *l)
{
	unsigned sent = 0;

	while (sent < l->out_n) {
		int n = sendmmsg(l->fd, l->out_heads + sent, l->out_n - sent,
				 0);

		if (n > 0) {
			sent += (unsigned)n;
			continue;
		}
		tally_drop(l->tally, TALLY_SEND, l->out_iov[sent].iov_len);
		sent++;
	}
	l->out_n = 0;
}

static void put_off(struct listen_udp *l, const struct asker *a,
		    const uint8_t *msg, size_t len)
{
	unsigned i = l->out_n;

	memcpy(l->out_bytes[i], msg, len);
	l->out_iov[i] = (struct iovec){ l->out_bytes[i], len };
	l->out_heads[i].msg_hdr = (struct msghdr){
		.msg_name = &l->out_to[i],
		.msg_namelen = sock_from_endpoint(&l->out_to[i], &a->from),
		.msg_iov = &l->out_iov[i],
		.msg_iovlen = 1,
	};
	if (++l->out_n == BURST)
		flush(l);
}

static void send_answer(const struct asker *a, const uint8_t *msg, size_t len)
{
	struct listen_udp *l = a->via;
	struct sockaddr_storage ss;
	socklen_t ss_len;

	if (!len)
		return;
	if (l->in_burst && len <= ANSWER_MAX) {
		put_off(l, a, msg, len);
		return;
	}
	ss_len = sock_from_endpoint(&ss, &a->from);
	if (sendto(l->fd, msg, len, 0, (struct sockaddr *)&ss, ss_len) < 0)
		tally_drop(l->tally, TALLY_SEND, len);
}

/* By the socket what the data path cannot take. */
static void send_back(const struct asker *a, const uint8_t *msg, size_t len)
{
	struct listen_udp *l = a->via;

	if (len > a->way.room ||
	    !l->events.send_back(l->events.arg, a, &l->at, msg, len))
		send_answer(a, msg, len);
}

static void hand_on(struct listen_udp *l, const struct asker *a,
		    const uint8_t *msg, size_t len)
{
	if (!l->events.is_served(l->events.arg, &a->from.addr))
		tally_drop(l->tally, TALLY_NOT_SERVED, len);
	else if (len > MESSAGE_MAX)
		tally_drop(l->tally, TALLY_MALFORMED, len);
	else
		l->events.on_message(l->events.arg, a, msg, len);
}

void listen_udp_take(struct listen_udp *l, const struct answers_question *q)
{
	struct asker a = {
		.via = l, .from = q->from, .send = send_back, .way = q->way
	};

	hand_on(l, &a, q->msg, q->len);
}

void listen_udp_gather(struct listen_udp *l)
{
	l->in_burst = true;
}

void listen_udp_flush(struct listen_udp *l)
{
	l->in_burst = false;
	flush(l);
}

static void take(struct listen_udp *l, unsigned i)
{
	const struct mmsghdr *m = &l->heads[i];
	bool cut = m->msg_hdr.msg_flags & MSG_TRUNC;
	struct asker a = { .via = l,
			   .from = sock_to_endpoint(&l->from[i]),
			   .send = send_answer };

	hand_on(l, &a, l->bytes[i], cut ? MESSAGE_MAX + 1 : m->msg_len);
}

static int receive(struct listen_udp *l)
{
	unsigned i;

	for (i = 0; i < BURST; i++) {
		l->iov[i] = (struct iovec){ l->bytes[i], MESSAGE_MAX };
		l->heads[i].msg_hdr = (struct msghdr){
			.msg_name = &l->from[i],
			.msg_namelen = sizeof(l->from[i]),
			.msg_iov = &l->iov[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(l->fd, l->heads, BURST, MSG_DONTWAIT, NULL);
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct listen_udp *l = container_of(p, struct listen_udp, poll);
	int bursts = BURSTS_PER_WAKEUP, n, i;

	(void)events;
	if (status) /* libuv stops polling for an error of the socket */
		uv_poll_start(p, UV_READABLE, on_readable);
	do {
		n = receive(l);
		listen_udp_gather(l);
		for (i = 0; i < n; i++)
			take(l, (unsigned)i);
		listen_udp_flush(l);
	} while (n == BURST && --bursts);
}

static int open_socket(const struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_endpoint(&ss, at);
	int on = 1, fd, err;

	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static void on_closed(uv_handle_t *h)
{
	free(container_of(h, struct listen_udp, poll));
}

int listen_udp_open(struct listen_udp **out, uv_loop_t *loop,
		    const struct endpoint *at, struct tally *tally,
		    const struct asker_events *events)
{
	struct listen_udp *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->tally = tally;
	l->events = *events;
	l->at = at->addr;
	l->fd = open_socket(at);
	if (l->fd < 0) {
		err = l->fd;
		goto fail;
	}
	err = uv_poll_init(loop, &l->poll, l->fd);
	if (err)
		goto fail_fd;
	err = uv_poll_start(&l->poll, UV_READABLE, on_readable);
	if (err)
		listen_udp_close(l);
	else
		*out = l;
	return err;

fail_fd:
	close(l->fd);
fail:
	free(l);
	return err;
}

void listen_udp_close(struct listen_udp *l)
{
	l->events.on_gone(l->events.arg, l);
	uv_close((uv_handle_t *)&l->poll, on_closed);
	close(l->fd);
}
