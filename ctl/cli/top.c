/* top.c - see top.h. Called by client.c. The only thread.
 *
 * Once a second the API is asked for what `clients` and `flows` show; a
 * connection's rate is what its counters grew by since the last time. What a
 * device calls itself is cleaned before it is drawn. */
#include "top.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "ask.h"
#include "screen.h"
#include "table.h"
#include "units.h"

#define PERIOD_MS  1000
#define TEXT_MAX   160
#define KEY_MAX	   128
#define ADDR_WIDE  16
#define PROTO_WIDE 6
#define NUMBER	   11 /* columns of a rate or an amount, its gap included */
#define NAME_LEAST 12
#define HELP	   "d down  u up  t total  n name  q quit"

enum order { BY_DOWN, BY_UP, BY_TOTAL, BY_NAME };

struct row {
	char name[TEXT_MAX], other[TEXT_MAX]; /* device; address or remote */
	char proto[8], key[KEY_MAX];
	uint64_t down, up; /* bits per second */
	uint64_t rx, tx, total;
};

struct rows {
	struct row *at;
	size_t n;
};

struct top {
	const char *instance;
	enum order order;
	struct rows devices, flows, before; /* 'before': flows, by key */
	uint64_t before_ms, flows_ms;
	char line[512]; /* the boundary, in a sentence */
	struct error err;
};

/* ---- what the API says */

static json_t *fetch(struct top *t, const char *path)
{
	struct ask_reply reply;
	json_t *json;

	if (ask(t->instance, "GET", path, NULL, &reply, &t->err))
		return NULL;
	json = json_loadb(reply.body ? reply.body : "", reply.len, 0, NULL);
	if (reply.status != 200) {
		error_set(&t->err, -1, "%.200s",
			  json_is_string(json_object_get(json, "error"))
				  ? json_string_value(
					    json_object_get(json, "error"))
				  : "the gateway's answer makes no sense");
		json_decref(json);
		json = NULL;
	}
	ask_free(&reply);
	return json;
}

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void set(char out[TEXT_MAX], const char *text_)
{
	table_clean(text_ && *text_ ? text_ : "\u2013", out, TEXT_MAX);
}

static bool make_rows(struct rows *r, const json_t *list)
{
	free(r->at);
	r->n = 0;
	r->at = calloc(json_array_size(list) + 1, sizeof(*r->at));
	return r->at;
}

static void read_devices(struct top *t, const json_t *list)
{
	const json_t *c, *today;
	size_t i;

	if (!make_rows(&t->devices, list))
		return;
	json_array_foreach(list, i, c)
	{
		struct row *row = &t->devices.at[t->devices.n++];

		today = json_object_get(c, "today");
		set(row->name,
		    text(c, "name") ? text(c, "name") : text(c, "mac"));
		set(row->other, text(c, "ip"));
		snprintf(row->key, sizeof(row->key), "%s",
			 text(c, "mac") ? text(c, "mac") : "");
		row->down = number(c, "rx_bps");
		row->up = number(c, "tx_bps");
		row->total = number(today, "rx") + number(today, "tx");
	}
}

/* By its MAC where the API tells it, else by the address it uses now. */
static const char *device_of(const struct top *t, const json_t *flow)
{
	const char *mac = text(flow, "device"), *inside = text(flow, "inside");
	size_t i, len;

	for (i = 0; i < t->devices.n; i++) {
		const struct row *d = &t->devices.at[i];

		len = strlen(d->other);
		if (mac ? !strcmp(mac, d->key)
			: inside && !strncmp(inside, d->other, len) &&
				    inside[len] == ':')
			return d->name;
	}
	return inside;
}

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* How much it moved since the last time; a new one, since it is there. */
static void rate(const struct top *t, struct row *row, uint64_t age_ms)
{
	const struct row *was =
		t->before.n ? bsearch(row, t->before.at, t->before.n,
				      sizeof(*row), by_key)
			    : NULL;
	uint64_t ms = t->flows_ms - t->before_ms, rx = row->rx, tx = row->tx;

	if (!t->before_ms)
		return;
	if (was && was->rx <= rx && was->tx <= tx) {
		rx -= was->rx;
		tx -= was->tx;
	} else if (age_ms > ms) {
		return;
	}
	row->down = ms ? rx * 8000 / ms : 0;
	row->up = ms ? tx * 8000 / ms : 0;
}

static void read_flow(struct top *t, const json_t *f, struct row *row)
{
	const char *remote = text(f, "remote"), *proto = text(f, "proto");
	const char *inside = text(f, "inside");

	set(row->name, device_of(t, f));
	set(row->other, text(f, "name") ? text(f, "name") : remote);
	snprintf(row->proto, sizeof(row->proto), "%s", proto ? proto : "");
	snprintf(row->key, sizeof(row->key), "%s %s %s", row->proto,
		 inside ? inside : "", remote ? remote : "");
	row->rx = number(f, "rx_bytes");
	row->tx = number(f, "tx_bytes");
	row->total = row->rx + row->tx;
	rate(t, row, number(f, "age_ms"));
}

