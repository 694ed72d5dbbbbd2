/* table.c - see table.h. Called by show.c. No globals. */
#include "table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../base/utf8.h"

#define GAP	 "  "
#define CELL_MAX 128

struct table {
	unsigned columns, cells_n, room;
	const char *heads[TABLE_COLUMNS_MAX];
	bool right[TABLE_COLUMNS_MAX];
	char (*cells)[CELL_MAX];
};

/* ---- text */

void table_clean(const char *text, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0, left = strlen(text);
	uint32_t c;
	unsigned n;

	for (; left; s += n ? n : 1, left -= n ? n : 1) {
		n = utf8_decode(s, left, &c);
		if (at + (n ? n : 1) >= size)
			break;
		if (n && utf8_is_harmless(c)) {
			memcpy(out + at, s, n);
			at += n;
		} else {
			out[at++] = '?';
		}
	}
	out[at] = '\0';
}

/* Letters of some scripts and drawings are two columns wide, accents none. The
 * C library knows, where client.c could tell it that this is Unicode. */
unsigned table_step(const char **s)
{
	const char *text = *s;
	uint32_t c = 0;
	unsigned n = utf8_decode((const unsigned char *)text, strlen(text), &c);
	int wide = n ? wcwidth((wchar_t)c) : 1;

	*s += n ? n : 1;
	return wide < 0 ? 1 : (unsigned)wide;
}

static unsigned width(const char *text)
{
	unsigned n = 0;

	while (*text)
		n += table_step(&text);
	return n;
}

/* ---- the table */

struct table *table_new(const char *const *heads, unsigned n)
{
	struct table *t = calloc(1, sizeof(*t));
	unsigned i;

	if (!t)
		return NULL;
	t->columns = n;
	for (i = 0; i < n; i++) {
		t->right[i] = heads[i][0] == '>';
		t->heads[i] = heads[i] + t->right[i];
	}
	return t;
}

void table_free(struct table *t)
{
	if (t)
		free(t->cells);
	free(t);
}

void table_add(struct table *t, const char *text)
{
	unsigned room = t->room ? t->room * 2 : 256;
	void *more;

	if (t->cells_n == t->room) {
		more = realloc(t->cells, room * sizeof(*t->cells));
		if (!more)
			abort();
		t->cells = more;
		t->room = room;
	}
	table_clean(text && *text ? text : "\u2013", t->cells[t->cells_n++],
		    sizeof(*t->cells));
}

static void print_cell(const struct table *t, unsigned column, unsigned wide,
		       const char *text, FILE *out)
{
	int pad = (int)(wide - width(text));
	bool last = column + 1 == t->columns;

	if (t->right[column])
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	fputs(last ? "\n" : GAP, out);
}

void table_print(const struct table *t, FILE *out)
{
	unsigned wide[TABLE_COLUMNS_MAX] = { 0 }, i, column, w;

	for (i = 0; i < t->columns; i++)
		wide[i] = width(t->heads[i]);
	for (i = column = 0; i < t->cells_n; i++) {
		w = width(t->cells[i]);
		if (w > wide[column])
			wide[column] = w;
		column = column + 1 == t->columns ? 0 : column + 1;
	}
	for (i = 0; i < t->columns; i++)
		print_cell(t, i, wide[i], t->heads[i], out);
	for (i = column = 0; i < t->cells_n; i++) {
		print_cell(t, column, wide[column], t->cells[i], out);
		column = column + 1 == t->columns ? 0 : column + 1;
	}
}
