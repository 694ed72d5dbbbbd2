/* views.c - status and drops: answers made in one step.
 *
 * Called by api.c's routes. Control thread; no state. */
#include <arpa/inet.h>

#include "../base/clock.h"
#include "room.h"

#define DROPS_MAX 128

/* To a hundredth. */
static json_t *real_or_null(double n)
{
	return n < 0 ? json_null()
		     : json_real((double)(int64_t)(n * 100 + 0.5) / 100);
}

static json_t *wan_json(const struct api_status *s)
{
	return json_pack("{s:o,s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "ifname",
			 answer_text_or_null(s->wan_ifname), "address",
			 answer_addr(&s->wan_addr), "gateway",
			 answer_addr(&s->wan_gateway), "up", s->wan_up,
			 "carrier", answer_text_or_null(s->wan_carrier), "why",
			 answer_text_or_null(s->wan_why), "express",
			 answer_text_or_null(s->wan_express), "express_why",
			 answer_text_or_null(s->wan_express_why), "latency_ms",
			 real_or_null(s->wan_latency_ms), "loss",
			 real_or_null(s->wan_loss));
}

static json_t *ports_json(const struct api_port *ports, unsigned n)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s,s:o,s:o,s:o,s:o}", "ifname",
				  ports[i].ifname, "carrier",
				  answer_text_or_null(ports[i].carrier), "why",
				  answer_text_or_null(ports[i].why), "express",
				  answer_text_or_null(ports[i].express),
				  "express_why",
				  answer_text_or_null(ports[i].express_why)));
	return list;
}

static json_t *lans_json(const struct api_status *s)
{
	char network[PREFIX_STRLEN];
	json_t *list = json_array();
	struct prefix net;
	unsigned i;

	for (i = 0; i < s->lans_n; i++) {
		net = prefix_network(&s->lans[i].addr);
		json_array_append_new(
			list,
			json_pack("{s:s,s:o,s:s,s:o}", "name", s->lans[i].name,
				  "address", answer_addr(&s->lans[i].addr.addr),
				  "network", prefix_format(&net, network),
				  "ports",
				  ports_json(s->lans[i].ports,
					     s->lans[i].ports_n)));
	}
	return list;
}

static json_t *capture_json(struct api *a)
{
	struct capture_totals t;

	engine_captures(a->house.engine(a->house.arg), &t);
	return json_pack("{s:I,s:I,s:I}", "bytes", (json_int_t)t.bytes,
			 "max_bytes", (json_int_t)t.max_bytes, "devices",
			 (json_int_t)t.devices);
}

static json_t *nat_json(const struct engine_totals *t)
{
	return json_pack(
		"{s:I,s:I,s:I,s:I,s:{s:I,s:I,s:I,s:I}}", "mappings",
		(json_int_t)t->mappings, "sessions", (json_int_t)t->sessions,
		"mappings_max", (json_int_t)t->mappings_max, "sessions_max",
		(json_int_t)t->sessions_max, "counters", "evicted",
		(json_int_t)t->evicted, "hold_yielded",
		(json_int_t)t->hold_yielded, "moved", (json_int_t)t->moved,
		"syn_used", (json_int_t)t->syn_used);
}

/* What the engine had to tell the rest of the house and found no room for:
 * events, openings and round trips, hellos. */
static json_t *untold_json(const struct engine_totals *t)
{
	return json_pack("{s:I,s:I,s:I}", "events", (json_int_t)t->events_lost,
			 "reports", (json_int_t)t->reports_lost, "samples",
			 (json_int_t)t->samples_lost);
}

/* Whether new devices are served, and how much there is to read about it. */
static json_t *dhcp_status(struct api *a)
{
	const struct diary *diary;
	struct dhcp_fill fill;
	struct addr rival;

	a->house.dhcp(a->house.arg, &fill, &diary);
	rival = addr_v4(fill.rival_ip);
	return json_pack("{s:b,s:o,s:i}", "serving", !fill.rival, "rival",
			 answer_addr(&rival), "events",
			 (int)diary_count(diary));
}

/* Whose fault is it, the home's or the provider's? */
static json_t *rtt_json(struct api *a)
{
	const struct rtts *r = a->house.rtts(a->house.arg);
	uint64_t now_ms = clock_ms();

	return json_pack("{s:o,s:o}", "lan_us",
			 answer_rtt(rtts_house(r, RTT_LAN, now_ms)), "wan_us",
			 answer_rtt(rtts_house(r, RTT_WAN, now_ms)));
}

json_t *status_json(struct api *a)
{
	struct rate rate = rates_total(a->rates);
	struct api_status s = { 0 };
	struct engine_totals t;
	json_t *nat, *rates;

	a->house.status(a->house.arg, &s);
	engine_totals(a->house.engine(a->house.arg), &t);
	nat = nat_json(&t);
	rates = json_pack("{s:I,s:I}", "rx_bps", (json_int_t)rate.rx_bps,
			  "tx_bps", (json_int_t)rate.tx_bps);
	return json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
			 "version", VERSION, "uptime_s", (json_int_t)s.uptime_s,
			 "wan", wan_json(&s), "lan", lans_json(&s), "nat", nat,
			 "rates", rates, "dhcp", dhcp_status(a), "capture",
			 capture_json(a), "history", history_status_json(a),
			 "rtt", rtt_json(a), "untold", untold_json(&t));
}

void status_answer(struct api *a, struct http_request *r)
{
	answer_json(r, 200, status_json(a));
}

void drops_answer(struct api *a, struct http_request *r)
{
	struct drop_row rows[DROPS_MAX];
	json_t *list = json_array();
	unsigned i, n;

	n = a->house.drops(a->house.arg, rows, DROPS_MAX);
	for (i = 0; i < n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s,s:I,s:I}", "reason", rows[i].reason,
				  "packets", (json_int_t)rows[i].packets,
				  "bytes", (json_int_t)rows[i].bytes));
	answer_json(r, 200, list);
}
