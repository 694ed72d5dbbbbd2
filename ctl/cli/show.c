/* show.c - the API's JSON as text for people.
 *
 * Called by client.c. What is missing from the JSON shows as a dash: a gateway
 * may be newer or older than who asks it. No state. */
#include "show.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "table.h"
#include "units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX     256
#define KEY_MAX	     128

/* How a field becomes a cell. */
enum style {
	STYLE_TEXT,
	STYLE_COUNT,
	STYLE_BYTES,
	STYLE_RATE,
	STYLE_MS, /* a duration */
	STYLE_US, /* a short one */
	STYLE_S,
	STYLE_AGO_MS, /* since 1970 */
	STYLE_STATIC, /* a flag */
	STYLE_RANDOM,
	STYLE_YES, /* another */
};

struct column {
	const char *field, *head;
	enum style style;
};

static const struct column clients[] = {
	{ "name", "DEVICE", STYLE_TEXT },
	{ "vendor", "MAKER", STYLE_TEXT },
	{ "ip", "ADDRESS", STYLE_TEXT },
	{ "mac", "MAC", STYLE_TEXT },
	{ "random", "MAC IS", STYLE_RANDOM },
	{ "name_source", "NAMED BY", STYLE_TEXT },
	{ "rx_bps", ">DOWN", STYLE_RATE },
	{ "tx_bps", ">UP", STYLE_RATE },
	{ "rx_bytes", ">RECEIVED", STYLE_BYTES },
	{ "tx_bytes", ">SENT", STYLE_BYTES },
	{ "last_seen_ms", "SEEN", STYLE_AGO_MS },
	{ "first_seen_ms", "FIRST SEEN", STYLE_AGO_MS },
};
static const struct column flows[] = {
	{ "proto", "PROTO", STYLE_TEXT },
	{ "inside", "INSIDE", STYLE_TEXT },
	{ "outside", "OUTSIDE", STYLE_TEXT },
	{ "remote", "REMOTE", STYLE_TEXT },
	{ "name", "NAME", STYLE_TEXT },
	{ "country", "IN", STYLE_TEXT },
	{ "state", "STATE", STYLE_TEXT },
	{ "rx_bytes", ">RECEIVED", STYLE_BYTES },
	{ "tx_bytes", ">SENT", STYLE_BYTES },
	{ "age_ms", ">AGE", STYLE_MS },
	{ "idle_ms", ">IDLE", STYLE_MS },
	{ "rtt_us", ">RTT", STYLE_US },
	{ "carried_by", "CARRIED BY", STYLE_TEXT },
};
static const struct column mappings[] = {
	{ "proto", "PROTO", STYLE_TEXT },
	{ "inside", "INSIDE", STYLE_TEXT },
	{ "outside", "OUTSIDE", STYLE_TEXT },
	{ "idle_ms", ">IDLE", STYLE_MS },
	{ "static", "KIND", STYLE_STATIC },
};
static const struct column leases[] = {
	{ "hostname", "DEVICE", STYLE_TEXT },
	{ "ip", "ADDRESS", STYLE_TEXT },
	{ "mac", "MAC", STYLE_TEXT },
	{ "random", "MAC IS", STYLE_RANDOM },
	{ "renews_s", ">RENEWS IN", STYLE_S },
	{ "expires_s", ">LEFT", STYLE_S },
	{ "static", "KIND", STYLE_STATIC },
};
static const struct column diary[] = {
	{ "at_ms", "WHEN", STYLE_AGO_MS }, { "kind", "WHAT", STYLE_TEXT },
	{ "ip", "ADDRESS", STYLE_TEXT },   { "mac", "WHOSE", STYLE_TEXT },
	{ "other", "ALSO", STYLE_TEXT },
};
static const struct column drops[] = {
	{ "reason", "REASON", STYLE_TEXT },
	{ "packets", ">PACKETS", STYLE_COUNT },
	{ "bytes", ">BYTES", STYLE_BYTES },
};

