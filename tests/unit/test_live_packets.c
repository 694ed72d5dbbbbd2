/* test_live_packets.c - every packet, to the pages that want them. */
#include "live_kit.h"

#define PACKETS	     "/api/v1/live?packets=1"
#define ONE_DEVICE   PACKETS "&device=02:00:00:00:00:05"
#define ROWS_OF_ONE  500
#define ROWS_AT_ONCE 1200

static struct packet_row rows[ROWS_AT_ONCE];

static int begin(void **state)
{
	(void)state;
	memset(&passing, 0, sizeof(passing));
	for (unsigned i = 0; i < ROWS_AT_ONCE; i++) {
		rows[i] = (struct packet_row){ .at_ms = clock_ms(),
					       .proto = 6,
					       .rx = i % 2,
					       .tcp_flags = 0x18,
					       .inside_port = 40000,
					       .remote_port = 443,
					       .packets = 1,
					       .bytes = 100 };
		mac_parse(i % 4 ? "02:00:00:00:00:05" : "02:00:00:00:00:09",
			  &rows[i].mac);
		addr_parse("203.0.113.7", &rows[i].remote);
	}
	passing.rows = rows;
	return 0;
}

/* Root's own, so that nobody asks for a password. */
static int page_of(const char *offer)
{
	int fd = dial(false);

	assert_int_equal(send(fd, offer, strlen(offer), 0), strlen(offer));
	assert_int_equal(send(fd, "Host: x\r\n\r\n", 11, 0), 11);
	return fd;
}

static int watching(const char *offer)
{
	int fd = page_of(offer);

	assert_int_equal(take_head(fd), 101);
	return fd;
}

static const json_t *cell(const json_t *message, size_t row, size_t column)
{
	return json_array_get(
		json_array_get(json_object_get(message, "rows"), row), column);
}

static size_t rows_in(const json_t *message)
{
	return json_array_size(json_object_get(message, "rows"));
}

static void a_packet_is_told_as_it_passes(void **state)
{
	int fd = watching(OFFER_OF(PACKETS));
	json_t *message;

	(void)state;
	assert_true(passing.on);
	rows[1].label = names_id(remotes, "far.example", 11);
	rows[1].packets = 7;
	rows[1].bytes = 5000000000;
	passing.n = 2;
	message = await(fd, "packets");
	assert_int_equal(rows_in(message), 2);
	assert_int_equal(number_of(message, "left_out"), 0);
	assert_true(number_of(message, "now_ms") > 1600000000000);
	assert_int_equal(json_array_size(json_array_get(
				 json_object_get(message, "rows"), 0)),
			 11);
	assert_in_range(json_integer_value(cell(message, 0, 0)), 0, 5000);
	assert_string_equal(json_string_value(cell(message, 0, 1)),
			    "02:00:00:00:00:09");
	assert_int_equal(json_integer_value(cell(message, 0, 2)), 6);
	assert_string_equal(json_string_value(cell(message, 0, 3)), "tx");
	assert_int_equal(json_integer_value(cell(message, 0, 4)), 40000);
	assert_string_equal(json_string_value(cell(message, 0, 5)),
			    "203.0.113.7");
	assert_int_equal(json_integer_value(cell(message, 0, 6)), 443);
	assert_int_equal(json_integer_value(cell(message, 0, 7)), 100);
	assert_int_equal(json_integer_value(cell(message, 0, 8)), 0x18);
	assert_int_equal(json_integer_value(cell(message, 0, 9)), 1);
	assert_true(json_is_null(cell(message, 0, 10)));
	assert_string_equal(json_string_value(cell(message, 1, 3)), "rx");
	assert_int_equal(json_integer_value(cell(message, 1, 7)), 5000000000);
	assert_int_equal(json_integer_value(cell(message, 1, 9)), 7);
	assert_string_equal(json_string_value(cell(message, 1, 10)),
			    "far.example");
	json_decref(message);
	leave(fd);
	assert_false(passing.on);
}

/* Ticks, status and events too: in no second more than twenty messages. */
static void who_watches_hears_all_with_the_packets(void **state)
{
	const struct event e = { .id = 7, .text = "The line.", .times = 1 };
	int fd = watching(OFFER_OF(ONE_DEVICE));
	unsigned ticks = 0, clients = 0, events = 0, packets = 0, lists = 0;
	uint64_t from_ms;
	size_t i;
	json_t *list, *one;

	(void)state;
	json_decref(take_list(fd)); /* where it stands */
	from_ms = clock_ms();
	while (clock_ms() - from_ms < 2000) {
		passing.at = 0;
		passing.n = 2;
		if (lists++ == 5)
			api_tell_event(api, &e);
		list = take_list(fd);
		json_array_foreach(list, i, one)
		{
			ticks += is_type(one, "tick");
			clients += is_type(one, "clients");
			events += is_type(one, "event");
			packets += is_type(one, "packets");
		}
		json_decref(list);
	}
	assert_in_range(lists, 20, 42);
	assert_in_range(packets, 20, 42);
	assert_in_range(ticks, 6, 10);
	assert_in_range(clients, 1, 3);
	assert_int_equal(events, 1);
	leave(fd);
}

