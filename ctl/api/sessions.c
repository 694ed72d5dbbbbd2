/* sessions.c - who is logged in, and who guessed too often.
 *
 * Called by login.c. Control thread; no clock, no I/O. */
#include "sessions.h"

#include <sodium.h>
#include <string.h>

void sessions_hash(const uint8_t token[SESSION_TOKEN],
		   uint8_t out[SESSION_HASH])
{
	crypto_generichash(out, SESSION_HASH, token, SESSION_TOKEN, NULL, 0);
}

static bool is_over(const struct session *s, uint64_t now_ms)
{
	return !s->began_ms || now_ms - s->began_ms >= SESSION_TOTAL_MS ||
	       now_ms - s->used_ms >= SESSION_IDLE_MS;
}

void sessions_add(struct sessions *s, const uint8_t token[SESSION_TOKEN],
		  uint64_t now_ms)
{
	struct session *to = &s->list[0];
	unsigned i;

	for (i = 0; i < SESSIONS_MAX; i++) {
		if (is_over(&s->list[i], now_ms)) {
			to = &s->list[i];
			break;
		}
		if (s->list[i].used_ms < to->used_ms)
			to = &s->list[i];
	}
	sessions_hash(token, to->hash);
	to->began_ms = to->used_ms = now_ms;
}

static const struct session *find_hash(const struct sessions *s,
				       const uint8_t hash[SESSION_HASH])
{
	unsigned i;

	for (i = 0; i < SESSIONS_MAX; i++) {
		if (s->list[i].began_ms &&
		    !sodium_memcmp(s->list[i].hash, hash, SESSION_HASH))
			return &s->list[i];
	}
	return NULL;
}

static struct session *find(struct sessions *s,
			    const uint8_t token[SESSION_TOKEN])
{
	uint8_t hash[SESSION_HASH];
	const struct session *one;

	sessions_hash(token, hash);
	one = find_hash(s, hash);
	return one ? &s->list[one - s->list] : NULL;
}

bool sessions_find(struct sessions *s, const uint8_t token[SESSION_TOKEN],
		   uint64_t now_ms)
{
	struct session *one = find(s, token);

	if (!one || is_over(one, now_ms))
		return false;
	one->used_ms = now_ms;
	return true;
}

bool sessions_holds(const struct sessions *s, const uint8_t hash[SESSION_HASH],
		    uint64_t now_ms)
{
	const struct session *one = find_hash(s, hash);

	return one && !is_over(one, now_ms);
}

bool sessions_end(struct sessions *s, const uint8_t token[SESSION_TOKEN])
{
	struct session *one = find(s, token);

	if (one)
		memset(one, 0, sizeof(*one));
	return one;
}

void sessions_end_all(struct sessions *s)
{
	memset(s->list, 0, sizeof(s->list));
}

/* ---- guessing */

static struct guesser *guesser_of(const struct sessions *s,
				  const struct addr *peer)
{
	unsigned i;

	for (i = 0; i < GUESSERS_MAX; i++) {
		if (s->guessers[i].wrong && addr_eq(&s->guessers[i].peer, peer))
			return (struct guesser *)(uintptr_t)&s->guessers[i];
	}
	return NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What is left until 'then'. */
static uint64_t until(uint64_t then_ms, uint64_t now_ms)
{
	return later(then_ms, now_ms) - now_ms;
}

uint64_t sessions_wait_ms(const struct sessions *s, const struct addr *peer,
			  uint64_t now_ms)
{
	const struct guesser *g = guesser_of(s, peer);

	return later(g ? until(g->until_ms, now_ms) : 0,
		     until(s->guessed_ms,
			   now_ms + (GUESSES_ALL - 1) * GUESS_ALL_MS));
}

/* Who waited longest since is forgotten when there is no room. */
static struct guesser *new_guesser(struct sessions *s, const struct addr *peer)
{
	struct guesser *g = &s->guessers[0];
	unsigned i;

	for (i = 1; i < GUESSERS_MAX && g->wrong; i++) {
		if (!s->guessers[i].wrong ||
		    s->guessers[i].until_ms < g->until_ms)
			g = &s->guessers[i];
	}
	*g = (struct guesser){ .peer = *peer };
	return g;
}

/* As a leaky bucket does. */
static void wrong_of_all(struct sessions *s, uint64_t now_ms)
{
	uint64_t full_ms = now_ms + GUESSES_ALL * GUESS_ALL_MS;

	s->guessed_ms = later(s->guessed_ms, now_ms) + GUESS_ALL_MS;
	if (s->guessed_ms > full_ms)
		s->guessed_ms = full_ms;
}

/* From the fourth on a second, then twice as long each time. */
void sessions_wrong(struct sessions *s, const struct addr *peer,
		    uint64_t now_ms)
{
	struct guesser *g = guesser_of(s, peer);
	uint64_t wait_ms = 0;

	wrong_of_all(s, now_ms);
	if (!g)
		g = new_guesser(s, peer);
	if (g->wrong < 32)
		g->wrong++;
	if (g->wrong >= GUESSES_FREE)
		wait_ms = 1000ull << (g->wrong - GUESSES_FREE);
	g->until_ms =
		now_ms + (wait_ms < GUESS_MAX_MS ? wait_ms : GUESS_MAX_MS);
}

void sessions_right(struct sessions *s, const struct addr *peer)
{
	struct guesser *g = guesser_of(s, peer);

	if (g)
		memset(g, 0, sizeof(*g));
}
