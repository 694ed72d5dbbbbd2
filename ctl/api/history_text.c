/* history_text.c - see history_text.h. Called by history.c, in any thread; no
 * state. What is as long as the answer is written as it comes, so that a long
 * one takes no more memory than its text. */
#include "history_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/vendor.h"
#include "room.h"

#define KEY_MAX (MAC_STRLEN + NAMES_LEN_MAX + 1)

/* ---- keys and names */

/* What a row is called by; "": others. */
static const char *key_of(const struct history_text *t,
			  const struct query_row *row, char buf[KEY_MAX])
{
	char remote[ADDR_STRLEN], mac[MAC_STRLEN];
	const char *name = row->name ? row->name : remote;

	addr_format(&row->remote, remote);
	mac_format(&row->host, mac);
	if (mac_is_zero(&row->host) && !row->name &&
	    !(row->remote.q[0] | row->remote.q[1]))
		return "";
	if (t->query->group == QUERY_BY_DEVICE)
		snprintf(buf, KEY_MAX, "%s", mac);
	else if (t->query->group == QUERY_BY_REMOTE)
		snprintf(buf, KEY_MAX, "%s", name);
	else
		snprintf(buf, KEY_MAX, "%s/%s", mac, name);
	return buf;
}

static int by_mac(const void *mac, const void *called)
{
	const struct history_called *c = called;

	return memcmp(mac, &c->mac, sizeof(c->mac));
}

/* NULL: it has none. */
static const char *name_of(const struct history_text *t,
			   const struct query_row *row)
{
	const struct history_called *c;

	if (t->query->group != QUERY_BY_DEVICE)
		return row->name;
	c = t->called_n ? bsearch(&row->host, t->called, t->called_n,
				  sizeof(*c), by_mac)
			: NULL;
	return c ? c->text : vendor_name(&row->host);
}

/* ---- JSON */

json_t *history_tiers_json(const uint64_t from_ms[TIERS])
{
	json_t *list = json_array();
	unsigned t;

	for (t = 0; t < TIERS; t++)
		json_array_append_new(
			list,
			json_pack("{s:i,s:o}", "step_ms", (int)tier_step_ms(t),
				  "from_ms",
				  from_ms[t]
					  ? json_integer((json_int_t)from_ms[t])
					  : json_null()));
	return list;
}

/* One more member of an object; null: nothing, or what is no text. Whoever
 * called it so may have chosen any. */
static void put_member(FILE *out, const char *key, const char *text)
{
	json_t *string = text && *text ? json_string(text) : NULL;

	fprintf(out, ",\"%s\":", key);
	if (!string || json_dumpf(string, out, JSON_ENCODE_ANY))
		fputs("null", out);
	json_decref(string);
}

static void put_bytes(FILE *out, const struct traffic_sum *s)
{
	fprintf(out,
		"{\"rx\":%" PRIu64 ",\"tx\":%" PRIu64 ",\"rx_packets\":%" PRIu64
		",\"tx_packets\":%" PRIu64,
		s->rx_bytes, s->tx_bytes, s->rx_packets, s->tx_packets);
}

static void put_row(FILE *out, const struct history_text *t,
		    const struct query_row *row)
{
	char key[KEY_MAX], mac[MAC_STRLEN], addr[ADDR_STRLEN];
	const char *host = mac_is_zero(&row->host) ? NULL : mac;
	const char *remote = addr_is_zero(&row->remote) ? NULL : addr;

	put_bytes(out, &row->sum);
	put_member(out, "key", key_of(t, row, key));
	put_member(out, "name", name_of(t, row));
	mac_format(&row->host, mac);
	addr_format(&row->remote, addr);
	if (t->query->group != QUERY_BY_REMOTE)
		put_member(out, "device", host);
	if (t->query->group != QUERY_BY_DEVICE)
		put_member(out, "remote", remote);
	fputc('}', out);
}

