/* live.c - the pages that are told what happens while it happens.
 *
 * Called by api.c: its route brings pages, its tick the news. Control thread.
 *
 * What there is to tell at a time goes as one message, a list, made once for
 * all pages from the very JSON that the API returns. A page that does not read
 * misses messages, and is told how many; it holds up neither the house nor the
 * other pages. One that watches packets hears it all with them, so that nobody
 * gets more than twenty messages a second.
 * A page may listen no longer than its session lasts.
 * Invariant: live.n is the length of the list and at most PAGES_MAX. */
#include "live.h"

#include <stdlib.h>

#include "../base/clock.h"

#define PAGES_MAX      64
#define PEER_PAGES_MAX 16	    /* of one address */
#define UNSENT_MAX     (256u << 10) /* bytes; who has more waiting misses out */

/* ---- what is told */

static json_t *now_json(void)
{
	return json_integer((json_int_t)clock_wall_ms());
}

static json_t *hello(struct api *a)
{
	(void)a;
	return json_pack("{s:s,s:s,s:o,s:i}", "type", "hello", "version",
			 VERSION, "now_ms", now_json(), "tick_ms",
			 RATES_STEP_MS);
}

static json_t *last_minute(struct api *a)
{
	struct rates_recent recent = rates_total_recent(a->rates);
	json_t *message = recent_json(&recent, RATES_STEP_MS);

	json_object_set_new(message, "type", json_string("recent"));
	json_object_set_new(message, "end_ms", now_json());
	return message;
}

static json_t *status_now(struct api *a)
{
	json_t *message = status_json(a);

	json_object_set_new(message, "type", json_string("status"));
	return message;
}

static json_t *clients_now(struct api *a)
{
	return json_pack("{s:s,s:o,s:o}", "type", "clients", "now_ms",
			 now_json(), "clients", clients_json(a, false));
}

static json_t *clients_then(struct api *a)
{
	return json_pack("{s:s,s:o,s:o}", "type", "clients", "now_ms",
			 now_json(), "clients", clients_json(a, true));
}

static json_t *tick(struct rate rate, const struct engine_totals *t)
{
	return json_pack("{s:s,s:o,s:I,s:I,s:I,s:I}", "type", "tick", "now_ms",
			 now_json(), "rx_bps", (json_int_t)rate.rx_bps,
			 "tx_bps", (json_int_t)rate.tx_bps, "rx_bytes",
			 (json_int_t)t->rx_bytes, "tx_bytes",
			 (json_int_t)t->tx_bytes);
}

/* What a page is told first; made at most once between two ticks, however
 * many pages open. */
static struct ws_frame *opening(struct api *a)
{
	if (!a->live.opening)
		a->live.opening = pack_frame(
			json_pack("[o,o,o,o]", hello(a), last_minute(a),
				  status_now(a), clients_then(a)));
	return a->live.opening;
}

/* What every page is told at a tick. */
static json_t *news(struct api *a, struct rate rate,
		    const struct engine_totals *t, bool second)
{
	json_t *list = json_pack("[o]", tick(rate, t));

	if (list && second) {
		json_array_append_new(list, status_now(a));
		json_array_append_new(list, clients_now(a));
	}
	return list;
}

void live_forget(struct api *a)
{
	ws_frame_free(a->live.opening);
	a->live.opening = NULL;
	json_decref(a->live.events);
	a->live.events = NULL;
}

/* ---- one page */

/* false: the page is gone. */
static bool say_lag(struct page *p)
{
	struct ws_frame *f = pack_frame(json_pack(
		"[{s:s,s:i}]", "type", "lagging", "skipped", (int)p->skipped));
	bool there = !f || ws_send(p->ws, f);

	if (there && f)
		p->skipped = 0;
	ws_frame_free(f);
	return there;
}

bool page_send(struct page *p, struct ws_frame *f)
{
	if (!f || ws_unsent(p->ws) > UNSENT_MAX) {
		p->skipped++;
		return true;
	}
	if (p->skipped && !say_lag(p))
		return false;
	return ws_send(p->ws, f);
}

static void on_gone(void *arg)
{
	struct page *p = arg;

	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	p->api->live.n--;
	packets_follow(p->api);
	free(p);
}

static void add(struct api *a, struct page *p)
{
	p->next = a->live.pages;
	p->link = &a->live.pages;
	if (p->next)
		p->next->link = &p->next;
	a->live.pages = p;
	a->live.n++;
}

static bool is_full(const struct api *a, const struct http_request *r)
{
	const struct page *p;
	unsigned n = 0;

	for (p = a->live.pages; p; p = p->next)
		n += addr_eq(&p->peer, http_peer(r));
	return a->live.n >= PAGES_MAX ||
	       (n >= PEER_PAGES_MAX && !http_is_unix(r));
}

void live_answer(struct api *a, struct http_request *r)
{
	struct addr peer = *http_peer(r);
	struct page *p;

	if (!origin_is_own(r)) {
		answer_error(r, 403, NULL,
			     "Only the gateway's own page may listen.");
		return;
	}
	p = is_full(a, r) ? NULL : calloc(1, sizeof(*p));
	if (!p) {
		answer_error(r, 503, "Retry-After: 5\r\n",
			     "Too many pages are open.");
		return;
	}
	p->api = a;
	p->peer = peer;
	p->pass = login_pass(r);
	p->owner = login_is_owner(&a->login, r);
	if (!packets_wish(a, r, p)) {
		free(p);
		return;
	}
	p->ws = ws_accept(r, on_gone, p);
	if (!p->ws) {
		free(p);
		return;
	}
	add(a, p);
	packets_follow(a);
	page_send(p, opening(a));
}

/* ---- all pages */

void live_drop(struct api *a)
{
	struct page *p, *next;

	for (p = a->live.pages; p; p = next) {
		next = p->next;
		ws_end(p->ws);
	}
}

void live_check(struct api *a)
{
	struct page *p, *next;

	for (p = a->live.pages; p; p = next) {
		next = p->next;
		if (!login_pass_holds(&a->login, &p->pass))
			ws_end(p->ws);
	}
}

/* The lists are taken over; NULL: there was no memory for it. */
static void tell(struct api *a, json_t *to_all, json_t *to_owner)
{
	struct ws_frame *all = pack_frame(json_incref(to_all));
	struct ws_frame *own = pack_frame(json_incref(to_owner));
	struct page *p, *next;

	for (p = a->live.pages; p; p = next) {
		next = p->next;
		if (!packets_hears(a, p))
			page_send(p, p->owner ? own : all);
	}
	packets_take(a, to_owner);
	ws_frame_free(all);
	ws_frame_free(own);
	json_decref(to_all);
	json_decref(to_owner);
}

void live_tell_owner(struct api *a, json_t *message)
{
	if (!a->live.events)
		a->live.events = json_array();
	json_array_append_new(a->live.events, message);
}

void live_tick(struct api *a, struct rate rate, const struct engine_totals *t,
	       bool second)
{
	json_t *to_all, *to_owner;

	if (second)
		live_check(a);
	if (a->live.pages) {
		to_all = news(a, rate, t, second);
		to_owner = json_copy(to_all);
		json_array_extend(to_owner, a->live.events);
		tell(a, to_all, to_owner);
	}
	live_forget(a);
}
