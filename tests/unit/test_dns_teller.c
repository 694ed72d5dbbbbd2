/* test_dns_teller.c - how often it is told what a device was answered. */
#include "ctl/dns/teller.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_MS (10ull * TELLER_AGAIN_MS)

static struct teller t;

static void once_for_each_device_and_answer(void **state)
{
	const struct addr phone = addr_v4(htonl(0x0a4d0002));
	const struct addr laptop = addr_v4(htonl(0x0a4d0003));
	const uint8_t msg[2] = { 0 };
	struct cache_hit hit = { .kept.msg = msg, .born_ms = NOW_MS - 5 };

	(void)state;
	teller_init(&t);
	assert_true(teller_due(&t, &phone, &hit, NOW_MS));
	assert_false(teller_due(&t, &phone, &hit, NOW_MS));
	assert_true(teller_due(&t, &laptop, &hit, NOW_MS));
	assert_false(teller_due(&t, &phone, &hit, NOW_MS + 1000));
	/* Another answer, or the same one fetched anew. */
	hit.kept.msg = msg + 1;
	assert_true(teller_due(&t, &phone, &hit, NOW_MS));
	hit.born_ms++;
	assert_true(teller_due(&t, &phone, &hit, NOW_MS));
	assert_false(teller_due(&t, &phone, &hit, NOW_MS));
	assert_true(teller_due(&t, &phone, &hit, NOW_MS + TELLER_AGAIN_MS));
}

/* Lossy by design, but what is forgotten is told again. */
static void many_are_remembered(void **state)
{
	const uint8_t msg[1] = { 0 };
	struct cache_hit hit = { .kept.msg = msg };
	unsigned again = 0;

	(void)state;
	teller_init(&t);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < TELLER_PLACES / 8; i++) {
			struct addr a = addr_v4(htonl(0x0a4d0000 + i));

			again += teller_due(&t, &a, &hit, NOW_MS) && round;
		}
	}
	assert_true(again < TELLER_PLACES / 16);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(once_for_each_device_and_answer),
		cmocka_unit_test(many_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
