/* answers.c - the table and the rings of answers.h.
 *
 * Posted by dns/tap.c (control thread), read by engine/dns_tap.c (engine).
 * A place is a sequence lock: its number is odd while the writer is at it, and
 * a reader that saw two numbers, or an odd one, has read nothing. Each word is
 * stored with release and loaded with acquire, so that whoever sees a new word
 * also sees the number that came before it.
 * Invariant: only the control thread writes places and tags. */
#include "answers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bell.h"
#include "hash.h"
#include "ring.h"

#define QUESTIONS	 1024 /* powers of two */
#define REPLIES		 256
#define HITS		 8192
#define FIRST_SETS	 2048
#define FIRST_WAYS	 4
#define EXPECT_BYTES	 192	    /* of most answers that is all */
#define HITS_AT_ONCE	 (HITS / 4) /* then the control thread is woken … */
#define HITS_PATIENCE_MS 100	    /* … or after that long */
#define ASKERS		 256
#define ASK_FEW		 16 /* of a client, within … */
#define ASK_WINDOW_MS	 100

#define WORDS	   (sizeof(struct answer) / sizeof(uint64_t))
#define HEAD_WORDS (offsetof(struct answer, bytes) / sizeof(uint64_t))

_Static_assert(FIRST_SETS == 1u << (64 - 53), "a set for each top");
_Static_assert(sizeof(struct answer) == 504, "a place is eight cache lines");
_Static_assert(offsetof(struct answer, bytes) % sizeof(uint64_t) == 0,
	       "the head is whole words");

RING_DEFINE(question, struct answers_question)
RING_DEFINE(hit, struct answers_hit)
RING_DEFINE(reply, struct answers_reply)

struct place {
	_Atomic uint32_t stamp;
	_Atomic uint64_t words[WORDS];
};

struct set {
	_Atomic uint64_t tags[ANSWERS_WAYS]; /* hash of the key */
};

struct answers {
	/* immutable after new */
	struct hash_key secret;
	struct bell bell; /* engine rings */

	/* control writes, engine reads */
	_Atomic uint32_t generation;
	_Atomic bool tells_hits;
	struct set *sets;
	struct place *places; /* ANSWERS_WAYS for each set */

	/* control puts, engine takes */
	struct reply_ring replies;

	/* control only */
	struct bell *engine;
	bool replied; /* and did not ring */

	/* engine puts, control takes */
	struct question_ring questions;
	struct hit_ring hits;

	/* engine writes, control reads */
	_Atomic uint64_t hits_n, hits_lost, questions_lost;

	/* engine only */
	bool urgent;	 /* a question, or a client's first hit, that no bell
			  * was rung for */
	unsigned untold; /* hits, likewise … */
	/* who was given what lately, hashed; the latest first */
	uint32_t firsts[FIRST_SETS][FIRST_WAYS];
	uint64_t untold_ms;    /* … the oldest of them */
	uint8_t asked[ASKERS]; /* questions in this window, by client, hashed
				* anew in each: clients may share one */
	uint64_t window_ms;
};

struct answers *answers_new(void)
{
	struct answers *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	if (bell_open(&a->bell)) {
		free(a);
		return NULL;
	}
	hash_key_random(&a->secret);
	a->sets = calloc(ANSWERS_SETS, sizeof(*a->sets));
	a->places =
		calloc((size_t)ANSWERS_SETS * ANSWERS_WAYS, sizeof(*a->places));
	if (a->sets && a->places &&
	    !question_ring_init(&a->questions, QUESTIONS) &&
	    !hit_ring_init(&a->hits, HITS) &&
	    !reply_ring_init(&a->replies, REPLIES))
		return a;
	answers_free(a);
	return NULL;
}

void answers_free(struct answers *a)
{
	if (!a)
		return;
	reply_ring_fini(&a->replies);
	hit_ring_fini(&a->hits);
	question_ring_fini(&a->questions);
	free(a->places);
	free(a->sets);
	bell_close(&a->bell);
	free(a);
}

/* ---- places */

static uint32_t first_of(uint64_t hash)
{
	return (uint32_t)(hash & (ANSWERS_SETS - 1)) * ANSWERS_WAYS;
}