static void read_flows(struct top *t, const json_t *list)
{
	const json_t *f;
	size_t i;

	free(t->before.at);
	t->before = t->flows;
	t->before_ms = t->flows_ms;
	t->flows = (struct rows){ 0 };
	t->flows_ms = clock_ms();
	if (t->before.n)
		qsort(t->before.at, t->before.n, sizeof(*t->before.at), by_key);
	if (!make_rows(&t->flows, list))
		return;
	json_array_foreach(list, i, f)
		read_flow(t, f, &t->flows.at[t->flows.n++]);
}

static void read_status(struct top *t, const json_t *s)
{
	const json_t *rates = json_object_get(s, "rates");
	const json_t *wan = json_object_get(s, "wan");
	char down[UNITS_LEN], up[UNITS_LEN];

	snprintf(t->line, sizeof(t->line),
		 "Internet %s, %s down, %s up; %zu devices, %zu connections",
		 json_is_true(json_object_get(wan, "up")) ? "up" : "down",
		 units_rate(number(rates, "rx_bps"), down),
		 units_rate(number(rates, "tx_bps"), up), t->devices.n,
		 t->flows.n);
}

/* false: 'err' says why not. */
static bool look(struct top *t)
{
	json_t *clients = fetch(t, "/api/v1/clients");
	json_t *flows = clients ? fetch(t, "/api/v1/flows") : NULL;
	json_t *status = flows ? fetch(t, "/api/v1/status") : NULL;

	if (status) {
		read_devices(t, clients);
		read_flows(t, flows);
		read_status(t, status);
		t->err.text[0] = '\0';
	}
	json_decref(clients);
	json_decref(flows);
	json_decref(status);
	return !t->err.text[0];
}

/* ---- order */

static enum order sorting; /* of qsort()'s calls */

static int by_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	uint64_t i = x->down, j = y->down;
	int order;

	if (sorting == BY_UP) {
		i = x->up;
		j = y->up;
	} else if (sorting == BY_TOTAL) {
		i = x->total;
		j = y->total;
	}
	if (sorting != BY_NAME && i != j)
		return i < j ? 1 : -1;
	order = strcasecmp(x->name, y->name);
	return order ? order : strcmp(x->key, y->key);
}

static void sort(struct rows *r, enum order order)
{
	sorting = order;
	if (r->n)
		qsort(r->at, r->n, sizeof(*r->at), by_order);
}

/* ---- drawing */

/* As much of it as fits into so many columns, and spaces. */
static void put_cell(FILE *out, const char *s, unsigned wide)
{
	unsigned n = 0;

	while (*s) {
		const char *from = s;
		unsigned step = table_step(&s);

		if (n + step > wide)
			break;
		fwrite(from, 1, (size_t)(s - from), out);
		n += step;
	}
	fprintf(out, "%*s", (int)(wide - n), "");
}

static void put_number(FILE *out, const char *s, bool shown)
{
	fprintf(out, "%*s", NUMBER + (shown ? 0 : 2), shown ? s : "\u2013");
}

/* What there is room for: a narrow screen leaves out the address or protocol,
 * then the amounts, then what goes up. */
struct fit {
	unsigned texts; /* columns */
	unsigned fixed; /* of address or protocol, 0: left out */
	unsigned numbers;
};

static struct fit fit(unsigned columns, unsigned fixed, unsigned least)
{
	struct fit f = { .fixed = fixed, .numbers = 3 };

	if (columns < least + fixed + 3 * NUMBER)
		f.fixed = 0;
	while (f.numbers && columns < least + f.numbers * NUMBER)
		f.numbers--;
	f.texts = columns - f.fixed - f.numbers * NUMBER;
	return f;
}

static void put_heads(struct fit f, const char *third, FILE *out)
{
	const char *const heads[] = { "DOWN", "UP", third };

	for (unsigned i = 0; i < f.numbers; i++)
		fprintf(out, "%*s", NUMBER, heads[i]);
	fputc('\n', out);
}

static void put_numbers(struct fit f, const struct row *r, FILE *out)
{
	char buf[UNITS_LEN];

	if (f.numbers > 0)
		put_number(out, units_rate(r->down, buf), r->down);
	if (f.numbers > 1)
		put_number(out, units_rate(r->up, buf), r->up);
	if (f.numbers > 2)
		put_number(out, units_bytes(r->total, buf), r->total);
	fputc('\n', out);
}

