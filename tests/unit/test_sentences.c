/* test_sentences.c - what the analysis says of what it is fed, in whose name,
 * and where that leads. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/analysis/analysis.h"

#define MINUTE_MS 60000ull
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (1440 * MINUTE_MS)
#define NOW	  1700000000000ull

static struct mac made_up(unsigned n)
{
	return (struct mac){ { 2, 0, 1, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

static struct event said;
static unsigned said_n;

static void name_of(void *arg, const struct mac *mac, char out[EVENT_NAME_SIZE])
{
	(void)arg;
	snprintf(out, EVENT_NAME_SIZE, "Piano %u", mac->b[5]);
}

static void on_said(void *arg, const struct event *event)
{
	(void)arg;
	said = *event;
	said_n++;
}

static void is_said(enum event_kind kind, unsigned n, const char *text,
		    const char *link)
{
	assert_int_equal(said_n, n);
	assert_int_equal(said.kind, kind);
	assert_string_equal(said.text, text);
	assert_non_null(strstr(said.link, link));
}

static void what_is_found_is_said(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	struct mac mac = made_up(7), other = made_up(8), none = { { 0 } };
	struct endpoint to = { addr_v4(htonl(0xc633640a)), htons(443) };
	struct addr ip = addr_v4(htonl(0x0a4d0005));
	uint64_t later = NOW + 8 * DAY_MS;

	(void)state;
	assert_true(analysis_device(a, &mac, NOW, NOW, NOW, NULL, NOW));
	assert_false(analysis_device(a, &mac, NOW, later, later, NULL, later));
	assert_true(analysis_device(a, &mac, NOW, later, later + 10000, NULL,
				    later + 10000));
	is_said(EVENT_NEW_DEVICE, 1, "Piano 7 is new at home.",
		"#/device/02:00:01:00:00:07");
	analysis_device(a, &other, NOW, later, later + 10000, "Organ",
			later + 10000);
	is_said(EVENT_NEW_DEVICE, 2,
		"Piano 8 is new at home; it may be Organ under another "
		"hardware address.",
		"#/device/02:00:01:00:00:08");
	analysis_opened(a, &mac, 6, &to, "DE", NULL, NOW);
	analysis_opened(a, &mac, 6, &to, "FR", "www.example", later);
	is_said(EVENT_NEW_COUNTRY, 3,
		"Piano 7 speaks with the country FR for the first time: with "
		"www.example.",
		"#/traffic?from=1700691080000&to=1700691260000&device="
		"02:00:01:00:00:07&remote=198.51.100.10&group=remote");
	analysis_conflict(a, &ip, &mac, &other, later);
	is_said(EVENT_ADDRESS_CONFLICT, 4,
		"Piano 7 and Piano 8 both use the address 10.77.0.5.",
		"#/names/addresses?show=happened");
	analysis_conflict(a, &ip, &none, &mac, later);
	is_said(EVENT_ADDRESS_CONFLICT, 5,
		"Piano 7 uses 10.77.0.5, which it did not get here.",
		"#/names/addresses?show=happened");
	analysis_rival(a, &ip, later);
	is_said(EVENT_DHCP_RIVAL, 6,
		"Another DHCP server, 10.77.0.5, is in the home network; new "
		"devices are left to it.",
		"#/names/addresses?show=happened");
	analysis_free(a);
}

/* And what was seen of it is kept. */
static void scans_and_the_line_are_said(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	struct addr ip = addr_v4(htonl(0x0a4d0005));
	uint64_t later = NOW + 8 * DAY_MS;
	struct mac mac = made_up(7);
	const struct lan_scan *scan;
	unsigned i, minutes = 0;

	(void)state;
	said_n = 0;
	for (i = 0; i < 100; i++)
		analysis_asked(a, &mac, htonl(0x0a4d0000 + i), later + i);
	is_said(EVENT_SCAN_LAN, 1,
		"Piano 7 goes through the home network: it asked for 48 "
		"addresses within a minute.",
		"#/device/02:00:01:00:00:07");
	for (i = 0; i < 200; i++)
		analysis_ping(a, &ip, i < 100 ? 5000 : UINT32_MAX,
			      later + i * 1000);
	for (i = 1; i < 200; i++)
		if (evidence_minute(analysis_evidence(a),
				    later / MINUTE_MS + i))
			minutes++;
	assert_int_equal(minutes, 3);
	scan = evidence_scan_at(analysis_evidence(a), 0);
	assert_true(mac_eq(&scan->mac, &mac));
	assert_int_equal(scan->most, 100);
	is_said(EVENT_WAN_LOSS, 2,
		"The line loses packets: 10.77.0.5, the provider's gateway, "
		"left 12 of the last 60 pings unanswered.",
		"#/line?from=1700690411000&to=1700691371000");
	analysis_free(a);
}

