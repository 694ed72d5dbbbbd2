/* api.c - who may ask for what, and who answers.
 *
 * Made by gateway.c; api_handle() is called by both HTTP servers. Control
 * thread. The unix socket is root's own; what comes from the LAN may read
 * only, and only under one of the gateway's own names. */
#include "api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "room.h"

#define TICKS_PER_SECOND (1000 / RATES_STEP_MS)

static const struct route {
	const char *path;
	api_answer *get, *patch;
} routes[] = {
	{ "/api/v1/status", status_answer, NULL },
	{ "/api/v1/clients", clients_answer, NULL },
	{ "/api/v1/flows", flows_answer, NULL },
	{ "/api/v1/mappings", mappings_answer, NULL },
	{ "/api/v1/leases", leases_answer, NULL },
	{ "/api/v1/dhcp", dhcp_answer, NULL },
	{ "/api/v1/drops", drops_answer, NULL },
	{ "/api/v1/dns", naming_answer, NULL },
	{ "/api/v1/dns/log", queries_answer, NULL },
	{ "/api/v1/settings", settings_answer, settings_change },
	{ "/api/v1/live", live_answer, NULL },
};

static const struct route *find_route(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(routes[i].path, path))
			return &routes[i];
	return NULL;
}

static bool is_reading(const struct http_request *r)
{
	const char *method = http_method(r);

	return !strcmp(method, "GET") || !strcmp(method, "HEAD");
}

static void handle_api(struct api *a, struct http_request *r)
{
	const struct route *route = find_route(http_path(r));
	const char *allow;

	if (!route) {
		answer_error(r, 404, NULL, "There is no such part of the API.");
		return;
	}
	if (is_reading(r)) {
		route->get(a, r);
		return;
	}
	if (!route->patch || strcmp(http_method(r), "PATCH")) {
		allow = route->patch && http_is_unix(r)
				? "Allow: GET, HEAD, PATCH\r\n"
				: "Allow: GET, HEAD\r\n";
		answer_error(r, 405, allow, "This cannot be done to it.");
		return;
	}
	if (!http_is_unix(r)) {
		answer_error(r, 403, NULL,
			     "Settings are changed on the gateway itself, with "
			     "`portcullis set`.");
		return;
	}
	if (!origin_is_own(r)) {
		answer_error(r, 403, NULL,
			     "Settings are not changed by other pages.");
		return;
	}
	route->patch(a, r);
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

	if (a)
		a->rates = rates_new();
	if (!a || !a->rates) {
		free(a);
		return -ENOMEM;
	}
	a->house = *house;
	a->loop = loop;
	uv_timer_init(loop, &a->tick);
	uv_timer_start(&a->tick, on_tick, 0, RATES_STEP_MS);
	*out = a;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct api *a = container_of(handle, struct api, tick);

	rates_free(a->rates);
	free(a);
}

void api_free(struct api *a)
{
	dump_forget(a);
	live_forget(a);
	uv_close((uv_handle_t *)&a->tick, on_closed);
}
