/* sessions.h - who is logged in, and who guessed too often.
 *
 * Pure tables: time is passed in, tokens come from the caller. A session is
 * known by the hash of its token alone. Control thread only. */
#ifndef API_SESSIONS_H
#define API_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define SESSIONS_MAX	 64
#define SESSION_TOKEN	 32 /* bytes: 256 bits */
#define SESSION_HASH	 32
#define SESSION_IDLE_MS	 (7ull * 86400 * 1000)
#define SESSION_TOTAL_MS (30ull * 86400 * 1000)

#define GUESSERS_MAX 64
#define GUESSES_FREE 3	    /* wrong ones without a wait */
#define GUESS_MAX_MS 300000 /* the longest wait */
/* Of all addresses together, as one guesser may have many. */
#define GUESSES_ALL  20	   /* wrong ones without a wait */
#define GUESS_ALL_MS 15000 /* until there is one more */

struct session {
	uint8_t hash[SESSION_HASH];
	uint64_t began_ms, used_ms; /* began 0: nobody's */
};

struct guesser {
	struct addr peer;
	unsigned wrong; /* 0: unused */
	uint64_t until_ms;
};

struct sessions {
	struct session list[SESSIONS_MAX];
	struct guesser guessers[GUESSERS_MAX];
	uint64_t guessed_ms; /* when all wrong ones will be forgotten */
};

/* The one unused longest makes room. */
void sessions_add(struct sessions *s, const uint8_t token[SESSION_TOKEN],
		  uint64_t now_ms);
/* Is it somebody's? Then it is used now. */
bool sessions_find(struct sessions *s, const uint8_t token[SESSION_TOKEN],
		   uint64_t now_ms);
/* By what a session is known without its token. */
void sessions_hash(const uint8_t token[SESSION_TOKEN],
		   uint8_t out[SESSION_HASH]);
/* Is it still somebody's? That is no use of it. */
bool sessions_holds(const struct sessions *s, const uint8_t hash[SESSION_HASH],
		    uint64_t now_ms);
/* Was it somebody's? */
bool sessions_end(struct sessions *s, const uint8_t token[SESSION_TOKEN]);
void sessions_end_all(struct sessions *s);

/* Milliseconds until 'peer' may guess again; 0: now. */
uint64_t sessions_wait_ms(const struct sessions *s, const struct addr *peer,
			  uint64_t now_ms);
void sessions_wrong(struct sessions *s, const struct addr *peer,
		    uint64_t now_ms);
void sessions_right(struct sessions *s, const struct addr *peer);

#endif
