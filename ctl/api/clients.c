/* clients.c - the devices of the home: what the engine saw and what DHCP knows,
 * and the registry know, joined by MAC address, under the names their owner
 * gave them.
 *
 * Called by api.c's route and by live.c. Control thread; no state. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/clock.h"
#include "../base/vendor.h"
#include "history_text.h"
#include "room.h"

#define ADDRS_MS (86400 * 1000ull)

/* One device; of the pointers one at least is not NULL. */
struct client {
	struct mac mac;
	const struct device_row *seen;
	const struct dhcp_lease *lease;
	const struct device *known;
};

struct client_name {
	const char *text, *source; /* NULL: none */
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
	if (c->lease)
		return addr_v4(c->lease->ip);
	return c->known ? c->known->addrs[0].addr : (struct addr){ 0 };
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
		if (!last->known)
			last->known = clients[i].known;
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

static const char *chosen_icon(const struct settings *s, const struct mac *mac)
{
	unsigned i;

	for (i = 0; i < s->clients_icon_n; i++)
		if (mac_eq(&s->clients_icon[i].mac, mac))
			return s->clients_icon[i].icon;
	return NULL;
}

static bool is_pinned(const struct settings *s, const struct mac *mac)
{
	unsigned i;

	for (i = 0; i < s->clients_pin_n; i++)
		if (mac_eq(&s->clients_pin[i], mac))
			return true;
	return false;
}

/* What DHCP calls it, now or when it was here; NULL: nothing. */
static const char *hostname_of(const struct client *c)
{
	if (c->lease && c->lease->hostname[0])
		return c->lease->hostname;
	return c->known && c->known->hostname[0] ? c->known->hostname : NULL;
}

static struct client_name name_of(const struct client *c,
				  const struct settings *s)
{
	const struct client_name names[] = {
		{ chosen_name(s, &c->mac), "owner" },
		{ hostname_of(c), "dhcp" },
		{ c->known && c->known->mdns[0] ? c->known->mdns : NULL,
		  "mdns" },
		{ vendor_name(&c->mac), "vendor" },
	};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].text)
			return names[i];
	return (struct client_name){ 0 };
}

/* null: never. */
static json_t *last_seen_json(const struct client *c)
{
	if (c->seen)
		return json_integer(
			(json_int_t)(clock_wall_ms() -
				     (clock_ms() - c->seen->last_seen_ms)));
	return c->known ? json_integer((json_int_t)c->known->last_ms)
			: json_null();
}

static json_t *addresses_json(const struct client *c, const struct addr *ip)
{
	json_t *list = json_array();
	unsigned i;

	if (!addr_is_zero(ip))
		json_array_append_new(list, answer_addr(ip));
	for (i = 0; c->known && i < DEVICE_ADDRS_MAX; i++) {
		const struct device_addr *a = &c->known->addrs[i];

		if (!addr_is_zero(&a->addr) && !addr_eq(&a->addr, ip) &&
		    a->last_ms + ADDRS_MS > c->known->last_ms)
			json_array_append_new(list, answer_addr(&a->addr));
	}
	return list;
}

/* Who it is, as the registry and the owner have it. */
static void add_identity(json_t *object, const struct client *c,
			 const struct settings *s, const struct addr *ip)
{
	bool twin = c->known && !mac_is_zero(&c->known->twin);
	bool fixed = addr_is_v4(ip) && !addr_is_zero(ip) &&
		     !(c->lease && addr_to_v4(ip) == c->lease->ip);
	json_t *more = json_pack(
		"{s:o,s:b,s:b,s:b,s:o,s:o,s:o}", "icon",
		answer_text_or_null(chosen_icon(s, &c->mac)), "random",
		mac_is_random(&c->mac), "pinned", is_pinned(s, &c->mac),
		"fixed", fixed, "first_seen_ms",
		c->known ? json_integer((json_int_t)c->known->first_ms)
			 : json_null(),
		"maybe", twin ? answer_mac(&c->known->twin) : json_null(),
		"addresses", addresses_json(c, ip));

	json_object_update(object, more);
	json_decref(more);
}

