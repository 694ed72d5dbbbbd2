/* test_settings.c - what may be set, what may not, and what reaches the disk.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/state/file.h"
#include "../../ctl/state/settings.h"

static char dir[] = "/tmp/test_settings.XXXXXX";

static const char *file_path(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/settings.json", dir);
	return path;
}

static struct settings_store *fresh(const char *file)
{
	struct settings_store *s;
	struct error err;

	unlink(file_path());
	if (file)
		assert_int_equal(
			file_replace(file_path(), file, strlen(file), 0600), 0);
	assert_int_equal(settings_open(&s, dir, &err), 0);
	return s;
}

static int patch(struct settings_store *s, const char *text, struct error *err)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	int r;

	assert_non_null(json);
	r = settings_patch(s, json, err);
	json_decref(json);
	return r;
}

static void is_on_disk(const char *expected)
{
	char *text;
	size_t len;

	assert_int_equal(file_read(file_path(), 1 << 20, &text, &len), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void without_a_file_all_is_default(void **state)
{
	struct settings_store *s = fresh(NULL);
	const struct settings *now = settings_get(s);

	(void)state;
	assert_string_equal(now->dns_domain, "lan");
	assert_int_equal(now->dhcp_lease_s, 86400);
	assert_int_equal(now->nat_udp_s, 300);
	assert_int_equal(now->nat_tcp_established_s, 7440);
	assert_int_equal(now->nat_host_sessions, 16384);
	assert_int_equal(now->wan_open_n, 0);
	settings_close(s);
	assert_int_equal(access(file_path(), F_OK), -1);
}

static void only_what_differs_is_written(void **state)
{
	struct settings_store *s = fresh(NULL);
	struct error err;

	(void)state;
	assert_int_equal(patch(s,
			       "{\"wan\":{\"open\":[\"udp:7777\"]},"
			       "\"dhcp.lease_s\":3600,\"dns.domain\":\"lan\"}",
			       &err),
			 0);
	is_on_disk(
		"{\n  \"wan\": {\n    \"open\": [\n      \"udp:7777\"\n"
		"    ]\n  },\n  \"dhcp\": {\n    \"lease_s\": 3600\n  }\n}\n");
	settings_close(s);

	assert_int_equal(settings_open(&s, dir, &err), 0);
	assert_int_equal(settings_get(s)->wan_open_n, 1);
	assert_int_equal(settings_get(s)->wan_open[0].proto, IPPROTO_UDP);
	assert_int_equal(settings_get(s)->wan_open[0].port, 7777);
	assert_int_equal(settings_get(s)->dhcp_lease_s, 3600);
	settings_close(s);
}

/* nat.md 29 */
static void forwards_are_objects_or_text(void **state)
{
	static const char *const bad[] = {
		"\"tcp:0=10.77.0.5:443\"",
		"\"tcp:443\"",
		"\"sctp:443=10.77.0.5\"",
		"\"tcp:443=[fd00::1]:443\"",
		"\"tcp:443=127.0.0.1\"",
		"{\"proto\":\"tcp\",\"port\":443}",
		"{\"proto\":\"tcp\",\"port\":70000,\"to\":\"10.77.0.5\"}",
		"{\"proto\":\"tcp\",\"port\":\"4\",\"to\":\"10.77.0.5\"}",
		"{\"proto\":\"tcp\",\"port\":4,\"to\":\"10.77.0.5\",\"x\":1}",
		"7",
	};
	struct settings_store *s = fresh(NULL);
	const struct settings_forward *f;
	char text[200];
	struct error err;
	json_t *json;

	(void)state;
	assert_int_equal(patch(s,
			       "{\"nat.forwards\":[{\"proto\":\"tcp\","
			       "\"port\":8443,\"to\":\"10.77.0.5:443\"},"
			       "\"udp:53000=10.77.0.6\"]}",
			       &err),
			 0);
	f = settings_get(s)->nat_forwards;
	assert_int_equal(settings_get(s)->nat_forwards_n, 2);
	assert_int_equal(f[0].proto, IPPROTO_TCP);
	assert_int_equal(f[0].port, 8443);
	assert_int_equal(ntohs(f[0].to.port), 443);
	assert_int_equal(f[1].proto, IPPROTO_UDP);
	assert_int_equal(ntohs(f[1].to.port), 53000);
	json = settings_json_key(s, "nat.forwards");
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json, 1), "to")),
			    "10.77.0.6:53000");
	json_decref(json);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"nat.forwards\":[%s]}", bad[i]);
		assert_int_equal(patch(s, text, &err), -EINVAL);
		assert_non_null(strstr(err.text, "nat.forwards"));
	}
	/* One outside port has one inside end. */
	assert_int_equal(patch(s,
			       "{\"nat.forwards\":[\"tcp:80=10.77.0.5\","
			       "\"tcp:80=10.77.0.6\"]}",
			       &err),
			 -EINVAL);
	settings_close(s);
	assert_int_equal(settings_open(&s, dir, &err), 0);
	assert_int_equal(settings_get(s)->nat_forwards_n, 2);
	assert_int_equal(settings_get(s)->nat_forwards[0].port, 8443);
	settings_close(s);
	json = settings_value("nat.forwards",
			      "tcp:8443=10.77.0.5:443, udp:53=10.77.0.6", &err);
	assert_int_equal(json_array_size(json), 2);
	json_decref(json);
}

