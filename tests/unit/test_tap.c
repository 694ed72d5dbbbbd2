/* test_tap.c - the resolver's end of the data path: what was answered there is
 * noted, and a flood of that leaves the loop its turns. */
#include "ctl/dns/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/base/bell.h"
#include "ctl/base/clock.h"

#define ENOUGH 50000 /* hits: nobody gives that many in a turn */

struct desk {
	uv_loop_t loop;
	struct answers *answers;
	struct filter filter;
	struct querylog *log;
	struct teller teller;
	struct tap *tap;
	struct answers_hit hit; /* the latest */
	bool flood;		/* who is told asks again meanwhile */
	unsigned told;
};

/* Of a client that has not asked for it before. */
static void give(struct desk *d)
{
	uint32_t client = ntohl(addr_to_v4(&d->hit.client));

	d->hit.client = addr_v4(htonl(client + 1));
	d->hit.at_ms = clock_ms();
	answers_hit(d->answers, &d->hit);
}

static void hear(void *arg, const struct dns_told *told)
{
	struct desk *d = arg;

	assert_string_equal(told->name, "www.example");
	d->told++;
	if (d->flood && d->told < ENOUGH)
		give(d);
}

static void on_questions(void *arg, const struct answers_question *q,
			 unsigned n)
{
	(void)arg;
	(void)q;
	(void)n;
}

/* An address of www.example; found, so that hits have a place. */
static void post(struct desk *d)
{
	struct dns_header h = { .flags = DNS_RD, .qd = 1 };
	struct dns_query q = { .q = { .type = DNS_A, .class = DNS_IN } };
	struct answer x = { .until_ms = clock_ms() + 100000 };
	struct wr w = wr_init(x.bytes, sizeof(x.bytes)), msg;
	uint8_t bytes[DNS_QUERY_MAX];
	struct wr ask = wr_init(bytes, sizeof(bytes));
	struct dns_key key;

	assert_true(dns_name_from_text(&q.q.name, "www.example"));
	dns_header_write(&ask, &h);
	dns_question_write(&ask, &q.q);
	assert_int_equal(dns_query_read(bytes, wr_len(&ask), &q), 0);
	key = dns_key(&q);
	wr_bytes(&w, key.b, key.len);
	msg = wr_init(w.p, (size_t)(w.end - w.p));
	dns_reply_write(&msg, &q, DNS_NOERROR);
	dns_rr_write(&msg, &q.q.name, DNS_A, 60, 4);
	wr_be32(&msg, 0xc0000201);
	dns_counts_patch(&msg, 1, 0, 0);
	assert_false(msg.bad);
	x.key_len = key.len;
	x.msg_len = (uint16_t)wr_len(&msg);
	answers_post(d->answers, &x);
	assert_true(answers_find(d->answers, key.b, key.len, clock_ms(), &x,
				 &d->hit.place));
}

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	const struct tap_events events = { d, on_questions };

	assert_non_null(d);
	uv_loop_init(&d->loop);
	d->answers = answers_new();
	d->log = querylog_new(1 << 20);
	d->teller = (struct teller){ .arg = d, .hear = hear };
	d->hit.client = addr_v4(htonl(0x0a4d0000));
	assert_false(tap_open(&d->tap, &d->loop, d->answers, &d->filter, d->log,
			      &d->teller, &events));
	post(d);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	tap_close(d->tap);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	assert_false(uv_loop_close(&d->loop));
	querylog_free(d->log);
	answers_free(d->answers);
	free(d);
	return 0;
}

static void turn(struct desk *d)
{
	answers_turn(d->answers, clock_ms());
	uv_run(&d->loop, UV_RUN_NOWAIT);
}

static void each_client_is_told_of_once(void **state)
{
	struct desk *d = *state;

	give(d);
	give(d);
	d->hit.at_ms = clock_ms();
	answers_hit(d->answers, &d->hit);
	turn(d);
	assert_int_equal(d->told, 2);
}

/* Hits that come as fast as they are noted: the loop goes on, and so does the
 * noting when it is back, with no new bell. */
static void a_flood_leaves_the_loop_its_turns(void **state)
{
	struct desk *d = *state;
	unsigned told;

	d->flood = true;
	give(d);
	turn(d);
	told = d->told;
	assert_in_range(told, 1, ENOUGH / 10);
	d->flood = false;
	uv_run(&d->loop, UV_RUN_NOWAIT);
	assert_true(d->told > told);
}

/* While hits of an answer wait for the loop's next turn, another takes its
 * place: what they were of is not known any more. */
static void what_a_flood_keeps_from_the_log_is_counted(void **state)
{
	const unsigned n = 1000;
	struct desk *d = *state;

	for (unsigned i = 0; i < n; i++)
		give(d);
	turn(d);
	assert_in_range(d->told, 1, n - 1);
	assert_int_equal(tap_lost(d->tap), 0);
	post(d);
	for (unsigned i = 0; i < n; i++)
		uv_run(&d->loop, UV_RUN_NOWAIT);
	assert_true(tap_lost(d->tap) > 0);
	assert_int_equal(d->told + tap_lost(d->tap), n);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void answers_of_one_turn_go_together(void **state)
{
	struct desk *d = *state;
	struct asker to = { .way = { .ifindex = 7, .room = 100 } };
	const struct addr at = addr_v4(htonl(0x0a4d0001));
	const uint8_t msg[ANSWERS_MSG_MAX + 1] = { 1, 2, 3 };
	struct answers_reply r;
	struct bell engine;
	struct pollfd bell = { .events = POLLIN };

	assert_int_equal(bell_open(&engine), 0);
	bell.fd = engine.fd;
	answers_set_bell(d->answers, &engine);
	to.from = (struct endpoint){ d->hit.client, htons(5000) };
	assert_true(tap_reply(d->tap, &to, &at, msg, 3));
	assert_true(tap_reply(d->tap, &to, &at, msg, ANSWERS_MSG_MAX));
	assert_false(tap_reply(d->tap, &to, &at, msg, sizeof(msg)));
	assert_false(tap_reply(d->tap, &to, &at, msg, 0)); /* none is due */
	assert_int_equal(poll(&bell, 1, 0), 0);
	turn(d);
	assert_int_equal(poll(&bell, 1, 0), 1);
	assert_true(answers_next_reply(d->answers, &r));
	assert_int_equal(r.len, 3);
	assert_memory_equal(r.msg, msg, 3);
	assert_int_equal(r.way.ifindex, 7);
	assert_int_equal(r.to.port, htons(5000));
	assert_true(addr_eq(&r.from, &at));
	answers_set_bell(d->answers, NULL);
	bell_close(&engine);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(each_client_is_told_of_once),
		T(a_flood_leaves_the_loop_its_turns),
		T(what_a_flood_keeps_from_the_log_is_counted),
		T(answers_of_one_turn_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
