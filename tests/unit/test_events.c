/* test_events.c - the log of events: few, kept, and back from the file. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
