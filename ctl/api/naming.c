/* naming.c - how names are resolved: upstreams, lists, and what was asked.
 *
 * Called by api.c's routes. Control thread; no state. Who asked for what is
 * the household's own business: api.c lets the owner alone come here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dns/catalog.h"
#include "../proto/dns_name.h"
#include "../proto/dns_text.h"
#include "room.h"

#define LOG_ROWS     1000
#define LOG_ROWS_MAX 50000

/* ---- the whole */

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *stats_json(const struct dns *d)
{
	struct dns_stats s;

	dns_stats(d, &s);
	return json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"queries", (json_int_t)s.queries, "hits", (json_int_t)s.hits,
		"misses", (json_int_t)s.misses, "local", (json_int_t)s.local,
		"blocked", (json_int_t)s.blocked, "stale", (json_int_t)s.stale,
		"refused", (json_int_t)s.refused, "failed",
		(json_int_t)s.failed, "tapped", (json_int_t)s.tapped, "framed",
		(json_int_t)s.framed, "log_lost", (json_int_t)s.log_lost,
		"cache_bytes", (json_int_t)s.cache_bytes, "cache_entries",
		(json_int_t)s.cache_entries);
}

static json_t *upstreams_json(const struct dns *d)
{
	struct dns_upstream_row rows[DNS_UPSTREAMS_MAX];
	unsigned i, n = dns_upstreams(d, rows);
	char text[NAMESERVER_STRLEN];
	json_t *list = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:b,s:o}", "server",
					nameserver_format(&rows[i].at, text),
					"answers", !rows[i].retired, "rtt_ms",
					rows[i].measured
						? json_integer(rows[i].rtt_ms)
						: json_null()));
	return list;
}

static json_t *lists_json(const struct dns *d)
{
	static struct dns_list_row rows[DNS_LISTS_MAX];
	unsigned i, n = dns_lists(d, rows);
	json_t *list = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:I,s:o,s:o}", "name", rows[i].name,
				  "source", rows[i].source, "names",
				  (json_int_t)rows[i].names, "updated_ms",
				  rows[i].updated_ms
					  ? json_integer((json_int_t)rows[i]
								 .updated_ms)
					  : json_null(),
				  "problem", text_or_null(rows[i].problem)));
	return list;
}

static json_t *known_json(void)
{
	const struct catalog_list *c;
	json_t *list = json_array();
	unsigned i;

	for (i = 0; (c = catalog_at(i)); i++)
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:s}", "name", c->name,
					"about", c->about, "licence",
					c->licence, "source", c->url));
	return list;
}

void naming_answer(struct api *a, struct http_request *r)
{
	const struct dns *d = a->house.dns(a->house.arg);

	answer_json(r, 200,
		    json_pack("{s:o,s:o,s:o,s:o}", "stats", stats_json(d),
			      "upstreams", upstreams_json(d), "lists",
			      lists_json(d), "known_lists", known_json()));
}

/* ---- the log */

/* What is wanted of it, and how far that is. */
struct search {
	struct api *api;
	const char *name, *why;
	bool by_device;
	struct addr device;
	size_t skip, limit; /* of those that match: the latest are shown */
	size_t matches;
	/* One of the two is filled. */
	json_t *rows;
	struct text {
		char *at;
		size_t len, room;
	} csv;
};

static bool is_wanted(const struct search *s, const struct dns_log_row *row)
{
	if (s->by_device && !addr_eq(&s->device, &row->device))
		return false;
	if (s->why && strcmp(s->why, row->why))
		return false;
	return !s->name || strstr(row->name, s->name);
}

static const char *hostname_of(struct api *a, const struct addr *device)
{
	const struct dhcp_lease *leases;
	unsigned i, n = a->house.leases(a->house.arg, &leases);

	for (i = 0; i < n; i++)
		if (addr_is_v4(device) && addr_to_v4(device) == leases[i].ip)
			return leases[i].hostname;
	return NULL;
}

