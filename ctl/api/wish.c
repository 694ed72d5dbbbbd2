/* wish.c - see wish.h. Called by dump.c. Control thread.
 *
 * Of a table of a quarter of a million rows the latest few are kept in a heap
 * whose first is the most idle: most rows cost one comparison. */
#include "wish.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"

static bool refuse(struct http_request *r, const char *sentence)
{
	answer_error(r, 400, NULL, sentence);
	return false;
}

static bool read_limit(struct http_request *r, struct wish *out)
{
	const char *text = http_query(r, "limit");
	char sentence[64], *end;
	unsigned long n;

	if (!text)
		return true;
	n = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && n && n <= WISH_ROWS_MAX) {
		out->limit = (unsigned)n;
		return true;
	}
	snprintf(sentence, sizeof(sentence), "limit: give 1 to %d.",
		 WISH_ROWS_MAX);
	return refuse(r, sentence);
}

bool wish_read(struct http_request *r, struct wish *out)
{
	const char *device = http_query(r, "device");
	const char *word = http_query(r, "find");

	memset(out, 0, sizeof(*out));
	if (device && strcmp(device, "all") && !mac_parse(device, &out->device))
		return refuse(r, "device: give a MAC address such as "
				 "02:00:00:00:00:01, or all.");
	if (word && strlen(word) >= sizeof(out->word))
		return refuse(r, "find: give a word of at most 63 bytes.");
	if (word)
		memcpy(out->word, word, strlen(word));
	return read_limit(r, out);
}

bool wish_finds(const struct wish *w, const char *text)
{
	return text && strcasestr(text, w->word);
}

/* ---- the latest */

struct one {
	uint64_t idle_ms;
	unsigned row;
};

struct latest {
	unsigned n, max;
	struct one all[]; /* none is more idle than the one at (its place - 1) /
			     2 */
};

struct latest *latest_new(unsigned max)
{
	struct latest *l = malloc(sizeof(*l) + max * sizeof(l->all[0]));

	if (l)
		*l = (struct latest){ .max = max };
	return l;
}

/* In the place 'at', from which on those below it may be more idle. */
static void sink(struct latest *l, unsigned at, struct one x)
{
	unsigned below;

	while ((below = 2 * at + 1) < l->n) {
		if (below + 1 < l->n &&
		    l->all[below + 1].idle_ms > l->all[below].idle_ms)
			below++;
		if (l->all[below].idle_ms <= x.idle_ms)
			break;
		l->all[at] = l->all[below];
		at = below;
	}
	l->all[at] = x;
}

static void rise(struct latest *l, unsigned at, struct one x)
{
	for (; at && l->all[(at - 1) / 2].idle_ms < x.idle_ms;
	     at = (at - 1) / 2)
		l->all[at] = l->all[(at - 1) / 2];
	l->all[at] = x;
}

void latest_add(struct latest *l, unsigned row, uint64_t idle_ms)
{
	const struct one x = { idle_ms, row };

	if (l->n < l->max)
		rise(l, l->n++, x);
	else if (l->max && idle_ms < l->all[0].idle_ms)
		sink(l, 0, x);
}

static int by_idle(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->idle_ms != y->idle_ms)
		return x->idle_ms < y->idle_ms ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

unsigned latest_sort(struct latest *l)
{
	qsort(l->all, l->n, sizeof(l->all[0]), by_idle);
	return l->n;
}

unsigned latest_row(const struct latest *l, unsigned i)
{
	return l->all[i].row;
}
