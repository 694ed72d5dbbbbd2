/* test_api_capture.c - captures through the API: whole, refused, broken off,
 * and what becomes of one whose reader or whose API goes. */
#include "api_house.h"
#include "../../ctl/api/room.h"

#define DEVICE "02:00:00:00:00:05"
#define PATH   "/api/v1/capture/"

static int begin(void **state)
{
	/* From 10.77.0.5 to 203.0.113.7. */
	static const uint8_t frame[] = { 2,  0, 0, 0,	0,  1,	  2, 0, 0,
					 0,  0, 5, 8,	0,  0x45, 0, 0, 0,
					 0,  0, 0, 0,	64, 17,	  0, 0, 10,
					 77, 0, 5, 203, 0,  113,  7 };

	memset(&recorder, 0, sizeof(recorder));
	mac_parse(DEVICE, &recorder.mac);
	memcpy(recorder.frame, frame, sizeof(frame));
	recorder.at_ns = (clock_wall_ms() - 5000) * 1000000;
	recorder.chunks = 3;
	recorder.kind = CAPTURED_PACKET;
	(void)state;
	return 0;
}

static int ask(const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), PATH "%s", what);
	return say(false, "GET", path, "Host: x\r\n", "");
}

/* Lets the recorder answer until nobody asks it. */
static void serve(void)
{
	for (unsigned i = 0; i < 50; i++) {
		spin(3);
		if (recorder.lent)
			recorder_completes();
	}
}

/* The reply to a request, whose body may hold zeros: its length. */
static size_t hear_bytes(int fd, uint8_t *out, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	for (unsigned i = 0; n && i < 5000; i++) {
		spin(2);
		if (recorder.lent)
			recorder_completes();
		if (poll(&p, 1, 1) <= 0)
			continue;
		n = recv(fd, out + len, size - len, 0);
		assert_true(n >= 0);
		len += (size_t)n;
	}
	close(fd);
	return len;
}

static bool holds(const uint8_t *bytes, size_t len, const char *text)
{
	return memmem(bytes, len, text, strlen(text));
}

static void a_capture_comes_in_pieces(void **state)
{
	static uint8_t bytes[65536];
	size_t len = hear_bytes(ask(DEVICE), bytes, sizeof(bytes) - 1);

	(void)state;
	bytes[len] = '\0';
	reply_is((char *)bytes, 200, "Transfer-Encoding: chunked");
	assert_true(holds(bytes, len, "application/x-pcapng"));
	assert_true(holds(bytes, len, "filename=\"Kitchen-radio-"));
	assert_true(holds(bytes, len, "ether host " DEVICE));
	assert_true(holds(bytes, len, "Kitchen radio, as seen"));
	assert_true(holds(bytes, len, "\n0\r\n\r\n"));
	/* One of three chunks was read twice: to see whether there is one. */
	assert_int_equal(recorder.told, 4);
}

static void what_is_known_of_a_packet_is_told(void **state)
{
	static uint8_t bytes[65536];
	size_t len;

	(void)state;
	recorder.flags = CAPTURED_DROPPED;
	recorder.drop = 3;
	recorder.label = names_id(remotes, "far.example", 11);
	len = hear_bytes(ask("radio"), bytes, sizeof(bytes));
	assert_true(holds(bytes, len, "The gateway dropped it: no_way."));
	assert_true(holds(bytes, len,
			  "\xcb\x00\x71\x07"
			  "far.example"));
	assert_true(holds(bytes, len,
			  "\x0a\x4d\x00\x05"
			  "Kitchen radio"));
}

/* Another device takes the names and the address of the radio, and one comes to
 * an address that a third had: they are asked for as if it had not. */
static void who_pretends_to_be_another_is_not_taken_for_it(void **state)
{
	static const char *const names[] = { "Kitchen radio", "radio" };
	const uint64_t now_ms = clock_wall_ms();
	struct mac thief, nas = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };
	struct addr radio, old;

	(void)state;
	mac_parse("f2:00:00:00:00:66", &thief);
	addr_parse("10.77.0.5", &radio);
	addr_parse("10.77.0.20", &old);
	devices_has(registry, &thief, &radio, now_ms);
	for (unsigned i = 0; i < 2; i++) {
		devices_calls_itself(registry, &thief, names[i], now_ms);
		assert_int_equal(client_find(api, names[i], &recorder.mac), 0);
		assert_int_equal(recorder.mac.b[5], 5);
	}
	assert_int_equal(client_find(api, "10.77.0.5", &recorder.mac), 0);
	assert_int_equal(recorder.mac.b[5], 5);
	devices_has(registry, &thief, &old, 1);
	assert_int_equal(client_find(api, "10.77.0.20", &recorder.mac), 0);
	assert_true(mac_eq(&recorder.mac, &nas));
	/* Of the same kind of name, nobody knows which one is meant. */
	devices_calls_itself(registry, &thief, "NAS", now_ms);
	assert_int_equal(client_find(api, "nas", &recorder.mac), -EEXIST);
	devices_calls_itself(registry, &thief, "thief", now_ms);
}

