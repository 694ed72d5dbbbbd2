/* test_dns_listen.c - the doors: who may ask, how much, and how it ends. */
#include "test_dns_build.h"
#include "test_dns_port.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/dns/listen_tcp.h"
#include "ctl/dns/listen_udp.h"
#include "ctl/dns/sock.h"

struct door {
	uv_loop_t loop;
	struct tally tally;
	struct endpoint at;
	struct asker_events events;
	struct listen_udp *udp;
	struct listen_tcp *tcp;
	bool closed_to_all, mute;
	unsigned messages, gone;
	bool back; /* the other way has room */
	unsigned sent_back;
};

static void on_message(void *arg, const struct asker *a, const uint8_t *msg,
		       size_t len)
{
	struct door *d = arg;

	d->messages++;
	if (!d->mute)
		a->send(a, msg, len);
}

static void on_gone(void *arg, const void *via)
{
	struct door *d = arg;

	(void)via;
	d->gone++;
}

static bool is_served(void *arg, const struct addr *addr)
{
	const struct door *d = arg;

	(void)addr;
	return !d->closed_to_all;
}

static bool send_back(void *arg, const struct asker *a, const struct addr *at,
		      const uint8_t *msg, size_t len)
{
	struct door *d = arg;

	assert_int_equal(a->way.ifindex, 7);
	assert_true(addr_eq(at, &d->at.addr));
	assert_int_equal(len, 5);
	assert_memory_equal(msg, "hello", 5);
	d->sent_back += d->back;
	return d->back;
}

static struct door *open_door(void)
{
	struct door *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	uv_loop_init(&d->loop);
	tally_init(&d->tally);
	d->events = (struct asker_events){ d, on_message, on_gone, is_served,
					   send_back };
	port_find(&d->at);
	assert_int_equal(listen_udp_open(&d->udp, &d->loop, &d->at, &d->tally,
					 &d->events),
			 0);
	assert_int_equal(listen_tcp_open(&d->tcp, &d->loop, &d->at, &d->tally,
					 &d->events),
			 0);
	return d;
}

static void close_door(struct door *d)
{
	listen_udp_close(d->udp);
	listen_tcp_close(d->tcp);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&d->loop), 0);
	free(d);
}