static size_t words_of(const struct answer *x)
{
	size_t bytes = (size_t)x->key_len + x->msg_len;

	if (bytes > sizeof(x->bytes))
		bytes = sizeof(x->bytes);
	return HEAD_WORDS + (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static void load(const struct place *p, struct answer *out, size_t from,
		 size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint64_t word = atomic_load_explicit(&p->words[i],
						     memory_order_acquire);

		memcpy((uint8_t *)out + i * sizeof(word), &word, sizeof(word));
	}
}

/* False: it is being written, or was meanwhile. */
static bool read_place(const struct place *p, struct answer *out,
		       uint32_t *stamp)
{
	*stamp = atomic_load_explicit(&p->stamp, memory_order_acquire);
	if (*stamp & 1)
		return false;
	load(p, out, 0, HEAD_WORDS);
	load(p, out, HEAD_WORDS, words_of(out));
	return atomic_load_explicit(&p->stamp, memory_order_relaxed) == *stamp;
}

static void write_place(struct place *p, const struct answer *x)
{
	uint32_t stamp = atomic_load_explicit(&p->stamp, memory_order_relaxed);
	size_t n = words_of(x);

	atomic_store_explicit(&p->stamp, stamp + 1, memory_order_relaxed);
	for (size_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)x + i * sizeof(word),
		       sizeof(word));
		atomic_store_explicit(&p->words[i], word, memory_order_release);
	}
	atomic_store_explicit(&p->stamp, stamp + 2, memory_order_release);
}

static bool is_good(const struct answers *a, const struct answer *x,
		    uint64_t now_ms)
{
	return now_ms < x->until_ms &&
	       x->generation == atomic_load_explicit(&a->generation,
						     memory_order_acquire);
}

static bool find(const struct answers *a, const uint8_t *key, size_t len,
		 uint64_t hash, struct answer *out, struct answers_place *place)
{
	const struct set *set = &a->sets[hash & (ANSWERS_SETS - 1)];

	for (uint32_t way = 0; way < ANSWERS_WAYS; way++) {
		place->at = first_of(hash) + way;
		if (atomic_load_explicit(&set->tags[way],
					 memory_order_acquire) != hash)
			continue;
		if (read_place(&a->places[place->at], out, &place->stamp) &&
		    out->key_len == len && !memcmp(out->bytes, key, len))
			return true;
	}
	return false;
}

bool answers_find(const struct answers *a, const uint8_t *key, size_t len,
		  uint64_t now_ms, struct answer *out,
		  struct answers_place *place)
{
	uint64_t hash = hash_bytes(&a->secret, key, len);

	return find(a, key, len, hash, out, place) && is_good(a, out, now_ms);
}

/* ---- control */

bool answers_has(const struct answers *a, const uint8_t *key, size_t len,
		 uint64_t now_ms)
{
	struct answers_place place;
	struct answer x;

	return answers_find(a, key, len, now_ms, &x, &place);
}

/* The place that ends soonest; what cannot be given any more has ended. */
static uint32_t place_to_take(const struct answers *a, uint64_t hash)
{
	uint32_t best = first_of(hash);
	uint64_t best_ms = UINT64_MAX;

	for (uint32_t way = 0; way < ANSWERS_WAYS; way++) {
		uint32_t at = first_of(hash) + way, stamp;
		struct answer x;

		if (!read_place(&a->places[at], &x, &stamp) ||
		    !is_good(a, &x, 0))
			return at;
		if (x.until_ms < best_ms) {
			best = at;
			best_ms = x.until_ms;
		}
	}
	return best;
}

void answers_post(struct answers *a, struct answer *x)
{
	uint64_t hash = hash_bytes(&a->secret, x->bytes, x->key_len);
	struct answers_place place;
	struct answer old;

	x->generation =
		atomic_load_explicit(&a->generation, memory_order_relaxed);
	if (!find(a, x->bytes, x->key_len, hash, &old, &place))
		place.at = place_to_take(a, hash);
	write_place(&a->places[place.at], x);
	atomic_store_explicit(
		&a->sets[place.at / ANSWERS_WAYS].tags[place.at % ANSWERS_WAYS],
		hash, memory_order_release);
}

void answers_clear(struct answers *a)
{
	atomic_fetch_add_explicit(&a->generation, 1, memory_order_release);
}

void answers_tell_hits(struct answers *a, bool on)
{
	atomic_store_explicit(&a->tells_hits, on, memory_order_relaxed);
}

bool answers_at(const struct answers *a, struct answers_place place,
		struct answer *out)
{
	uint32_t stamp;

	return place.at < ANSWERS_SETS * ANSWERS_WAYS &&
	       read_place(&a->places[place.at], out, &stamp) &&
	       stamp == place.stamp;
}

void answers_expect(const struct answers *a, struct answers_place place)
{
	const char *at;

	if (place.at >= ANSWERS_SETS * ANSWERS_WAYS)
		return;
	at = (const char *)&a->places[place.at];
	for (size_t i = 0; i < EXPECT_BYTES; i += 64)
		__builtin_prefetch(at + i);
}

