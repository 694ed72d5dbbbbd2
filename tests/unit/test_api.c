/* test_api.c - what the API says, to whom, and what it refuses. */
#include "api_house.h"

static void status_is_as_the_contract_says(void **state)
{
	const char *reply =
		hear(say(false, "GET", "/api/v1/status", "Host: x\r\n", ""));

	(void)state;
	reply_is(reply, 200,
		 "{\"version\":\"" VERSION "\",\"uptime_s\":42,\"wan\":{"
		 "\"ifname\":\"gw\",\"address\":\"203.0.113.9\",\"gateway\":"
		 "null,\"up\":true,\"carrier\":\"xdp-copy\",\"why\":"
		 "\"its driver has native "
		 "XDP\",\"express\":\"off\",\"express_why\":null,"
		 "\"latency_ms\":4.57,\"loss\":null},\"lan\":[{"
		 "\"name\":\"lan\","
		 "\"address\":"
		 "\"10.77.0.1\",\"network\":\"10.77.0.0/24\",\"ports\":[{"
		 "\"ifname\":\"gl\",\"carrier\":\"xdp-copy\",\"why\":"
		 "null,\"express\":\"off\",\"express_why\":null}]}],\"nat\":{"
		 "\"mappings\":1,"
		 "\"sessions\":2,\"mappings_max\":3,\"sessions_max\":4,"
		 "\"counters\":{\"evicted\":5,\"hold_yielded\":6,"
		 "\"moved\":7,\"syn_used\":8}},\"rates\":{"
		 "\"rx_bps\":0,\"tx_bps\":0},\"dhcp\":{\"serving\":true,"
		 "\"rival\":null,\"events\":0},\"capture\":{"
		 "\"bytes\":65536,\"max_bytes\":268435456,"
		 "\"devices\":1},\"history\":{\"bytes\":");
	assert_non_null(strstr(reply,
			       "\"rtt\":{\"lan_us\":null,\"wan_us\":null},"
			       "\"untold\":{\"events\":9,\"reports\":10,"
			       "\"samples\":11}}"));
}

static void clients_are_the_seen_and_the_leased(void **state)
{
	const char *reply;
	json_t *list, *c;
	json_int_t ago;

	(void)state;
	reply = hear(say(false, "GET", "/api/v1/clients", "Host: x\r\n", ""));
	list = json_loads(body_of(reply), 0, NULL);
	assert_int_equal(json_array_size(list), 4);

	c = json_array_get(list, 0); /* leased, never seen */
	assert_string_equal(json_string_value(json_object_get(c, "ip")),
			    "10.77.0.4");
	assert_true(json_is_null(json_object_get(c, "last_seen_ms")));
	assert_true(json_is_null(json_object_get(c, "hostname")));
	assert_true(json_is_null(json_object_get(c, "name")));

	c = json_array_get(list, 1); /* seen and leased, one row */
	assert_string_equal(json_string_value(json_object_get(c, "mac")),
			    "02:00:00:00:00:05");
	assert_string_equal(json_string_value(json_object_get(c, "hostname")),
			    "radio");
	assert_string_equal(json_string_value(json_object_get(c, "name")),
			    "Kitchen radio");
	assert_int_equal(json_integer_value(json_object_get(c, "rx_bytes")),
			 500);
	ago = (json_int_t)clock_wall_ms() -
	      json_integer_value(json_object_get(c, "last_seen_ms"));
	assert_true(ago >= 1000 && ago < 60000);
	assert_string_equal(
		json_string_value(json_object_get(c, "name_source")), "owner");
	assert_string_equal(json_string_value(json_object_get(c, "icon")),
			    "tv");
	assert_true(json_is_true(json_object_get(c, "pinned")));
	assert_true(json_is_true(json_object_get(c, "random")));
	assert_true(json_is_false(json_object_get(c, "fixed")));
	assert_int_equal(
		json_integer_value(json_object_get(c, "first_seen_ms")), 1000);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(c, "today"), "rx")),
			 1000);

	c = json_array_get(list, 2); /* seen only */
	assert_string_equal(json_string_value(json_object_get(c, "ip")),
			    "10.77.0.9");
	assert_true(json_is_null(json_object_get(c, "vendor")));
	assert_true(json_is_true(json_object_get(c, "fixed")));
	assert_true(json_is_null(json_object_get(c, "first_seen_ms")));
	assert_int_equal(json_object_size(c), 21);

	json_decref(list);
}

