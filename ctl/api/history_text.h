/* history_text.h - what history answers, as JSON or as CSV. Private to api/.
 *
 * Up to 20,000 lines, which take longer than pages that hear of what happens
 * should wait: made where the answer is, with all that it takes. Any thread. */
#ifndef API_HISTORY_TEXT_H
#define API_HISTORY_TEXT_H

#include <jansson.h>

#include "../history/query.h"

/* What a device is called, but for what its maker says. */
struct history_called {
	struct mac mac;
	char text[64];
};

struct history_text {
	const struct query *query;
	const struct query_answer *answer;
	const uint64_t *from_ms;	     /* of the tiers */
	const struct history_called *called; /* in order of MAC */
	unsigned called_n;
};

/* malloc'ed; NULL: out of memory. */
char *history_text_json(const struct history_text *t, size_t *len);
/* RFC 4180. */
char *history_text_csv(const struct history_text *t, size_t *len);

/* How far back each tier is whole. */
json_t *history_tiers_json(const uint64_t from_ms[TIERS]);

#endif
