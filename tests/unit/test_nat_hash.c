/* Buckets of a cache line with chains behind them, against a plain list. */
#include "ctl/engine/nat/nat_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS 96 /* 16 buckets */

struct room {
	struct nat_hash h;
	uint64_t hashes[RECORDS + 1]; /* by record; 0: it is not there */
	uint32_t used;
};

static int set_up(void **state)
{
	size_t bytes = nat_hash_bytes(RECORDS);
	struct room *r = calloc(1, sizeof(*r));
	void *buckets = aligned_alloc(64, bytes);

	memset(buckets, 0, bytes);
	r->h = nat_hash_in(buckets, calloc(1, nat_hash_link_bytes(RECORDS)),
			   RECORDS);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct room *r = *state;

	free(r->h.buckets);
	free(r->h.links);
	free(r);
	return 0;
}

static void add(struct room *r, uint32_t i, uint64_t hash)
{
	nat_hash_add(&r->h, hash, i);
	r->hashes[i] = hash;
	r->used++;
}

static void del(struct room *r, uint32_t i)
{
	nat_hash_del(&r->h, r->hashes[i], i);
	r->hashes[i] = 0;
	r->used--;
}

/* A walk tells all that have the hash, each once, and nobody of another tag. */
static void check(const struct room *r, uint64_t hash)
{
	struct nat_seek seek = nat_hash_seek(&r->h, hash);
	bool told[RECORDS + 1] = { false };
	uint32_t i;

	while ((i = nat_seek_next(&seek))) {
		assert_true(i <= RECORDS && r->hashes[i] && !told[i]);
		assert_int_equal(nat_hash_tag(r->hashes[i]),
				 nat_hash_tag(hash));
		told[i] = true;
	}
	for (i = 1; i <= RECORDS; i++)
		assert_true(told[i] || r->hashes[i] != hash);
}

static void check_all(const struct room *r)
{
	for (uint32_t i = 1; i <= RECORDS; i++)
		if (r->hashes[i])
			check(r, r->hashes[i]);
	assert_int_equal(nat_hash_count(&r->h, RECORDS), r->used);
}

static void test_a_bucket_is_for_three_to_six(void **state)
{
	(void)state;
	assert_int_equal(nat_hash_buckets(1), 8);
	assert_int_equal(nat_hash_buckets(RECORDS), 16);
	assert_int_equal(nat_hash_buckets(196608), 32768);
	assert_int_equal(nat_hash_buckets(262144), 65536);
}

static void test_who_is_not_there_is_not_told(void **state)
{
	struct room *r = *state;
	struct nat_seek seek;

	add(r, 1, 0x0000000500000003);
	seek = nat_hash_seek(&r->h, 0x0000000700000003);
	assert_int_equal(nat_seek_next(&seek), 0);
	seek = nat_hash_seek(&r->h, 0); /* the tag of nobody is nobody's */
	assert_int_equal(nat_seek_next(&seek), 0);
}

/* Twenty in one bucket, which go again from anywhere: the last of the eight,
 * the chain's first, its middle, its end. */
static void test_what_does_not_fit_is_chained(void **state)
{
	struct room *r = *state;

	for (uint32_t i = 1; i <= 20; i++)
		add(r, i, (uint64_t)i << 33 | 5);
	check_all(r);
	for (uint32_t i = 8; i <= 20; i += 3) {
		del(r, i);
		check_all(r);
	}
	for (uint32_t i = 1; i <= 20; i++) {
		if (r->hashes[i])
			del(r, i);
		check_all(r);
	}
	assert_int_equal(r->used, 0);
}

static void test_equal_hashes_are_all_told(void **state)
{
	struct room *r = *state;

	for (uint32_t i = 1; i <= 12; i++)
		add(r, i, 0x1234567800000001);
	check_all(r);
	del(r, 8);
	del(r, 12);
	check_all(r);
}

/* xorshift: the same in every run. */
static uint64_t draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Few buckets and few tags, so that chains and equals are common. */
static void test_agrees_with_a_list(void **state)
{
	struct room *r = *state;
	uint64_t random = 88172645463325252;

	for (unsigned n = 0; n < 20000; n++) {
		uint32_t i = (uint32_t)(draw(&random) % RECORDS) + 1;
		uint64_t x = draw(&random);

		if (r->hashes[i])
			del(r, i);
		else
			add(r, i, (x & 7) << 33 | ((x >> 8 & 3) + 1));
		if (n % 16 == 0)
			check_all(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define hash_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		cmocka_unit_test(test_a_bucket_is_for_three_to_six),
		hash_test(test_who_is_not_there_is_not_told),
		hash_test(test_what_does_not_fit_is_chained),
		hash_test(test_equal_hashes_are_all_told),
		hash_test(test_agrees_with_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