static void those_who_are_away_are_clients(void **state)
{
	const char *reply =
		hear(say(false, "GET", "/api/v1/clients", "Host: x\r\n", ""));
	json_t *list = json_loads(body_of(reply), 0, NULL), *c;

	(void)state;
	c = json_array_get(list, 3);
	assert_string_equal(json_string_value(json_object_get(c, "mac")),
			    "b8:27:eb:00:00:01");
	assert_string_equal(json_string_value(json_object_get(c, "ip")),
			    "10.77.0.20");
	assert_string_equal(json_string_value(json_object_get(c, "name")),
			    "NAS");
	assert_string_equal(
		json_string_value(json_object_get(c, "name_source")), "mdns");
	assert_true(json_is_true(json_object_get(c, "fixed")));
	assert_true(json_is_false(json_object_get(c, "random")));
	assert_int_equal(json_integer_value(json_object_get(c, "last_seen_ms")),
			 3000);
	assert_int_equal(json_array_size(json_object_get(c, "addresses")), 2);
	json_decref(list);
}

static void events_are_told_from_an_id_on(void **state)
{
	struct event e = { .kind = EVENT_SCAN_LAN,
			   .mac = leases[0].mac,
			   .name = "Radio",
			   .text = "Radio scans.",
			   .link = "#/device/x" };

	(void)state;
	unix_says("/api/v1/events", "{\"events\":[]}");
	events_add(log_of_events, &e, 1000);
	e = (struct event){ .kind = EVENT_WAN_LOSS, .text = "The line." };
	events_add(log_of_events, &e, 2000);
	unix_says("/api/v1/events",
		  "{\"events\":[{\"id\":2000,\"at_ms\":2000,\"last_ms\":2000,"
		  "\"kind\":\"wan-loss\",\"device\":null,\"name\":null,"
		  "\"text\":\"The line.\",\"link\":null,\"times\":1,"
		  "\"more\":0},{\"id\":1000,\"at_ms\":1000,\"last_ms\":1000,"
		  "\"kind\":\"scan-lan\",\"device\":\"02:00:00:00:00:05\","
		  "\"name\":\"Radio\",\"text\":\"Radio scans.\","
		  "\"link\":\"#/device/x\",\"times\":1,\"more\":0}]}");
	unix_says("/api/v1/events?since=2000", "{\"events\":[]}");
	reply_is(hear(say(false, "GET", "/api/v1/events?limit=1", "Host: x\r\n",
			  "")),
		 200, "wan-loss");
	reply_is(hear(say(false, "GET", "/api/v1/events?since=x", "Host: x\r\n",
			  "")),
		 400, "since: give");
	reply_is(hear(say(false, "GET", "/api/v1/events?limit=0", "Host: x\r\n",
			  "")),
		 400, "limit: give");
	reply_is(hear(say(true, "GET", "/api/v1/events", "Host: 127.0.0.1\r\n",
			  "")),
		 401, "password");
}

static void leases_say_what_is_left(void **state)
{
	const char *reply;

	(void)state;
	reply = hear(say(false, "GET", "/api/v1/leases", "Host: x\r\n", ""));
	reply_is(reply, 200,
		 "{\"mac\":\"02:00:00:00:00:04\",\"ip\":\"10.77.0.4\","
		 "\"hostname\":null,\"expires_s\":0,\"renews_s\":0,"
		 "\"static\":true,\"random\":true,\"client_id\":null}");
	assert_non_null(strstr(reply, "\"expires_s\":3"));
	assert_non_null(strstr(reply, "\"renews_s\":1"));
	assert_non_null(strstr(reply, "\"client_id\":\"ff0001\""));
}

