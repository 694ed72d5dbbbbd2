/* test_events.c - the log of events: few, kept, and back from the file; and
 * what the analysis says, in whose name. */
#include <errno.h>
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

/* As analysis.c does it; NULL: it was only counted. */
static const struct event *happen(struct events *e, enum event_kind kind,
				  unsigned device, uint64_t now_ms)
{
	struct event one = { .kind = kind, .mac = made_up(device) };

	if (!events_wanted(e, kind, &one.mac, now_ms))
		return NULL;
	strcpy(one.name, "Piano");
	strcpy(one.text, "Piano plays.");
	strcpy(one.link, "#/device/x");
	return events_add(e, &one, now_ms);
}

static void the_same_again_is_counted(void **state)
{
	struct events *e = events_new();
	const struct event *first;

	(void)state;
	assert_non_null(happen(e, EVENT_SCAN_LAN, 1, NOW));
	assert_null(happen(e, EVENT_SCAN_LAN, 1, NOW + 5 * MINUTE_MS));
	assert_null(happen(e, EVENT_SCAN_LAN, 1, NOW + 300 * MINUTE_MS));
	first = events_at(e, 0);
	assert_int_equal(first->times, 3);
	assert_int_equal(first->at_ms, NOW);
	assert_int_equal(first->last_ms, NOW + 300 * MINUTE_MS);
	/* Of another device, or of another kind, it is another one. */
	assert_non_null(happen(e, EVENT_SCAN_LAN, 2, NOW));
	assert_non_null(happen(e, EVENT_UPLOAD, 1, NOW));
	/* After a pause it is news. */
	assert_non_null(happen(e, EVENT_SCAN_LAN, 1, NOW + 700 * MINUTE_MS));
	events_free(e);
}

static void a_flood_of_one_kind_leaves_room_for_others(void **state)
{
	struct events *e = events_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++)
		happen(e, EVENT_NEW_DEVICE, i, NOW + i);
	assert_int_equal(events_count(e), 12);
	assert_int_equal(events_at(e, 0)->more, 988);
	assert_non_null(happen(e, EVENT_WAN_LOSS, 0, NOW + 2000));
	/* Tomorrow is another day. */
	assert_non_null(happen(e, EVENT_NEW_DEVICE, 2000, NOW + DAY_MS + 2000));
	events_free(e);
}

/* One that does it again after each pause must not hide that another does. */
static void one_device_leaves_room_for_others(void **state)
{
	struct events *e = events_new();
	const uint64_t evening = NOW + 23 * 60 * MINUTE_MS;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++)
		happen(e, EVENT_SCAN_LAN, 1, NOW + i * 361 * MINUTE_MS);
	for (i = 0; i < 20; i++)
		happen(e, EVENT_ADDRESS_CONFLICT, 1, NOW + i * 61 * MINUTE_MS);
	assert_int_equal(events_count(e), 2 + 3);
	assert_int_equal(events_at(e, 0)->more, 0);
	assert_int_equal(events_at(e, 0)->times, 18);
	assert_int_equal(events_at(e, 0)->last_ms, NOW + 19 * 61 * MINUTE_MS);
	assert_non_null(happen(e, EVENT_SCAN_LAN, 2, evening));
	assert_non_null(happen(e, EVENT_ADDRESS_CONFLICT, 2, evening));
	/* The line and the house are no devices. */
	for (i = 0; i < 6; i++) {
		struct event line = { .kind = EVENT_WAN_LOSS };
		uint64_t at_ms = NOW + i * 61 * MINUTE_MS;

		assert_true(events_wanted(e, line.kind, &line.mac, at_ms));
		events_add(e, &line, at_ms);
	}
	events_free(e);
}

static void a_day_has_so_many_and_each_kind_its_first(void **state)
{
	struct events *e = events_new();
	unsigned kind, i;

	(void)state;
	for (i = 0; i < 100; i++)
		for (kind = 0; kind < EVENT_WAN_LOSS; kind++)
			happen(e, kind, i, NOW + i);
	assert_int_equal(events_count(e), EVENTS_A_DAY);
	for (kind = EVENT_WAN_LOSS; kind < EVENT_KINDS_N; kind++) {
		assert_non_null(happen(e, kind, 1, NOW + 200));
		assert_null(happen(e, kind, 2, NOW + 201));
	}
	events_free(e);
}

static void ids_grow_and_the_oldest_goes(void **state)
{
	struct events *e = events_new();
	uint64_t id = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < EVENTS_MAX + 10; i++) /* the clock goes back once */
		assert_non_null(
			happen(e, EVENT_UPLOAD, i,
			       (i == 7 ? NOW : NOW + 8 * DAY_MS) + i * DAY_MS));
	assert_int_equal(events_count(e), EVENTS_MAX);
	for (i = EVENTS_MAX; i--;) {
		assert_true(events_at(e, i)->id > id);
		id = events_at(e, i)->id;
	}
	events_free(e);
}

