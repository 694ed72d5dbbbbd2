/* serve.h - what becomes of a question: answered here, from the cache, or by
 * asking. Control thread. */
#ifndef DNS_SERVE_H
#define DNS_SERVE_H

#include "asker.h"
#include "cache.h"
#include "filter.h"
#include "forward.h"
#include "local.h"
#include "querylog.h"
#include "tap.h"
#include "tally.h"
#include "teller.h"

struct serve {
	struct local *local;
	struct filter *filter;
	struct cache *cache;
	struct querylog *log;
	struct forward *forward;
	struct tally *tally;
	struct tap *tap; /* NULL: none */
	struct teller teller;
};

/* A message of a client that is served. Leads to one from->send(), but for
 * what is sent again by UDP while it waits. */
void serve_message(struct serve *s, const struct asker *from,
		   const uint8_t *msg, size_t len);

#endif