static void dhcp_tells_its_fill_and_what_happened(void **state)
{
	struct diary_entry e = { .wall_ms = 5,
				 .kind = DIARY_CONFLICT,
				 .mac = leases[0].mac,
				 .ip = leases[0].ip };
	struct error err;
	json_t *patch =
		json_pack("{s:[ss]}", "dhcp.static",
			  "02:00:00:00:00:04=10.77.0.4", "id:ff07=10.77.0.7");

	(void)state;
	assert_int_equal(settings_patch(store, patch, &err), 0);
	json_decref(patch);
	e.other = leases[1].mac;
	diary_note(&house_diary, &e);
	e = (struct diary_entry){ .wall_ms = 6, .kind = DIARY_EXHAUSTED };
	diary_note(&house_diary, &e);
	unix_says("/api/v1/dhcp",
		  "{\"serving\":true,\"rival\":null,\"lease_s\":86400,"
		  "\"pool\":{\"size\":253,\"bound\":2,\"offered\":0,"
		  "\"declined\":0,\"waiting\":0,\"fixed\":1},\"fixed\":["
		  "{\"mac\":\"02:00:00:00:00:04\",\"client_id\":null,"
		  "\"ip\":\"10.77.0.4\",\"active\":true},"
		  "{\"mac\":null,\"client_id\":\"ff07\","
		  "\"ip\":\"10.77.0.7\",\"active\":false}],\"events\":["
		  "{\"at_ms\":6,\"kind\":\"exhausted\",\"ip\":null,"
		  "\"mac\":null,\"other\":null},"
		  "{\"at_ms\":5,\"kind\":\"conflict\",\"ip\":\"10.77.0.5\","
		  "\"mac\":\"02:00:00:00:00:05\","
		  "\"other\":\"02:00:00:00:00:04\"}]}");
	patch = json_pack("{s:n}", "dhcp.static");
	assert_int_equal(settings_patch(store, patch, &err), 0);
	json_decref(patch);
}

static void drops_are_named(void **state)
{
	(void)state;
	unix_says("/api/v1/drops",
		  "[{\"reason\":\"lan_spoof\",\"packets\":3,\"bytes\":180}]");
}

static void queries_are_the_household_s_own(void **state)
{
	static const char blocked[] =
		"{\"at_ms\":2000,\"device\":\"10.77.0.5\",\"hostname\":"
		"\"radio\",\"name\":\"ads.example\",\"type\":\"A\","
		"\"rcode\":\"NOERROR\",\"answer\":null,\"why\":"
		"\"blocked\",\"list\":\"oisd-small\",\"took_us\":5}";
	char want[512];
	const char *reply;

	(void)state;
	snprintf(want, sizeof(want), "[%s]", blocked);
	unix_says("/api/v1/dns/log?why=blocked", want);
	unix_says("/api/v1/dns/log?limit=1", want);
	unix_says("/api/v1/dns/log?name=ads&device=10.77.0.5", want);
	unix_says("/api/v1/dns/log?device=10.77.0.6", "[]");
	reply = hear(say(false, "GET", "/api/v1/dns/log?format=csv",
			 "Host: x\r\n", ""));
	reply_is(reply, 200, "Content-Type: text/csv");
	assert_string_equal(body_of(reply),
			    "at_ms,device,hostname,name,type,rcode,answer,why,"
			    "list,took_us\r\n"
			    "1000,10.77.0.5,radio,www.example,A,NOERROR,"
			    "192.0.2.1,upstream,,5\r\n"
			    "2000,10.77.0.5,radio,ads.example,A,NOERROR,,"
			    "blocked,oisd-small,5\r\n");
	reply = hear(say(false, "GET", "/api/v1/dns/log?limit=0", "Host: x\r\n",
			 ""));
	reply_is(reply, 400, "limit: give 1 to 50000.");
	reply = hear(
		say(true, "GET", "/api/v1/dns/log", "Host: 127.0.0.1\r\n", ""));
	reply_is(reply, 401, "Set a password first.");
}

