/* newcomer.h - detector: a device that was never here before.
 *
 * Pure. Who makes addresses up could be many: a few of them are told of, the
 * others together. Those that are here in the gateway's first hour are the
 * home; who comes later is told of once it stays: one made-up frame is nobody.
 */
#ifndef ANALYSIS_NEWCOMER_H
#define ANALYSIS_NEWCOMER_H

#include <stdint.h>

#define NEWCOMER_HOME_MS (3600 * 1000ull)
#define NEWCOMER_STAY_MS 10000
#define NEWCOMER_MADE_UP 3 /* told of by name in a day */

enum newcomer {
	NEWCOMER_WAIT,	 /* it may be gone again in a moment */
	NEWCOMER_TELL,	 /* it is new, and stays */
	NEWCOMER_OF_HOME /* it was here from the start */
};

/* 'began_ms': when the first of all was seen. Civil time. */
static inline enum newcomer newcomer_judge(uint64_t began_ms, uint64_t first_ms,
					   uint64_t last_ms)
{
	if (first_ms < began_ms + NEWCOMER_HOME_MS)
		return NEWCOMER_OF_HOME;
	return last_ms >= first_ms + NEWCOMER_STAY_MS ? NEWCOMER_TELL
						      : NEWCOMER_WAIT;
}

#endif
