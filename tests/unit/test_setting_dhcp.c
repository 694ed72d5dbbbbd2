/* test_setting_dhcp.c - every way to write a setting of the DHCP server: what
 * is taken comes back as it was written, what is not is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/state/setting.h"

static struct settings settings;

static const struct {
	const char *key, *good;
} good[] = {
	{ "dhcp.static", "02:00:00:00:00:01=10.77.0.9" },
	{ "dhcp.static", "id:ff00000001000100=10.77.0.9" },
	{ "dhcp.option", "150=ip:10.77.0.5" },
	{ "dhcp.option", "150=ip:10.77.0.5+10.77.0.6" },
	{ "dhcp.option", "23=u8:64" },
	{ "dhcp.option", "26=u16:1400" },
	{ "dhcp.option", "2=u32:4294967295" },
	{ "dhcp.option", "60=text:a-class" },
	{ "dhcp.option", "43=hex:0104c0a80101" },
	{ "dhcp.option", "252=text:http://10.77.0.5/wpad.dat" },
	{ "dhcp.route", "192.168.9.0/24=10.77.0.7" },
	{ "dhcp.route", "0.0.0.0/0=10.77.0.7" },
	{ "dhcp.ntp", "10.77.0.5" },
	{ "dhcp.dnr", "dns.example.net=9.9.9.9" },
};

static const struct {
	const char *key, *bad;
} bad[] = {
	{ "dhcp.static", "id:=10.77.0.9" },
	{ "dhcp.static", "id:f=10.77.0.9" },
	{ "dhcp.static", "id:FF=10.77.0.9" },
	{ "dhcp.static", "id:ff" },
	{ "dhcp.static",
	  "id:00000000000000000000000000000000000000000000000000000000000000000"
	  "0=10.0.0.1" },
	{ "dhcp.option", "150" },
	{ "dhcp.option", "150=10.77.0.5" },
	{ "dhcp.option", "150=ip:" },
	{ "dhcp.option", "150=ip:10.77.0.5+" },
	{ "dhcp.option", "150=ip:fd00::1" },
	{ "dhcp.option", "256=u8:1" },
	{ "dhcp.option", "=u8:1" },
	{ "dhcp.option", "0=u8:1" },
	{ "dhcp.option", "1=ip:255.0.0.0" },
	{ "dhcp.option", "53=u8:5" },
	{ "dhcp.option", "82=hex:00" },
	{ "dhcp.option", "255=u8:1" },
	{ "dhcp.option", "23=u8:256" },
	{ "dhcp.option", "23=u8:-1" },
	{ "dhcp.option", "23=u8: 1" },
	{ "dhcp.option", "26=u16:65536" },
	{ "dhcp.option", "2=u32:4294967296" },
	{ "dhcp.option", "60=text:" },
	{ "dhcp.option", "60=text:\xc3\xa4" },
	{ "dhcp.option", "43=hex:0" },
	{ "dhcp.option", "43=hex:0g" },
	{ "dhcp.option", "43=bin:01" },
	{ "dhcp.route", "192.168.9.1/24=10.77.0.7" },
	{ "dhcp.route", "192.168.9.0/33=10.77.0.7" },
	{ "dhcp.route", "fd00::/8=10.77.0.7" },
	{ "dhcp.route", "192.168.9.0/24=224.0.0.1" },
	{ "dhcp.ntp", "ntp.example.net" },
	{ "dhcp.dnr", "9.9.9.9" },
	{ "dhcp.dnr", "-dns.example=9.9.9.9" },
	{ "dhcp.dnr", "dns..example=9.9.9.9" },
};

static int set(const char *key, json_t *value)
{
	struct error err = { "" };
	int r = setting_set(setting_find(key), value, &settings, &err);

	json_decref(value);
	return r;
}

static void what_is_taken_comes_back(void **state)
{
	json_t *back;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
			set(good[i].key, json_pack("[s]", good[i].good)), 0);
		back = setting_json(setting_find(good[i].key), &settings);
		assert_string_equal(json_string_value(json_array_get(back, 0)),
				    good[i].good);
		json_decref(back);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *value = json_array();

		json_array_append_new(value, json_string_nocheck(bad[i].bad));
		if (!set(bad[i].key, value))
			fail_msg("%s: %s was taken", bad[i].key, bad[i].bad);
	}
}

static void values_are_as_on_the_wire(void **state)
{
	(void)state;
	set("dhcp.option", json_pack("[sss]", "26=u16:1400", "2=u32:258",
				     "150=ip:10.77.0.5+10.77.0.6"));
	assert_int_equal(settings.dhcp_option_n, 3);
	assert_int_equal(settings.dhcp_option[0].len, 2);
	assert_memory_equal(settings.dhcp_option[0].value, "\x05\x78", 2);
	assert_int_equal(settings.dhcp_option[1].len, 4);
	assert_memory_equal(settings.dhcp_option[1].value, "\0\0\1\2", 4);
	assert_int_equal(settings.dhcp_option[2].len, 8);
	assert_memory_equal(settings.dhcp_option[2].value,
			    "\x0a\x4d\0\5\x0a\x4d\0\6", 8);
}

static void the_longest_value_fits_its_text(void **state)
{
	char text[SETTINGS_OPTION_MAX + 16] = "253=text:";
	json_t *back;

	(void)state;
	memset(text + strlen(text), 'x', SETTINGS_OPTION_MAX);
	assert_int_equal(set("dhcp.option", json_pack("[s]", text)), 0);
	back = setting_json(setting_find("dhcp.option"), &settings);
	assert_string_equal(json_string_value(json_array_get(back, 0)), text);
	json_decref(back);
	strcat(text, "x");
	assert_int_not_equal(set("dhcp.option", json_pack("[s]", text)), 0);
	/* Of hexadecimal digits half as many bytes. */
	strcpy(text, "253=hex:");
	memset(text + strlen(text), 'a', SETTINGS_OPTION_MAX + 1);
	text[sizeof("253=hex:") - 1 + SETTINGS_OPTION_MAX] = '\0';
	assert_int_equal(set("dhcp.option", json_pack("[s]", text)), 0);
	back = setting_json(setting_find("dhcp.option"), &settings);
	assert_string_equal(json_string_value(json_array_get(back, 0)), text);
	json_decref(back);
}

