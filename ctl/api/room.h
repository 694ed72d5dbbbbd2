/* room.h - what the files of api/ share. Private to api/.
 *
 * api.c routes; each other file makes one kind of answer. */
#ifndef API_ROOM_H
#define API_ROOM_H

#include <stddef.h>
#include <uv.h>

#include "../base/container_of.h"
#include "../http/ws.h"
#include "api.h"
#include "login.h"
#include "rates.h"

struct capture_job;
struct dump;
struct history_job;
struct page;

struct live {
	unsigned n;
	struct page *pages;
	struct ws_frame *opening; /* NULL: not made yet */
	json_t *events;		  /* since the last tick; NULL: none */
	uv_timer_t packets;
	struct packet_row *rows; /* NULL: nobody wants packets */
	json_t *news;		 /* to be told with the next of them, or NULL */
};

struct api {
	struct api_house house;
	uv_loop_t *loop;
	uv_timer_t tick;
	unsigned handles; /* not yet closed */
	unsigned ticks;
	struct rates *rates;
	struct device_row devices[RATES_DEVICES_MAX]; /* scratch */
	struct dump *dumps;			      /* under way */
	struct capture_job *captures;
	struct live live;
	struct login login;
	unsigned jobs_n, jobs_running;
	struct history_job *jobs;
};

typedef void api_answer(struct api *a, struct http_request *r);

/* answer.c: 'json' is taken over; NULL: out of memory, said with 500. */
void answer_json(struct http_request *r, int status, json_t *json);
void answer_text(struct http_request *r, const char *json, size_t len);
/* 'headers' as in http_reply(). */
void answer_error(struct http_request *r, int status, const char *headers,
		  const char *sentence);
/* Values; null for what is not there. */
json_t *answer_addr(const struct addr *a);
json_t *answer_mac(const struct mac *m);
json_t *answer_text_or_null(const char *text);
/* At most 255 bytes as hexadecimal digits. */
json_t *answer_hex(const uint8_t *bytes, size_t len);
/* Of a remote. */
json_t *answer_country(struct api *a, const struct addr *remote);
/* A number up to 'max' that may be asked with; 'out' stays if it is not. False:
 * it is none, and that was said. */
bool answer_number(struct http_request *r, const char *name, uint64_t max,
		   uint64_t *out);
#define ANSWER_LATEST ((uint64_t)1 << 47) /* milliseconds since 1970 */

/* What is told to who asks and to who listens; new. NULL: out of memory. */
json_t *status_json(struct api *a);
json_t *clients_json(struct api *a, bool with_recent);
#define CLIENT_TEXT_MAX 256
/* clients.c: the device with this MAC, address or name. 0; -ENOENT; -EEXIST:
 * the name is not one device's alone. */
int client_find(struct api *a, const char *text, struct mac *out);
/* What it is called, else its MAC. */
void client_text(struct api *a, const struct mac *mac,
		 char out[CLIENT_TEXT_MAX]);
struct history_called;
/* What devices are called, but for what their makers say: those that are here,
 * were here, or were given a name; 'n' of them, in order of MAC. malloc'ed;
 * NULL: out of memory. */
struct history_called *clients_called(struct api *a, unsigned *n);
/* How much history there is. */
json_t *history_status_json(struct api *a);
/* {"step_ms", "rx_bps": […], "tx_bps": […]}, oldest first. */
json_t *recent_json(const struct rates_recent *recent, unsigned step_ms);
json_t *event_json(const struct event *e);
/* flows.c: one row. */
struct whose;
json_t *flow_json(struct api *a, const struct whose *w,
		  const struct flow_row *f);
json_t *cone_json(const struct cone_row *c);
const char *proto_name(uint8_t proto, char number[4]);
/* Microseconds; null: 0. */
json_t *answer_rtt(uint32_t us);
/* pack.c: as msgpack; 'json' is taken over. NULL: out of memory. */
struct ws_frame *pack_frame(json_t *json);

api_answer status_answer, drops_answer;			/* views.c */
api_answer leases_answer, dhcp_answer;			/* dhcp.c */
api_answer clients_answer;				/* clients.c */
api_answer events_answer;				/* events.c */
api_answer line_answer, scans_answer, country_answer;	/* evidence.c */
api_answer naming_answer, queries_answer;		/* naming.c */
api_answer settings_answer, settings_change;		/* change.c */
api_answer flows_answer, mappings_answer, cones_answer; /* dump.c */
api_answer session_answer, session_begin, session_end;	/* login.c */
api_answer password_set;
api_answer capture_answer; /* capture.c */
/* The API goes: what the engine has of it will find nobody. */
void capture_forget(struct api *a);
api_answer live_answer; /* live.c */
/* Tells the pages; 'second': a whole one is over. */
void live_tick(struct api *a, struct rate rate, const struct engine_totals *t,
	       bool second);
/* Tells the pages of the owner with the next tick; 'message' is taken over. */
void live_tell_owner(struct api *a, json_t *message);
/* Sends every page away: who may listen has changed. */
void live_drop(struct api *a);
/* Sends those away who may not listen any more: their session is over. */
void live_check(struct api *a);
/* What was made to be told is no longer so. */
void live_forget(struct api *a);
/* origin.c: is it asked under a name of ours; by a page of ours, or by none? */
bool host_is_own(const struct api *a, const struct http_request *r);
bool origin_is_own(const struct http_request *r);
/* The API goes: what the engine still owes will find nobody. */
void dump_forget(struct api *a);
/* history.c; the same of its answers under way. */
api_answer history_answer;
void history_forget(struct api *a);
/* page.c: false: no such file. */
bool page_answer(struct http_request *r);

#endif
