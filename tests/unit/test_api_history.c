/* test_api_history.c - the history as it is asked for: its numbers, its errors,
 * its CSV, who may ask, and who does the work. */
#include <dlfcn.h>
#include <pthread.h>

#include "../../ctl/base/container_of.h"
#include "api_house.h"

#define DAY_MS	  86400000
#define DAY_PAIRS 10500u /* more than are told by themselves */

/* Texts are made in one of these: instead of the C library's, to see where. */
static unsigned made_on_loop, made_elsewhere;
static pthread_t loop_thread;

FILE *open_memstream(char **text, size_t *len)
{
	FILE *(*real)(char **, size_t *);

	*(void **)&real = dlsym(RTLD_NEXT, "open_memstream");
	if (pthread_equal(pthread_self(), loop_thread))
		made_on_loop++;
	else
		made_elsewhere++;
	return real(text, len);
}

static const char *ask(const char *query)
{
	char path[256];

	snprintf(path, sizeof(path), "/api/v1/history%s", query);
	return hear(say(false, "GET", path, "Host: x\r\n", ""));
}

static json_t *answer(const char *query)
{
	const char *reply = ask(query);
	json_t *json;

	reply_is(reply, 200, "Content-Type: application/json\r\n");
	json = json_loads(body_of(reply), 0, NULL);
	assert_non_null(json);
	return json;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t sum_of(const json_t *list)
{
	json_int_t sum = 0;
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value) sum += json_integer_value(value);
	return sum;
}

/* The span that the house remembers, as "?from=…&to=…". */
static const char *span(const char *more)
{
	static char query[200];
	unsigned long long now = clock_wall_ms();

	snprintf(query, sizeof(query), "?from=%llu&to=%llu%s", now - 3660000,
		 now, more);
	return query;
}

static void devices_have_names_and_sums(void **state)
{
	json_t *h = answer(span("&group=device&step=60000")), *groups, *g;
	size_t i;

	(void)state;
	groups = json_object_get(h, "groups");
	assert_int_equal(json_array_size(groups), 2);
	g = json_array_get(groups, 0);
	assert_string_equal(text(g, "key"), "02:00:00:00:00:05");
	assert_string_equal(text(g, "name"), "Kitchen radio");
	assert_int_equal(number(g, "rx"), 1000);
	assert_int_equal(number(g, "tx_packets"), 2);
	assert_int_equal(sum_of(json_object_get(h, "rx")), 1500);
	assert_int_equal(sum_of(json_object_get(h, "tx")), 100);
	assert_int_equal(number(json_object_get(h, "total"), "rx"), 1500);
	assert_int_equal(number(h, "peak_rx_bps"), 1500 * 8 / 60);
	assert_int_equal(number(h, "step_ms"), 60000);
	assert_int_equal(number(h, "from_ms") % 60000, 0);
	assert_int_equal(json_array_size(json_object_get(h, "rx")),
			 (number(h, "to_ms") - number(h, "from_ms")) / 60000);
	assert_int_equal(json_array_size(json_object_get(h, "tiers")), 3);
	/* Before it began nothing is known, which is not nothing. */
	for (i = 0; json_is_null(json_array_get(json_object_get(h, "rx"), i));)
		i++;
	assert_int_equal(i, 1);
	json_decref(h);
}

static void remotes_are_asked_by_name_and_address(void **state)
{
	json_t *h = answer(span("&group=remote&step=60000")), *groups;

	(void)state;
	groups = json_object_get(h, "groups");
	assert_string_equal(text(json_array_get(groups, 0), "key"),
			    "=video.example");
	assert_string_equal(text(json_array_get(groups, 0), "remote"),
			    "198.51.100.7");
	assert_string_equal(text(json_array_get(groups, 1), "key"),
			    "2001:db8::7");
	json_decref(h);
	h = answer(span("&remote=%3DVideo.example&step=60000"));
	assert_int_equal(number(json_object_get(h, "total"), "rx"), 1000);
	json_decref(h);
	h = answer(span("&remote=2001:db8::7&step=60000"));
	assert_int_equal(number(json_object_get(h, "total"), "rx"), 500);
	json_decref(h);
	h = answer(span("&device=02:00:00:00:00:09&group=pair&step=60000"));
	groups = json_object_get(h, "groups");
	assert_int_equal(json_array_size(groups), 1);
	assert_string_equal(text(json_array_get(groups, 0), "key"),
			    "02:00:00:00:00:09/2001:db8::7");
	json_decref(h);
}