static size_t length_of(const char *what)
{
	static uint8_t bytes[65536];

	begin((void *[]){ NULL });
	return hear_bytes(ask(what), bytes, sizeof(bytes));
}

static void it_can_be_narrowed(void **state)
{
	size_t none = length_of(DEVICE "?last_s=1");
	size_t all = length_of(DEVICE "?last_s=60");

	(void)state;
	assert_true(all > none + 3 * 90);
	assert_true(length_of("10.77.0.5?remote=203.0.113.7") > none + 3 * 90);
	assert_true(length_of("10.77.0.5?remote=203.0.113.8") < none + 90);
	assert_true(length_of(DEVICE "?remote=far.example") < none + 90);
	assert_int_equal(length_of(DEVICE "?remote="), all);
}

static void what_cannot_be_is_said(void **state)
{
	static const struct {
		const char *what;
		int status;
		const char *sentence;
	} cases[] = {
		{ "nobody", 404,
		  "No device has the address or name 'nobody'." },
		{ "10.77.0.77", 404, "No device has" },
		{ DEVICE "?last_s=0", 400, "last_s" },
		{ DEVICE "?last_s=-1", 400, "last_s" },
		{ DEVICE "?last_s=1x", 400, "last_s" },
		{ DEVICE "?last_s=99999999999999999999", 400, "last_s" },
		{ "02:00:00:00:00:77", 404, "Nothing is kept" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = ask(cases[i].what);

		serve();
		reply_is(hear(fd), cases[i].status, cases[i].sentence);
	}
	reply_is(hear(say(false, "GET", PATH, "Host: x\r\n", "")), 404, "part");
	reply_is(hear(say(false, "PATCH", PATH DEVICE, "Host: x\r\n", "")), 405,
		 "cannot");
	reply_is(hear(say(true, "GET", PATH DEVICE, "Host: 127.0.0.1\r\n", "")),
		 401, "password");
	recorder.busy = true;
	reply_is(hear(ask(DEVICE)), 503, "busy");
}

static void who_leaves_is_forgotten(void **state)
{
	int fd = ask(DEVICE);

	(void)state;
	assert_non_null(recorder.lent);
	close(fd);
	spin(20);
	/* The engine gives it back to nobody. */
	recorder_completes();
	assert_null(recorder.lent);
	/* In the midst of it. */
	fd = ask(DEVICE);
	recorder_completes();
	spin(10);
	close(fd);
	serve();
	assert_null(recorder.lent);
}

static void not_too_many_are_read_at_once(void **state)
{
	struct recorder asked[4];
	int fds[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		fds[i] = ask(DEVICE);
		asked[i] = recorder;
		recorder.lent = NULL;
	}
	reply_is(hear(ask(DEVICE)), 503, "Too many");
	for (unsigned i = 0; i < 4; i++) {
		close(fds[i]);
		spin(20);
		recorder = asked[i];
		recorder_completes();
	}
	assert_true(length_of(DEVICE) > 500);
}

static void who_logs_out_reads_no_further(void **state)
{
	static const char host[] = "Host: 127.0.0.1\r\n";
	const char *set;
	char headers[256];
	uint8_t bytes[4096];
	size_t len;
	int fd;

	(void)state;
	set = strstr(hear(say(true, "POST", "/api/v1/password", host,
			      "{\"password\":\"long enough\"}")),
		     "portcullis=");
	assert_non_null(set);
	snprintf(headers, sizeof(headers), "%sCookie: %.*s\r\n", host,
		 (int)strcspn(set, ";"), set);
	fd = say(true, "GET", PATH DEVICE, headers, "");
	recorder_completes();
	spin(10);
	assert_non_null(recorder.lent);
	reply_is(hear(say(true, "DELETE", "/api/v1/session", headers, "")), 200,
		 "");
	len = hear_bytes(fd, bytes, sizeof(bytes));
	assert_true(holds(bytes, len, "application/x-pcapng"));
	assert_false(holds(bytes, len, "\n0\r\n\r\n"));
	assert_int_equal(recorder.told, 2);
}

/* The last of all: the API goes while the engine has something of it. */
static void what_is_owed_finds_nobody(void **state)
{
	int fd = ask(DEVICE);

	(void)state;
	http_close(on_lan);
	http_close(on_unix);
	api_free(api);
	uv_run(&loop, UV_RUN_DEFAULT);
	recorder_completes();
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_capture_comes_in_pieces, begin),
		cmocka_unit_test_setup(what_is_known_of_a_packet_is_told,
				       begin),
		cmocka_unit_test_setup(it_can_be_narrowed, begin),
		cmocka_unit_test_setup(what_cannot_be_is_said, begin),
		cmocka_unit_test_setup(who_leaves_is_forgotten, begin),
		cmocka_unit_test_setup(not_too_many_are_read_at_once, begin),
		cmocka_unit_test_setup(
			who_pretends_to_be_another_is_not_taken_for_it, begin),
		cmocka_unit_test_setup(who_logs_out_reads_no_further, begin),
		cmocka_unit_test_setup(what_is_owed_finds_nobody, begin),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
