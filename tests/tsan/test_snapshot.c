/* test_snapshot.c - a reader that never sees a picture freed or half made,
 * under ThreadSanitizer. */
#include "ctl/base/snapshot.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PICTURES 20000

struct picture {
	struct snapshot_node node;
	uint64_t number, again;
};

static struct snapshot snap;
static unsigned freed;
static _Atomic unsigned broken;

static void free_picture(struct snapshot_node *node)
{
	struct picture *p = (struct picture *)node;

	p->number = 0; /* a write that a late reader would race with */
	freed++;
	free(p);
}

static void publish(uint64_t number)
{
	struct picture *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->number = number;
	p->again = number;
	snapshot_publish(&snap, &p->node);
}

static void *reader(void *arg)
{
	uint64_t last = 0;

	while (last < PICTURES) {
		const struct picture *p =
			(struct picture *)snapshot_load(&snap);

		if (p->number < last || p->number != p->again ||
		    p->number != p->node.generation)
			broken++;
		last = p->number;
	}
	return arg;
}

static void a_reader_sees_whole_pictures_in_order(void **state)
{
	pthread_t thread;

	(void)state;
	freed = 0;
	snapshot_init(&snap, free_picture);
	publish(1);
	assert_non_null(snapshot_load(&snap));
	assert_int_equal(pthread_create(&thread, NULL, reader, NULL), 0);
	for (uint64_t i = 2; i <= PICTURES; i++) {
		publish(i);
		if (i % 64 == 0)
			sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(broken, 0);
	snapshot_fini(&snap);
	assert_int_equal(freed, PICTURES);
}

static void what_the_reader_holds_outlives_later_publications(void **state)
{
	const struct picture *held;

	(void)state;
	freed = 0;
	snapshot_init(&snap, free_picture);
	publish(1);
	held = (struct picture *)snapshot_load(&snap);
	for (uint64_t i = 2; i <= 10; i++)
		publish(i);
	assert_int_equal(held->number, 1);
	assert_int_equal(freed, 0);

	assert_int_equal(((struct picture *)snapshot_load(&snap))->number, 10);
	publish(11);
	assert_int_equal(freed, 9);

	snapshot_leave(&snap);
	publish(12);
	assert_int_equal(freed, 11);
	snapshot_fini(&snap);
	assert_int_equal(freed, 12);
}

static void before_the_first_there_is_none(void **state)
{
	(void)state;
	snapshot_init(&snap, free_picture);
	assert_null(snapshot_load(&snap));
	assert_int_equal(snapshot_next_generation(&snap), 1);
	snapshot_fini(&snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_there_is_none),
		cmocka_unit_test(
			what_the_reader_holds_outlives_later_publications),
		cmocka_unit_test(a_reader_sees_whole_pictures_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