static void every_nat_timer_and_limit_can_be_set(void **state)
{
	static const struct {
		const char *key;
		size_t at;
		uint32_t least, most;
	} rows[] = {
#define ROW(key, member, least, most)                                          \
	{ key, offsetof(struct settings, member), least, most }
		ROW("nat.timers.udp_s", nat_udp_s, 120, 86400),
		ROW("nat.timers.icmp_s", nat_icmp_s, 60, 86400),
		ROW("nat.timers.tcp_established_s", nat_tcp_established_s, 7440,
		    604800),
		ROW("nat.timers.tcp_transitory_s", nat_tcp_transitory_s, 240,
		    86400),
		ROW("nat.timers.tcp_time_wait_s", nat_tcp_time_wait_s, 240,
		    86400),
		ROW("nat.timers.tcp_rst_s", nat_tcp_rst_s, 4, 86400),
		ROW("nat.timers.other_s", nat_other_s, 60, 86400),
		ROW("nat.timers.syn_hold_s", nat_syn_hold_s, 6, 60),
		ROW("nat.timers.hold_down_s", nat_hold_down_s, 0, 3600),
		ROW("nat.limits.host_sessions", nat_host_sessions, 64, 262144),
		ROW("nat.limits.sessions", nat_sessions, 1024, 262144),
		ROW("nat.limits.mappings", nat_mappings, 256, 65536),
	};
	struct settings_store *s = fresh(NULL);
	struct error err;
	char text[100];

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t *value =
			(const void *)((const char *)settings_get(s) +
				       rows[i].at);

		snprintf(text, sizeof(text), "{\"%s\":%u}", rows[i].key,
			 rows[i].most);
		assert_int_equal(patch(s, text, &err), 0);
		assert_int_equal(*value, rows[i].most);
		snprintf(text, sizeof(text), "{\"%s\":%u}", rows[i].key,
			 rows[i].least);
		assert_int_equal(patch(s, text, &err), 0);
		assert_int_equal(*value, rows[i].least);
		snprintf(text, sizeof(text), "{\"%s\":%u}", rows[i].key,
			 rows[i].most + 1);
		assert_int_equal(patch(s, text, &err), -EINVAL);
		assert_non_null(strstr(err.text, rows[i].key));
	}
	settings_close(s);
}

static void null_restores_one_or_a_group(void **state)
{
	struct settings_store *s = fresh(NULL);
	struct error err;

	(void)state;
	assert_int_equal(patch(s,
			       "{\"nat\":{\"timers\":{\"udp_s\":600,"
			       "\"icmp_s\":90}},\"dhcp.lease_s\":600}",
			       &err),
			 0);
	assert_int_equal(patch(s, "{\"nat.timers.udp_s\":null}", &err), 0);
	assert_int_equal(settings_get(s)->nat_udp_s, 300);
	assert_int_equal(settings_get(s)->nat_icmp_s, 90);
	assert_int_equal(patch(s, "{\"nat\":null}", &err), 0);
	assert_int_equal(settings_get(s)->nat_icmp_s, 60);
	assert_int_equal(settings_get(s)->dhcp_lease_s, 600);
	settings_close(s);
}