static void put_devices(const struct top *t, unsigned columns, size_t most,
			FILE *out)
{
	struct fit f = fit(columns, ADDR_WIDE, NAME_LEAST);
	unsigned gap = f.texts > 0;
	size_t i;

	put_cell(out, "DEVICE", f.texts);
	put_cell(out, "ADDRESS", f.fixed);
	put_heads(f, "TODAY", out);
	for (i = 0; i < t->devices.n && i < most; i++) {
		put_cell(out, t->devices.at[i].name, f.texts - gap);
		put_cell(out, "", gap);
		put_cell(out, t->devices.at[i].other, f.fixed);
		put_numbers(f, &t->devices.at[i], out);
	}
}

static void put_flows(const struct top *t, unsigned columns, size_t most,
		      FILE *out)
{
	struct fit f = fit(columns, PROTO_WIDE, 2 * NAME_LEAST);
	unsigned left = f.texts / 3, right = f.texts - left;
	size_t i;

	put_cell(out, "DEVICE", left);
	put_cell(out, "REMOTE", right);
	put_cell(out, "PROTO", f.fixed);
	put_heads(f, "TOTAL", out);
	for (i = 0; i < t->flows.n && i < most; i++) {
		const struct row *r = &t->flows.at[i];

		put_cell(out, r->name, left ? left - 1 : 0);
		put_cell(out, "", left > 0);
		put_cell(out, r->other, right ? right - 1 : 0);
		put_cell(out, "", right > 0);
		put_cell(out, r->proto, f.fixed);
		put_numbers(f, r, out);
	}
}

/* 'rows' lines at most; what is left of them is for connections. */
static void put_all(struct top *t, struct screen_size size, FILE *out)
{
	static const char *const names[] = { [BY_DOWN] = "down",
					     [BY_UP] = "up",
					     [BY_TOTAL] = "total",
					     [BY_NAME] = "name" };
	size_t rows = size.rows > 5 ? size.rows - 5 : 1;
	size_t devices = t->devices.n < rows / 2 ? t->devices.n : rows / 2;
	char line[sizeof(t->line) + 64];

	sort(&t->devices, t->order);
	sort(&t->flows, t->order);
	put_cell(out, t->err.text[0] ? t->err.text : t->line, size.columns);
	fputc('\n', out);
	if (out != stdout) {
		snprintf(line, sizeof(line), "by %s;  " HELP, names[t->order]);
		put_cell(out, line, size.columns);
	}
	fputc('\n', out);
	put_devices(t, size.columns, devices, out);
	fputc('\n', out);
	put_flows(t, size.columns, rows - devices, out);
}

/* As much of it as the screen has lines for. */
static size_t fitting(const char *lines, size_t len, unsigned rows)
{
	size_t i = 0;

	for (; i < len && rows; i++)
		rows -= lines[i] == '\n';
	/* There is no line after the last one. */
	while (i && lines[i - 1] == '\n')
		i--;
	return i;
}

static bool draw(struct top *t)
{
	struct screen_size size = screen_size();
	char *lines = NULL;
	bool there;
	size_t len = 0;
	FILE *out = open_memstream(&lines, &len);

	if (!out)
		return false;
	put_all(t, size, out);
	fclose(out);
	there = screen_draw(lines, fitting(lines, len, size.rows));
	free(lines);
	return there;
}

/* ---- life */

/* false: it is enough. */
static bool obey(struct top *t, int key)
{
	static const char keys[] = { [BY_DOWN] = 'd',
				     [BY_UP] = 'u',
				     [BY_TOTAL] = 't',
				     [BY_NAME] = 'n' };
	const char *at = key > 0 ? memchr(keys, key, sizeof(keys)) : NULL;

	if (at)
		t->order = (enum order)(at - keys);
	return key >= 0 && key != 'q' && key != 'Q';
}

static void watch(struct top *t)
{
	uint64_t next_ms = clock_ms() + PERIOD_MS, now_ms;

	screen_open();
	while (draw(t)) {
		now_ms = clock_ms();
		if (!obey(t,
			  screen_key(next_ms > now_ms ? next_ms - now_ms : 0)))
			break;
		if (clock_ms() < next_ms)
			continue;
		look(t);
		next_ms = clock_ms() + PERIOD_MS;
	}
	screen_close();
}

/* All of it, once; rates want two looks. */
static int print(struct top *t)
{
	struct screen_size size = { 100, 2 * (unsigned)t->devices.n +
						 (unsigned)t->flows.n + 16 };

	usleep(PERIOD_MS * 1000);
	if (look(t))
		put_all(t, size, stdout);
	return t->err.text[0] || fflush(stdout) ? 1 : 0;
}

int top_main(const char *instance)
{
	struct top t = { .instance = instance };
	int status = 0, ended;

	if (!look(&t))
		status = 1;
	else if (isatty(STDOUT_FILENO))
		watch(&t);
	else
		status = print(&t);
	if (status && t.err.text[0])
		fprintf(stderr, "portcullis: %s\n", t.err.text);
	free(t.devices.at);
	free(t.flows.at);
	free(t.before.at);
	ended = screen_signal();
	return ended && ended != SIGINT ? 128 + ended : status;
}
