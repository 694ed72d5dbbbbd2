/* newcomer.h - detector: a device that was never here before.
 *
 * Pure. Those that are here in the gateway's first hour are the home; who comes
 * later is told of once it stays: one made-up frame is nobody.
 *
 * Who makes addresses up could be many. Of those that say so, by the bit for
 * it, a few are told of, and the others together. Any other address can be made
 * up as well: of those, too, a few are told of as they come, and the others
 * together; but who is still here an hour later is told of then, and part of
 * the day's sentences is kept for it. A flood of addresses does not stay. */
#ifndef ANALYSIS_NEWCOMER_H
#define ANALYSIS_NEWCOMER_H

#include <stdint.h>

#define NEWCOMER_HOME_MS (3600 * 1000ull)
#define NEWCOMER_STAY_MS 10000
#define NEWCOMER_LONG_MS (3600 * 1000ull)
#define NEWCOMER_HERE_MS 60000 /* who is not heard for as long is gone */
/* Told of by name in a day. */
#define NEWCOMER_MADE_UP 3
#define NEWCOMER_AT_ONCE 5

enum newcomer {
	NEWCOMER_WAIT,	 /* it may be gone again in a moment */
	NEWCOMER_TELL,	 /* it is new, and stays */
	NEWCOMER_STAYED, /* the same, for as long as a flood does not */
	NEWCOMER_OF_HOME /* it was here from the start */
};

/* 'began_ms': when the first of all was seen. Civil time. */
static inline enum newcomer newcomer_judge(uint64_t began_ms, uint64_t first_ms,
					   uint64_t last_ms, uint64_t now_ms)
{
	if (first_ms < began_ms + NEWCOMER_HOME_MS)
		return NEWCOMER_OF_HOME;
	if (last_ms + NEWCOMER_HERE_MS < now_ms)
		return NEWCOMER_WAIT;
	if (last_ms >= first_ms + NEWCOMER_LONG_MS)
		return NEWCOMER_STAYED;
	return last_ms >= first_ms + NEWCOMER_STAY_MS ? NEWCOMER_TELL
						      : NEWCOMER_WAIT;
}

#endif