static const struct {
	const char *patch, *says;
} bad_patches[] = {
	{ "5", "settings: give an object" },
	{ "{\"foo\":1}", "foo: no such setting" },
	{ "{\"wan\":{\"bar\":1}}", "wan.bar: no such setting" },
	{ "{\"wan\":{\"open\":{\"x\":1}}}", "wan.open: give a list" },
	{ "{\"wan\":5}", "wan: is a group" },
	{ "{\"\":{}}", ": no such setting" },
	{ "{\"wa\":null}", "wa: no such setting" },
	{ "{\"wan.open\":[],\"wan\":{\"open\":[]}}",
	  "wan.open: is named twice" },
	{ "{\"wan.open\":\"tcp:22\"}", "wan.open: give a list" },
	{ "{\"wan.open\":[22]}", "wan.open: every item is a string" },
	{ "{\"wan.open\":[\"tcp:0\"]}", "wan.open: 'tcp:0' is not" },
	{ "{\"wan.open\":[\"tcp:65536\"]}", "wan.open: 'tcp:65536'" },
	{ "{\"wan.open\":[\"tcp:99999999999999999999\"]}",
	  "wan.open: 'tcp:99" },
	{ "{\"wan.open\":[\"tcp:\"]}", "wan.open: 'tcp:'" },
	{ "{\"wan.open\":[\"tcp:22 \"]}", "wan.open: 'tcp:22 '" },
	{ "{\"wan.open\":[\"sctp:22\"]}", "wan.open: 'sctp:22'" },
	{ "{\"wan.open\":[\"tcp:22\",\"tcp:22\"]}",
	  "wan.open: 'tcp:22' repeats" },
	{ "{\"dns.upstream\":[\"dns.google\"]}",
	  "dns.upstream: 'dns.google' is not a DNS server" },
	{ "{\"dns.upstream\":[\"0.0.0.0\"]}", "dns.upstream: '0.0" },
	{ "{\"dns.upstream\":[\"224.0.0.1\"]}", "dns.upstream: '224" },
	{ "{\"dns.upstream\":[\"9.9.9.9\",\"9.9.9.9:53\"]}",
	  "dns.upstream: '9.9.9.9:53' repeats" },
	{ "{\"dns.upstream\":[\"1.0.0.1\",\"1.0.0.2\",\"1.0.0.3\","
	  "\"1.0.0.4\",\"1.0.0.5\",\"1.0.0.6\",\"1.0.0.7\",\"1.0.0.8\","
	  "\"1.0.0.9\"]}",
	  "dns.upstream: at most 8" },
	{ "{\"dns.upstream\":[\"tls://dns.quad9.net\"]}",
	  "dns.upstream: 'tls://dns.quad9.net' is not" },
	{ "{\"dns.upstream\":[\"9.9.9.9#dns.quad9.net\"]}",
	  "dns.upstream: '9.9.9.9#dns.quad9.net' is not" },
	{ "{\"dns.lists\":[\"http://lists.example/a\"]}",
	  "dns.lists: 'http://lists.example/a' is not a list" },
	{ "{\"dns.lists\":[\"etc/hosts\"]}", "dns.lists: 'etc/hosts'" },
	{ "{\"dns.block\":[\"a b\"]}", "dns.block: 'a b' is not a domain" },
	{ "{\"dns.block\":[\"a..b\"]}", "dns.block: 'a..b'" },
	{ "{\"dns.block\":[\"A.b\",\"a.B\"]}", "dns.block: 'a.B' repeats" },
	{ "{\"dns.unfiltered\":[\"piano\"]}",
	  "dns.unfiltered: 'piano' is not a device" },
	{ "{\"dns.blocked_answer\":\"maybe\"}",
	  "dns.blocked_answer: 'maybe' is not zero" },
	{ "{\"dns.log\":\"\"}", "dns.log: '' is not on or off" },
	{ "{\"dns.domain\":\"\"}", "dns.domain: '' is not a domain" },
	{ "{\"dns.domain\":\"Lan\"}", "dns.domain: 'Lan'" },
	{ "{\"dns.domain\":\"a..b\"}", "dns.domain: 'a..b'" },
	{ "{\"dns.domain\":\"lan.\"}", "dns.domain: 'lan.'" },
	{ "{\"dns.domain\":\"-a\"}", "dns.domain: '-a'" },
	{ "{\"dns.domain\":\"a-.b\"}", "dns.domain: 'a-.b'" },
	{ "{\"dns.domain\":7}", "dns.domain: '' is not" },
	{ "{\"dhcp.lease_s\":59}", "dhcp.lease_s: give a whole" },
	{ "{\"dhcp.lease_s\":2592001}", "dhcp.lease_s: give a whole" },
	{ "{\"dhcp.lease_s\":3600.0}", "dhcp.lease_s: give a whole" },
	{ "{\"dhcp.lease_s\":\"3600\"}", "dhcp.lease_s: give a whole" },
	{ "{\"dhcp.lease_s\":true}", "dhcp.lease_s: give a whole" },
	{ "{\"dhcp.static\":[\"02:00:00:00:00:01\"]}",
	  "dhcp.static: '02:00:00:00:00:01' is not" },
	{ "{\"dhcp.static\":[\"03:00:00:00:00:01=10.0.0.1\"]}",
	  "dhcp.static: '03" },
	{ "{\"dhcp.static\":[\"02:00:00:00:00:01=fd00::1\"]}",
	  "dhcp.static: '02" },
	{ "{\"dhcp.static\":[\"02:00:00:00:00:01=10.0.0.1\","
	  "\"02:00:00:00:00:02=10.0.0.1\"]}",
	  "dhcp.static: '02:00:00:00:00:02=10.0.0.1' repeats" },
	{ "{\"dhcp.static\":[\"02:00:00:00:00:01=10.0.0.1\","
	  "\"02:00:00:00:00:01=10.0.0.2\"]}",
	  "dhcp.static: '02:00:00:00:00:01=10.0.0.2' repeats" },
	{ "{\"clients.name\":[\"02:00:00:00:00:01=\"]}", "clients.name: '02" },
	{ "{\"clients.name\":[\"02:00:00:00:00:01=a\\u001b[2J\"]}",
	  "clients.name: '02" },
	{ "{\"clients.name\":[\"02:00:00:00:00:01=a\\u009b2J\"]}",
	  "clients.name: '02" },
	{ "{\"clients.name\":[\"02:00:00:00:00:01=a,b\"]}",
	  "clients.name: '02" },
	{ "{\"clients.icon\":[\"02:00:00:00:00:01=castle\"]}",
	  "clients.icon: '02" },
	{ "{\"clients.icon\":[\"phone\"]}", "clients.icon: 'phone' is not" },
	{ "{\"clients.pin\":[\"03:00:00:00:00:01\"]}", "clients.pin: '03" },
	{ "{\"clients.pin\":[\"02:00:00:00:00:01=1\"]}", "clients.pin: '02" },
	{ "{\"nat.timers.udp_s\":119}", "nat.timers.udp_s: give" },
	{ "{\"nat.limits.host_sessions\":-1}",
	  "nat.limits.host_sessions: give" },
};