static const struct column queries[] = {
	{ "at_ms", "WHEN", STYLE_AGO_MS },
	{ "device", "ADDRESS", STYLE_TEXT },
	{ "hostname", "DEVICE", STYLE_TEXT },
	{ "name", "NAME", STYLE_TEXT },
	{ "type", "TYPE", STYLE_TEXT },
	{ "rcode", "CODE", STYLE_TEXT },
	{ "answer", "ANSWER", STYLE_TEXT },
	{ "why", "WHY", STYLE_TEXT },
	{ "list", "LIST", STYLE_TEXT },
};
static const struct column upstreams[] = {
	{ "server", "RESOLVER", STYLE_TEXT },
	{ "answers", "ANSWERS", STYLE_YES },
	{ "rtt_ms", ">MS", STYLE_COUNT },
};
static const struct column lists[] = {
	{ "name", "LIST", STYLE_TEXT },
	{ "names", ">NAMES", STYLE_COUNT },
	{ "updated_ms", "UPDATED", STYLE_AGO_MS },
	{ "problem", "PROBLEM", STYLE_TEXT },
};
static const struct column known_lists[] = {
	{ "name", "TO TURN ON", STYLE_TEXT },
	{ "about", "ABOUT", STYLE_TEXT },
	{ "licence", "LICENCE", STYLE_TEXT },
};

static const struct view {
	const char *name, *none;
	const struct column *columns;
	unsigned n;
} views[] = {
	{ "diary", "Nothing happened.", diary, COUNT(diary) },
	{ "clients", "No device has been seen yet.", clients, COUNT(clients) },
	{ "flows", "No connection is open.", flows, COUNT(flows) },
	{ "mappings", "No outside port is in use.", mappings, COUNT(mappings) },
	{ "leases", "No address has been given out.", leases, COUNT(leases) },
	{ "drops", "Nothing was turned away.", drops, COUNT(drops) },
	{ "queries", "Nothing was asked yet.", queries, COUNT(queries) },
};
/* The parts of the view "dns". */
static const struct view naming[] = {
	{ "upstreams", "No resolver is known.", upstreams, COUNT(upstreams) },
	{ "lists", "No blocklist is on.", lists, COUNT(lists) },
	{ "known_lists", "", known_lists, COUNT(known_lists) },
};

/* ---- cells */

