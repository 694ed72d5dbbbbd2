/* test_api_evidence.c - what the API tells of the line and of scans. */
#include "api_house.h"

#define MINUTE_MS 60000ull
#define LATER	  1700000040000ull /* a whole minute */

static const char *ask(const char *path)
{
	return hear(say(false, "GET", path, "Host: x\r\n", ""));
}

static void the_line_is_told_by_the_minute(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 60; i++)
		evidence_ping(seen, i % 4 ? 5250 : UINT32_MAX,
			      LATER + i * 1000);
	evidence_ping(seen, UINT32_MAX, LATER + 2 * MINUTE_MS);
	/* Rounded out to whole minutes. */
	unix_says("/api/v1/line?from=1700000030000&to=1700000160001",
		  "{\"from_ms\":1699999980000,\"to_ms\":1700000220000,"
		  "\"step_ms\":60000,"
		  "\"latency_ms\":[null,5.25,null,null],"
		  "\"asked\":[null,60,null,1],\"lost\":[null,15,null,1]}");
}

static void the_line_is_told_for_a_day(void **state)
{
	json_t *said;

	(void)state;
	evidence_ping(seen, 4000, clock_wall_ms());
	said = json_loads(body_of(ask("/api/v1/line")), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(said, "asked")), 1440);
	assert_int_equal(json_integer_value(json_array_get(
				 json_object_get(said, "asked"), 1439)),
			 1);
	json_decref(said);
	/* With its end alone it begins a day before; and no longer. */
	reply_is(ask("/api/v1/line?to=60000"), 200, "\"from_ms\":0,");
	reply_is(ask("/api/v1/line?from=1700000040000&to=1700086440001"), 400,
		 "from: give at most a day");
	reply_is(ask("/api/v1/line?from=2000000&to=1000000"), 400,
		 "to: give a time after");
	reply_is(ask("/api/v1/line?from=-1"), 400, "from: give a whole number");
	reply_is(ask("/api/v1/line?to=99999999999999999"), 400,
		 "to: give a whole number");
	reply_is(hear(say(true, "GET", "/api/v1/line", "Host: 127.0.0.1\r\n",
			  "")),
		 401, "password");
}

static void scan(unsigned mac, uint64_t began_ms)
{
	struct scan_lan_asker asker = { .mac = { { 2, 0, 0, 0, 0,
						   (uint8_t)mac } },
					.began_ms = began_ms,
					.low = 0x0a4d0001,
					.high = 0x0a4d0030,
					.n = SCAN_LAN_TARGETS };

	evidence_scan(seen, &asker, began_ms + 500);
}

static void scans_are_told_of_a_device(void **state)
{
	(void)state;
	unix_says("/api/v1/scans", "[]");
	scan(5, 1000);
	scan(9, 2000);
	unix_says("/api/v1/scans?device=02:00:00:00:00:05",
		  "[{\"device\":\"02:00:00:00:00:05\",\"from_ms\":1000,"
		  "\"to_ms\":1500,\"times\":1,\"addresses\":48,"
		  "\"first\":\"10.77.0.1\",\"last\":\"10.77.0.48\"}]");
	unix_says("/api/v1/scans?device=02:00:00:00:00:06", "[]");
	reply_is(ask("/api/v1/scans?device=all"), 200,
		 "[{\"device\":\"02:00:00:00:00:09\"");
	reply_is(ask("/api/v1/scans?device=x"), 400, "device: give a MAC");
	reply_is(hear(say(true, "GET", "/api/v1/scans", "Host: 127.0.0.1\r\n",
			  "")),
		 401, "password");
}

/* There is no database here: it is null, as it is of a name. */
static void a_country_may_be_unknown(void **state)
{
	(void)state;
	unix_says("/api/v1/country?remote=198.51.100.7", "{\"country\":null}");
	unix_says("/api/v1/country?remote=www.example", "{\"country\":null}");
	unix_says("/api/v1/country", "{\"country\":null}");
	reply_is(hear(say(true, "GET", "/api/v1/country", "Host: 127.0.0.1\r\n",
			  "")),
		 401, "password");
}

static void the_end(void **state)
{
	(void)state;
	api_free(api);
	http_close(on_lan);
	http_close(on_unix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_told_by_the_minute),
		cmocka_unit_test(the_line_is_told_for_a_day),
		cmocka_unit_test(scans_are_told_of_a_device),
		cmocka_unit_test(a_country_may_be_unknown),
		cmocka_unit_test(the_end),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
