/* test_ring.c - a ring between two threads, under ThreadSanitizer.
 *
 * What a record points to was written before the put by plain stores; TSan
 * fails the test if the ring does not order them before the take. */
#include "ctl/base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RECORDS 200000
#define SLOTS	64

struct letter {
	uint32_t number;
	uint32_t *enclosed;
};

RING_DEFINE(letter, struct letter)

static struct letter_ring ring;
static uint32_t enclosures[RECORDS];

static void *producer(void *arg)
{
	uint32_t i;

	for (i = 0; i < RECORDS; i++) {
		enclosures[i] = i * 3;
		while (!letter_ring_put(&ring,
					&(struct letter){ i, &enclosures[i] }))
			sched_yield();
	}
	return arg;
}

static void all_records_arrive_in_order_and_whole(void **state)
{
	struct letter got;
	pthread_t thread;
	uint32_t i;

	(void)state;
	assert_int_equal(letter_ring_init(&ring, SLOTS), 0);
	assert_int_equal(pthread_create(&thread, NULL, producer, NULL), 0);
	for (i = 0; i < RECORDS; i++) {
		while (!letter_ring_take(&ring, &got))
			sched_yield();
		assert_int_equal(got.number, i);
		assert_int_equal(*got.enclosed, i * 3);
	}
	pthread_join(thread, NULL);
	assert_false(letter_ring_take(&ring, &got));
	letter_ring_fini(&ring);
}

static void a_full_ring_refuses_and_an_empty_one_is_empty(void **state)
{
	struct letter in = { 0 }, out;
	uint32_t i;

	(void)state;
	assert_int_equal(letter_ring_init(&ring, SLOTS), 0);
	assert_false(letter_ring_take(&ring, &out));
	for (i = 0; i < SLOTS - 1; i++)
		assert_true(letter_ring_put(&ring, &in));
	assert_false(letter_ring_put(&ring, &in));
	for (i = 0; i < SLOTS - 1; i++)
		assert_true(letter_ring_take(&ring, &out));
	assert_false(letter_ring_take(&ring, &out));
	letter_ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_records_arrive_in_order_and_whole),
		cmocka_unit_test(a_full_ring_refuses_and_an_empty_one_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
