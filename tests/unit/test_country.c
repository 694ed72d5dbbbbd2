/* test_country.c - countries out of a small database, which comes, changes and
 * goes; and out of what is none. */
#include "ctl/remotes/country.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/base/bytes.h"

#define NODES 104 /* 96 zeros, then the eight bits of 198 */

static char path[64];

/* Its only network is 198.0.0.0/8. MaxMind DB file format 2.0. */
static size_t write_db(uint8_t *out, size_t room, const char *key,
		       const char *code)
{
	static const uint8_t about[] = "\xab\xcd\xefMaxMind.com"
				       "\xe9"
				       "\x5b"
				       "binary_format_major_version"
				       "\xa1\x02"
				       "\x5b"
				       "binary_format_minor_version"
				       "\xa0"
				       "\x4b"
				       "build_epoch"
				       "\x01\x02\x01"
				       "\x4d"
				       "database_type"
				       "\x41t"
				       "\x4b"
				       "description"
				       "\xe0"
				       "\x4a"
				       "ip_version"
				       "\xa1\x06"
				       "\x49"
				       "languages"
				       "\x00\x04"
				       "\x4a"
				       "node_count"
				       "\xc1\x68"
				       "\x4b"
				       "record_size"
				       "\xa1\x20";
	uint8_t byte = 198;
	struct wr w = wr_init(out, room);

	for (uint32_t i = 0; i < NODES; i++) {
		bool bit = i >= 96 && byte >> (103 - i) & 1;
		uint32_t next = i + 1 < NODES ? i + 1 : NODES + 16;

		wr_be32(&w, bit ? NODES : next);
		wr_be32(&w, bit ? next : NODES);
	}
	wr_zero(&w, 16);
	wr_u8(&w, 0xe1);
	wr_u8(&w, (uint8_t)(0x40 | strlen(key)));
	wr_bytes(&w, key, strlen(key));
	wr_u8(&w, (uint8_t)(0x40 | strlen(code)));
	wr_bytes(&w, code, strlen(code));
	wr_bytes(&w, about, sizeof(about) - 1);
	assert_false(w.bad);
	return wr_len(&w);
}

static void put(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void put_db(const char *key, const char *code)
{
	uint8_t db[4096];

	put(db, write_db(db, sizeof(db), key, code));
}

static const char *country(struct countries *c, const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return countries_of(c, &a);
}

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/test_country.%d", (int)getpid());
	*state = countries_new(path);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	countries_free(*state);
	unlink(path);
	return 0;
}

static void without_a_database_nobody_has_a_country(void **state)
{
	assert_null(country(*state, "198.51.100.1"));
	assert_null(country(*state, "2001:db8::1"));
}

static void a_database_comes_changes_and_goes(void **state)
{
	put_db("country_code", "DE");
	assert_null(country(*state, "198.51.100.1"));
	countries_look(*state);
	assert_string_equal(country(*state, "198.51.100.1"), "DE");
	assert_string_equal(country(*state, "198.51.100.1"), "DE");
	assert_null(country(*state, "199.51.100.1"));
	assert_null(country(*state, "10.77.0.2"));
	assert_null(country(*state, "2001:db8::1"));
	assert_null(country(*state, "0.0.0.0"));
	/* Written over in place: what is open is a copy. */
	put("", 0);
	assert_string_equal(country(*state, "198.51.100.2"), "DE");
	put_db("country_code", "FR");
	countries_look(*state);
	assert_string_equal(country(*state, "198.51.100.1"), "FR");
	unlink(path);
	countries_look(*state);
	assert_null(country(*state, "198.51.100.1"));
}

static void what_is_no_database_is_none(void **state)
{
	uint8_t db[4096];
	size_t len = write_db(db, sizeof(db), "country_code", "DE");

	put("hello", 5);
	countries_look(*state);
	assert_null(country(*state, "198.51.100.1"));
	for (size_t n = 1; n < len; n += 37) {
		put(db, n);
		countries_look(*state);
		country(*state, "198.51.100.1");
	}
	/* Broken inside. */
	for (size_t at = 0; at < len; at += 11) {
		len = write_db(db, sizeof(db), "country_code", "DE");
		db[at] ^= 0xff;
		put(db, len);
		countries_look(*state);
		country(*state, "198.51.100.1");
	}
}

static void a_code_is_two_capitals(void **state)
{
	static const char *const bad[] = { "de", "D", "DEU", "<>" };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put_db("country_code", bad[i]);
		countries_look(*state);
		assert_null(country(*state, "198.51.100.1"));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_database_nobody_has_a_country),
		T(a_database_comes_changes_and_goes),
		T(what_is_no_database_is_none),
		T(a_code_is_two_capitals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