/* A stranger that makes up addresses has three sentences and one; who comes
 * with a maker's address is told of all the same. */
static void a_crowd_of_made_up_devices_is_one_sentence(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	struct mac mac, real = { { 0xb8, 0x27, 0xeb, 0, 0, 9 } };
	uint64_t t = NOW + DAY_MS;
	unsigned i;

	(void)state;
	said_n = 0;
	for (i = 1; i <= 50; i++, t += MINUTE_MS) {
		mac = made_up(i);
		assert_true(analysis_device(a, &mac, NOW, t, t + 10000, NULL,
					    t + 10000));
	}
	is_said(EVENT_NEW_CROWD, 4,
		"More than 3 devices with made-up addresses came within a "
		"day, Piano 4 among them: it may be one that changes its own.",
		"#/overview");
	assert_int_equal(events_at(analysis_events(a), 0)->times, 50 - 3);
	analysis_device(a, &real, NOW, t, t + 10000, NULL, t + 10000);
	is_said(EVENT_NEW_DEVICE, 5, "Piano 9 is new at home.", "#/device/");
	t += 2 * DAY_MS; /* and later one by one again */
	mac = made_up(200);
	analysis_device(a, &mac, NOW, t, t + 10000, NULL, t + 10000);
	is_said(EVENT_NEW_DEVICE, 6, "Piano 200 is new at home.", "#/device/");
	analysis_free(a);
}

/* Every second of a device that is heard from 'first' to 'last'. */
static bool is_told(struct analysis *a, struct mac mac, uint64_t first,
		    uint64_t last, uint64_t now)
{
	return analysis_device(a, &mac, NOW, first, now < last ? now : last,
			       NULL, now);
}

static struct mac of_maker(unsigned n)
{
	return (struct mac){ { 0xb8, 0x27, 0xeb, 0, 0, (uint8_t)n } };
}

/* Addresses as of a maker, each for a few minutes, all day: those that hear it
 * read some sentences, and of a device that came in between and stayed. */
static void a_flood_does_not_hide_who_stays(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	uint64_t begun = NOW + DAY_MS, came = begun + 2 * HOUR_MS, t;
	uint64_t told_at = 0;
	bool told = false;
	unsigned i;

	(void)state;
	said_n = 0;
	for (i = 0; i < 240; i++) {
		uint64_t first = begun + i * 5 * MINUTE_MS;
		uint64_t last = first + 4 * MINUTE_MS;
		bool done = false;

		for (t = first; t < first + 5 * MINUTE_MS; t += 30000) {
			if (!done)
				done = is_told(a, of_maker(i), first, last, t);
			if (t >= came && !told)
				told = is_told(a, of_maker(250), came,
					       UINT64_MAX, t);
			if (told && !told_at)
				told_at = t;
		}
	}
	assert_int_equal(told_at, came + HOUR_MS);
	is_said(EVENT_NEW_DEVICE, 7, "Piano 250 is new at home.", "#/device/");
	assert_string_equal(
		events_at(analysis_events(a), 1)->text,
		"More than 5 new devices came within a day, Piano 5 among "
		"them; who stays for an hour is told of by name.");
	analysis_free(a);
}

/* Some new things on one day are no flood; and who left is not told of late. */
static void a_few_at_once_are_no_flood(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	uint64_t t = NOW + DAY_MS, later = t + 5 * MINUTE_MS;
	unsigned i;

	(void)state;
	said_n = 0;
	for (i = 0; i < 5; i++)
		assert_true(is_told(a, of_maker(i), t, UINT64_MAX, t + 10000));
	is_said(EVENT_NEW_DEVICE, 5, "Piano 4 is new at home.", "#/device/");
	assert_false(is_told(a, of_maker(9), t, UINT64_MAX, t + 10000));
	assert_int_equal(said.kind, EVENT_NEW_CROWD);
	assert_false(is_told(a, of_maker(9), t, later, t + 2 * HOUR_MS));
	assert_int_equal(said_n, 6);
	analysis_free(a);
}

