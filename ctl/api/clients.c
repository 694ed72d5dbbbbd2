/* clients.c - the devices of the home: what the engine saw and what DHCP knows,
 * joined by MAC address, under the names their owner gave them.
 *
 * Called by api.c's route and by live.c. Control thread; no state. */
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/vendor.h"
#include "room.h"

/* One device; either pointer may be NULL, not both. */
struct client {
	struct mac mac;
	const struct device_row *seen;
	const struct dhcp_lease *lease;
};

static int by_mac(const void *a, const void *b)
{
	const struct client *x = a, *y = b;

	return memcmp(&x->mac, &y->mac, sizeof(x->mac));
}

static struct addr client_addr(const struct client *c)
{
	if (c->seen && !addr_is_zero(&c->seen->addr))
		return c->seen->addr;
	return c->lease ? addr_v4(c->lease->ip) : (struct addr){ 0 };
}

static int by_addr(const void *a, const void *b)
{
	struct addr x = client_addr(a), y = client_addr(b);
	int order = memcmp(&x, &y, sizeof(x));

	return order ? order : by_mac(a, b);
}

/* Neighbours of one MAC become one. */
static unsigned merge(struct client *clients, unsigned n)
{
	unsigned i, kept = 0;

	for (i = 0; i < n; i++) {
		struct client *last = kept ? &clients[kept - 1] : NULL;

		if (!last || !mac_eq(&last->mac, &clients[i].mac)) {
			clients[kept++] = clients[i];
			continue;
		}
		if (!last->seen)
			last->seen = clients[i].seen;
		if (!last->lease)
			last->lease = clients[i].lease;
	}
	return kept;
}

static const char *chosen_name(const struct settings *s, const struct mac *mac)
{
	unsigned i;

	for (i = 0; i < s->clients_name_n; i++)
		if (mac_eq(&s->clients_name[i].mac, mac))
			return s->clients_name[i].name;
	return NULL;
}

static json_t *client_json(struct api *a, const struct client *c,
			   const struct settings *settings)
{
	static const struct device_row unseen;
	const struct device_row *d = c->seen ? c->seen : &unseen;
	const char *hostname = c->lease ? c->lease->hostname : "";
	const char *name = chosen_name(settings, &c->mac);
	struct rate rate = rates_device(a->rates, &c->mac);
	struct addr ip = client_addr(c);
	json_t *last_seen = json_null();

	if (!*hostname)
		hostname = NULL;
	if (c->seen)
		last_seen = json_integer(
			(json_int_t)(clock_wall_ms() -
				     (clock_ms() - d->last_seen_ms)));
	return json_pack("{s:o,s:o,s:s?,s:s?,s:s?,s:o,s:I,s:I,s:I,s:I}", "mac",
			 answer_mac(&c->mac), "ip", answer_addr(&ip),
			 "hostname", hostname, "name", name ? name : hostname,
			 "vendor", vendor_name(&c->mac), "last_seen_ms",
			 last_seen, "rx_bytes", (json_int_t)d->rx_bytes,
			 "tx_bytes", (json_int_t)d->tx_bytes, "rx_bps",
			 (json_int_t)rate.rx_bps, "tx_bps",
			 (json_int_t)rate.tx_bps);
}

json_t *recent_json(const struct rates_recent *recent, unsigned step_ms)
{
	json_t *rx = json_array(), *tx = json_array();
	unsigned i;

	for (i = 0; i < recent->n; i++) {
		json_array_append_new(
			rx, json_integer((json_int_t)recent->rates[i].rx_bps));
		json_array_append_new(
			tx, json_integer((json_int_t)recent->rates[i].tx_bps));
	}
	return json_pack("{s:i,s:o,s:o}", "step_ms", (int)step_ms, "rx_bps", rx,
			 "tx_bps", tx);
}

/* Everyone, each once, in order of address. NULL: out of memory. */
static struct client *collect(struct api *a, unsigned *count)
{
	struct engine *e = a->house.engine(a->house.arg);
	unsigned i, devices, n = 0, leases_n;
	const struct dhcp_lease *leases;
	struct client *clients;

	devices = engine_devices(e, a->devices, RATES_DEVICES_MAX);
	leases_n = a->house.leases(a->house.arg, &leases);
	clients = calloc(devices + leases_n + 1, sizeof(*clients));
	if (!clients)
		return NULL;
	for (i = 0; i < devices; i++)
		clients[n++] = (struct client){ .mac = a->devices[i].mac,
						.seen = &a->devices[i] };
	for (i = 0; i < leases_n; i++)
		clients[n++] = (struct client){ .mac = leases[i].mac,
						.lease = &leases[i] };
	qsort(clients, n, sizeof(*clients), by_mac);
	n = merge(clients, n);
	qsort(clients, n, sizeof(*clients), by_addr);
	*count = n;
	return clients;
}

json_t *clients_json(struct api *a, bool with_recent)
{
	const struct settings *settings =
		settings_get(a->house.settings(a->house.arg));
	struct rates_recent recent;
	json_t *list, *object;
	unsigned i, n = 0;
	struct client *clients = collect(a, &n);

	if (!clients)
		return NULL;
	list = json_array();
	for (i = 0; i < n; i++) {
		object = client_json(a, &clients[i], settings);
		recent = rates_device_recent(a->rates, &clients[i].mac);
		if (with_recent)
			json_object_set_new(
				object, "recent",
				recent_json(&recent, RATES_DEVICE_MS));
		json_array_append_new(list, object);
	}
	free(clients);
	return list;
}

void clients_answer(struct api *a, struct http_request *r)
{
	answer_json(r, 200, clients_json(a, false));
}