static void resolving_is_told(void **state)
{
	const char *reply;

	(void)state;
	reply = hear(say(false, "GET", "/api/v1/dns", "Host: x\r\n", ""));
	reply_is(reply, 200,
		 "\"upstreams\":[{\"server\":\"9.9.9.9\",\"answers\":true,"
		 "\"rtt_ms\":12}],\"lists\":[{\"name\":\"oisd-small\","
		 "\"source\":\"https://small.oisd.nl/\",\"names\":5,"
		 "\"updated_ms\":null,\"problem\":null}]");
	assert_non_null(strstr(reply, "\"name\":\"stevenblack\""));
}

static void mappings_wait_for_the_engine(void **state)
{
	int fd = say(false, "GET", "/api/v1/mappings", "Host: x\r\n", "");

	(void)state;
	engine_completes();
	assert_string_equal(body_of(hear(fd)),
			    "[{\"proto\":\"udp\",\"inside\":\"10.77.0.5:7777\","
			    "\"outside\":\"203.0.113.9:7777\",\"static\":false,"
			    "\"idle_ms\":5}]");
}

static void flows_are_whole_and_shared(void **state)
{
	struct flow_row row = { .proto = IPPROTO_TCP,
				.state = "established",
				.rx_packets = 1,
				.tx_packets = 2,
				.rx_bytes = 3,
				.tx_bytes = 4,
				.age_ms = 5,
				.idle_ms = 6 };
	const struct mac mac = { { 2, 0, 0, 0, 0, 0x77 } };
	unsigned i, dumps = engine.dumps;
	int a, b, leaver;
	const char *reply;
	json_t *list;

	(void)state;
	endpoint_parse("10.77.0.5:1024", 0, &row.inside);
	endpoint_parse("203.0.113.9:1024", 0, &row.outside);
	endpoint_parse("198.51.100.1:443", 0, &row.remote);
	row.label = names_id(remotes, "www.example", 11);
	rtts_note(rtts, &mac, &row.remote.addr, RTT_WAN, 20000, clock_ms());
	devices_has(registry, &mac, &row.inside.addr, clock_wall_ms());
	engine.flows_n = 3000;
	engine.flows = calloc(engine.flows_n, sizeof(row));
	for (i = 0; i < engine.flows_n; i++)
		engine.flows[i] = row;
	a = say(false, "GET", "/api/v1/flows", "Host: x\r\n", "");
	leaver = say(false, "GET", "/api/v1/flows", "Host: x\r\n", "");
	setsockopt(leaver, SOL_SOCKET, SO_LINGER,
		   &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	close(leaver);
	spin(5);
	engine_completes();
	b = say(false, "GET", "/api/v1/flows", "Host: x\r\n", "");
	assert_int_equal(engine.dumps, dumps + 1);
	reply = hear(a);
	reply_is(reply, 200,
		 "{\"proto\":\"tcp\",\"inside\":\"10.77.0.5:1024\",\"outside\":"
		 "\"203.0.113.9:1024\",\"remote\":\"198.51.100.1:443\","
		 "\"state\":\"established\",\"rx_packets\":1,"
		 "\"tx_packets\":2,\"rx_bytes\":3,\"tx_bytes\":4,\"age_ms\":5,"
		 "\"idle_ms\":6,\"carried_by\":\"engine\",\"device\":"
		 "\"02:00:00:00:00:77\",\"name\":\"www.example\","
		 "\"country\":null,\"rtt_us\":20000}");
	list = json_loads(body_of(reply), 0, NULL);
	assert_int_equal(json_array_size(list), engine.flows_n);
	json_decref(list);
	list = json_loads(body_of(hear(b)), 0, NULL);
	assert_int_equal(json_array_size(list), engine.flows_n);
	json_decref(list);
	free(engine.flows);
	engine.flows_n = 0;
}

static void no_flows_are_an_empty_list(void **state)
{
	int fd = say(false, "GET", "/api/v1/flows", "Host: x\r\n", "");

	(void)state;
	engine_completes();
	assert_string_equal(body_of(hear(fd)), "[]");
}

static void a_busy_engine_is_said(void **state)
{
	(void)state;
	engine.busy = true;
	reply_is(hear(say(false, "GET", "/api/v1/flows", "Host: x\r\n", "")),
		 503, "Retry-After: 1\r\n");
	engine.busy = false;
}

static void settings_are_changed_and_applied(void **state)
{
	const char *reply;

	(void)state;
	applied = 0;
	reply = hear(say(false, "PATCH", "/api/v1/settings", "Host: x\r\n",
			 "{\"wan\":{\"open\":[\"udp:7777\"]}}"));
	reply_is(reply, 200, "\"wan\":{\"open\":[\"udp:7777\"]}");
	assert_int_equal(applied, 1);
	assert_int_equal(settings_get(store)->wan_open[0].port, 7777);
	reply_is(hear(say(false, "GET", "/api/v1/settings", "Host: x\r\n", "")),
		 200, "\"lease_s\":86400");
	reply_is(hear(say(false, "PATCH", "/api/v1/settings", "Host: x\r\n",
			  "{\"wan\":{\"shut\":1}}")),
		 400, "{\"error\":\"wan.shut: no such setting\"}");
	reply_is(hear(say(false, "PATCH", "/api/v1/settings", "Host: x\r\n",
			  "{")),
		 400, "{\"error\":\"The body is no JSON: line 1");
	assert_int_equal(applied, 1);
}

static void who_may_do_what(void **state)
{
	static const struct {
		bool lan;
		const char *method, *path, *host;
		int status;
		const char *says;
	} cases[] = {
		{ true, "GET", "/api/v1/status", "127.0.0.1", 200, "uptime_s" },
		{ true, "GET", "/api/v1/status", "10.0.0.1:8080", 200, "" },
		{ true, "GET", "/api/v1/status", "[::1]:80", 200, "" },
		{ true, "GET", "/api/v1/status", "portcullis", 200, "" },
		{ true, "GET", "/", "Portcullis.LAN.:80", 200, "<!doctype" },
		{ true, "GET", "/api/v1/status", "evil.example", 421,
		  "{\"error\":" },
		{ true, "GET", "/", "evil.example", 421, "text/plain" },
		{ true, "GET", "/", "portcullis.lan.evil.example", 421, "" },
		{ true, "GET", "/", "127.0.0.1.evil.example", 421, "" },
		{ true, "GET", "/", "", 421, "" },
		{ false, "GET", "/api/v1/status", "anything", 200, "" },
		{ true, "PATCH", "/api/v1/settings", "127.0.0.1", 401,
		  "Set a password first." },
		{ true, "PUT", "/api/v1/settings", "127.0.0.1", 405,
		  "Allow: GET, HEAD, PATCH\r\n" },
		{ false, "PUT", "/api/v1/settings", "x", 405,
		  "Allow: GET, HEAD, PATCH\r\n" },
		{ true, "POST", "/api/v1/status", "127.0.0.1", 405,
		  "Allow: GET, HEAD\r\n" },
		{ false, "DELETE", "/", "x", 405, "Allow: GET, HEAD\r\n" },
		{ true, "GET", "/api/v1/nothing", "127.0.0.1", 404,
		  "{\"error\":" },
		{ true, "GET", "/api/v1/status/", "127.0.0.1", 404, "" },
		{ true, "GET", "/../etc/passwd", "127.0.0.1", 404, "" },
		{ true, "GET", "/nothing", "127.0.0.1", 404, "text/plain" },
	};
	char host[64];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(host, sizeof(host), "Host: %s\r\n", cases[i].host);
		reply_is(hear(say(cases[i].lan, cases[i].method, cases[i].path,
				  host, "")),
			 cases[i].status, cases[i].says);
	}
}

