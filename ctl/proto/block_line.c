/* block_line.c - the three ways in which lists are written.
 *
 * Called by list_load.c for every line of every list. Any thread; no state. */
#include "block_line.h"

#include <string.h>

#include "../base/addr.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(struct block_line *l)
{
	while (l->at < l->end && is_blank(*l->at))
		l->at++;
	while (l->at < l->end && is_blank(l->end[-1]))
		l->end--;
}

static size_t left(const struct block_line *l)
{
	return (size_t)(l->end - l->at);
}

static bool skip(struct block_line *l, const char *what)
{
	size_t len = strlen(what);

	if (left(l) < len || memcmp(l->at, what, len))
		return false;
	l->at += len;
	return true;
}

static const char *find(const struct block_line *l, char c)
{
	return left(l) ? memchr(l->at, c, left(l)) : NULL;
}

/* Modifiers of a rule that do not narrow it: it still holds for every request.
 */
static bool is_whole(const char *at, const char *end)
{
	static const char *const known[] = { "important", "all", "document" };
	size_t i;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t len = (size_t)((comma ? comma : end) - at);

		for (i = 0; i < 3; i++)
			if (len == strlen(known[i]) &&
			    !memcmp(at, known[i], len))
				break;
		if (i == 3)
			return false;
		at += len + !!comma;
	}
	return true;
}

/* Behind "||": a domain, "^" or the end, then perhaps modifiers. */
static bool begin_adblock(struct block_line *l)
{
	const char *dollar = find(l, '$'), *caret;

	if (dollar && !is_whole(dollar + 1, l->end))
		return false;
	if (dollar)
		l->end = dollar;
	caret = find(l, '^');
	if (caret && caret + 1 < l->end &&
	    (caret[1] != '|' || caret + 2 < l->end))
		return false;
	if (caret)
		l->end = caret;
	skip(l, "*.");
	l->below = true;
	return true;
}

static const char *word_end(const struct block_line *l)
{
	const char *p = l->at;

	while (p < l->end && !is_blank(*p))
		p++;
	return p;
}

/* The address before the names of a hosts file, if it is there. */
static bool skip_address(struct block_line *l, bool *sink)
{
	const char *end = word_end(l);
	size_t len = (size_t)(end - l->at);
	char text[ADDR_STRLEN];
	struct addr a;
	struct addr one = { .b = { [15] = 1 } };

	if (len >= sizeof(text))
		return false;
	memcpy(text, l->at, len);
	text[len] = '\0';
	if (!addr_parse(text, &a))
		return false;
	*sink = addr_is_zero(&a) || addr_eq(&a, &one) ||
		(addr_is_v4(&a) && a.b[12] == 127);
	l->at = end;
	trim(l);
	return true;
}

/* Inside a word "#" hides something on a page, and is no comment. */
static void cut_comment(struct block_line *l)
{
	const char *p;

	for (p = l->at; p + 1 < l->end; p++)
		if (is_blank(*p) && p[1] == '#')
			l->end = p;
	trim(l);
}

/* A hosts file may give names addresses that are somebody's: no block. */
static bool begin_plain(struct block_line *l)
{
	bool sink = false;

	cut_comment(l);
	if (skip_address(l, &sink))
		return sink && left(l);
	if (word_end(l) != l->end)
		return false;
	if (!skip(l, "*."))
		skip(l, ".");
	l->below = true;
	return left(l);
}

bool block_line_begin(struct block_line *l, const char *text, size_t len)
{
	*l = (struct block_line){ .at = text, .end = text + len };
	trim(l);
	if (!left(l) || *l->at == '#' || *l->at == '!' || *l->at == '[')
		return false;
	l->allow = skip(l, "@@");
	if (skip(l, "||"))
		return begin_adblock(l);
	return !l->allow && begin_plain(l);
}

/* 0: not what names in lists are made of. */
static char plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_' || c == '.')
		return c;
	return 0;
}

static bool read_name(const char *at, const char *end, struct dns_name *name)
{
	char text[DNS_NAME_MAX + 1];
	size_t n = 0;

	for (; at < end; at++) {
		if (n >= DNS_NAME_MAX || !plain(*at))
			return false;
		text[n++] = plain(*at);
	}
	text[n] = '\0';
	return dns_name_from_text(name, text);
}

/* "localhost" and its like are in every hosts file, and no name of the world
 * has a single label. */
bool block_line_next(struct block_line *l, struct dns_name *name)
{
	while (left(l)) {
		const char *at = l->at, *end = word_end(l);

		l->at = end;
		trim(l);
		if (read_name(at, end, name) && dns_name_labels(name) > 1)
			return true;
	}
	return false;
}