static void what_is_written_is_read_again(void **state)
{
	struct events *e = events_new(), *again = events_new(), *cut;
	size_t len, len2, i;
	uint8_t *data, *data2;

	(void)state;
	happen(e, EVENT_SCAN_LAN, 1, NOW);
	happen(e, EVENT_SCAN_LAN, 1, NOW + 1);
	happen(e, EVENT_UPLOAD, 2, NOW + 1);
	assert_true(events_changed(e));
	assert_false(events_changed(e));
	data = events_write(e, &len);
	assert_int_equal(events_read(again, data, len), 0);
	assert_int_equal(events_count(again), 2);
	assert_memory_equal(events_at(again, 1), events_at(e, 1),
			    sizeof(struct event));
	assert_memory_equal(events_at(again, 0), events_at(e, 0),
			    sizeof(struct event));
	data2 = events_write(again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(data, data2, len);
	for (i = 0; i < len; i++) {
		cut = events_new();
		assert_int_equal(events_read(cut, data, i), -EBADMSG);
		events_free(cut);
	}
	free(data);
	free(data2);
	events_free(e);
	events_free(again);
}

static void habits_are_read_again(void **state)
{
	struct habits *h = habits_new(), *again = habits_new();
	struct mac mac = made_up(1);
	struct habit *row = habits_of(h, &mac, NOW);
	size_t len, len2;
	void *data, *data2;
	unsigned i;

	(void)state;
	row->days = 0x0fffffff;
	row->hours[23] = 5;
	row->countries[84] = 1;
	row->upload_peak = 1ull << 40;
	data = habits_write(h, &len);
	assert_int_equal(habits_read(again, data, len), 0);
	row = habits_of(again, &mac, NOW + 1);
	assert_int_equal(row->since_ms, NOW);
	assert_int_equal(row->hours[23], 5);
	data2 = habits_write(h, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(data, data2, len);
	assert_int_equal(habits_read(again, data, len - 1), -EBADMSG);
	/* Made-up devices push out each other. */
	for (i = 0; i < 5000; i++) {
		struct mac other = made_up(100 + i);

		habits_of(again, &other, NOW + 2 + i);
	}
	assert_int_equal(habits_of(again, &mac, NOW)->since_ms, NOW);
	free(data);
	free(data2);
	habits_free(h);
	habits_free(again);
}

/* ---- sentences */

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
	unsigned i;

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
		"#/device/");
	analysis_conflict(a, &ip, &mac, &other, later);
	is_said(EVENT_ADDRESS_CONFLICT, 4,
		"Piano 7 and Piano 8 both use the address 10.77.0.5.",
		"#/device/02:00:01:00:00:08");
	analysis_conflict(a, &ip, &none, &mac, later);
	is_said(EVENT_ADDRESS_CONFLICT, 5,
		"Piano 7 uses 10.77.0.5, which it did not get here.",
		"#/device/");
	analysis_rival(a, &ip, later);
	is_said(EVENT_DHCP_RIVAL, 6,
		"Another DHCP server, 10.77.0.5, is in the home network; new "
		"devices are left to it.",
		"#/names");
	for (i = 0; i < 100; i++)
		analysis_asked(a, &mac, htonl(0x0a4d0000 + i), later + i);
	is_said(EVENT_SCAN_LAN, 7,
		"Piano 7 goes through the home network: it asked for 48 "
		"addresses within a minute.",
		"#/device/");
	for (i = 0; i < 200; i++)
		analysis_ping(a, &ip, i < 100 ? 5000 : UINT32_MAX,
			      later + i * 1000);
	is_said(EVENT_WAN_LOSS, 8,
		"The line loses packets: 10.77.0.5, the provider's gateway, "
		"left 12 of the last 60 pings unanswered.",
		"#/traffic?from=");
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
	struct mac mac = made_up(7);
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
		"&device=02:00:01:00:00:07");
	to.port = htons(161);
	for (i = 0; i < 300; i++) {
		to.addr = addr_v4(htonl(0x08080000 + i));
		analysis_opened(a, &mac, 17, &to, NULL, NULL, NOW + 200000);
	}
	analysis_tick(a, NOW + 204000);
	is_said(EVENT_SCAN_INTERNET, 2,
		"Piano 7 knocks at UDP port 161 of 300 machines on the "
		"internet that do not let it in.",
		"#/traffic?from=");
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
		cmocka_unit_test(the_same_again_is_counted),
		cmocka_unit_test(a_flood_of_one_kind_leaves_room_for_others),
		cmocka_unit_test(one_device_leaves_room_for_others),
		cmocka_unit_test(a_day_has_so_many_and_each_kind_its_first),
		cmocka_unit_test(ids_grow_and_the_oldest_goes),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(habits_are_read_again),
		cmocka_unit_test(what_is_found_is_said),
		cmocka_unit_test(a_crowd_of_made_up_devices_is_one_sentence),
		cmocka_unit_test(a_flood_does_not_hide_who_stays),
		cmocka_unit_test(a_few_at_once_are_no_flood),
		cmocka_unit_test(what_devices_ask_outside_is_said),
		cmocka_unit_test(uploads_and_hours_are_said_by_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