static void every_answer_is_guarded(void **state)
{
	static const char *const paths[] = { "/", "/api/v1/status", "/none" };
	const char *reply;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		reply = hear(
			say(true, "GET", paths[i], "Host: 127.0.0.1\r\n", ""));
		assert_non_null(strstr(reply, "default-src 'self'"));
		assert_non_null(strstr(reply, "frame-ancestors 'none'"));
		assert_non_null(strstr(reply, "nosniff"));
		assert_non_null(strstr(reply, "Referrer-Policy: no-referrer"));
	}
}

static void the_page_is_cached_and_compressed(void **state)
{
	char etag[64], headers[256];
	const char *reply, *at;

	(void)state;
	reply = hear(say(true, "GET", "/",
			 "Host: 127.0.0.1\r\nAccept-Encoding: br, gzip\r\n",
			 ""));
	reply_is(reply, 200, "Content-Encoding: gzip\r\n");
	assert_int_equal((unsigned char)body_of(reply)[0], 0x1f);
	at = strstr(reply, "ETag: ");
	assert_int_equal(sscanf(at, "ETag: %63s", etag), 1);
	snprintf(headers, sizeof(headers),
		 "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
		 "If-None-Match: \"x\", W/%s\r\n",
		 etag);
	reply = hear(say(true, "GET", "/", headers, ""));
	reply_is(reply, 304, etag);
	assert_string_equal(body_of(reply), "");
	reply = hear(say(true, "GET", "/index.html",
			 "Host: 127.0.0.1\r\nAccept-Encoding: gzip;q=0\r\n",
			 ""));
	reply_is(reply, 200, "<!doctype html>");
	assert_null(strstr(reply, "Content-Encoding"));
	reply = hear(say(true, "HEAD", "/", "Host: 127.0.0.1\r\n", ""));
	reply_is(reply, 200, "Content-Length: ");
	assert_string_equal(body_of(reply), "");
}