/* Bytes since midnight, by the gateway's own clock. */
static json_t *today_json(struct api *a, const struct mac *mac)
{
	struct traffic_sum sum =
		history_today(a->house.history(a->house.arg), mac);

	return json_pack("{s:I,s:I}", "rx", (json_int_t)sum.rx_bytes, "tx",
			 (json_int_t)sum.tx_bytes);
}

/* From us to the device, and from us to what it talks to. */
static void add_rtts(struct api *a, const struct client *c, json_t *object)
{
	const struct rtts *r = a->house.rtts(a->house.arg);
	uint64_t now_ms = clock_ms();

	json_object_set_new(
		object, "rtt_lan_us",
		answer_rtt(rtts_device(r, &c->mac, RTT_LAN, now_ms)));
	json_object_set_new(
		object, "rtt_wan_us",
		answer_rtt(rtts_device(r, &c->mac, RTT_WAN, now_ms)));
}

static json_t *client_json(struct api *a, const struct client *c,
			   const struct settings *settings)
{
	static const struct device_row unseen;
	const struct device_row *d = c->seen ? c->seen : &unseen;
	struct client_name name = name_of(c, settings);
	struct rate rate = rates_device(a->rates, &c->mac);
	struct addr ip = client_addr(c);
	json_t *object;

	object = json_pack(
		"{s:o,s:o,s:s?,s:s?,s:s?,s:s?,s:o,s:I,s:I,s:I,s:I}", "mac",
		answer_mac(&c->mac), "ip", answer_addr(&ip), "hostname",
		hostname_of(c), "name", name.text, "name_source", name.source,
		"vendor", vendor_name(&c->mac), "last_seen_ms",
		last_seen_json(c), "rx_bytes", (json_int_t)d->rx_bytes,
		"tx_bytes", (json_int_t)d->tx_bytes, "rx_bps",
		(json_int_t)rate.rx_bps, "tx_bps", (json_int_t)rate.tx_bps);
	if (object) {
		add_identity(object, c, settings, &ip);
		json_object_set_new(object, "today", today_json(a, &c->mac));
		add_rtts(a, c, object);
	}
	return object;
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
	unsigned i, devices, n = 0, leases_n, known_n;
	const struct dhcp_lease *leases;
	const struct device *known;
	struct client *clients;

	devices = engine_devices(e, a->devices, RATES_DEVICES_MAX);
	leases_n = a->house.leases(a->house.arg, &leases);
	known_n = devices_all(a->house.devices(a->house.arg), &known);
	clients = calloc(devices + leases_n + known_n + 1, sizeof(*clients));
	if (!clients)
		return NULL;
	for (i = 0; i < devices; i++)
		clients[n++] = (struct client){ .mac = a->devices[i].mac,
						.seen = &a->devices[i] };
	for (i = 0; i < leases_n; i++)
		clients[n++] = (struct client){ .mac = leases[i].mac,
						.lease = &leases[i] };
	for (i = 0; i < known_n; i++)
		clients[n++] = (struct client){ .mac = known[i].mac,
						.known = &known[i] };
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

/* Whoever may have a name that is not a maker's, in order of MAC. */
static unsigned gather(struct api *a, const struct settings *s,
		       struct client **out)
{
	unsigned i, leases_n, known_n, n = 0;
	const struct dhcp_lease *leases;
	const struct device *known;
	struct client *all;

	leases_n = a->house.leases(a->house.arg, &leases);
	known_n = devices_all(a->house.devices(a->house.arg), &known);
	*out = all = calloc(leases_n + known_n + s->clients_name_n + 1,
			    sizeof(*all));
	if (!all)
		return 0;
	for (i = 0; i < leases_n; i++)
		all[n++] = (struct client){ .mac = leases[i].mac,
					    .lease = &leases[i] };
	for (i = 0; i < known_n; i++)
		all[n++] = (struct client){ .mac = known[i].mac,
					    .known = &known[i] };
	for (i = 0; i < s->clients_name_n; i++)
		all[n++] = (struct client){ .mac = s->clients_name[i].mac };
	qsort(all, n, sizeof(*all), by_mac);
	return merge(all, n);
}

struct history_called *clients_called(struct api *a, unsigned *n)
{
	const struct settings *s =
		settings_get(a->house.settings(a->house.arg));
	struct history_called *called = NULL;
	struct client *all;
	unsigned i, all_n = gather(a, s, &all);

	*n = 0;
	if (all)
		called = calloc(all_n + 1, sizeof(*called));
	for (i = 0; called && i < all_n; i++) {
		struct client_name name = name_of(&all[i], s);

		if (!name.text || !strcmp(name.source, "vendor"))
			continue;
		called[*n].mac = all[i].mac;
		snprintf(called[(*n)++].text, sizeof(called->text), "%s",
			 name.text);
	}
	free(all);
	return called;
}

/* ---- one of them */

/* How well the address is this device's, 0: not at all. It was given to it; it
 * uses it now; it did, then. */
static uint64_t fits_addr(const struct client *c, const struct addr *addr)
{
	unsigned i;

	if (c->lease && addr_is_v4(addr) && addr_to_v4(addr) == c->lease->ip)
		return UINT64_MAX;
	if (c->seen && addr_eq(&c->seen->addr, addr))
		return UINT64_MAX - 1;
	for (i = 0; c->known && i < DEVICE_ADDRS_MAX; i++)
		if (addr_eq(&c->known->addrs[i].addr, addr))
			return c->known->addrs[i].last_ms + 1;
	return 0;
}

/* Likewise; what strangers call themselves takes no name from what the owner
 * calls so, or from what DHCP sees to that it is one device's. */
static uint64_t fits_name(const struct client *c, const struct settings *s,
			  const char *name)
{
	const char *chosen = chosen_name(s, &c->mac), *host = hostname_of(c);

	if (chosen && !strcasecmp(chosen, name))
		return 3;
	if (host && !strcasecmp(host, name))
		return 2;
	return c->known && !strcasecmp(c->known->mdns, name);
}

int client_find(struct api *a, const char *text, struct mac *out)
{
	const struct settings *s =
		settings_get(a->house.settings(a->house.arg));
	unsigned i, n = 0, found = 0;
	struct client *clients;
	struct addr addr;
	bool by_addr = addr_parse(text, &addr);
	uint64_t fits, best = 0;

	if (mac_parse(text, out))
		return 0;
	clients = *text ? collect(a, &n) : NULL;
	for (i = 0; i < n; i++) {
		fits = by_addr ? fits_addr(&clients[i], &addr)
			       : fits_name(&clients[i], s, text);
		if (!fits || fits < best)
			continue;
		found = fits == best ? found + 1 : 1;
		best = fits;
		*out = clients[i].mac;
	}
	free(clients);
	/* Of equals at an address one is as good as the other, but a name
	 * shall be one device's. */
	if (found > 1 && !by_addr)
		return -EEXIST;
	return found ? 0 : -ENOENT;
}

void client_text(struct api *a, const struct mac *mac,
		 char out[CLIENT_TEXT_MAX])
{
	const struct settings *s =
		settings_get(a->house.settings(a->house.arg));
	struct client_name name = { 0 };
	char text[MAC_STRLEN];
	unsigned i, n = 0;
	struct client *clients = collect(a, &n);

	for (i = 0; i < n; i++)
		if (mac_eq(&clients[i].mac, mac))
			name = name_of(&clients[i], s);
	snprintf(out, CLIENT_TEXT_MAX, "%s",
		 name.text && strcmp(name.source, "vendor") != 0
			 ? name.text
			 : mac_format(mac, text));
	free(clients);
}

void clients_answer(struct api *a, struct http_request *r)
{
	answer_json(r, 200, clients_json(a, false));
}
