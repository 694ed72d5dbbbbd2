/* api_house.h - both servers for real, on loopback and on a unix socket; the
 * engine and the house are made up, so that every number is known.
 *
 * For test_api.c and test_live.c. */
#ifndef TEST_API_HOUSE_H
#define TEST_API_HOUSE_H

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/api/api.h"
#include "../../ctl/base/clock.h"
#include "api_remotes.h"
#include "api_recorder.h"
#include "api_seen.h"

static uv_loop_t loop;
static struct api *api;
static struct http_server *on_lan, *on_unix;
static struct settings_store *store;
static char dir[] = "/tmp/test_api.XXXXXX", sock_path[PATH_MAX];
static char password_path[PATH_MAX], sessions_path[PATH_MAX];
static struct sockaddr_in lan_at;
static unsigned applied;

/* ---- a made-up engine */

struct engine {
	struct engine_totals totals;
	unsigned devices_n;
	struct device_row devices[2];
	unsigned flows_n;
	struct flow_row *flows;
	struct cone_row cones[2];
	bool busy;
	void (*done)(void *arg, const struct engine_rows *rows);
	void *arg;
	enum engine_table table;
	unsigned dumps;
};
static struct engine engine;

void engine_totals(const struct engine *e, struct engine_totals *out)
{
	*out = e->totals;
}

unsigned engine_devices(const struct engine *e, struct device_row *out,
			unsigned max)
{
	assert_true(max >= e->devices_n);
	memcpy(out, e->devices, e->devices_n * sizeof(*out));
	return e->devices_n;
}

int engine_dump(struct engine *e, enum engine_table table,
		void (*done)(void *arg, const struct engine_rows *rows),
		void *arg)
{
	if (e->busy)
		return -EBUSY;
	e->table = table;
	e->done = done;
	e->arg = arg;
	e->dumps++;
	return 0;
}

static inline void engine_completes(void)
{
	static const struct mapping_row mapping = { .proto = IPPROTO_UDP,
						    .idle_ms = 5 };
	struct mapping_row one = mapping;
	struct engine_rows rows = { 0 };

	endpoint_parse("10.77.0.5:7777", 0, &one.inside);
	endpoint_parse("203.0.113.9:7777", 0, &one.outside);
	if (engine.table == ENGINE_FLOWS) {
		rows.n = engine.flows_n;
		rows.flows = engine.flows;
	} else if (engine.table == ENGINE_CONES) {
		rows.n = 2;
		rows.cones = engine.cones;
	} else {
		rows.n = 1;
		rows.mappings = &one;
	}
	assert_non_null(engine.done);
	engine.done(engine.arg, &rows);
	engine.done = NULL;
}

/* ---- a made-up house */

static struct dhcp_lease leases[2];

static void house_status(void *arg, struct api_status *out)
{
	(void)arg;
	*out = (struct api_status){ .uptime_s = 42, .wan_up = true };
	strcpy(out->wan_ifname, "gw");
	addr_parse("203.0.113.9", &out->wan_addr);
	out->wan_carrier = "xdp-copy";
	out->wan_why = "its driver has native XDP";
	out->wan_express = "off";
	out->wan_latency_ms = 4.567;
	out->wan_loss = -1;
	out->lans_n = 1;
	strcpy(out->lans[0].name, "lan");
	prefix_parse("10.77.0.1/24", &out->lans[0].addr);
	out->lans[0].ports_n = 1;
	strcpy(out->lans[0].ports[0].ifname, "gl");
	out->lans[0].ports[0].carrier = "xdp-copy";
	out->lans[0].ports[0].why = "";
	out->lans[0].ports[0].express = "off";
}

/* ---- made-up resolving: two questions, one list */

struct dns {
	int unused;
};
static struct dns dns;

void dns_stats(const struct dns *d, struct dns_stats *out)
{
	(void)d;
	*out = (struct dns_stats){ .queries = 7, .blocked = 1 };
}

unsigned dns_lists(const struct dns *d, struct dns_list_row out[DNS_LISTS_MAX])
{
	(void)d;
	out[0] = (struct dns_list_row){ .name = "oisd-small",
					.source = "https://small.oisd.nl/",
					.names = 5 };
	return 1;
}

unsigned dns_upstreams(const struct dns *d,
		       struct dns_upstream_row out[DNS_UPSTREAMS_MAX])
{
	(void)d;
	out[0] = (struct dns_upstream_row){ .measured = true, .rtt_ms = 12 };
	endpoint_parse("9.9.9.9", 53, &out[0].at.at);
	return 1;
}

