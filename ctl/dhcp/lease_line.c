/* lease_line.c - one lease as a line of the journal.
 *
 * Called by leases.c. No state. */
#include "lease_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A lease cannot run longer than settings allow. One that seems to was noted
 * while the wall clock stood elsewhere. */
#define AHEAD_MAX_MS (2592000ll * 1000)

enum { VERB, IP, MAC, ID, WHEN, NAME, FIELDS };

static void id_write(const struct lease_id *id, char *out)
{
	unsigned i;

	for (i = 0; i < id->len; i++)
		sprintf(out + 2 * i, "%02x", id->b[i]);
}

void lease_line_write(const struct lease *l, const struct lease_clock *now,
		      char out[LEASE_LINE_MAX])
{
	bool bound = l->state == LEASE_BOUND;
	int64_t at_ms = bound ? (int64_t)l->until_ms : l->ended_ms;
	int64_t wall_ms = (int64_t)now->wall_ms + at_ms - (int64_t)now->ms;
	char ip[ADDR_STRLEN], mac[MAC_STRLEN], id[2 * sizeof(l->id.b) + 1];
	struct addr addr = addr_v4(l->ip);

	id_write(&l->id, id);
	snprintf(out, LEASE_LINE_MAX, "%s %s %s %s %lld %s\n",
		 bound ? "bind" : "free", addr_format(&addr, ip),
		 mac_format(&l->mac, mac), id,
		 wall_ms > 0 ? (long long)wall_ms / 1000 : 0ll,
		 l->hostname[0] ? l->hostname : "-");
}

void lease_line_drop(const struct lease *l, char out[LEASE_LINE_MAX])
{
	struct addr addr = addr_v4(l->ip);
	char ip[ADDR_STRLEN];

	snprintf(out, LEASE_LINE_MAX, "drop %s\n", addr_format(&addr, ip));
}

/* ---- reading */

static unsigned split(char *line, char *fields[FIELDS + 1])
{
	unsigned n = 0;
	char *space;

	while (n <= FIELDS) {
		fields[n++] = line;
		space = strchr(line, ' ');
		if (!space)
			break;
		*space = '\0';
		line = space + 1;
	}
	return n;
}

static bool ip_read(const char *s, __be32 *out)
{
	struct addr a;

	if (!addr_parse(s, &a) || !addr_is_v4(&a))
		return false;
	*out = addr_to_v4(&a);
	return true;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool id_read(const char *s, struct lease_id *out)
{
	size_t len = strlen(s) / 2, i;
	int high, low;

	if (!len || strlen(s) % 2 || len > sizeof(out->b))
		return false;
	for (i = 0; i < len; i++) {
		high = hex_digit(s[2 * i]);
		low = hex_digit(s[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->b[i] = (uint8_t)(high << 4 | low);
	}
	out->len = (uint8_t)len;
	return true;
}

static bool when_read(const char *s, int64_t *wall_ms)
{
	if (!s[0] || strlen(s) > 12 || strspn(s, "0123456789") != strlen(s))
		return false;
	*wall_ms = strtoll(s, NULL, 10) * 1000;
	return true;
}

/* The file may have been edited: a name is cleaned again, and must be. */
static bool name_read(const char *s, char out[HOSTNAME_SIZE])
{
	out[0] = '\0';
	if (!strcmp(s, "-"))
		return true;
	hostname_clean((const uint8_t *)s, strlen(s), out);
	return !strcmp(s, out);
}

/* A lease whose time has passed while nobody looked is free. */
static void set_times(struct lease *l, bool bound, int64_t wall_ms,
		      const struct lease_clock *now)
{
	int64_t ahead_ms = wall_ms - (int64_t)now->wall_ms;

	if (ahead_ms > AHEAD_MAX_MS)
		ahead_ms = AHEAD_MAX_MS;
	l->state = bound && ahead_ms > 0 ? LEASE_BOUND : LEASE_FREE;
	if (l->state == LEASE_BOUND)
		l->until_ms = now->ms + (uint64_t)ahead_ms;
	else
		l->ended_ms = (int64_t)now->ms + ahead_ms;
}

int lease_line_read(char *line, struct pool *pool,
		    const struct lease_clock *now)
{
	char *f[FIELDS + 1];
	unsigned n = split(line, f);
	struct lease l = { 0 };
	int64_t wall_ms;
	bool bound;

	if (n < 2 || !ip_read(f[IP], &l.ip))
		return -EINVAL;
	if (n == 2 && !strcmp(f[VERB], "drop")) {
		pool_forget(pool, l.ip);
		return 0;
	}
	bound = !strcmp(f[VERB], "bind");
	if (n != FIELDS || (!bound && strcmp(f[VERB], "free")) ||
	    !mac_parse(f[MAC], &l.mac) || !id_read(f[ID], &l.id) ||
	    !when_read(f[WHEN], &wall_ms) || !name_read(f[NAME], l.hostname))
		return -EINVAL;
	set_times(&l, bound, wall_ms, now);
	l.seen_ms = now->ms; /* it had no chance to speak to us */
	pool_restore(pool, &l);
	return 0;
}
