/* test_dhcp_hostname.c - what devices call themselves becomes fit for DNS. */
#include "dhcp_kit.h"
#include "../../ctl/dhcp/hostname.h"

static void names_are_cleaned(void **state)
{
	static const char *const table[][2] = {
		{ "laptop", "laptop" },
		{ "Bob's Laptop", "bobs-laptop" },
		{ "ESP_3A0F", "esp-3a0f" },
		{ "host.example.org", "host" },
		{ "--x--", "x" },
		{ "a--b", "a--b" },
		{ "192", "192" },
		{ "", "" },
		{ ".", "" },
		{ "-", "" },
		{ "\xf0\x9f\x98\x80", "" },
		{ "M\xc3\xbcller", "mller" },
		{ "a\nb\x01", "ab" },
		{ "WPAD", "" },
		{ "wp'ad", "" },
		{ "isatap.lan", "" },
		{ "localhost", "" },
		{ "wpad2", "wpad2" },
	};
	char out[HOSTNAME_SIZE];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		hostname_clean((const uint8_t *)table[i][0],
			       strlen(table[i][0]), out);
		assert_string_equal(out, table[i][1]);
	}
}

static void a_nul_ends_a_name(void **state)
{
	char out[HOSTNAME_SIZE];

	(void)state;
	hostname_clean((const uint8_t *)"tv\0x", 4, out);
	assert_string_equal(out, "tv");
}

static void long_names_are_cut_and_stay_names(void **state)
{
	char raw[255], out[HOSTNAME_SIZE], numbered[HOSTNAME_SIZE];

	(void)state;
	memset(raw, 'a', sizeof(raw));
	raw[62] = '-';
	hostname_clean((const uint8_t *)raw, sizeof(raw), out);
	assert_int_equal(strlen(out), 62);
	raw[62] = 'b';
	hostname_clean((const uint8_t *)raw, sizeof(raw), out);
	assert_int_equal(strlen(out), 63);
	hostname_number(out, 12, numbered);
	assert_int_equal(strlen(numbered), 63);
	assert_string_equal(numbered + 59, "a-12");
	assert_true(hostname_is_of(numbered, out));
}

static void numbered_names_are_known_again(void **state)
{
	static const struct {
		const char *name, *base;
		bool is;
	} table[] = {
		{ "tv", "tv", true },
		{ "tv-2", "tv", true },
		{ "tv-1", "tv", false },
		{ "tv-02", "tv", false },
		{ "tv-x", "tv", false },
		{ "tv-", "tv", false },
		{ "tv-2-3", "tv", false },
		{ "tv-2-3", "tv-2", true },
		{ "radio-2", "tv", false },
		{ "tv", "tv-2", false },
		{ "", "tv", false },
		{ "tv-99999999999999999999", "tv", false },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(hostname_is_of(table[i].name, table[i].base),
				 table[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_cleaned),
		cmocka_unit_test(a_nul_ends_a_name),
		cmocka_unit_test(long_names_are_cut_and_stay_names),
		cmocka_unit_test(numbered_names_are_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