static json_t *row_json(struct search *s, const struct dns_log_row *row)
{
	char type[DNS_TEXT_LEN], rcode[DNS_TEXT_LEN];

	return json_pack(
		"{s:I,s:o,s:o,s:s,s:s,s:s,s:o,s:s,s:o,s:I}", "at_ms",
		(json_int_t)row->at_ms, "device", answer_addr(&row->device),
		"hostname", text_or_null(hostname_of(s->api, &row->device)),
		"name", row->name, "type", dns_type_text(row->type, type),
		"rcode", dns_rcode_text(row->rcode, rcode), "answer",
		answer_addr(&row->answer), "why", row->why, "list",
		text_or_null(row->list), "took_us", (json_int_t)row->took_us);
}

static void append(struct text *t, const char *text)
{
	size_t len = strlen(text);

	if (t->len + len > t->room) {
		size_t room = 2 * t->room + len + 4096;
		char *more = realloc(t->at, room);

		if (!more)
			return;
		t->at = more;
		t->room = room;
	}
	memcpy(t->at + t->len, text, len);
	t->len += len;
}

/* Nothing in it has quotes or commas: names of the DNS are escaped, those of
 * devices and lists were checked (RFC 4180, 2). */
static void append_csv(struct search *s, const struct dns_log_row *row)
{
	char type[DNS_TEXT_LEN], rcode[DNS_TEXT_LEN];
	char device[ADDR_STRLEN] = "", answer[ADDR_STRLEN] = "";
	const char *host = hostname_of(s->api, &row->device);
	char line[DNS_NAME_STRLEN + 512];

	if (!addr_is_zero(&row->device))
		addr_format(&row->device, device);
	if (!addr_is_zero(&row->answer))
		addr_format(&row->answer, answer);
	snprintf(line, sizeof(line),
		 "%llu,%s,%.63s,%s,%s,%s,%s,%s,%.255s,%u\r\n",
		 (unsigned long long)row->at_ms, device, host ? host : "",
		 row->name, dns_type_text(row->type, type),
		 dns_rcode_text(row->rcode, rcode), answer, row->why,
		 row->list ? row->list : "", row->took_us);
	append(&s->csv, line);
}

static void count_row(void *arg, const struct dns_log_row *row)
{
	struct search *s = arg;

	s->matches += is_wanted(s, row);
}

static void show_row(void *arg, const struct dns_log_row *row)
{
	struct search *s = arg;

	if (!is_wanted(s, row))
		return;
	if (s->skip) {
		s->skip--;
		return;
	}
	if (s->rows)
		json_array_append_new(s->rows, row_json(s, row));
	else
		append_csv(s, row);
}

/* False: said what is wrong with it. */
static bool read_search(struct search *s, struct http_request *r)
{
	const char *device = http_query(r, "device");
	const char *limit = http_query(r, "limit");
	char *end = NULL;

	s->name = http_query(r, "name");
	s->why = http_query(r, "why");
	s->by_device = device && *device;
	s->limit = LOG_ROWS;
	if (limit)
		s->limit = strtoul(limit, &end, 10);
	if ((limit && (!*limit || *end)) || !s->limit ||
	    s->limit > LOG_ROWS_MAX) {
		answer_error(r, 400, NULL, "limit: give 1 to 50000.");
		return false;
	}
	if (s->by_device && !addr_parse(device, &s->device)) {
		answer_error(r, 400, NULL,
			     "device: give an address such as 10.77.0.9.");
		return false;
	}
	return true;
}

static void answer_csv(struct search *s, struct http_request *r)
{
	http_reply(r, 200, "text/csv; charset=utf-8; header=present",
		   "Cache-Control: no-store\r\nContent-Disposition: "
		   "attachment; filename=\"queries.csv\"\r\n",
		   s->csv.at, s->csv.len);
	free(s->csv.at);
}

void queries_answer(struct api *a, struct http_request *r)
{
	const struct dns *d = a->house.dns(a->house.arg);
	const char *format = http_query(r, "format");
	bool csv = format && !strcmp(format, "csv");
	struct search s = { .api = a };

	if (!read_search(&s, r))
		return;
	dns_log(d, count_row, &s);
	s.skip = s.matches > s.limit ? s.matches - s.limit : 0;
	if (csv)
		append(&s.csv, "at_ms,device,hostname,name,type,rcode,answer,"
			       "why,list,took_us\r\n");
	else
		s.rows = json_array();
	dns_log(d, show_row, &s);
	if (csv)
		answer_csv(&s, r);
	else
		answer_json(r, 200, s.rows);
}
