/* test_show.c - JSON as text: units, columns, and nothing that drives a
 * terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/cli/show.h"
#include "../../ctl/cli/table.h"
#include "../../ctl/cli/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *printed;
static size_t printed_len;

static void view_is(const char *view, const char *json, const char *expected)
{
	json_t *value = json_loads(json, 0, NULL);
	FILE *out = open_memstream(&printed, &printed_len);

	assert_non_null(value);
	if (view)
		show_view(view, value, out);
	else
		show_settings("", value, out);
	fclose(out);
	json_decref(value);
	assert_string_equal(printed, expected);
	free(printed);
}

static void numbers_have_three_digits(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.00 kB" },
		{ 1234567, "1.23 MB" },
		{ 9994, "9.99 kB" },
		{ 9995, "10.0 kB" },
		{ 12345, "12.3 kB" },
		{ 99949, "99.9 kB" },
		{ 99950, "100 kB" },
		{ 999499, "999 kB" },
		{ 999500, "1.00 MB" },
		{ 1000000000, "1.00 GB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	char buf[UNITS_LEN];
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(units_bytes(cases[i].n, buf),
				    cases[i].text);
	assert_string_equal(units_rate(1500000, buf), "1.50 Mb/s");
	assert_string_equal(units_count(0, buf), "0");
	assert_string_equal(units_count(999, buf), "999");
	assert_string_equal(units_count(1234567, buf), "1,234,567");
	assert_string_equal(units_duration(0, buf), "0 s");
	assert_string_equal(units_duration(299, buf), "4 min");
	assert_string_equal(units_duration(7440, buf), "2 h 4 min");
	assert_string_equal(units_duration(7200, buf), "2 h");
	assert_string_equal(units_duration(90000, buf), "1 d 1 h");
}

static void text_cannot_drive_a_terminal(void **state)
{
	static const struct {
		const char *dirty, *clean;
	} cases[] = {
		{ "K\u00fcche \u2615", "K\u00fcche \u2615" },
		{ "a\x1b[2Jb\n", "a?[2Jb?" },
		{ "a\xc2\x9b"
		  "2J",
		  "a?2J" },
		{ "\u202egnp.exe", "?gnp.exe" },
		{ "\xff\xfe", "??" },
		{ "\xc0\x80", "??" },
		{ "\xed\xa0\x80", "???" },
		{ "\xe2\x82", "??" },
		{ "\x7f", "?" },
	};
	char out[64], tight[4];
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		table_clean(cases[i].dirty, out, sizeof(out));
		assert_string_equal(out, cases[i].clean);
	}
	table_clean("ab\u00fc", tight, sizeof(tight));
	assert_string_equal(tight, "ab");
}

static void columns_are_aligned(void **state)
{
	(void)state;
	view_is("leases",
		"[{\"mac\":\"02:00:00:00:00:05\",\"ip\":\"10.77.0.5\","
		"\"hostname\":\"k\u00fcche\",\"expires_s\":3600,\"renews_s\":"
		"1800,\"random\":true,\"static\":false},{\"mac\":\"02:00:00:00:"
		"00:04\",\"ip\":\"10.77.0.14\","
		"\"hostname\":null,\"expires_s\":59,\"static\":true}]",
		"DEVICE  ADDRESS     MAC                MAC IS  RENEWS IN  "
		"LEFT  KIND\n"
		"k\u00fcche   10.77.0.5   02:00:00:00:00:05  random     30 min "
		" "
		" 1 h  dynamic\n"
		"\u2013       10.77.0.14  02:00:00:00:00:04  real          0 s "
		" "
		"59 s  fixed\n");
}

static void the_pool_and_its_events_are_told(void **state)
{
	(void)state;
	view_is("dhcp",
		"{\"serving\":true,\"pool\":{\"size\":253,\"bound\":2,"
		"\"fixed\":1,\"declined\":0},\"events\":[{\"at_ms\":0,"
		"\"kind\":\"conflict\",\"ip\":\"10.77.0.5\",\"mac\":\"a\","
		"\"other\":\"b\"}]}",
		"Serving      yes\n"
		"Addresses    2 of 253 in use, 1 fixed, 0 set aside\n"
		"WHEN  WHAT      ADDRESS    WHOSE  ALSO\n"
		"\u2013     conflict  10.77.0.5  a      b\n");
	view_is("dhcp",
		"{\"serving\":false,\"rival\":\"10.77.0.2\",\"pool\":{},"
		"\"events\":[]}",
		"Serving      no new devices, another server is here: "
		"10.77.0.2\n"
		"Addresses    0 of 0 in use, 0 fixed, 0 set aside\n"
		"Nothing happened.\n");
}

static void only_drops_that_happened_are_shown(void **state)
{
	(void)state;
	view_is("drops",
		"[{\"reason\":\"a\",\"packets\":0,\"bytes\":0},"
		"{\"reason\":\"b\",\"packets\":1234,\"bytes\":5678}]",
		"REASON  PACKETS    BYTES\n"
		"b         1,234  5.68 kB\n");
	view_is("drops", "[{\"reason\":\"a\",\"packets\":0,\"bytes\":0}]",
		"Nothing was turned away.\n");
	view_is("clients", "[]", "No device has been seen yet.\n");
}

static void events_are_sentences(void **state)
{
	(void)state;
	view_is("events", "{\"events\":[]}", "Nothing unusual has happened.\n");
	view_is("events",
		"{\"events\":[{\"at_ms\":9000000000000,\"text\":\"Radio "
		"\\u001b[2Jscans.\",\"times\":3,\"more\":2},{\"at_ms\":"
		"9000000000000,\"text\":\"The line.\",\"times\":1,"
		"\"more\":0}]}",
		"now           Radio ?[2Jscans. (3 times) And 2 more like "
		"it.\n"
		"now           The line.\n");
}

static void status_reads_like_prose(void **state)
{
	(void)state;
	view_is("status",
		"{\"version\":\"1.2\",\"uptime_s\":3700,\"wan\":{\"ifname\":"
		"\"gw\",\"address\":\"203.0.113.9\",\"gateway\":\"203.0.113.1\""
		",\"up\":true,\"carrier\":\"nfqueue\",\"why\":\"its driver has "
		"no "
		"native XDP\",\"express\":\"off\",\"latency_ms\":4.57,"
		"\"loss\":0.25},"
		"\"lan\":[{\"name\":\"lan\",\"address\":\"10.77.0.1\","
		"\"ports\":[{\"ifname\":\"gl\",\"carrier\":\"xdp-copy\","
		"\"express\":\"off\",\"express_why\":\"express.mode is "
		"off\"}]}],\"nat\":{\"mappings\":12,"
		"\"sessions\":34,\"mappings_max\":65536,\"sessions_max\":"
		"262144},\"dhcp\":{\"serving\":false,\"rival\":\"10.77.0.2\"},"
		"\"untold\":{\"events\":0,\"reports\":1200,\"samples\":5},"
		"\"rates\":{\"rx_bps\":1500000,\"tx_bps\":0}}",
		"Internet     up, 203.0.113.9 via 203.0.113.1, gw (nfqueue: "
		"its driver has no native XDP; express off)\n"
		"Line         4.57 ms, 25 % lost\n"
		"Home         10.77.0.1, lan\n"
		"  port       gl (xdp-copy; express off: express.mode is off)\n"
		"DHCP         new devices are left to 10.77.0.2\n"
		"Now          1.50 Mb/s down, 0 b/s up\n"
		"Connections  34 of 262,144, through 12 of 65,536 outside "
		"ports\n"
		"Untold       1,205 messages of the engine, as more came than "
		"could be read\n"
		"Portcullis   1.2, up 1 h 1 min\n");
}

static void json_without_sense_is_dashes(void **state)
{
	(void)state;
	view_is("leases", "[{\"ip\":5,\"expires_s\":-1}]",
		"DEVICE  ADDRESS  MAC  MAC IS  RENEWS IN  LEFT  KIND\n"
		"\u2013       \u2013        \u2013    real          0 s   0 s  "
		"dynamic\n");
	view_is("flows", "{}", "No connection is open.\n");
}

static void settings_are_written_as_set_takes_them(void **state)
{
	(void)state;
	view_is(NULL,
		"{\"wan\":{\"open\":[\"tcp:22\",\"udp:7777\"]},\"nat\":{"
		"\"timers\":{\"udp_s\":300},\"forwards\":[{\"proto\":"
		"\"tcp\",\"port\":8443,\"to\":\"10.77.0.5:443\"},{\"proto\":"
		"\"udp\",\"port\":53,\"to\":\"10.77.0.6:53\"}]},\"dns\":{"
		"\"upstream\":[],"
		"\"domain\":\"lan\"}}",
		"wan.open = tcp:22,udp:7777\n"
		"nat.timers.udp_s = 300\n"
		"nat.forwards = tcp:8443=10.77.0.5:443,udp:53=10.77.0.6:53\n"
		"dns.upstream = \n"
		"dns.domain = lan\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_three_digits),
		cmocka_unit_test(text_cannot_drive_a_terminal),
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(the_pool_and_its_events_are_told),
		cmocka_unit_test(only_drops_that_happened_are_shown),
		cmocka_unit_test(events_are_sentences),
		cmocka_unit_test(status_reads_like_prose),
		cmocka_unit_test(json_without_sense_is_dashes),
		cmocka_unit_test(settings_are_written_as_set_takes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
