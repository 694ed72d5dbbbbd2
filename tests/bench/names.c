/* names.c - what a blocklist of a million names takes: bytes, and how long a
 * question for a name that is on it, and for one that is not, waits for the
 * word. One line of JSON a figure; the thread's own clock, best of five. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/dns/nameset.h"

#define NAMES  1000000u
#define ASKED  200000u
#define ROUNDS 5

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Neighbours of the list never follow each other. */
static void name_of(uint32_t n, const char *zone, struct dns_name *out)
{
	char text[64];

	snprintf(text, sizeof(text), "host%u.ads%u.%s", n * 2654435761u % NAMES,
		 n % 7, zone);
	if (!dns_name_from_text(out, text))
		abort();
}

static struct nameset *build(void)
{
	struct nameset *s = nameset_new();
	struct dns_name name;

	for (uint32_t n = 0; s && n < NAMES; n++) {
		name_of(n, "example", &name);
		if (nameset_add(s, &name, true, 1))
			abort();
	}
	if (s)
		nameset_seal(s);
	return s;
}

/* Nanoseconds a question, and how many found something. */
static double ask(const struct nameset *s, const struct dns_name *names,
		  unsigned *found)
{
	uint64_t best_ns = UINT64_MAX, ns;
	uint8_t tag;

	for (unsigned round = 0; round < ROUNDS; round++) {
		*found = 0;
		ns = now_ns();
		for (unsigned n = 0; n < ASKED; n++)
			*found += nameset_has(s, &names[n], &tag);
		ns = now_ns() - ns;
		best_ns = ns < best_ns ? ns : best_ns;
	}
	return (double)best_ns / ASKED;
}

int main(void)
{
	static struct dns_name hits[ASKED], misses[ASKED];
	struct nameset *s = build();
	unsigned found;
	double ns;

	if (!s)
		return 1;
	for (uint32_t n = 0; n < ASKED; n++) {
		name_of(n * 5, "example", &hits[n]);
		name_of(n * 5, "elsewhere.example", &misses[n]);
	}
	printf("{\"figure\": \"bytes of %zu names\", \"value\": %zu}\n",
	       nameset_count(s), nameset_bytes(s));
	ns = ask(s, hits, &found);
	printf("{\"figure\": \"ns a hit\", \"value\": %.0f, \"found\": %u}\n",
	       ns, found);
	ns = ask(s, misses, &found);
	printf("{\"figure\": \"ns a miss\", \"value\": %.0f, \"found\": %u}\n",
	       ns, found);
	nameset_free(s);
	return 0;
}