void dns_log(const struct dns *d,
	     void (*each)(void *arg, const struct dns_log_row *row), void *arg)
{
	struct dns_log_row row = { .at_ms = 1000,
				   .took_us = 5,
				   .type = 1,
				   .name = "www.example",
				   .why = "upstream" };

	(void)d;
	addr_parse("10.77.0.5", &row.device);
	addr_parse("192.0.2.1", &row.answer);
	each(arg, &row);
	row.at_ms = 2000;
	row.name = "ads.example";
	row.why = "blocked";
	row.list = "oisd-small";
	row.answer = (struct addr){ 0 };
	each(arg, &row);
}

static struct dns *house_dns(void *arg)
{
	(void)arg;
	return &dns;
}

static struct engine *house_engine(void *arg)
{
	return arg;
}

static unsigned house_leases(void *arg, const struct dhcp_lease **out)
{
	(void)arg;
	*out = leases;
	return 2;
}

static struct diary house_diary;

static void house_dhcp(void *arg, struct dhcp_fill *fill,
		       const struct diary **diary)
{
	(void)arg;
	*fill = (struct dhcp_fill){ .size = 253, .bound = 2, .fixed = 1 };
	*diary = &house_diary;
}

static unsigned house_drops(void *arg, struct drop_row *out, unsigned max)
{
	(void)arg;
	assert_true(max > 0);
	out[0] = (struct drop_row){ "lan_spoof", 3, 180 };
	return 1;
}

/* ---- a registry: a silent one with a fixed address, and the radio */

static struct devices *registry;

static const struct devices *house_devices(void *arg)
{
	(void)arg;
	return registry;
}

static struct names *remotes;

static const struct names *house_names(void *arg)
{
	(void)arg;
	return remotes;
}

static struct names *past_names;
static struct history *past;

static struct history *house_history(void *arg)
{
	(void)arg;
	return past;
}

static struct settings_store *house_settings(void *arg)
{
	(void)arg;
	return store;
}

static void house_changed(void *arg)
{
	(void)arg;
	applied++;
}

/* ---- a client */

static inline int dial(bool lan)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(lan ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(name.sun_path, sock_path);
	assert_int_equal(
		lan ? connect(fd, (struct sockaddr *)&lan_at, sizeof(lan_at))
		    : connect(fd, (struct sockaddr *)&name, sizeof(name)),
		0);
	return fd;
}

static inline void spin(unsigned rounds)
{
	while (rounds--)
		uv_run(&loop, UV_RUN_NOWAIT);
}

/* The whole reply to a request that closes its connection. */
static inline const char *hear(int fd)
{
	static char text[2 << 20];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;
	unsigned tries = 0;

	while (n && tries++ < 20000) {
		spin(2);
		if (poll(&p, 1, 1) <= 0)
			continue;
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		assert_true(n >= 0);
		len += (size_t)n;
	}
	assert_int_equal(n, 0);
	text[len] = '\0';
	close(fd);
	return text;
}

static inline int say(bool lan, const char *method, const char *path,
		      const char *headers, const char *body)
{
	char text[4096];
	int fd = dial(lan), len;

	len = snprintf(text, sizeof(text),
		       "%s %s HTTP/1.1\r\nConnection: close\r\n%s"
		       "Content-Length: %zu\r\n\r\n%s",
		       method, path, headers, strlen(body), body);
	assert_int_equal(send(fd, text, (size_t)len, 0), len);
	spin(5);
	return fd;
}

static inline const char *body_of(const char *reply)
{
	const char *end = strstr(reply, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static inline void reply_is(const char *reply, int status, const char *part)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(reply, line, strlen(line)) || !strstr(reply, part))
		fail_msg("not %d with '%s' but: %.900s", status, part, reply);
}

static inline void unix_says(const char *path, const char *json)
{
	const char *reply = hear(say(false, "GET", path, "Host: x\r\n", ""));

	reply_is(reply, 200, "Content-Type: application/json\r\n");
	assert_string_equal(body_of(reply), json);
}

