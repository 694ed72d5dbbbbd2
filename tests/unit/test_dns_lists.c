/* test_dns_lists.c - where a server that has a list may send us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/base/log.h"
#include "../../ctl/dns/fetch.h"
#include "../../ctl/dns/lists.h"

/* ---- a made-up world: "https://ADDRESS" or "https://NAME=ADDRESS" leads to
 * that address, which sends on to the next of 'way' */

static struct {
	const char *way[4];
	unsigned asked; /* how many were */
	struct lists *lists;
} world;

int fetch_url(struct fetch *f, const char *url)
{
	snprintf(f->host, sizeof(f->host), "%s", url + strlen("https://"));
	return 0;
}

void fetch_run(struct fetch *f)
{
	const char *next = world.way[++world.asked];

	f->status = next ? 302 : 500;
	snprintf(f->location, sizeof(f->location), "%s", next ? next : "");
}

static void find(void *arg, const char *host)
{
	struct addr a;

	(void)arg;
	assert_true(addr_parse(strchr(host, '=') + 1, &a));
	lists_found(world.lists, &a);
}

static bool is_home(void *arg, const struct addr *addr)
{
	struct prefix home;

	(void)arg;
	prefix_parse("10.0.0.0/8", &home);
	return prefix_has(&home, addr);
}

static void on_loaded(void *arg, struct nameset *block, struct nameset *allow)
{
	(void)arg;
	nameset_free(block);
	nameset_free(allow);
}

/* Follows 'way' as far as it leads; what the owner is told then. */
static const char *problem_of(const char *const *way)
{
	static const struct lists_events events = { .on_loaded = on_loaded,
						    .find = find,
						    .is_home = is_home };
	static struct dns_list_row row[DNS_LISTS_MAX];
	struct settings_source source = { 0 };
	char dir[] = "/tmp/test_dns_lists.XXXXXX";
	uv_loop_t loop;

	assert_non_null(mkdtemp(dir));
	uv_loop_init(&loop);
	world.asked = 0;
	memcpy(world.way, way, sizeof(world.way));
	world.lists = lists_new(&loop, &events);
	snprintf(source.text, sizeof(source.text), "%s", way[0]);
	lists_set(world.lists, &source, 1, dir);
	do {
		uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(lists_rows(world.lists, row), 1);
	} while (!*row[0].problem);
	lists_free(world.lists);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	remove(dir);
	return row[0].problem;
}

static void a_server_sends_us_into_the_world_or_to_itself(void **state)
{
	static const struct {
		const char *way[4];
		unsigned asked;
		bool refused;
	} table[] = {
		{ { "https://192.0.2.1", "https://192.0.2.2" }, 2, false },
		{ { "https://a=192.0.2.1", "https://b=192.0.2.2" }, 2, false },
		{ { "https://192.0.2.1", "https://10.0.0.1" }, 1, true },
		{ { "https://192.0.2.1", "https://b=10.0.0.1" }, 1, true },
		{ { "https://192.0.2.1", "https://192.0.2.2",
		    "https://b=10.0.0.1" },
		  2,
		  true },
		/* The owner's wish; and no further than that. */
		{ { "https://10.0.0.1" }, 1, false },
		{ { "https://a=10.0.0.1", "https://b=10.0.0.1" }, 2, false },
		{ { "https://10.0.0.1", "https://10.0.0.2" }, 1, true },
	};
	const char *problem;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		problem = problem_of(table[i].way);
		if (world.asked != table[i].asked ||
		    !!strstr(problem, "into the home") != table[i].refused)
			fail_msg("row %u: %u asked, %s", i, world.asked,
				 problem);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_sends_us_into_the_world_or_to_itself),
	};

	log_set_level(LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
