/* test_answers.c - a reader that never sees half of an answer, while it is
 * written over, under ThreadSanitizer. */
#include "ctl/base/answers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 30000
#define KEYS   3 /* few: they are written while they are read */

static struct answers *answers;
static _Atomic bool over;
static _Atomic unsigned broken, found;

/* All of its bytes are the same, and so is its length. */
static void fill(struct answer *x, uint8_t key, uint8_t byte)
{
	*x = (struct answer){
		.born_ms = byte,
		.until_ms = 1000 + byte,
		.key_len = 1,
		.msg_len = (uint16_t)(100 + byte),
	};
	x->bytes[0] = key;
	memset(x->bytes + 1, byte, x->msg_len);
}

static bool is_whole(const struct answer *x)
{
	uint8_t byte = x->bytes[1];
	unsigned i;

	if (x->born_ms != byte || x->until_ms != 1000u + byte ||
	    x->msg_len != 100 + byte)
		return false;
	for (i = 0; i < x->msg_len; i++)
		if (x->bytes[1 + i] != byte)
			return false;
	return true;
}

static void *reader(void *arg)
{
	struct answers_hit hit = { .at_ms = 1 };
	struct answer x;
	uint8_t key = 0;

	while (!over) {
		key = (uint8_t)((key + 1) % KEYS);
		if (!answers_find(answers, &key, 1, 0, &x, &hit.place))
			continue;
		found++;
		if (!is_whole(&x))
			broken++;
		answers_hit(answers, &hit);
		answers_turn(answers, 0);
	}
	return arg;
}

static void no_answer_is_seen_by_halves(void **state)
{
	struct answers_hit hit;
	struct answer x;
	pthread_t thread;
	unsigned i;

	(void)state;
	answers = answers_new();
	answers_tell_hits(answers, true);
	assert_int_equal(pthread_create(&thread, NULL, reader, NULL), 0);
	for (i = 0; i < ROUNDS || !found; i++) {
		fill(&x, (uint8_t)(i % KEYS), (uint8_t)i);
		answers_post(answers, &x);
		if (i % 1000 == 0)
			answers_clear(answers);
		while (answers_next_hit(answers, &hit))
			if (answers_at(answers, hit.place, &x) && !is_whole(&x))
				broken++;
	}
	over = true;
	pthread_join(thread, NULL);
	assert_int_equal(broken, 0);
	answers_free(answers);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_answer_is_seen_by_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
