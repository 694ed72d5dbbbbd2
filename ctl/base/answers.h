/* answers.h - where DNS on the control thread and the data path meet.
 *
 * One way a table: DNS posts answers that are the same for whoever asks, and
 * the engine gives them from the frame that asked (engine/dns_tap.h); and a
 * ring of answers to single questions, which it sends as frames. The other way
 * two rings: questions that the table has no answer to, and hits, of which the
 * query log wants to know. Nobody waits: the table's places are read again when
 * they changed meanwhile, and what a ring has no room for is counted, or goes
 * by a socket.
 *
 * What is posted is never taken back by itself: it is gone after its time, or
 * when DNS clears the table because somebody may now be told something else. */
#ifndef BASE_ANSWERS_H
#define BASE_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define ANSWERS_SETS	 2048u /* power of two */
#define ANSWERS_WAYS	 4u
#define ANSWERS_TTLS_MAX 19
#define ANSWERS_BYTES	 440  /* key and message */
#define ANSWERS_ASK_MAX	 512  /* longest question that goes this way */
#define ANSWERS_MSG_MAX	 1232 /* likewise answer: as long as by UDP at all */

/* All in one copy: 504 bytes. */
struct answer {
	uint64_t born_ms;  /* when its TTLs were whole */
	uint64_t until_ms; /* not to be given from then on */
	uint32_t generation;
	uint16_t key_len, msg_len, ttl_n;
	uint16_t ttl_at[ANSWERS_TTLS_MAX]; /* offsets in the message */
	uint8_t bytes[ANSWERS_BYTES];	   /* the key, then the message */
};

/* Where an answer was found, and what it was then. */
struct answers_place {
	uint32_t at, stamp;
};

/* A client was told what stands there. */
struct answers_hit {
	struct answers_place place;
	uint32_t took_us;
	bool first; /* of this client; filled in. It may be told again */
	struct addr client;
	uint64_t at_ms; /* clock_ms() */
};

/* Where a question came in by the data path. */
struct answers_way {
	uint32_t ifindex; /* the port */
	uint16_t room;	  /* longest answer that a frame takes there; 0: none */
	uint8_t lan;	  /* index in the engine's conf */
	struct mac mac;	  /* the sender's */
};

struct answers_question {
	struct endpoint from;
	struct addr to; /* the gateway's own address */
	struct answers_way way;
	uint16_t len;
	uint8_t msg[ANSWERS_ASK_MAX];
};

/* The answer to a question that was passed on. */
struct answers_reply {
	struct answers_way way;
	struct endpoint to;
	struct addr from; /* the gateway's own address */
	uint16_t len;
	uint8_t msg[ANSWERS_MSG_MAX];
};

struct answers_counts {
	uint64_t hits;		 /* answers given */
	uint64_t hits_lost;	 /* of them not told to the log */
	uint64_t questions_lost; /* dropped: the control thread was too slow */
};

struct answers;
struct bell;

/* NULL: no memory. Outlives both threads' use. */
struct answers *answers_new(void);
void answers_free(struct answers *a);

/* ---- control thread */

/* Whether the key's answer is there and can still be given. */
bool answers_has(const struct answers *a, const uint8_t *key, size_t len,
		 uint64_t now_ms);
/* Takes the place of an older answer if need be. Hits of that one are to be
 * taken before. 'x->generation' is filled in. */
void answers_post(struct answers *a, struct answer *x);
/* From now on nothing that was posted is given any more. */
void answers_clear(struct answers *a);
/* Whether hits are told at all: a client's first of an answer at once, others
 * within a tenth of a second. Off at first. */
void answers_tell_hits(struct answers *a, bool on);
/* What stood in 'place'; false: something else stands there by now. */
bool answers_at(const struct answers *a, struct answers_place place,
		struct answer *out);

/* What answers_at() will be asked for soon comes nearer. */
void answers_expect(const struct answers *a, struct answers_place place);

/* Readable when there is something to take; to be answered before that. */
int answers_fd(const struct answers *a);
void answers_heard(struct answers *a);
/* Who leaves some for later calls this, and is woken again. */
void answers_more(struct answers *a);
bool answers_next_question(struct answers *a, struct answers_question *out);
bool answers_next_hit(struct answers *a, struct answers_hit *out);
void answers_counts(const struct answers *a, struct answers_counts *out);

/* What wakes the engine; lent, NULL: nothing does any more. */
void answers_set_bell(struct answers *a, struct bell *engine);
/* A place to write a reply to, or NULL; then it is done, and after the last of
 * several the engine is woken. */
struct answers_reply *answers_reply(struct answers *a);
void answers_reply_done(struct answers *a);
void answers_replied(struct answers *a);

/* ---- engine thread */

bool answers_find(const struct answers *a, const uint8_t *key, size_t len,
		  uint64_t now_ms, struct answer *out,
		  struct answers_place *place);
void answers_hit(struct answers *a, struct answers_hit *hit);
/* False: no room, or none for who has asked so much; and counted. */
bool answers_ask(struct answers *a, const struct answers_question *q);
/* False: there is none. */
bool answers_next_reply(struct answers *a, struct answers_reply *out);
/* At the end of a turn: wakes the control thread if there is reason to. Returns
 * the milliseconds until it wants to be called again. */
uint64_t answers_turn(struct answers *a, uint64_t now_ms);

#endif
