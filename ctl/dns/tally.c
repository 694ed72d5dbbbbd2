/* tally.c - counters of the dns room. Called by all of it. Control thread. */
#include "tally.h"

#include <string.h>

static const char *const reasons[TALLY_REASONS] = {
#define X(id, name) name,
	TALLY_DROPS(X)
#undef X
};

void tally_init(struct tally *t)
{
	unsigned i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < TALLY_REASONS; i++)
		t->drops[i].reason = reasons[i];
}

void tally_drop(struct tally *t, enum tally_reason reason, size_t bytes)
{
	t->drops[reason].packets++;
	t->drops[reason].bytes += bytes;
}