static void a_bad_patch_changes_nothing_and_names_the_key(void **state)
{
	struct settings_store *s = fresh(NULL);
	struct settings before = *settings_get(s);
	struct error err;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad_patches) / sizeof(bad_patches[0]); i++) {
		err.text[0] = '\0';
		if (patch(s, bad_patches[i].patch, &err) != -EINVAL ||
		    strncmp(err.text, bad_patches[i].says,
			    strlen(bad_patches[i].says)))
			fail_msg("%s: '%s'", bad_patches[i].patch, err.text);
	}
	assert_memory_equal(&before, settings_get(s), sizeof(before));
	assert_int_equal(access(file_path(), F_OK), -1);
	settings_close(s);
}

static void one_bad_key_spoils_the_good_ones(void **state)
{
	struct settings_store *s = fresh(NULL);
	struct error err;

	(void)state;
	assert_int_equal(
		patch(s, "{\"dhcp.lease_s\":600,\"dns.domain\":\"-\"}", &err),
		-EINVAL);
	assert_int_equal(settings_get(s)->dhcp_lease_s, 86400);
	settings_close(s);
}

static void json_of_settings_is_a_patch(void **state)
{
	struct settings_store *s = fresh(NULL);
	struct settings before;
	struct error err;
	json_t *all, *one;

	(void)state;
	assert_int_equal(
		patch(s,
		      "{\"wan.open\":[\"tcp:22\",\"udp:7777\"],"
		      "\"dns\":{\"upstream\":[\"1.1.1.1\",\"[fd00::1]:5353\"],"
		      "\"domain\":\"home.arpa\"},\"dhcp.static\":"
		      "[\"02:00:00:00:00:01=10.77.0.9\"],\"clients.name\":"
		      "[\"02:00:00:00:00:01=K\\u00fcche = warm\"]}",
		      &err),
		0);
	before = *settings_get(s);
	all = settings_json(s);
	one = settings_json_key(s, "dns.upstream");
	assert_string_equal(json_string_value(json_array_get(one, 1)),
			    "[fd00::1]:5353");
	json_decref(one);
	assert_null(settings_json_key(s, "dns"));
	assert_int_equal(patch(s, "{\"wan\":null,\"dns\":null}", &err), 0);
	assert_int_equal(settings_patch(s, all, &err), 0);
	assert_memory_equal(&before, settings_get(s), sizeof(before));
	json_decref(all);
	settings_close(s);
}

