/* test_answers.c - what is posted is found until it is over, and nothing else;
 * questions and hits arrive, or are counted. */
#include "ctl/base/answers.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/base/bell.h"

static struct answer made(const char *key, const char *msg, uint64_t until_ms)
{
	struct answer x = { .until_ms = until_ms };

	x.key_len = (uint16_t)strlen(key);
	x.msg_len = (uint16_t)strlen(msg);
	memcpy(x.bytes, key, x.key_len);
	memcpy(x.bytes + x.key_len, msg, x.msg_len);
	return x;
}

static void post(struct answers *a, const char *key, const char *msg,
		 uint64_t until_ms)
{
	struct answer x = made(key, msg, until_ms);

	answers_post(a, &x);
}

static bool find(struct answers *a, const char *key, uint64_t now_ms,
		 struct answer *out, struct answers_place *place)
{
	return answers_find(a, (const uint8_t *)key, strlen(key), now_ms, out,
			    place);
}

static void assert_says(const struct answer *x, const char *msg)
{
	assert_int_equal(x->msg_len, strlen(msg));
	assert_memory_equal(x->bytes + x->key_len, msg, x->msg_len);
}

static bool rings(struct answers *a)
{
	struct pollfd p = { .fd = answers_fd(a), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void found_until_it_is_over(void **state)
{
	struct answers *a = answers_new();
	struct answers_place place;
	struct answer x;

	(void)state;
	assert_false(find(a, "www", 0, &x, &place));
	post(a, "www", "one", 1000);
	assert_true(find(a, "www", 0, &x, &place));
	assert_says(&x, "one");
	assert_true(find(a, "www", 999, &x, &place));
	assert_false(find(a, "www", 1000, &x, &place));
	assert_false(find(a, "ww", 0, &x, &place));
	assert_false(find(a, "wwww", 0, &x, &place));
	post(a, "www", "two", 2000);
	assert_true(find(a, "www", 1000, &x, &place));
	assert_says(&x, "two");
	answers_free(a);
}

static void cleared_at_once(void **state)
{
	struct answers *a = answers_new();
	struct answers_place place;
	struct answer x;

	(void)state;
	post(a, "a", "one", 1000);
	answers_clear(a);
	assert_false(find(a, "a", 0, &x, &place));
	post(a, "a", "two", 1000);
	assert_true(find(a, "a", 0, &x, &place));
	assert_says(&x, "two");
	answers_free(a);
}

/* A full set gives the place that ends soonest; most of the rest stays. */
static void full_table_goes_on(void **state)
{
	const unsigned many = ANSWERS_SETS * ANSWERS_WAYS * 2;
	struct answers *a = answers_new();
	struct answers_place place;
	unsigned i, found = 0;
	struct answer x;
	char key[16];

	(void)state;
	for (i = 0; i < many; i++) {
		snprintf(key, sizeof(key), "n%u", i);
		post(a, key, key, 1000 + i);
		assert_true(find(a, key, 0, &x, &place));
		assert_says(&x, key);
	}
	for (i = 0; i < many; i++) {
		snprintf(key, sizeof(key), "n%u", i);
		if (!find(a, key, 0, &x, &place))
			continue;
		assert_says(&x, key);
		found++;
	}
	assert_true(found > many / 4 && found <= many / 2);
	answers_free(a);
}

static void a_hit_names_what_stood_there(void **state)
{
	struct answers *a = answers_new();
	struct answers_hit hit = { .took_us = 7 }, out;
	struct answers_counts c;
	struct answer x;

	(void)state;
	post(a, "a", "one", 1000);
	assert_true(find(a, "a", 0, &x, &hit.place));
	answers_hit(a, &hit);
	assert_false(answers_next_hit(a, &out)); /* nobody wants to know */
	answers_tell_hits(a, true);
	answers_hit(a, &hit);
	answers_counts(a, &c);
	assert_int_equal(c.hits, 2);
	assert_true(answers_next_hit(a, &out));
	assert_int_equal(out.took_us, 7);
	assert_true(answers_at(a, out.place, &x));
	assert_says(&x, "one");
	post(a, "a", "two", 1000);
	assert_false(answers_at(a, out.place, &x));
	out.place.at = UINT32_MAX;
	assert_false(answers_at(a, out.place, &x));
	answers_free(a);
}

/* Each first wakes the control thread: of a thousand names that are asked for
 * again and again, next to none is to be one twice. */
static void a_hit_is_a_client_s_first_once(void **state)
{
	struct answers *a = answers_new();
	struct answers_hit hit = { .place.stamp = 2 }, out;
	unsigned firsts[3] = { 0 };

	(void)state;
	answers_tell_hits(a, true);
	for (unsigned i = 0; i < 3000; i++) {
		hit.place.at = i % 1000;
		answers_hit(a, &hit);
		assert_true(answers_next_hit(a, &out));
		firsts[i / 1000] += out.first;
	}
	assert_int_equal(firsts[0], 1000);
	assert_true(firsts[1] + firsts[2] < 100);
	hit.place.stamp = 4;
	answers_hit(a, &hit);
	assert_true(answers_next_hit(a, &out));
	assert_true(out.first); /* posted anew */
	answers_free(a);
}

/* Questions are told at the end of the turn, hits in their own time. */
static void bells(void **state)
{
	struct answers *a = answers_new();
	struct answers_question q = { .len = 3, .msg = "abc" }, out;
	struct answers_hit hit = { .at_ms = 1000 };

	(void)state;
	assert_int_equal(answers_turn(a, 1000), UINT64_MAX);
	assert_true(answers_ask(a, &q));
	assert_false(rings(a));
	assert_int_equal(answers_turn(a, 1000), UINT64_MAX);
	assert_true(rings(a));
	answers_heard(a);
	assert_false(rings(a));
	assert_true(answers_next_question(a, &out));
	assert_memory_equal(out.msg, "abc", 3);
	assert_false(answers_next_question(a, &out));

	answers_tell_hits(a, true);
	answers_hit(a, &hit); /* the client's first of this answer */
	assert_int_equal(answers_turn(a, 1000), UINT64_MAX);
	assert_true(rings(a));
	answers_heard(a);
	answers_hit(a, &hit);
	assert_int_equal(answers_turn(a, 1040), 60);
	assert_false(rings(a));
	assert_int_equal(answers_turn(a, 1100), UINT64_MAX);
	assert_true(rings(a));
	answers_free(a);
}

static void what_has_no_room_is_counted(void **state)
{
	struct answers *a = answers_new();
	struct answers_question q = { .len = 0 };
	struct answers_hit hit = { .at_ms = 1 };
	struct answers_counts c;
	unsigned i, asked = 0;

	(void)state;
	answers_tell_hits(a, true);
	for (i = 0; i < 10000; i++) {
		asked += answers_ask(a, &q);
		answers_hit(a, &hit);
	}
	answers_counts(a, &c);
	assert_int_equal(asked + c.questions_lost, 10000);
	assert_int_equal(c.hits, 10000);
	assert_true(c.questions_lost && c.hits_lost);
	for (i = 0; answers_next_hit(a, &hit); i++)
		;
	assert_int_equal(i + c.hits_lost, 10000);
	answers_free(a);
}

static unsigned ask_as(struct answers *a, uint8_t client, unsigned n)
{
	struct answers_question q = { 0 };
	unsigned asked = 0;

	q.from.addr.b[15] = client;
	while (n--)
		asked += answers_ask(a, &q);
	return asked;
}

/* However much one client asks, a few questions of the others have room, but of
 * those who share its place by bad luck; and that again in the next window. */
static void one_client_leaves_room_for_others(void **state)
{
	struct answers *a = answers_new();
	struct answers_question q;
	uint64_t now_ms = 1000;

	(void)state;
	for (unsigned round = 0; round < 3; round++, now_ms += 100) {
		unsigned others = 0;

		answers_turn(a, now_ms);
		assert_in_range(ask_as(a, 1, 10000), 500, 600);
		for (uint8_t client = 2; client < 12; client++)
			others += ask_as(a, client, 10);
		assert_in_range(others, 50, 100);
		assert_int_equal(ask_as(a, 1, 10), 0);
		while (answers_next_question(a, &q))
			;
	}
	answers_free(a);
}

static bool reply(struct answers *a, uint16_t port)
{
	struct answers_reply *r = answers_reply(a);

	if (!r)
		return false;
	*r = (struct answers_reply){ .to.port = port, .len = 1 };
	answers_reply_done(a);
	return true;
}

static void replies_wait_for_the_last_of_them(void **state)
{
	struct answers *a = answers_new();
	struct answers_reply r;
	struct bell engine;
	struct pollfd p = { .events = POLLIN };
	unsigned n = 2;

	(void)state;
	assert_false(reply(a, 1)); /* nobody would take it */
	assert_int_equal(bell_open(&engine), 0);
	p.fd = engine.fd;
	answers_set_bell(a, &engine);
	answers_replied(a);
	assert_true(reply(a, 1));
	assert_true(reply(a, 2));
	assert_int_equal(poll(&p, 1, 0), 0);
	answers_replied(a);
	assert_int_equal(poll(&p, 1, 0), 1);
	bell_answer(&engine);
	answers_replied(a);
	assert_int_equal(poll(&p, 1, 0), 0);
	for (uint16_t i = 1; i <= 2; i++) {
		assert_true(answers_next_reply(a, &r));
		assert_int_equal(r.to.port, i);
	}
	assert_false(answers_next_reply(a, &r));
	while (reply(a, 3))
		assert_true(++n < 100000);
	assert_true(answers_next_reply(a, &r));
	assert_true(reply(a, 4));
	answers_set_bell(a, NULL);
	answers_replied(a);
	bell_close(&engine);
	answers_free(a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_until_it_is_over),
		cmocka_unit_test(cleared_at_once),
		cmocka_unit_test(full_table_goes_on),
		cmocka_unit_test(a_hit_names_what_stood_there),
		cmocka_unit_test(a_hit_is_a_client_s_first_once),
		cmocka_unit_test(bells),
		cmocka_unit_test(what_has_no_room_is_counted),
		cmocka_unit_test(one_client_leaves_room_for_others),
		cmocka_unit_test(replies_wait_for_the_last_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