static uint64_t number(const json_t *object, const char *field)
{
	json_int_t n = json_integer_value(json_object_get(object, field));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *text(const json_t *object, const char *field)
{
	return json_string_value(json_object_get(object, field));
}

static const char *ago(uint64_t at_ms, char buf[UNITS_LEN])
{
	uint64_t now = (uint64_t)time(NULL), at = at_ms / 1000;
	char *end;

	if (!at_ms)
		return NULL;
	if (now < at + 10)
		return "now";
	end = units_duration(now - at, buf);
	strncat(end, " ago", UNITS_LEN - strlen(end) - 1);
	return buf;
}

/* NULL: a dash. */
static const char *cell(const json_t *row, const struct column *c,
			char buf[UNITS_LEN])
{
	uint64_t n = number(row, c->field);

	switch (c->style) {
	case STYLE_TEXT:
		return text(row, c->field);
	case STYLE_COUNT:
		return n ? units_count(n, buf) : NULL;
	case STYLE_BYTES:
		return n ? units_bytes(n, buf) : NULL;
	case STYLE_RATE:
		return n ? units_rate(n, buf) : NULL;
	case STYLE_MS:
		return units_duration(n / 1000, buf);
	case STYLE_US:
		return n ? units_short(n, buf) : NULL;
	case STYLE_S:
		return units_duration(n, buf);
	case STYLE_AGO_MS:
		return ago(n, buf);
	case STYLE_STATIC:
		return json_is_true(json_object_get(row, c->field)) ? "fixed"
								    : "dynamic";
	case STYLE_RANDOM:
		return json_is_true(json_object_get(row, c->field)) ? "random"
								    : "real";
	case STYLE_YES:
		return json_is_true(json_object_get(row, c->field)) ? "yes"
								    : "no";
	}
	return NULL;
}

/* Reasons that never came up are left out. */
static bool is_worth_showing(const struct view *v, const json_t *row)
{
	return v->columns != drops || number(row, "packets");
}

static void show_table(const struct view *v, const json_t *rows, FILE *out)
{
	const char *heads[TABLE_COLUMNS_MAX];
	char buf[UNITS_LEN];
	struct table *t;
	unsigned i, shown = 0;
	json_t *row;
	size_t r;

	for (i = 0; i < v->n; i++)
		heads[i] = v->columns[i].head;
	t = table_new(heads, v->n);
	if (!t)
		return;
	json_array_foreach(rows, r, row)
	{
		if (!is_worth_showing(v, row))
			continue;
		shown++;
		for (i = 0; i < v->n; i++)
			table_add(t, cell(row, &v->columns[i], buf));
	}
	if (shown)
		table_print(t, out);
	else
		fprintf(out, "%s\n", v->none);
	table_free(t);
}

/* ---- status */

static void show_text(FILE *out, const char *before, const char *words)
{
	char clean[TEXT_MAX];

	table_clean(words ? words : "\u2013", clean, sizeof(clean));
	fprintf(out, "%s%s", before, clean);
}

/* " (nfqueue: its driver has no native XDP; express off: express.mode is off)"
 */
static void show_carrier(const json_t *port, FILE *out)
{
	show_text(out, " (", text(port, "carrier"));
	if (text(port, "why"))
		show_text(out, ": ", text(port, "why"));
	show_text(out, "; express ", text(port, "express"));
	if (text(port, "express_why"))
		show_text(out, ": ", text(port, "express_why"));
	fputs(")\n", out);
}

static void show_wan(const json_t *wan, FILE *out)
{
	const char *ifname = text(wan, "ifname");

	fputs("Internet     ", out);
	if (!ifname) {
		fputs("waiting for a port with a way out\n", out);
		return;
	}
	fputs(json_is_true(json_object_get(wan, "up")) ? "up" : "down", out);
	show_text(out, ", ", text(wan, "address"));
	show_text(out, " via ", text(wan, "gateway"));
	show_text(out, ", ", ifname);
	show_carrier(wan, out);
}

static void show_line(const json_t *wan, FILE *out)
{
	const json_t *latency = json_object_get(wan, "latency_ms");
	const json_t *loss = json_object_get(wan, "loss");

	if (!json_is_number(latency))
		return;
	fprintf(out, "Line         %.3g ms", json_number_value(latency));
	if (json_is_number(loss))
		fprintf(out, ", %.0f %% lost", 100 * json_number_value(loss));
	fputc('\n', out);
}

static void show_lan(const json_t *lan, FILE *out)
{
	json_t *port;
	size_t i;

	show_text(out, "Home         ", text(lan, "address"));
	show_text(out, ", ", text(lan, "name"));
	fputc('\n', out);
	json_array_foreach(json_object_get(lan, "ports"), i, port)
	{
		show_text(out, "  port       ", text(port, "ifname"));
		show_carrier(port, out);
	}
}

static void show_rival(const json_t *dhcp, FILE *out)
{
	show_text(out, "DHCP         new devices are left to ",
		  text(dhcp, "rival"));
	fputc('\n', out);
}

/* Names and round trips may be missing then, and nothing else. */
static void show_untold(const json_t *untold, FILE *out)
{
	uint64_t n = number(untold, "events") + number(untold, "reports") +
		     number(untold, "samples");
	char text[UNITS_LEN];

	if (n)
		fprintf(out,
			"Untold       %s messages of the engine, as more came "
			"than could be read\n",
			units_count(n, text));
}

static void show_status(const json_t *s, FILE *out)
{
	const json_t *nat = json_object_get(s, "nat");
	const json_t *rates = json_object_get(s, "rates");
	char a[UNITS_LEN], b[UNITS_LEN];
	json_t *lan;
	size_t i;

	show_wan(json_object_get(s, "wan"), out);
	show_line(json_object_get(s, "wan"), out);
	json_array_foreach(json_object_get(s, "lan"), i, lan)
		show_lan(lan, out);
	if (json_is_false(
		    json_object_get(json_object_get(s, "dhcp"), "serving")))
		show_rival(json_object_get(s, "dhcp"), out);
	fprintf(out, "Now          %s down, %s up\n",
		units_rate(number(rates, "rx_bps"), a),
		units_rate(number(rates, "tx_bps"), b));
	fprintf(out, "Connections  %s of %s",
		units_count(number(nat, "sessions"), a),
		units_count(number(nat, "sessions_max"), b));
	fprintf(out, ", through %s of %s outside ports\n",
		units_count(number(nat, "mappings"), a),
		units_count(number(nat, "mappings_max"), b));
	show_untold(json_object_get(s, "untold"), out);
	show_text(out, "Portcullis   ", text(s, "version"));
	fprintf(out, ", up %s\n", units_duration(number(s, "uptime_s"), a));
}

static void show_dhcp(const json_t *d, FILE *out)
{
	const json_t *pool = json_object_get(d, "pool");
	char a[UNITS_LEN], b[UNITS_LEN];

	if (json_is_true(json_object_get(d, "serving"))) {
		fputs("Serving      yes", out);
	} else {
		fputs("Serving      no new devices", out);
		show_text(out, ", another server is here: ", text(d, "rival"));
	}
	fprintf(out, "\nAddresses    %s of %s in use, ",
		units_count(number(pool, "bound"), a),
		units_count(number(pool, "size"), b));
	fprintf(out, "%s fixed, ", units_count(number(pool, "fixed"), a));
	fprintf(out, "%s set aside\n",
		units_count(number(pool, "declined"), a));
	show_view("diary", json_object_get(d, "events"), out);
}

static void show_event(const json_t *e, FILE *out)
{
	uint64_t times = number(e, "times"), more = number(e, "more");
	char when[UNITS_LEN] = "";

	fprintf(out, "%-14s", ago(number(e, "at_ms"), when));
	show_text(out, "", text(e, "text"));
	if (times > 1)
		fprintf(out, " (%llu times)", (unsigned long long)times);
	if (more)
		fprintf(out, " And %llu more like it.",
			(unsigned long long)more);
	fputc('\n', out);
}

static void show_events(const json_t *list, FILE *out)
{
	json_t *e;
	size_t i;

	if (!json_array_size(list))
		fputs("Nothing unusual has happened.\n", out);
	json_array_foreach(list, i, e) show_event(e, out);
}

static void show_naming(const json_t *dns, FILE *out)
{
	const json_t *s = json_object_get(dns, "stats");
	char a[UNITS_LEN], b[UNITS_LEN];
	size_t i;

	fprintf(out, "Questions    %s, blocked %s\n",
		units_count(number(s, "queries"), a),
		units_count(number(s, "blocked"), b));
	fprintf(out, "Cache        %s answers, %s\n",
		units_count(number(s, "cache_entries"), a),
		units_bytes(number(s, "cache_bytes"), b));
	for (i = 0; i < COUNT(naming); i++) {
		fputc('\n', out);
		show_table(&naming[i], json_object_get(dns, naming[i].name),
			   out);
	}
}

void show_view(const char *view, const json_t *json, FILE *out)
{
	size_t i;

	if (!strcmp(view, "dns"))
		show_naming(json, out);

	if (!strcmp(view, "status"))
		show_status(json, out);
	if (!strcmp(view, "dhcp"))
		show_dhcp(json, out);
	if (!strcmp(view, "events"))
		show_events(json_object_get(json, "events"), out);
	for (i = 0; i < COUNT(views); i++)
		if (!strcmp(views[i].name, view))
			show_table(&views[i], json, out);
}

/* ---- settings */

/* An item as one types it; a forward is the only one that is an object. */
static void show_item(const json_t *item, FILE *out)
{
	if (!json_is_object(item)) {
		show_text(out, "", json_string_value(item));
		return;
	}
	show_text(out, "", text(item, "proto"));
	fprintf(out, ":%llu", (unsigned long long)number(item, "port"));
	show_text(out, "=", text(item, "to"));
}

void show_value(const json_t *value, FILE *out)
{
	json_t *item;
	size_t i;

	if (json_is_string(value))
		show_text(out, "", json_string_value(value));
	else if (json_is_integer(value))
		fprintf(out, "%lld", (long long)json_integer_value(value));
	json_array_foreach(value, i, item)
	{
		if (i)
			fputc(',', out);
		show_item(item, out);
	}
}

void show_settings(const char *group, json_t *object, FILE *out)
{
	char key[KEY_MAX];
	const char *part;
	json_t *value;

	json_object_foreach(object, part, value)
	{
		snprintf(key, sizeof(key), "%s%s%s", group, *group ? "." : "",
			 part);
		/* Keys are three deep; the buffer bounds what claims more. */
		if (json_is_object(value) && strlen(key) + 1 < sizeof(key)) {
			show_settings(key, value, out);
			continue;
		}
		show_text(out, "", key);
		fputs(" = ", out);
		show_value(value, out);
		fputc('\n', out);
	}
}