static void a_bad_file_is_named_and_kept(void **state)
{
	static const struct {
		const char *file, *says;
	} cases[] = {
		{ "{", "settings.json: line 1" },
		{ "", "settings.json: line 1" },
		{ "[]", "settings.json: settings: give an object" },
		{ "{\"a\":1,\"a\":1}", "settings.json: line 1" },
		{ "{\"dhcp\":{\"lease\":5}}",
		  "settings.json: dhcp.lease: no such setting" },
	};
	struct settings_store *s;
	struct error err;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(file_replace(file_path(), cases[i].file,
					      strlen(cases[i].file), 0600),
				 0);
		assert_int_equal(settings_open(&s, dir, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: '%s'", cases[i].file, err.text);
		is_on_disk(cases[i].file);
	}
}

static void a_disk_that_fails_changes_nothing(void **state)
{
	struct settings_store *s = fresh(NULL);
	char temp[PATH_MAX];
	struct error err;

	(void)state;
	snprintf(temp, sizeof(temp), "%s.new", file_path());
	assert_int_equal(mkdir(temp, 0700), 0);
	assert_int_equal(patch(s, "{\"dhcp.lease_s\":600}", &err), -EISDIR);
	assert_int_equal(settings_get(s)->dhcp_lease_s, 86400);
	assert_non_null(strstr(err.text, "nothing was changed"));
	assert_int_equal(rmdir(temp), 0);
	settings_close(s);
}

static void typed_values_become_json(void **state)
{
	static const struct {
		const char *key, *text, *json; /* NULL: refused */
	} cases[] = {
		{ "wan.open", "udp:7777", "[\"udp:7777\"]" },
		{ "wan.open", "udp:1, tcp:2 ,", "[\"udp:1\", \"tcp:2\"]" },
		{ "wan.open", "", "[]" },
		{ "dhcp.lease_s", "3600", "3600" },
		{ "dhcp.lease_s", "", "null" },
		{ "dhcp.lease_s", "1h", NULL },
		{ "dhcp.lease_s", " 5", NULL },
		{ "dhcp.lease_s", "99999999999999999999", NULL },
		{ "dns.domain", "lan", "\"lan\"" },
		{ "dns.domain", "\xff", NULL },
		{ "wan.open", "\xff", NULL },
		{ "dns", "x", NULL },
		{ "nonsense", "1", NULL },
	};
	struct error err;
	json_t *json;
	char *text;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json = settings_value(cases[i].key, cases[i].text, &err);
		assert_int_equal(!json, !cases[i].json);
		if (!json)
			continue;
		text = json_dumps(json, JSON_ENCODE_ANY);
		assert_string_equal(text, cases[i].json);
		free(text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_all_is_default),
		cmocka_unit_test(only_what_differs_is_written),
		cmocka_unit_test(forwards_are_objects_or_text),
		cmocka_unit_test(every_nat_timer_and_limit_can_be_set),
		cmocka_unit_test(null_restores_one_or_a_group),
		cmocka_unit_test(a_bad_patch_changes_nothing_and_names_the_key),
		cmocka_unit_test(one_bad_key_spoils_the_good_ones),
		cmocka_unit_test(json_of_settings_is_a_patch),
		cmocka_unit_test(a_bad_file_is_named_and_kept),
		cmocka_unit_test(a_disk_that_fails_changes_nothing),
		cmocka_unit_test(typed_values_become_json),
	};
	char command[PATH_MAX];
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || failed;
}