static void put_steps(FILE *out, const char *key, const struct query_answer *a,
		      const uint64_t *bytes)
{
	unsigned i;

	fprintf(out, ",\"%s\":[", key);
	for (i = 0; i < a->n; i++) {
		if (i)
			fputc(',', out);
		if (a->known[i])
			fprintf(out, "%" PRIu64, bytes[i]);
		else
			fputs("null", out);
	}
	fputc(']', out);
}

static uint64_t bps(uint64_t bytes, uint64_t ms)
{
	return ms ? (uint64_t)((double)bytes * 8000 / (double)ms) : 0;
}

/* Averages are of the time that was recorded. */
static void put_rates(FILE *out, const struct query_answer *a)
{
	uint64_t ms = 0;
	unsigned i;

	for (i = 0; i < a->n; i++)
		ms += a->known[i] ? a->step_ms : 0;
	fprintf(out,
		",\"average_rx_bps\":%" PRIu64 ",\"average_tx_bps\":%" PRIu64
		",\"peak_rx_bps\":%" PRIu64 ",\"peak_tx_bps\":%" PRIu64,
		bps(a->total.rx_bytes, ms), bps(a->total.tx_bytes, ms),
		bps(a->most.rx_bytes, a->step_ms),
		bps(a->most.tx_bytes, a->step_ms));
}

static void put_answer(FILE *out, const struct history_text *t)
{
	const struct query_answer *a = t->answer;
	json_t *tiers = history_tiers_json(t->from_ms);
	unsigned i;

	fprintf(out,
		"{\"from_ms\":%" PRIu64 ",\"to_ms\":%" PRIu64
		",\"step_ms\":%" PRIu64,
		a->from_ms, a->to_ms, a->step_ms);
	put_steps(out, "rx", a, a->rx);
	put_steps(out, "tx", a, a->tx);
	put_rates(out, a);
	fputs(",\"total\":", out);
	put_bytes(out, &a->total);
	fputs("},\"groups\":[", out);
	for (i = 0; i < a->rows_n; i++) {
		if (i)
			fputc(',', out);
		put_row(out, t, &a->rows[i]);
	}
	fputs("],\"tiers\":", out);
	if (json_dumpf(tiers, out, JSON_COMPACT))
		fputs("[]", out);
	fputc('}', out);
	json_decref(tiers);
}

char *history_text_json(const struct history_text *t, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out)
		put_answer(out, t);
	if (out && !fclose(out))
		return text;
	free(text);
	return NULL;
}

/* ---- CSV: the same, in one table */

/* A spreadsheet takes what begins like a formula for one. */
static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_sum(FILE *out, const struct traffic_sum *s)
{
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\r\n",
		s->rx_bytes, s->tx_bytes, s->rx_packets, s->tx_packets);
}

static void put_csv(FILE *out, const struct history_text *t)
{
	const struct query_answer *a = t->answer;
	unsigned i;

	fputs("what,at_ms,key,name,rx_bytes,tx_bytes,rx_packets,tx_packets\r\n",
	      out);
	for (i = 0; i < a->n; i++) {
		fprintf(out, "step,%" PRIu64 ",,,",
			a->from_ms + i * a->step_ms);
		if (a->known[i])
			fprintf(out, "%" PRIu64 ",%" PRIu64, a->rx[i],
				a->tx[i]);
		else
			fputc(',', out);
		fputs(",,\r\n", out);
	}
	for (i = 0; i < a->rows_n; i++) {
		const char *name = name_of(t, &a->rows[i]);
		char key[KEY_MAX];

		fputs("group,,", out);
		put_text(out, key_of(t, &a->rows[i], key));
		fputc(',', out);
		put_text(out, name ? name : "");
		put_sum(out, &a->rows[i].sum);
	}
	fputs("total,,,", out);
	put_sum(out, &a->total);
}

char *history_text_csv(const struct history_text *t, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out)
		put_csv(out, t);
	if (out && !fclose(out))
		return text;
	free(text);
	return NULL;
}
