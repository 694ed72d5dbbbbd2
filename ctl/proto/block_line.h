/* block_line.h - one line of a blocklist, whichever way it is written.
 *
 *   0.0.0.0 ads.example tracker.example     hosts file: these names alone
 *   ads.example, *.ads.example              domains: the name and all below it
 *   ||ads.example^                          adblock: the same
 *   @@||good.example^                       adblock: not to be blocked
 *
 * What means something to browsers only (paths, element hiding, rules for one
 * site) is passed over, as are comments. Any bytes may come. Pure. */
#ifndef PROTO_BLOCK_LINE_H
#define PROTO_BLOCK_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "dns_name.h"

struct block_line {
	const char *at, *end; /* what is left of the line */
	bool below;	      /* also all names below */
	bool allow;	      /* not to be blocked */
};

/* Begins to read a line, which lies in the caller's bytes; no line end in it.
 * False: there is nothing in it for us. */
bool block_line_begin(struct block_line *l, const char *text, size_t len);
/* The next name of it, in lower case. */
bool block_line_next(struct block_line *l, struct dns_name *name);

#endif