static void furnish(void)
{
	struct error err;
	struct addr addr;
	struct mac nas;
	json_t *names;

	engine.totals = (struct engine_totals){ .mappings = 1,
						.sessions = 2,
						.mappings_max = 3,
						.evicted = 5,
						.hold_yielded = 6,
						.moved = 7,
						.syn_used = 8,
						.events_lost = 9,
						.reports_lost = 10,
						.samples_lost = 11,
						.sessions_max = 4 };
	engine.devices_n = 2;
	mac_parse("02:00:00:00:00:09", &engine.devices[0].mac);
	addr_parse("10.77.0.9", &engine.devices[0].addr);
	mac_parse("02:00:00:00:00:05", &engine.devices[1].mac);
	addr_parse("10.77.0.5", &engine.devices[1].addr);
	engine.devices[1].rx_bytes = 500;
	engine.devices[1].last_seen_ms = clock_ms() - 1000;
	mac_parse("02:00:00:00:00:05", &leases[0].mac);
	inet_pton(AF_INET, "10.77.0.5", &leases[0].ip);
	strcpy(leases[0].hostname, "radio");
	leases[0].expires_wall_s = clock_wall_ms() / 1000 + 3600;
	leases[0].renews_wall_s = clock_wall_ms() / 1000 + 1800;
	leases[0].id_len = 3;
	memcpy(leases[0].id, "\xff\0\1", 3);
	mac_parse("02:00:00:00:00:04", &leases[1].mac);
	inet_pton(AF_INET, "10.77.0.4", &leases[1].ip);
	leases[1].is_static = true;
	remotes = names_new(64);
	seen_begin();
	registry = devices_new();
	remotes_begin();
	devices_seen(registry, &leases[0].mac, 1000);
	mac_parse("b8:27:eb:00:00:01", &nas);
	addr_parse("10.77.0.20", &addr);
	devices_has(registry, &nas, &addr, 2000);
	addr_parse("fe80::20", &addr);
	devices_has(registry, &nas, &addr, 2000);
	devices_calls_itself(registry, &nas, "NAS", 3000);
	assert_int_equal(settings_open(&store, dir, &err), 0);
	names = json_pack("{s:[s],s:[s],s:[s]}", "clients.name",
			  "02:00:00:00:00:05=Kitchen radio", "clients.icon",
			  "02:00:00:00:00:05=tv", "clients.pin",
			  "02:00:00:00:00:05");
	assert_int_equal(settings_patch(store, names, &err), 0);
	json_decref(names);
}

/* An hour ago, and for a tenth of a second, two devices moved something. */
static void remember(void)
{
	static const struct hash_key key = { { 5, 6 } };
	struct history_now now = { 1000, 1000, clock_wall_ms() - 3600000 };
	struct traffic_row moved[2] = { { .sum = { 1000, 100, 3, 2 } },
					{ .sum = { 500, 0, 1, 0 } } };
	const struct traffic_tick tick = { 1000, 1100, 2, moved };

	past_names = names_new(64);
	past = history_new(past_names, &key, HISTORY_BUDGET_MIN);
	mac_parse("02:00:00:00:00:05", &moved[0].host);
	mac_parse("02:00:00:00:00:09", &moved[1].host);
	addr_parse("198.51.100.7", &moved[0].remote);
	addr_parse("2001:db8::7", &moved[1].remote);
	moved[0].label = names_id(past_names, "=video.example", 14);
	history_clock(past, &now);
	history_tick(past, &tick);
	for (unsigned s = 0; s < 3600; s++) {
		now.mono_ms += 1000;
		now.boot_ms += 1000;
		now.wall_ms += 1000;
		history_clock(past, &now);
	}
	history_day(past, 1);
}

static int start(void **state)
{
	static const struct api_house house = { .arg = &engine,
						.password_path = password_path,
						.sessions_path = sessions_path,
						.status = house_status,
						.engine = house_engine,
						.leases = house_leases,
						.dhcp = house_dhcp,
						.drops = house_drops,
						.dns = house_dns,
						.devices = house_devices,
						.names = house_names,
						.events = house_events,
						.evidence = house_evidence,
						.history = house_history,
						.rtts = house_rtts,
						.countries = house_countries,
						.settings = house_settings,
						.settings_changed =
							house_changed };
	struct endpoint e;
	struct error err;
	unsigned port;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return -1;
	snprintf(sock_path, sizeof(sock_path), "%s/s.sock", dir);
	snprintf(password_path, sizeof(password_path), "%s/password", dir);
	snprintf(sessions_path, sizeof(sessions_path), "%s/sessions.mp", dir);
	furnish();
	remember();
	uv_loop_init(&loop);
	assert_int_equal(api_new(&api, &loop, &house), 0);
	assert_int_equal(http_listen_unix(&on_unix, &loop, sock_path,
					  api_handle, api, &err),
			 0);
	endpoint_parse("127.0.0.1", 1, &e);
	for (port = 40000; port < 41000; port++) {
		e.port = htons((uint16_t)port);
		if (!http_listen_tcp(&on_lan, &loop, &e, api_handle, api, &err))
			break;
	}
	lan_at.sin_family = AF_INET;
	lan_at.sin_addr.s_addr = addr_to_v4(&e.addr);
	lan_at.sin_port = e.port;
	return 0;
}

static int stop(void **state)
{
	char command[PATH_MAX];

	(void)state;
	uv_run(&loop, UV_RUN_DEFAULT);
	settings_close(store);
	devices_free(registry);
	names_free(remotes);
	seen_end();
	history_free(past);
	names_free(past_names);
	remotes_end();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || uv_loop_close(&loop);
}

#endif
