/* wish.h - which rows of a table somebody wants: of a device, with a word in
 * them, the latest of all.
 *
 * Values; a wish is compared as bytes, so that equal ones share an answer.
 * Control thread. */
#ifndef API_WISH_H
#define API_WISH_H

#include <stdbool.h>

#include "../base/addr.h"
#include "../http/http.h"

#define WISH_ROWS_MAX 5000
#define WISH_WORD     64

struct wish {
	struct mac device; /* zero: of all */
	char word[WISH_WORD];
	unsigned limit; /* 0: all */
};

/* "device=MAC&find=WORD&limit=N". false: said what is wrong with it. */
bool wish_read(struct http_request *r, struct wish *out);
/* 'text' of NULL does not hold it. Letters' case does not matter. */
bool wish_finds(const struct wish *w, const char *text);

/* The least idle rows of many, by number. */
struct latest;

/* NULL: out of memory. free() ends it. */
struct latest *latest_new(unsigned max);
void latest_add(struct latest *l, unsigned row, uint64_t idle_ms);
/* The least idle one first; how many there are. */
unsigned latest_sort(struct latest *l);
unsigned latest_row(const struct latest *l, unsigned i);

#endif