static void the_api_may_go_while_the_engine_owes(void **state)
{
	int fd = say(false, "GET", "/api/v1/mappings", "Host: x\r\n", "");

	(void)state;
	http_close(on_lan);
	http_close(on_unix);
	api_free(api);
	spin(5);
	engine_completes();
	assert_string_equal(hear(fd), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_as_the_contract_says),
		cmocka_unit_test(clients_are_the_seen_and_the_leased),
		cmocka_unit_test(those_who_are_away_are_clients),
		cmocka_unit_test(events_are_told_from_an_id_on),
		cmocka_unit_test(leases_say_what_is_left),
		cmocka_unit_test(dhcp_tells_its_fill_and_what_happened),
		cmocka_unit_test(drops_are_named),
		cmocka_unit_test(queries_are_the_household_s_own),
		cmocka_unit_test(resolving_is_told),
		cmocka_unit_test(mappings_wait_for_the_engine),
		cmocka_unit_test(flows_are_whole_and_shared),
		cmocka_unit_test(no_flows_are_an_empty_list),
		cmocka_unit_test(a_busy_engine_is_said),
		cmocka_unit_test(settings_are_changed_and_applied),
		cmocka_unit_test(who_may_do_what),
		cmocka_unit_test(every_answer_is_guarded),
		cmocka_unit_test(the_page_is_cached_and_compressed),
		cmocka_unit_test(the_api_may_go_while_the_engine_owes),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