static int knock(const struct door *d, int type)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_storage ss;
	socklen_t len = sock_from_endpoint(&ss, &d->at);

	assert_return_code(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

/* Runs the loop until 'fd' has something to read; false: so long it had not. */
static bool comes_within(struct door *d, int fd, unsigned ms)
{
	uint64_t end_ms = clock_ms() + ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	do {
		uv_run(&d->loop, UV_RUN_NOWAIT);
		if (poll(&p, 1, 5) > 0)
			return true;
	} while (clock_ms() < end_ms);
	return false;
}

static bool readable(struct door *d, int fd)
{
	return comes_within(d, fd, 20000);
}

static bool silent(struct door *d, int fd)
{
	return !comes_within(d, fd, 200);
}

static void udp_answers_from_where_it_was_asked(void **state)
{
	struct door *d = open_door();
	int fd = knock(d, SOCK_DGRAM);
	char big[1501] = { 0 };
	char in[16];
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(send(fd, "hello", 5, 0), 5);
	for (i = 0; i < 100; i++) {
		assert_true(readable(d, fd));
		assert_int_equal(recv(fd, in, sizeof(in), 0), 5);
	}
	send(fd, big, sizeof(big), 0);
	assert_true(silent(d, fd));
	assert_int_equal(d->tally.drops[TALLY_MALFORMED].packets, 1);
	close(fd);
	close_door(d);
}

static void strangers_are_not_served(void **state)
{
	struct door *d = open_door();
	int udp = knock(d, SOCK_DGRAM), tcp;
	char in[16];

	(void)state;
	d->closed_to_all = true;
	send(udp, "hello", 5, 0);
	assert_true(silent(d, udp));
	tcp = knock(d, SOCK_STREAM);
	assert_true(readable(d, tcp));
	assert_int_equal(recv(tcp, in, sizeof(in), 0), 0);
	assert_int_equal(d->messages, 0);
	assert_int_equal(d->tally.drops[TALLY_NOT_SERVED].packets, 2);
	close(udp);
	close(tcp);
	close_door(d);
}

static void port_in_use_is_told(void **state)
{
	struct door *d = open_door();
	struct listen_udp *udp;
	struct listen_tcp *tcp;

	(void)state;
	assert_int_equal(
		listen_udp_open(&udp, &d->loop, &d->at, &d->tally, &d->events),
		-EADDRINUSE);
	assert_int_equal(
		listen_tcp_open(&tcp, &d->loop, &d->at, &d->tally, &d->events),
		-EADDRINUSE);
	close_door(d);
}

static void tcp_takes_them_byte_by_byte_and_many_at_once(void **state)
{
	struct door *d = open_door();
	int fd = knock(d, SOCK_STREAM), i;
	char out[700], in[700];
	size_t have = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		memcpy(out + i * 7, "\0\5hello", 7);
	for (i = 0; i < 14; i++) {
		send(fd, out + i, 1, 0);
		uv_run(&d->loop, UV_RUN_NOWAIT);
	}
	send(fd, out + 14, sizeof(out) - 14, 0);
	while (have < sizeof(in)) {
		assert_true(readable(d, fd));
		have += (size_t)recv(fd, in + have, sizeof(in) - have, 0);
	}
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(d->messages, 100);
	close(fd);
	close_door(d);
}

/* Nobody answers: what is in flight is bounded, what follows waits unread. */
static void tcp_bounds_what_is_in_flight(void **state)
{
	struct door *d = open_door();
	int fd = knock(d, SOCK_STREAM), i;

	(void)state;
	d->mute = true;
	for (i = 0; i < 100; i++)
		send(fd, "\0\5hello", 7, 0);
	assert_true(silent(d, fd));
	assert_int_equal(d->messages, 32);
	close(fd);
	close_door(d);
}

static void tcp_ends_what_cannot_be_a_query(void **state)
{
	struct door *d = open_door();
	int fd = knock(d, SOCK_STREAM);
	char in[16];

	(void)state;
	send(fd, "\x20\0", 2, 0);
	assert_true(readable(d, fd));
	assert_int_equal(recv(fd, in, sizeof(in), 0), 0);
	assert_int_equal(d->tally.drops[TALLY_TCP_LENGTH].packets, 1);
	assert_int_equal(d->gone, 1);
	close(fd);
	close_door(d);
}

/* One that rests makes room for a new one; those at work do not. */
static void tcp_bounds_one_client(void **state)
{
	struct door *d = open_door();
	int fd[LISTEN_TCP_CONNS_PER_CLIENT + 2];
	char in[16];
	unsigned i;

	(void)state;
	d->mute = true;
	for (i = 0; i < LISTEN_TCP_CONNS_PER_CLIENT; i++) {
		fd[i] = knock(d, SOCK_STREAM);
		if (i) /* the first one rests */
			send(fd[i], "\0\5hello", 7, 0);
		assert_true(i != 1 || silent(d, fd[i]));
		uv_run(&d->loop, UV_RUN_NOWAIT);
	}
	while (d->messages < LISTEN_TCP_CONNS_PER_CLIENT - 1)
		uv_run(&d->loop, UV_RUN_ONCE);
	fd[i] = knock(d, SOCK_STREAM);
	assert_true(readable(d, fd[0]));
	assert_int_equal(recv(fd[0], in, sizeof(in), 0), 0);
	send(fd[i++], "\0\5hello", 7, 0);
	while (d->messages < LISTEN_TCP_CONNS_PER_CLIENT)
		uv_run(&d->loop, UV_RUN_ONCE);
	assert_int_equal(d->tally.drops[TALLY_TCP_CROWDED].packets, 0);
	fd[i] = knock(d, SOCK_STREAM);
	assert_true(readable(d, fd[i]));
	assert_int_equal(recv(fd[i], in, sizeof(in), 0), 0);
	assert_int_equal(d->tally.drops[TALLY_TCP_CROWDED].packets, 1);
	for (i = 0; i < LISTEN_TCP_CONNS_PER_CLIENT + 2; i++)
		close(fd[i]);
	close_door(d);
}

/* What came by the data path is answered there, or else by the socket. */
static void the_answer_goes_the_way_that_has_room(void **state)
{
	struct answers_question q = { .len = 5,
				      .msg = "hello",
				      .way = { .ifindex = 7, .room = 5 } };
	struct door *d = open_door();
	int fd = knock(d, SOCK_DGRAM);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	(void)state;
	assert_return_code(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	q.from = sock_to_endpoint(&ss);
	d->back = true;
	listen_udp_take(d->udp, &q);
	assert_int_equal(d->sent_back, 1);
	assert_true(silent(d, fd));
	d->back = false;
	listen_udp_take(d->udp, &q);
	assert_true(readable(d, fd));
	assert_int_equal(recv(fd, q.msg, sizeof(q.msg), 0), 5);
	d->back = true;
	q.way.room = 4;
	listen_udp_take(d->udp, &q);
	assert_true(readable(d, fd));
	assert_int_equal(d->sent_back, 1);
	d->closed_to_all = true;
	q.way.room = 5;
	listen_udp_take(d->udp, &q);
	assert_int_equal(d->sent_back, 1);
	close(fd);
	close_door(d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_goes_the_way_that_has_room),
		cmocka_unit_test(udp_answers_from_where_it_was_asked),
		cmocka_unit_test(strangers_are_not_served),
		cmocka_unit_test(port_in_use_is_told),
		cmocka_unit_test(tcp_takes_them_byte_by_byte_and_many_at_once),
		cmocka_unit_test(tcp_bounds_what_is_in_flight),
		cmocka_unit_test(tcp_ends_what_cannot_be_a_query),
		cmocka_unit_test(tcp_bounds_one_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
