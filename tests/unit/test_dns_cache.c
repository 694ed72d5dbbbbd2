/* test_dns_cache.c - keys, ageing, staleness, bounds, under a given clock. */
#include "test_dns_build.h"

#include <stdio.h>

#include "ctl/dns/cache.h"

#define LIMIT (64 * 1024)

static const uint16_t no_ttls[1];

static struct dns_kept kept_of(const uint8_t *msg, size_t len)
{
	return (struct dns_kept){ msg, len, no_ttls, 0, false };
}

static void put(struct cache *c, const char *name, size_t len, uint32_t ttl_s,
		uint64_t now_ms)
{
	static const uint8_t msg[8192];
	struct dns_query q = build_query(name, DNS_A, 0);
	struct dns_key key = dns_key(&q);
	struct dns_kept k = kept_of(msg, len);

	cache_put(c, &key, &k, ttl_s, true, now_ms);
}

static bool get(struct cache *c, const char *name, uint64_t now_ms,
		struct cache_hit *hit)
{
	struct dns_query q = build_query(name, DNS_A, 0);
	struct dns_key key = dns_key(&q);

	return cache_find(c, &key, now_ms, hit);
}

/* Told once, in the last tenth, of what was asked for before. */
static void popular_names_are_told_before_they_are_over(void **state)
{
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;

	(void)state;
	put(c, "once.example", 100, 100, 1000);
	assert_true(get(c, "once.example", 95000, &hit));
	assert_false(hit.ageing);
	assert_true(get(c, "once.example", 95001, &hit));
	assert_true(hit.ageing);
	assert_true(get(c, "once.example", 95002, &hit));
	assert_false(hit.ageing);
	put(c, "twice.example", 100, 100, 1000);
	assert_true(get(c, "twice.example", 1000, &hit));
	assert_true(get(c, "twice.example", 90999, &hit));
	assert_false(hit.ageing);
	assert_true(get(c, "twice.example", 101001, &hit));
	assert_true(hit.stale && !hit.ageing);
	cache_free(c);
}

static void key_tells_questions_apart(void **state)
{
	struct dns_query a = build_query("www.Example.com", DNS_A, 1232);
	struct dns_query b = build_query("WWW.example.com", DNS_A, 0);
	struct dns_key ka = dns_key(&a), kb = dns_key(&b);

	(void)state;
	assert_int_equal(ka.len, kb.len);
	assert_memory_equal(ka.b, kb.b, ka.len);
	b.q.type = DNS_AAAA;
	kb = dns_key(&b);
	assert_memory_not_equal(ka.b, kb.b, ka.len);
	b.q.type = DNS_A;
	b.dnssec_ok = true;
	kb = dns_key(&b);
	assert_memory_not_equal(ka.b, kb.b, ka.len);
	b.dnssec_ok = false;
	b.flags |= DNS_CD;
	kb = dns_key(&b);
	assert_memory_not_equal(ka.b, kb.b, ka.len);
}

static void ages_then_is_stale_then_gone(void **state)
{
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;

	(void)state;
	put(c, "a", 50, 60, 1000);
	assert_true(get(c, "a", 1000, &hit));
	assert_int_equal(hit.age.age_s, 0);
	assert_true(get(c, "a", 60999, &hit));
	assert_int_equal(hit.age.age_s, 59);
	assert_false(hit.stale);
	assert_true(get(c, "a", 61000, &hit));
	assert_true(hit.stale);
	assert_int_equal(hit.age.most_s, CACHE_STALE_TTL_S);
	assert_true(get(c, "a", 61000 + CACHE_STALE_MS - 1, &hit));
	assert_false(get(c, "a", 61000 + CACHE_STALE_MS, &hit));
	assert_int_equal(cache_entries(c), 0);
	cache_free(c);
}

static void stale_rests_after_failure(void **state)
{
	struct dns_query q = build_query("a", DNS_A, 0);
	struct dns_key key = dns_key(&q);
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;

	(void)state;
	put(c, "a", 50, 1, 0);
	cache_rest(c, &key, 9000);
	assert_true(cache_find(c, &key, 500, &hit));
	assert_false(hit.resting);
	assert_true(cache_find(c, &key, 8999, &hit));
	assert_true(hit.resting);
	assert_true(cache_find(c, &key, 9000, &hit));
	assert_false(hit.resting);
	cache_free(c);
}

static void verdicts_are_never_stale(void **state)
{
	struct dns_query q = build_query("a", DNS_A, 0);
	struct dns_key key = dns_key(&q);
	struct cache *c = cache_new(LIMIT);
	uint8_t msg[12] = { 0 };
	struct dns_kept k = kept_of(msg, sizeof(msg));
	struct cache_hit hit;

	(void)state;
	cache_put(c, &key, &k, 1, false, 0);
	assert_true(cache_find(c, &key, 999, &hit));
	assert_false(cache_find(c, &key, 1000, &hit));
	cache_free(c);
}

static void least_recently_used_goes_first(void **state)
{
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		put(c, name, 1000, 60, 0);
		assert_true(cache_bytes(c) <= LIMIT);
		assert_true(get(c, "n0", 0, &hit));
	}
	assert_true(cache_entries(c) > 40);
	assert_false(get(c, "n1", 0, &hit));
	assert_true(get(c, "n499", 0, &hit));
	cache_set_limit(c, LIMIT / 8);
	assert_true(cache_bytes(c) <= LIMIT / 8);
	assert_true(get(c, "n0", 0, &hit));
	cache_free(c);
}

static void huge_answers_are_not_kept(void **state)
{
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;

	(void)state;
	put(c, "a", 5000, 60, 0);
	assert_false(get(c, "a", 0, &hit));
	cache_free(c);
}

static void putting_again_replaces(void **state)
{
	struct cache *c = cache_new(LIMIT);
	struct cache_hit hit;

	(void)state;
	put(c, "a", 50, 60, 0);
	put(c, "a", 70, 90, 0);
	assert_int_equal(cache_entries(c), 1);
	assert_true(get(c, "a", 0, &hit));
	assert_int_equal(hit.kept.len, 70);
	assert_int_equal(hit.ageing_ms, 81000);
	cache_free(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(popular_names_are_told_before_they_are_over),
		cmocka_unit_test(key_tells_questions_apart),
		cmocka_unit_test(ages_then_is_stale_then_gone),
		cmocka_unit_test(stale_rests_after_failure),
		cmocka_unit_test(verdicts_are_never_stale),
		cmocka_unit_test(least_recently_used_goes_first),
		cmocka_unit_test(huge_answers_are_not_kept),
		cmocka_unit_test(putting_again_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