static void what_is_left_over_is_others(void **state)
{
	json_t *h = answer(span("&group=device&limit=1&step=60000"));
	json_t *groups = json_object_get(h, "groups");

	(void)state;
	assert_int_equal(json_array_size(groups), 2);
	assert_true(json_is_null(
		json_object_get(json_array_get(groups, 1), "key")));
	assert_int_equal(number(json_array_get(groups, 1), "rx"), 500);
	json_decref(h);
}

/* Formulas of spreadsheets are texts, and everything that JSON says is there.
 */
static void csv_says_the_same(void **state)
{
	const char *reply = ask(span("&group=remote&step=60000&format=csv"));
	const char *body;

	(void)state;
	reply_is(reply, 200, "Content-Type: text/csv");
	body = body_of(reply);
	assert_non_null(strstr(body, "what,at_ms,key,name,rx_bytes,tx_bytes,"
				     "rx_packets,tx_packets\r\nstep,"));
	assert_non_null(strstr(body, "\r\ngroup,,\"'=video.example\","
				     "\"'=video.example\",1000,100,3,2\r\n"));
	assert_non_null(strstr(body, "\r\ntotal,,,,1500,100,4,2\r\n"));
}

static void errors_name_the_parameter(void **state)
{
	static const char *const wrong[][2] = {
		{ "?from=soon", "from: " },    { "?to=-1", "to: " },
		{ "?step=1.5", "step: " },     { "?step=150", "step: " },
		{ "?from=10&to=5", "to: " },   { "?from=0&step=100", "step: " },
		{ "?limit=99999", "limit: " }, { "?device=me", "device: " },
		{ "?remote=", "remote: " },    { "?group=all", "group: " },
		{ "?format=xml", "format: " },
	};
	char part[64];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(part, sizeof(part), "{\"error\":\"%s", wrong[i][1]);
		reply_is(ask(wrong[i][0]), 400, part);
	}
}

static void defaults_are_the_last_hour(void **state)
{
	json_t *h = answer("");
	json_int_t now = (json_int_t)clock_wall_ms();

	(void)state;
	assert_int_equal(number(h, "step_ms"), 5000);
	assert_in_range(now - number(h, "from_ms"), 3600000, 3660000);
	json_decref(h);
}

/* However long it is: pages hear of what happens by the loop's thread. */
static void the_text_is_not_made_by_the_loop(void **state)
{
	(void)state;
	loop_thread = pthread_self();
	made_on_loop = made_elsewhere = 0;
	json_decref(answer(span("&group=device&step=60000")));
	reply_is(ask(span("&format=csv")), 200, "Content-Type: text/csv");
	assert_int_equal(made_elsewhere, 2);
	assert_int_equal(made_on_loop, 0);
}

