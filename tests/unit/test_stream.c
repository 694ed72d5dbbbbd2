/* test_stream.c - a copy past the caches is a copy, wherever it begins and
 * ends, and of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ctl/engine/tap/stream.h"

#define ROOM  4096
#define GUARD 0xa5

static uint8_t from[ROOM], to[ROOM], wanted[ROOM];

static void is_copied(uint32_t source, uint32_t place, uint32_t len)
{
	memset(to, GUARD, sizeof(to));
	memset(wanted, GUARD, sizeof(wanted));
	memcpy(wanted + place, from + source, len);
	stream_copy(to + place, from + source, len);
	assert_memory_equal(to, wanted, sizeof(to));
}

static void every_byte_is_copied_and_no_other(void **state)
{
	static const uint32_t lens[] = {
		0,
		1,
		63,
		64,
		STREAM_LEAST - 1,
		STREAM_LEAST,
		513,
		575,
		576,
		639,
		1400,
		1514,
		2048,
	};

	(void)state;
	for (unsigned i = 0; i < ROOM; i++)
		from[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned n = 0; n < sizeof(lens) / sizeof(lens[0]); n++)
		for (uint32_t place = 64; place < 128; place++) {
			is_copied(0, place, lens[n]);
			is_copied(14, place, lens[n]);
			is_copied(33, place, lens[n]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_copied_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