static void a_message_has_so_many_rows_and_no_more(void **state)
{
	int fd = watching(OFFER_OF(PACKETS));
	json_t *message;

	(void)state;
	passing.n = ROWS_AT_ONCE;
	passing.missed = 33;
	message = await(fd, "packets");
	assert_int_equal(rows_in(message), ROWS_OF_ONE);
	assert_int_equal(number_of(message, "left_out"),
			 ROWS_AT_ONCE - ROWS_OF_ONE + 33);
	json_decref(message);
	/* Told once. */
	passing.at = 0;
	passing.n = 1;
	message = await(fd, "packets");
	assert_int_equal(number_of(message, "left_out"), 0);
	json_decref(message);
	leave(fd);
}

static void a_page_of_one_device_hears_of_it_alone(void **state)
{
	int all = watching(OFFER_OF(PACKETS));
	int one = watching(OFFER_OF(ONE_DEVICE));
	int same = watching(OFFER_OF(ONE_DEVICE));
	json_t *message, *other;

	(void)state;
	passing.n = 80;
	message = await(one, "packets");
	assert_int_equal(rows_in(message), 60);
	for (size_t i = 0; i < 60; i++)
		assert_string_equal(json_string_value(cell(message, i, 1)),
				    "02:00:00:00:00:05");
	other = await(same, "packets");
	assert_true(json_equal(message, other));
	json_decref(message);
	json_decref(other);
	message = await(all, "packets");
	assert_int_equal(rows_in(message), 80);
	json_decref(message);
	leave(one);
	assert_true(passing.on);
	leave(all);
	leave(same);
	assert_false(passing.on);
}

static void who_did_not_ask_is_told_nothing(void **state)
{
	int fd = watching(OFFER_OF("/api/v1/live"));

	(void)state;
	assert_false(passing.on);
	passing.n = 10;
	for (unsigned i = 0; i < 6; i++) {
		json_t *message = take_message(fd);

		assert_false(is_type(message, "packets"));
		json_decref(message);
	}
	assert_int_equal(passing.at, 0);
	leave(fd);
}

/* Names of remotes are the owner's, also while there is no password. */
static void others_may_not_watch(void **state)
{
	int fd = dial(true);
	const char *offer = OFFER_OF(PACKETS) OWN "\r\n";

	(void)state;
	send(fd, offer, strlen(offer), 0);
	assert_int_equal(take_head(fd), 401);
	leave(fd);
	fd = page_of(OFFER_OF(PACKETS "&device=phone"));
	assert_int_equal(take_head(fd), 400);
	leave(fd);
	assert_false(passing.on);
}

/* A page that reads nothing holds some bytes, and is told what it missed. */
static void a_slow_page_is_told_less(void **state)
{
	int fd = watching(OFFER_OF(PACKETS)), small = 4096;
	uint64_t sent = 0, told = 0, left_out = 0, lagged = 0;
	json_t *message;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (unsigned i = 0; i < 60; i++) {
		passing.at = 0;
		passing.n = 400;
		sent += 400;
		while (passing.at < passing.n)
			uv_run(&loop, UV_RUN_ONCE);
	}
	passing.at = passing.n = 0;
	while (told < sent) {
		message = take_message(fd);
		if (is_type(message, "packets")) {
			told += rows_in(message);
			told += (uint64_t)number_of(message, "left_out");
			left_out += (uint64_t)number_of(message, "left_out");
		}
		lagged += is_type(message, "lagging");
		json_decref(message);
	}
	assert_int_equal(told, sent);
	assert_true(left_out > 0);
	assert_true(lagged > 0);
	leave(fd);
}

static void the_api_may_go_while_somebody_watches(void **state)
{
	int fd = watching(OFFER_OF(PACKETS));

	(void)state;
	http_close(on_lan);
	http_close(on_unix);
	api_free(api);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_false(passing.on);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_packet_is_told_as_it_passes, begin),
		cmocka_unit_test_setup(who_watches_hears_all_with_the_packets,
				       begin),
		cmocka_unit_test_setup(a_message_has_so_many_rows_and_no_more,
				       begin),
		cmocka_unit_test_setup(a_page_of_one_device_hears_of_it_alone,
				       begin),
		cmocka_unit_test_setup(who_did_not_ask_is_told_nothing, begin),
		cmocka_unit_test_setup(others_may_not_watch, begin),
		cmocka_unit_test_setup(a_slow_page_is_told_less, begin),
		cmocka_unit_test_setup(the_api_may_go_while_somebody_watches,
				       begin),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
