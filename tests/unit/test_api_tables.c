/* test_api_tables.c - of tables that may be long, what somebody wants of them;
 * and what the engine found out about its NAT. */
#include "api_house.h"

/* The remote ports of an answer, in its order. */
static void ports_are(const char *query, const char *wanted)
{
	char path[128], line[256];
	const char *reply, *at;
	size_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/api/v1/flows?%s", query);
	fd = say(false, "GET", path, "Host: x\r\n", "");
	engine_completes();
	reply = hear(fd);
	line[0] = 0;
	for (at = reply; (at = strstr(at, "\"remote\":\"198.51.100.1:"));) {
		at += strlen("\"remote\":\"198.51.100.1:");
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%u ",
					(unsigned)strtoul(at, NULL, 10));
	}
	assert_string_equal(line, wanted);
}

/* Of one device, with a word in them, the latest first. */
static void flows_are_those_that_are_wanted(void **state)
{
	const struct mac mac = { { 2, 0, 0, 0, 0, 0x77 } };
	struct flow_row rows[40];

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (unsigned i = 0; i < 40; i++) {
		rows[i].proto = i & 1 ? IPPROTO_UDP : IPPROTO_TCP;
		rows[i].state = "established";
		rows[i].idle_ms = (i * 7) % 40;
		endpoint_parse(i < 20 ? "10.77.0.5:1024" : "10.77.0.6:1024", 0,
			       &rows[i].inside);
		endpoint_parse("203.0.113.9:1024", 0, &rows[i].outside);
		endpoint_parse("198.51.100.1:443", 0, &rows[i].remote);
		rows[i].remote.port = htons((uint16_t)(100 + i));
	}
	rows[3].label = names_id(remotes, "WWW.example", 11);
	devices_has(registry, &mac, &rows[0].inside.addr, clock_wall_ms());
	engine.flows = rows;
	engine.flows_n = 40;
	/* 7 * 23 = 161 = 1 of 40, and so on. */
	ports_are("limit=4", "100 123 106 129 ");
	ports_are("limit=3&device=02:00:00:00:00:77", "100 106 112 ");
	ports_are("device=02:00:00:00:00:99", "");
	ports_are("find=www.EX", "103 ");
	ports_are("find=:105&device=02:00:00:00:00:77", "105 ");
	ports_are("find=udp&limit=2&device=all", "123 129 ");
	ports_are("find=nothing", "");
	engine.flows = NULL;
	engine.flows_n = 0;
}

static void what_is_wanted_is_checked(void **state)
{
	static const char *const odd[] = {
		"limit=0",
		"limit=x",
		"limit=-1",
		"limit=5001",
		"device=x",
		"find=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaa",
	};
	char path[128];

	(void)state;
	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		snprintf(path, sizeof(path), "/api/v1/flows?%s", odd[i]);
		reply_is(hear(say(false, "GET", path, "Host: x\r\n", "")), 400,
			 ": give ");
	}
}

static void the_cone_is_told(void **state)
{
	int fd;

	engine.cones[0] = (struct cone_row){ .proto = IPPROTO_UDP,
					     .works = true,
					     .mapping = CONE_INDEPENDENT,
					     .filtering = CONE_INDEPENDENT,
					     .port_kept = true,
					     .hairpin = true };
	engine.cones[1] = (struct cone_row){ .proto = IPPROTO_TCP, .drop = 3 };
	fd = say(false, "POST", "/api/v1/nat/cone", "Host: x\r\n", "");
	(void)state;
	engine_completes();
	assert_string_equal(
		body_of(hear(fd)),
		"[{\"proto\":\"udp\",\"type\":\"full cone\",\"mapping\":"
		"\"endpoint-independent\",\"filtering\":"
		"\"endpoint-independent\",\"port_kept\":true,\"hairpin\":"
		"true,\"problem\":null},{\"proto\":\"tcp\",\"type\":null,"
		"\"problem\":\"no_way\"}]");
	reply_is(hear(say(false, "GET", "/api/v1/nat/cone", "Host: x\r\n", "")),
		 405, "Allow: POST");
}

/* After the engine has answered, before the rows are looked at. */
static void the_api_may_go_while_one_chooses(void **state)
{
	struct flow_row row = { .proto = IPPROTO_TCP, .state = "established" };
	int fd = say(false, "GET", "/api/v1/flows?limit=2", "Host: x\r\n", "");

	(void)state;
	engine.flows = &row;
	engine.flows_n = 1;
	engine_completes();
	engine.flows_n = 0;
	http_close(on_lan);
	http_close(on_unix);
	api_free(api);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_those_that_are_wanted),
		cmocka_unit_test(what_is_wanted_is_checked),
		cmocka_unit_test(the_cone_is_told),
		cmocka_unit_test(the_api_may_go_while_one_chooses),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