int answers_fd(const struct answers *a)
{
	return a->bell.fd;
}

void answers_heard(struct answers *a)
{
	bell_answer(&a->bell);
}

void answers_more(struct answers *a)
{
	bell_ring(&a->bell);
}

bool answers_next_question(struct answers *a, struct answers_question *out)
{
	return question_ring_take(&a->questions, out);
}

bool answers_next_hit(struct answers *a, struct answers_hit *out)
{
	return hit_ring_take(&a->hits, out);
}

void answers_set_bell(struct answers *a, struct bell *engine)
{
	a->engine = engine;
}

struct answers_reply *answers_reply(struct answers *a)
{
	return a->engine ? reply_ring_reserve(&a->replies) : NULL;
}

void answers_reply_done(struct answers *a)
{
	reply_ring_commit(&a->replies);
	a->replied = true;
}

void answers_replied(struct answers *a)
{
	if (a->replied && a->engine)
		bell_ring(a->engine);
	a->replied = false;
}

void answers_counts(const struct answers *a, struct answers_counts *out)
{
	out->hits = a->hits_n;
	out->hits_lost = a->hits_lost;
	out->questions_lost = a->questions_lost;
}

/* ---- engine */

/* One writer: no locked instruction is needed. */
static void count(_Atomic uint64_t *c)
{
	atomic_store_explicit(c,
			      atomic_load_explicit(c, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* The set that remembers a client's hit of a place, and by which number. What
 * is hashed to the same set may make others first again. */
static uint32_t *set_of(struct answers *a, const struct answers_hit *hit,
			uint32_t *number)
{
	uint64_t mix = hit->client.q[0] ^ hit->client.q[1] ^ a->secret.k[0];

	mix = (mix ^ hit->place.at) * 0x9e3779b97f4a7c15;
	mix = (mix ^ mix >> 32 ^ hit->place.stamp) * 0x9e3779b97f4a7c15;
	*number = (uint32_t)mix;
	return a->firsts[mix >> 53];
}

static bool has_number(const uint32_t *set, uint32_t number)
{
	for (unsigned i = 0; i < FIRST_WAYS; i++)
		if (set[i] == number)
			return true;
	return false;
}

/* In place of the oldest. */
static void remember(uint32_t *set, uint32_t number)
{
	memmove(set + 1, set, (FIRST_WAYS - 1) * sizeof(*set));
	set[0] = number;
}

/* Soon after its first the client will speak with whom it asked for, and flows
 * are named after that. */
void answers_hit(struct answers *a, struct answers_hit *hit)
{
	uint32_t number, *set = set_of(a, hit, &number);

	count(&a->hits_n);
	if (!atomic_load_explicit(&a->tells_hits, memory_order_relaxed))
		return;
	hit->first = !has_number(set, number);
	if (!hit_ring_put(&a->hits, hit)) {
		count(&a->hits_lost);
		return;
	}
	if (hit->first)
		remember(set, number);
	a->urgent |= hit->first;
	if (!a->untold++)
		a->untold_ms = hit->at_ms;
}

/* The second half of the ring is for those who ask little: a device that went
 * mad does not keep others from resolving. */
static bool may_ask(struct answers *a, const struct addr *client)
{
	uint64_t hash = hash_words(&a->secret, client->q[0] ^ a->window_ms,
				   client->q[1]);
	uint8_t *asked = &a->asked[hash % ASKERS];

	if (*asked < ASK_FEW)
		++*asked;
	else if (question_ring_used(&a->questions) >= QUESTIONS / 2)
		return false;
	return true;
}

bool answers_ask(struct answers *a, const struct answers_question *q)
{
	a->urgent = true;
	if (may_ask(a, &q->from.addr) && question_ring_put(&a->questions, q))
		return true;
	count(&a->questions_lost);
	return false;
}

bool answers_next_reply(struct answers *a, struct answers_reply *out)
{
	return reply_ring_take(&a->replies, out);
}

uint64_t answers_turn(struct answers *a, uint64_t now_ms)
{
	uint64_t waited_ms = now_ms - a->untold_ms;

	if (now_ms - a->window_ms >= ASK_WINDOW_MS) {
		memset(a->asked, 0, sizeof(a->asked));
		a->window_ms = now_ms;
	}
	if (!a->urgent && !a->untold)
		return UINT64_MAX;
	if (!a->urgent && a->untold < HITS_AT_ONCE &&
	    waited_ms < HITS_PATIENCE_MS)
		return HITS_PATIENCE_MS - waited_ms;
	a->urgent = false;
	a->untold = 0;
	bell_ring(&a->bell);
	return UINT64_MAX;
}
