/* tap.h - the resolver's end of what it shares with the data path.
 *
 * Posts answers of the cache that every client may be told, takes questions
 * that the data path passes on, and writes into the log what was answered
 * there. Control thread's loop. */
#ifndef DNS_TAP_H
#define DNS_TAP_H

#include <uv.h>

#include "../base/answers.h"
#include "asker.h"
#include "cache.h"
#include "filter.h"
#include "querylog.h"
#include "teller.h"

#define TAP_POST_MS                                                            \
	300000 /* then the cache shall see that it is still asked              \
		*/

struct tap;

struct tap_events {
	void *arg;
	/* 'n' questions; their bytes are valid during the call. */
	void (*on_questions)(void *arg, const struct answers_question *q,
			     unsigned n);
};

/* 'answers', 'filter', 'log' and 'teller' are lent. 0 or -errno. */
int tap_open(struct tap **out, uv_loop_t *loop, struct answers *answers,
	     const struct filter *filter, struct querylog *log,
	     const struct teller *teller, const struct tap_events *events);
/* Frees itself when the loop ran. What was posted is given no more. */
void tap_close(struct tap *t);

/* The answer to what 'key' stands for, if it is one for everybody. */
void tap_post(struct tap *t, const struct dns_key *key,
	      const struct cache_hit *hit, uint64_t now_ms);
/* Sends an answer from 'at' the way that the question came. False: that has no
 * room now. */
bool tap_reply(struct tap *t, const struct asker *to, const struct addr *at,
	       const uint8_t *msg, size_t len);
/* Notes what is not in the log yet. */
void tap_settle(struct tap *t);
/* Hits that were told, and are not in the log. */
uint64_t tap_lost(const struct tap *t);
/* Somebody may now be told something else. */
void tap_clear(struct tap *t);

#endif
