/* querylog.h - who asked what, what they were told, and why: the last day of
 * it, in memory alone.
 *
 * A ring of bytes: bounded, the oldest goes first. Pure: time is passed in.
 * Control thread. */
#ifndef DNS_QUERYLOG_H
#define DNS_QUERYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../proto/dns_name.h"

#define QUERYLOG_BYTES	(16u << 20) /* some 200,000 questions */
#define QUERYLOG_AGE_MS (24 * 3600 * 1000ull)

/* clang-format off */
#define QUERY_WHYS(X)                                                          \
	X(CACHE, "cache")	/* known already */                            \
	X(STALE, "stale")	/* known of old; nobody upstream could tell */ \
	X(UPSTREAM, "upstream") /* asked for */                                \
	X(LOCAL, "local")	/* a name of the home, or none of the world */ \
	X(BLOCKED, "blocked")	/* by a list, which is named */                \
	X(REBIND, "rebind")	/* would have pointed into the home */         \
	X(REFUSED, "refused")	/* no question for a home */                   \
	X(FAILED, "failed")	/* nobody could tell */

enum query_why {
#define X(id, name) QUERY_##id,
	QUERY_WHYS(X)
#undef X
	QUERY_WHYS_N
};
/* clang-format on */

extern const char *const query_why_names[QUERY_WHYS_N];

struct query_row {
	uint64_t at_ms; /* civil time */
	uint32_t took_us;
	struct addr device, answer; /* answer zero: it had no address */
	uint16_t type;
	uint8_t rcode, list; /* list: as filter.h has it */
	enum query_why why;
	struct dns_name name;
};

struct querylog;

/* NULL: no memory. */
struct querylog *querylog_new(size_t bytes);
void querylog_free(struct querylog *l);
/* Off: forgets all, and keeps nothing. On at first. */
void querylog_turn(struct querylog *l, bool on);
bool querylog_is_on(const struct querylog *l);

void querylog_add(struct querylog *l, const struct query_row *row);
/* Calls 'each' for every row younger than QUERYLOG_AGE_MS, oldest first. */
void querylog_walk(const struct querylog *l, uint64_t now_ms,
		   void (*each)(void *arg, const struct query_row *row),
		   void *arg);

#endif