static void what_devices_ask_outside_is_said(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	struct endpoint to = { addr_v4(htonl(0x08080808)), htons(53) };
	struct mac mac = made_up(7), other = made_up(8);
	unsigned i;

	(void)state;
	said_n = 0;
	for (i = 0; i < 20; i++) { /* as long as it is answered */
		analysis_opened(a, &mac, 17, &to, NULL, NULL, NOW + i * 1000);
		analysis_answered(a, &mac, 17, &to, NOW + i * 1000);
		analysis_tick(a, NOW + i * 1000);
	}
	assert_int_equal(said_n, 0);
	for (i = 20; i < 40; i++) {
		analysis_opened(a, &mac, 17, &to, NULL, NULL, NOW + i * 4000);
		analysis_tick(a, NOW + i * 4000 + 3000);
	}
	is_said(EVENT_DNS_OWN, 1,
		"Piano 7 asks 8.8.8.8 for names, not this gateway, and gets no "
		"answer.",
		"&device=02:00:01:00:00:07&remote=8.8.8.8&group=remote");
	to.port = htons(161);
	for (i = 0; i < 300; i++) {
		to.addr = addr_v4(htonl(0x08080000 + i));
		analysis_opened(a, &mac, 17, &to, NULL, NULL, NOW + 200000);
	}
	analysis_tick(a, NOW + 204000);
	is_said(EVENT_SCAN_INTERNET, 2,
		"Piano 7 knocks at UDP port 161 of 300 machines on the "
		"internet that do not let it in.",
		"&device=02:00:01:00:00:07&group=remote");
	/* Every port of one machine. */
	to.addr = addr_v4(htonl(0xc6336409));
	for (i = 0; i < 100; i++) {
		to.port = htons((uint16_t)(1 + i));
		analysis_opened(a, &other, 6, &to, NULL, NULL, NOW + 300000);
	}
	analysis_tick(a, NOW + 304000);
	is_said(EVENT_SCAN_INTERNET, 3,
		"Piano 8 knocks at 100 TCP ports of 198.51.100.9 on the "
		"internet that do not let it in.",
		"&device=02:00:01:00:00:08&remote=198.51.100.9&group=remote");
	for (i = 0; i < 60; i++) /* nobody answers what is asked here */
		analysis_dns(a, true, i, NOW + i * 1000);
	is_said(EVENT_DNS_SILENT, 4,
		"No resolver answers: names of the internet cannot be found.",
		"#/names?why=failed");
	analysis_free(a);
}

static void uploads_and_hours_are_said_by_totals(void **state)
{
	const struct analysis_house house = { .name = name_of,
					      .happened = on_said };
	struct analysis *a = analysis_new(&house);
	struct habit_time t = { NOW, 20000, 20 };
	struct mac mac = made_up(7);
	unsigned i;

	(void)state;
	said_n = 0;
	/* What was moved before the first look is not of now. */
	analysis_moved(a, &mac, 0, 900000000, t);
	for (i = 0; i < 20; i++) {
		analysis_moved(a, &mac, 0, 900000000 + i * 2000000ull, t);
		t.day++;
		t.now_ms += DAY_MS;
	}
	assert_int_equal(said_n, 0);
	t.hour = 3;
	analysis_moved(a, &mac, 0, 3000000, t); /* the engine began anew */
	is_said(EVENT_NEW_HOUR, 1,
		"Piano 7 is active after 03:00, as on none of the last 28 "
		"days.",
		"&device=02:00:01:00:00:07");
	analysis_moved(a, &mac, 0, 250000000, t);
	is_said(EVENT_UPLOAD, 2,
		"Piano 7 sent 250 MB within ten minutes, far more than it "
		"usually does.",
		"#/traffic?from=");
	analysis_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_said),
		cmocka_unit_test(scans_and_the_line_are_said),
		cmocka_unit_test(a_crowd_of_made_up_devices_is_one_sentence),
		cmocka_unit_test(a_flood_does_not_hide_who_stays),
		cmocka_unit_test(a_few_at_once_are_no_flood),
		cmocka_unit_test(what_devices_ask_outside_is_said),
		cmocka_unit_test(uploads_and_hours_are_said_by_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
