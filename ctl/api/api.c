/* api.c - who may ask for what, and who answers.
 *
 * Made by gateway.c; api_handle() is called by both HTTP servers. Control
 * thread. The unix socket is root's own; who comes from the LAN has to use one
 * of the gateway's own names and, but for the overview of a gateway without a
 * password, to be logged in. */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "room.h"

#define TICKS_PER_SECOND (1000 / RATES_STEP_MS)

/* Who may ask. Names of remotes, of devices' questions and what was chosen are
 * the owner's alone, also while there is no password. */
enum access {
	ACCESS_ALL,
	ACCESS_OVERVIEW, /* all, until there is a password */
	ACCESS_OWNER,
};

static const struct route {
	const char *path;
	enum access access;
	api_answer *get, *patch, *post, *delete;
} routes[] = {
	{ .path = "/api/v1/session",
	  .get = session_answer,
	  .post = session_begin,
	  .delete = session_end },
	{ .path = "/api/v1/password", .post = password_set },
	{ "/api/v1/status", ACCESS_OVERVIEW, .get = status_answer },
	{ "/api/v1/clients", ACCESS_OVERVIEW, .get = clients_answer },
	{ "/api/v1/drops", ACCESS_OVERVIEW, .get = drops_answer },
	{ "/api/v1/live", ACCESS_OVERVIEW, .get = live_answer },
	{ "/api/v1/flows", ACCESS_OWNER, .get = flows_answer },
	{ "/api/v1/capture/", ACCESS_OWNER, .get = capture_answer },
	{ "/api/v1/mappings", ACCESS_OWNER, .get = mappings_answer },
	{ .path = "/api/v1/nat/cone",
	  .access = ACCESS_OWNER,
	  .post = cones_answer },
	{ "/api/v1/history", ACCESS_OWNER, .get = history_answer },
	{ "/api/v1/leases", ACCESS_OWNER, .get = leases_answer },
	{ "/api/v1/dhcp", ACCESS_OWNER, .get = dhcp_answer },
	{ "/api/v1/dns", ACCESS_OWNER, .get = naming_answer },
	{ "/api/v1/dns/log", ACCESS_OWNER, .get = queries_answer },
	{ "/api/v1/events", ACCESS_OWNER, .get = events_answer },
	{ "/api/v1/line", ACCESS_OWNER, .get = line_answer },
	{ "/api/v1/country", ACCESS_OWNER, .get = country_answer },
	{ "/api/v1/scans", ACCESS_OWNER, .get = scans_answer },
	{ "/api/v1/settings", ACCESS_OWNER, .get = settings_answer,
	  .patch = settings_change },
};

/* One that ends in a slash has more behind it. */
static bool leads_to(const char *route, const char *path)
{
	size_t len = strlen(route);

	return route[len - 1] == '/' ? !strncmp(route, path, len) && path[len]
				     : !strcmp(route, path);
}

static const struct route *find_route(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (leads_to(routes[i].path, path))
			return &routes[i];
	return NULL;
}

static bool is_reading(const struct http_request *r)
{
	const char *method = http_method(r);

	return !strcmp(method, "GET") || !strcmp(method, "HEAD");
}

static bool may(struct api *a, const struct http_request *r, enum access access)
{
	if (access == ACCESS_ALL ||
	    (access == ACCESS_OVERVIEW && !a->login.hash[0]))
		return true;
	return login_is_owner(&a->login, r);
}

/* NULL: this cannot be done to it. */
static api_answer *act_of(const struct route *route,
			  const struct http_request *r)
{
	const char *method = http_method(r);

	if (is_reading(r))
		return route->get;
	if (!strcmp(method, "PATCH"))
		return route->patch;
	if (!strcmp(method, "POST"))
		return route->post;
	return strcmp(method, "DELETE") ? NULL : route->delete;
}

static void refuse_method(const struct route *route, struct http_request *r)
{
	char allow[64];

	snprintf(allow, sizeof(allow), "Allow: %s%s%s%s\r\n",
		 route->get ? "GET, HEAD" : "", route->patch ? ", PATCH" : "",
		 route->post ? (route->get ? ", POST" : "POST") : "",
		 route->delete ? ", DELETE" : "");
	answer_error(r, 405, allow, "This cannot be done to it.");
}

static void handle_api(struct api *a, struct http_request *r)
{
	const struct route *route = find_route(http_path(r));
	api_answer *act;

	if (!route) {
		answer_error(r, 404, NULL, "There is no such part of the API.");
		return;
	}
	act = act_of(route, r);
	if (!act)
		refuse_method(route, r);
	else if (!is_reading(r) && !origin_is_own(r))
		answer_error(r, 403, NULL,
			     "Other pages may not change anything here.");
	else if (!may(a, r, route->access))
		answer_error(r, 401, NULL,
			     a->login.hash[0] ? "Log in first."
					      : "Set a password first.");
	else
		act(a, r);
}

void api_handle(void *arg, struct http_request *r)
{
	struct api *a = arg;

	if (!http_is_unix(r) && !host_is_own(a, r))
		answer_error(r, 421, NULL,
			     "The gateway does not go by that name.");
	else if (!strncmp(http_path(r), "/api/", 5))
		handle_api(a, r);
	else if (!is_reading(r))
		answer_error(r, 405, "Allow: GET, HEAD\r\n",
			     "Pages can only be read.");
	else if (!page_answer(r))
		answer_error(r, 404, NULL, "There is no such page.");
}

/* ---- life */

static void on_tick(uv_timer_t *timer)
{
	struct api *a = container_of(timer, struct api, tick);
	struct engine *e = a->house.engine(a->house.arg);
	bool second = a->ticks++ % TICKS_PER_SECOND == 0;
	uint64_t now_ms = clock_ms();
	struct engine_totals totals;
	struct rate rate;
	unsigned n;

	engine_totals(e, &totals);
	rate = rates_step(a->rates, now_ms, &totals);
	if (second) {
		n = engine_devices(e, a->devices, RATES_DEVICES_MAX);
		rates_sample(a->rates, now_ms, &totals, a->devices, n);
	}
	live_tick(a, rate, &totals, second);
}

int api_new(struct api **out, uv_loop_t *loop, const struct api_house *house)
{
	struct api *a = calloc(1, sizeof(*a));
	int r = -ENOMEM;

	if (a)
		a->rates = rates_new();
	if (a && a->rates)
		r = login_open(&a->login, house->password_path,
			       house->sessions_path);
	if (r) {
		if (a)
			rates_free(a->rates);
		free(a);
		return r;
	}
	a->house = *house;
	a->loop = loop;
	uv_timer_init(loop, &a->tick);
	uv_timer_init(loop, &a->live.packets);
	a->handles = 2;
	uv_timer_start(&a->tick, on_tick, 0, RATES_STEP_MS);
	*out = a;
	return 0;
}

/* After the last of the handles. */
static void unref(struct api *a)
{
	if (--a->handles)
		return;
	rates_free(a->rates);
	free(a);
}

static void on_tick_closed(uv_handle_t *handle)
{
	unref(container_of(handle, struct api, tick));
}

static void on_packets_closed(uv_handle_t *handle)
{
	unref(container_of(handle, struct api, live.packets));
}

void api_free(struct api *a)
{
	login_close(&a->login);
	dump_forget(a);
	capture_forget(a);
	history_forget(a);
	live_forget(a);
	uv_close((uv_handle_t *)&a->tick, on_tick_closed);
	uv_close((uv_handle_t *)&a->live.packets, on_packets_closed);
}
