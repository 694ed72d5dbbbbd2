/* test_hash.c - SipHash-1-3 against vectors that other implementations give:
 * key 00…0f over bytes 00 01 02 …, and CPython's hash() with a zero key. */
#include "ctl/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void counting_bytes(void **state)
{
	static const struct hash_key key = { { 0x0706050403020100,
					       0x0f0e0d0c0b0a0908 } };
	static const struct {
		size_t len;
		uint64_t hash;
	} rows[] = {
		{ 0, 0xabac0158050fc4dc },  { 1, 0xc9f49bf37d57ca93 },
		{ 7, 0xd3927d989bb11140 },  { 8, 0x369095118d299a8e },
		{ 15, 0xd320d86d2a519956 }, { 16, 0xcc4fdd1a7d908b66 },
		{ 63, 0x9d199062b7bbb3a8 },
	};
	uint8_t data[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(hash_bytes(&key, data, rows[i].len),
				 rows[i].hash);
}

static void words_of_another_implementation(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} rows[] = {
		{ "abc", 0xc03bc3a0042630f2 },
		{ "0123456", 0x810aaf7acf670379 },
		{ "01234567", 0xda3dcedf84ea6cc6 },
		{ "0123456789abcdef_", 0x949f7aa74f535e9f },
	};
	static const struct hash_key zero;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
			hash_bytes(&zero, rows[i].text, strlen(rows[i].text)),
			rows[i].hash);
}

static void pairs_are_bytes(void **state)
{
	struct hash_key key, words;

	(void)state;
	hash_key_random(&key);
	hash_key_random(&words);
	assert_int_equal(hash_pair(&key, words.k[0], words.k[1]),
			 hash_bytes(&key, &words, sizeof(words)));
}

static void random_keys_differ(void **state)
{
	struct hash_key a, b;

	(void)state;
	hash_key_random(&a);
	hash_key_random(&b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_int_not_equal(hash_bytes(&a, "x", 1), hash_bytes(&b, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counting_bytes),
		cmocka_unit_test(words_of_another_implementation),
		cmocka_unit_test(pairs_are_bytes),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