/* By who chose it: the owner, the device, its maker; and by who is gone. */
static void names_are_whosever_there_is(void **state)
{
	static const char *const macs[] = { "02:00:00:00:00:05",
					    "b8:27:eb:00:00:01",
					    "b8:27:eb:00:00:02",
					    "02:00:00:00:00:77" };
	static const char *const names[] = { "Kitchen radio", "NAS",
					     "Raspberry Pi Foundation", NULL };
	static const struct hash_key key = { { 7, 8 } };
	struct history_now now = { 1000, 1000, clock_wall_ms() - 5000 };
	struct traffic_row rows[4];
	const struct traffic_tick tick = { 1000, 1100, 4, rows };
	struct history *before = past;
	json_t *h, *groups;
	unsigned i;

	(void)state;
	past = history_new(past_names, &key, HISTORY_BUDGET_MIN);
	for (i = 0; i < 4; i++) {
		rows[i] = (struct traffic_row){ .sum = { 1000 - i, 0, 1, 0 } };
		mac_parse(macs[i], &rows[i].host);
		addr_parse("198.51.100.7", &rows[i].remote);
	}
	history_clock(past, &now);
	history_tick(past, &tick);
	h = answer("?group=device&step=60000");
	groups = json_object_get(h, "groups");
	assert_int_equal(json_array_size(groups), 4);
	for (i = 0; i < 4; i++) {
		const char *name = text(json_array_get(groups, i), "name");

		assert_string_equal(text(json_array_get(groups, i), "key"),
				    macs[i]);
		assert_string_equal(name ? name : "", names[i] ? names[i] : "");
	}
	json_decref(h);
	history_free(past);
	past = before;
}

/* A day of which each minute has some pairs of its own. */
static struct history *make_day(uint64_t begin_ms, struct traffic_sum *given)
{
	static const struct hash_key key = { { 9, 10 } };
	struct history_now now = { 1000, 1000, begin_ms };
	struct history *h = history_new(past_names, &key, 64u << 20);
	uint32_t pair = 0;

	for (unsigned s = 0; s < DAY_MS / 1000; s++) {
		const uint32_t most = DAY_PAIRS * (s / 60 + 1) / 1440;
		struct traffic_row rows[16];
		struct traffic_tick tick = { now.mono_ms, now.mono_ms + 100, 0,
					     rows };

		for (; s % 60 == 0 && pair < most; pair++) {
			struct traffic_row *r = &rows[tick.n++];

			*r = (struct traffic_row){
				.host = { { 2, 0, 0, 1, 0,
					    (uint8_t)(pair % 200) } },
				.remote = addr_v4(htonl(0x10000000u + pair)),
				.sum = { 100 + pair, 60, 2, 1 },
			};
			given->rx_bytes += r->sum.rx_bytes;
			given->tx_bytes += r->sum.tx_bytes;
		}
		now.mono_ms += 1000;
		now.boot_ms += 1000;
		now.wall_ms += 1000;
		history_clock(h, &now);
		if (tick.n)
			history_tick(h, &tick);
	}
	assert_int_equal(pair, DAY_PAIRS);
	return h;
}

/* The longest of all answers, to the byte. */
static void a_whole_day_is_told_at_once(void **state)
{
	struct traffic_sum given = { 0 };
	struct history *before = past;
	json_int_t rx = 0, tx = 0;
	json_t *h, *groups, *g;
	unsigned long long begin = clock_wall_ms() - DAY_MS;
	char query[160];
	size_t i;

	(void)state;
	past = make_day(begin, &given);
	snprintf(query, sizeof(query),
		 "?group=pair&limit=10000&step=10000&from=%llu", begin);
	h = answer(query);
	groups = json_object_get(h, "groups");
	assert_int_equal(json_array_size(groups), 10001);
	json_array_foreach(groups, i, g)
	{
		rx += number(g, "rx");
		tx += number(g, "tx");
	}
	assert_int_equal(rx, given.rx_bytes);
	assert_int_equal(tx, given.tx_bytes);
	assert_int_equal(sum_of(json_object_get(h, "rx")), given.rx_bytes);
	assert_int_equal(sum_of(json_object_get(h, "tx")), given.tx_bytes);
	assert_true(json_array_size(json_object_get(h, "rx")) >= 8640);
	json_decref(h);
	history_free(past);
	past = before;
}

static int asks(void)
{
	return say(false, "GET", "/api/v1/history", "Host: x\r\n", "");
}

static void leaves(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
		   sizeof(struct linger));
	close(fd);
	spin(5);
}

