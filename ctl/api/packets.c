/* packets.c - every packet, to the pages that want them.
 *
 * Called by live.c. Control thread. What the engine wrote is read and told at
 * once after a calm, then twenty times a second: a page gets so many rows, of
 * its device or of all, and how many packets it does not see. One whose network
 * is slower gets fewer, and is told that it lags. What else there is to tell
 * such pages waits for the same message.
 * Invariant: the timer runs, and the engine writes, while a page wants it. */
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "live.h"

#define TICK_MS	   50	       /* from one message to the next */
#define LOOK_MS	   10	       /* from one look to the next, in a calm */
#define ROWS_MAX   500	       /* of one message */
#define READ_MAX   8192	       /* rows in a tick */
#define UNSENT_MAX (32u << 10) /* bytes; who has more waiting gets none */

/* ---- messages */

static json_t *name_json(const struct api *a, uint32_t label)
{
	const struct names *names = a->house.names(a->house.arg);
	const char *text = label ? names_text(names, label) : NULL;
	json_t *name = text ? json_string(text) : NULL;

	return name ? name : json_null();
}

static json_t *row_json(const struct api *a, const struct packet_row *r,
			uint64_t now_ms)
{
	uint64_t age_ms = now_ms > r->at_ms ? now_ms - r->at_ms : 0;

	return json_pack(
		"[I,o,i,s,i,o,i,I,i,I,o]", (json_int_t)age_ms,
		mac_is_zero(&r->mac) ? json_null() : answer_mac(&r->mac),
		(int)r->proto, r->rx ? "rx" : "tx", (int)r->inside_port,
		answer_addr(&r->remote), (int)r->remote_port,
		(json_int_t)r->bytes, (int)r->tcp_flags, (json_int_t)r->packets,
		name_json(a, r->label));
}

static bool is_for(const struct page *p, const struct packet_row *r)
{
	return !p->by_device || mac_eq(&p->device, &r->mac);
}

/* What there is for a page, of 'n' rows; NULL: nothing. The rest is counted. */
static json_t *rows_json(struct page *p, const struct packet_row *rows,
			 unsigned n, uint64_t now_ms)
{
	json_t *list = json_array();
	unsigned told = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!is_for(p, &rows[i]))
			continue;
		if (told < ROWS_MAX &&
		    !json_array_append_new(list,
					   row_json(p->api, &rows[i], now_ms)))
			told++;
		else
			p->left_out += rows[i].packets;
	}
	return list;
}

/* NULL: nothing. */
static json_t *packets_json(struct page *p, const struct packet_row *rows,
			    unsigned n)
{
	json_t *list = rows_json(p, rows, n, clock_ms());

	if (!json_array_size(list) && !p->left_out) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s,s:I,s:I,s:o}", "type", "packets", "now_ms",
			 (json_int_t)clock_wall_ms(), "left_out",
			 (json_int_t)p->left_out, "rows", list);
}

/* Pages that listen to the same, and missed as much, are told the same, made
 * once. */
struct message {
	struct ws_frame *frame; /* NULL: there is nothing to tell */
	bool made, slow, by_device;
	struct mac device;
	uint64_t left_out;
};

static bool suits(const struct message *m, const struct page *p, bool slow)
{
	return m->made && m->slow == slow && m->by_device == p->by_device &&
	       m->left_out == p->left_out &&
	       (!m->by_device || mac_eq(&m->device, &p->device));
}

/* 'packets' is taken over; either may be NULL. */
static struct ws_frame *make(json_t *news, json_t *packets)
{
	json_t *list = news ? json_copy(news) : json_array();

	if (packets)
		json_array_append_new(list, packets);
	if (json_array_size(list))
		return pack_frame(list);
	json_decref(list);
	return NULL;
}

static uint64_t count(const struct page *p, const struct packet_row *rows,
		      unsigned n)
{
	uint64_t packets = 0;

	for (unsigned i = 0; i < n; i++)
		if (is_for(p, &rows[i]))
			packets += rows[i].packets;
	return packets;
}

/* false: there was nothing to tell it. */
static bool tell(struct page *p, struct message *m, json_t *news,
		 const struct packet_row *rows, unsigned n)
{
	bool slow = ws_unsent(p->ws) > UNSENT_MAX;

	if (!suits(m, p, slow)) {
		ws_frame_free(m->frame);
		*m = (struct message){ NULL,	     true,	slow,
				       p->by_device, p->device, p->left_out };
		m->frame = make(news, slow ? NULL : packets_json(p, rows, n));
	}
	p->left_out = slow ? p->left_out + count(p, rows, n) : 0;
	p->skipped += slow && p->left_out;
	if (!m->frame)
		return false;
	page_send(p, m->frame);
	return true;
}

/* ---- the tick */

static void on_tick(uv_timer_t *timer)
{
	struct api *a = container_of(timer, struct api, live.packets);
	struct engine *e = a->house.engine(a->house.arg);
	struct packet_row *rows = a->live.rows;
	json_t *news = a->live.news;
	struct message m = { 0 };
	struct page *p, *next;
	bool told = false;
	uint64_t missed;
	unsigned n = 0;

	while (n < READ_MAX && engine_next_packet(e, &rows[n]))
		n++;
	missed = engine_packets_missed(e);
	a->live.news = NULL;
	for (p = a->live.pages; p; p = next) {
		next = p->next;
		if (!p->packets)
			continue;
		p->left_out += missed;
		told |= tell(p, &m, news, rows, n);
	}
	ws_frame_free(m.frame);
	json_decref(news);
	/* The last page may have gone meanwhile. */
	if (a->live.rows)
		uv_timer_start(timer, on_tick, told ? TICK_MS : LOOK_MS, 0);
}

void packets_follow(struct api *a)
{
	struct engine *e = a->house.engine(a->house.arg);
	bool wanted = false, on = a->live.rows;
	const struct page *p;

	for (p = a->live.pages; p; p = p->next)
		wanted |= p->packets;
	if (wanted == on)
		return;
	if (wanted) {
		a->live.rows = malloc(READ_MAX * sizeof(*a->live.rows));
		if (!a->live.rows)
			return;
		uv_timer_start(&a->live.packets, on_tick, 0, 0);
	} else {
		uv_timer_stop(&a->live.packets);
		free(a->live.rows);
		a->live.rows = NULL;
		json_decref(a->live.news);
		a->live.news = NULL;
	}
	engine_watch(e, wanted);
}

bool packets_hears(const struct api *a, const struct page *p)
{
	return p->packets && a->live.rows;
}

void packets_take(struct api *a, json_t *news)
{
	if (!a->live.rows)
		return;
	if (!a->live.news)
		a->live.news = json_array();
	json_array_extend(a->live.news, news);
}

bool packets_wish(struct api *a, struct http_request *r, struct page *p)
{
	const char *packets = http_query(r, "packets");
	const char *device = http_query(r, "device");

	p->packets = packets && !strcmp(packets, "1");
	if (!p->packets)
		return true;
	/* Who speaks with whom is the owner's to know. */
	if (!login_is_owner(&a->login, r)) {
		answer_error(r, 401, NULL,
			     a->login.hash[0] ? "Log in first."
					      : "Set a password first.");
		return false;
	}
	p->by_device = device && *device;
	if (!p->by_device || mac_parse(device, &p->device))
		return true;
	answer_error(r, 400, NULL,
		     "device: give a MAC such as 02:00:00:00:00:01.");
	return false;
}