static void one_device_has_one_address_and_one_code_one_value(void **state)
{
	(void)state;
	assert_int_not_equal(
		set("dhcp.static", json_pack("[ss]", "id:ff01=10.77.0.9",
					     "id:ff01=10.77.0.10")),
		0);
	assert_int_not_equal(
		set("dhcp.static", json_pack("[ss]", "id:ff01=10.77.0.9",
					     "02:00:00:00:00:01=10.77.0.9")),
		0);
	assert_int_equal(
		set("dhcp.static", json_pack("[ss]", "id:ff01=10.77.0.9",
					     "02:00:00:00:00:01=10.77.0.10")),
		0);
	assert_int_not_equal(
		set("dhcp.option", json_pack("[ss]", "23=u8:1", "23=u8:2")), 0);
}

static void texts_are_what_they_say(void **state)
{
	static const struct {
		const char *key, *value;
		bool fine;
	} table[] = {
		{ "dhcp.boot.file", "ipxe.efi", true },
		{ "dhcp.boot.file", "http://10.77.0.5/boot.efi", true },
		{ "dhcp.boot.file", "", true },
		{ "dhcp.boot.file", "a b", false },
		{ "dhcp.boot.server", "10.77.0.5", true },
		{ "dhcp.boot.server", "boot.lan", true },
		{ "dhcp.boot.server", "Boot", false },
		{ "dhcp.boot.server", "224.0.0.1", false },
		{ "dhcp.captive_portal", "https://portal.example/api", true },
		{ "dhcp.captive_portal", "http://portal.example/api", false },
		{ "dhcp.captive_portal", "https://", false },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int r = set(table[i].key, json_string(table[i].value));

		if (!r != table[i].fine)
			fail_msg("%s=%s: %d", table[i].key, table[i].value, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_comes_back),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(values_are_as_on_the_wire),
		cmocka_unit_test(the_longest_value_fits_its_text),
		cmocka_unit_test(
			one_device_has_one_address_and_one_code_one_value),
		cmocka_unit_test(texts_are_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
