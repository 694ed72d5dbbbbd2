/* test_vendor.c - makers by the longest registered prefix. */
#include "ctl/base/vendor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void makers_are_found_by_the_longest_prefix(void **state)
{
	static const struct {
		const char *mac, *name;
	} rows[] = {
		{ "b8:27:eb:12:34:56", "Raspberry Pi Foundation" },
		{ "00:00:00:00:00:00", "XEROX CORPORATION" },
		/* 28 bits: 20:85:93:b under a block that the IEEE keeps */
		{ "20:85:93:b0:00:01", "IOG Products LLC" },
		{ "20:85:93:bf:ff:ff", "IOG Products LLC" },
		/* 36 bits: 70:b3:d5:f2:f */
		{ "70:b3:d5:f2:f0:01", "TELEPLATFORMS" },
		/* 36 bits, an old individual block: 00:50:c2:7d:5 */
		{ "00:50:c2:7d:50:01", "DEUTA-WERKE GmbH" },
	};
	struct mac m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *name;

		assert_true(mac_parse(rows[i].mac, &m));
		name = vendor_name(&m);
		assert_non_null(name);
		assert_string_equal(name, rows[i].name);
	}
}

static void made_up_and_unknown_addresses_have_none(void **state)
{
	static const char *const rows[] = {
		"02:00:5e:00:53:01", "ba:27:eb:12:34:56", "ff:ff:ff:ff:ff:ff",
		"fc:ff:ff:00:00:01", "74:1a:e0:90:00:01", /* "Private" */
	};
	struct mac m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(mac_parse(rows[i], &m));
		assert_null(vendor_name(&m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makers_are_found_by_the_longest_prefix),
		cmocka_unit_test(made_up_and_unknown_addresses_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