static void who_asks_and_leaves_is_forgotten(void **state)
{
	(void)state;
	leaves(asks());
	spin(20);
	json_decref(answer(""));
}

/* ---- more ask than can be answered at once */

#define WORKERS 4  /* as libuv has them */
#define MOST	64 /* that are asked and not yet answered */

static struct busy_worker {
	uv_work_t work;
	uv_sem_t over;
} busy[WORKERS];

static void on_busy(uv_work_t *work)
{
	uv_sem_wait(&container_of(work, struct busy_worker, work)->over);
}

static void on_free(uv_work_t *work, int status)
{
	uv_sem_destroy(&container_of(work, struct busy_worker, work)->over);
	assert_int_equal(status, 0);
}

/* Nothing is answered until they are freed. */
static void workers_are_busy(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		uv_sem_init(&busy[i].over, 0);
		uv_queue_work(&loop, &busy[i].work, on_busy, on_free);
	}
}

static void workers_are_free(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		uv_sem_post(&busy[i].over);
}

static void only_the_owner_may_ask(void **state)
{
	(void)state;
	reply_is(hear(say(true, "GET", "/api/v1/history", "Host: 127.0.0.1\r\n",
			  "")),
		 401, "password");
}

/* The headers of the owner, who alone is known to be gone: a socket of the
 * machine's own does not tell. */
static const char *owner(void)
{
	static const char host[] = "Host: 127.0.0.1\r\n";
	static char headers[256];
	const char *set =
		strstr(hear(say(true, "POST", "/api/v1/password", host,
				"{\"password\":\"long enough\"}")),
		       "portcullis=");

	assert_non_null(set);
	snprintf(headers, sizeof(headers), "%sCookie: %.*s\r\n", host,
		 (int)strcspn(set, ";"), set);
	return headers;
}

/* Up to a number, for which those that leave do not count. */
static void many_wait_for_their_turn(void **state)
{
	const char *headers = owner();
	int under_way, waiting, fds[MOST];

	(void)state;
	workers_are_busy();
	under_way = say(true, "GET", "/api/v1/history", headers, "");
	fds[0] = asks();
	waiting = say(true, "GET", "/api/v1/history", headers, "");
	for (unsigned i = 1; i < MOST - 2; i++)
		fds[i] = asks();
	reply_is(hear(asks()), 503, "Retry-After: 1\r\n");
	leaves(under_way); /* its turn goes on */
	leaves(waiting);
	fds[MOST - 2] = asks();
	reply_is(hear(asks()), 503, "Retry-After: 1\r\n");
	workers_are_free();
	for (unsigned i = 0; i < MOST - 1; i++)
		reply_is(hear(fds[i]), 200, "\"step_ms\":5000");
	json_decref(answer(""));
}

static void the_api_may_go_while_answers_are_made(void **state)
{
	int fds[5];

	(void)state;
	workers_are_busy();
	for (unsigned i = 0; i < 5; i++)
		fds[i] = asks();
	http_close(on_lan);
	api_free(api);
	http_close(on_unix);
	workers_are_free();
	uv_run(&loop, UV_RUN_DEFAULT);
	for (unsigned i = 0; i < 5; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_have_names_and_sums),
		cmocka_unit_test(remotes_are_asked_by_name_and_address),
		cmocka_unit_test(what_is_left_over_is_others),
		cmocka_unit_test(csv_says_the_same),
		cmocka_unit_test(errors_name_the_parameter),
		cmocka_unit_test(defaults_are_the_last_hour),
		cmocka_unit_test(the_text_is_not_made_by_the_loop),
		cmocka_unit_test(names_are_whosever_there_is),
		cmocka_unit_test(a_whole_day_is_told_at_once),
		cmocka_unit_test(who_asks_and_leaves_is_forgotten),
		cmocka_unit_test(only_the_owner_may_ask),
		cmocka_unit_test(many_wait_for_their_turn),
		cmocka_unit_test(the_api_may_go_while_answers_are_made),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
