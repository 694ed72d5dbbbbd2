/* dhcp.c - leases, fixed addresses, how full the pool is and what happened.
 *
 * Called by api.c's routes. Control thread; no state. */
#include "../base/clock.h"
#include "room.h"

#define MAC_RANDOM 0x02 /* locally administered (IEEE 802, 8.4) */

static json_int_t seconds_to(uint64_t wall_s)
{
	uint64_t now_s = clock_wall_ms() / 1000;

	return wall_s > now_s ? (json_int_t)(wall_s - now_s) : 0;
}

static json_t *lease_json(const struct dhcp_lease *l)
{
	struct addr ip = addr_v4(l->ip);

	return json_pack("{s:o,s:o,s:o,s:I,s:I,s:b,s:b,s:o}", "mac",
			 answer_mac(&l->mac), "ip", answer_addr(&ip),
			 "hostname", answer_text_or_null(l->hostname),
			 "expires_s", seconds_to(l->expires_wall_s), "renews_s",
			 seconds_to(l->renews_wall_s), "static", l->is_static,
			 "random", l->mac.b[0] & MAC_RANDOM, "client_id",
			 answer_hex(l->id, l->id_len));
}

void leases_answer(struct api *a, struct http_request *r)
{
	const struct dhcp_lease *leases;
	json_t *list = json_array();
	unsigned i, n = a->house.leases(a->house.arg, &leases);

	for (i = 0; i < n; i++)
		json_array_append_new(list, lease_json(&leases[i]));
	answer_json(r, 200, list);
}

static json_t *mac_or_null(const struct mac *m)
{
	return mac_is_zero(m) ? json_null() : answer_mac(m);
}

static json_t *fixed_json(struct api *a)
{
	const struct settings *s =
		settings_get(a->house.settings(a->house.arg));
	const struct dhcp_lease *leases;
	unsigned i, k, n = a->house.leases(a->house.arg, &leases);
	json_t *list = json_array();

	for (i = 0; i < s->dhcp_static_n; i++) {
		const struct settings_static *f = &s->dhcp_static[i];
		bool active = false;

		for (k = 0; k < n; k++)
			active |= leases[k].is_static &&
				  leases[k].ip == addr_to_v4(&f->addr);
		json_array_append_new(
			list,
			json_pack("{s:o,s:o,s:o,s:b}", "mac",
				  mac_or_null(&f->mac), "client_id",
				  answer_hex(f->id, f->id_len), "ip",
				  answer_addr(&f->addr), "active", active));
	}
	return list;
}

static json_t *events_json(const struct diary *diary)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < diary_count(diary); i++) {
		const struct diary_entry *e = diary_at(diary, i);
		struct addr ip = addr_v4(e->ip);

		json_array_append_new(list,
				      json_pack("{s:I,s:s,s:o,s:o,s:o}",
						"at_ms", (json_int_t)e->wall_ms,
						"kind", diary_name(e->kind),
						"ip", answer_addr(&ip), "mac",
						mac_or_null(&e->mac), "other",
						mac_or_null(&e->other)));
	}
	return list;
}

void dhcp_answer(struct api *a, struct http_request *r)
{
	const struct settings *s =
		settings_get(a->house.settings(a->house.arg));
	const struct diary *diary;
	struct dhcp_fill f;
	struct addr rival;
	json_t *pool;

	a->house.dhcp(a->house.arg, &f, &diary);
	rival = addr_v4(f.rival_ip);
	pool = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "size", (int)f.size,
			 "bound", (int)f.bound, "offered", (int)f.offered,
			 "declined", (int)f.declined, "waiting", (int)f.waiting,
			 "fixed", (int)f.fixed);
	answer_json(r, 200,
		    json_pack("{s:b,s:o,s:i,s:o,s:o,s:o}", "serving", !f.rival,
			      "rival", answer_addr(&rival), "lease_s",
			      (int)s->dhcp_lease_s, "pool", pool, "fixed",
			      fixed_json(a), "events", events_json(diary)));
}
