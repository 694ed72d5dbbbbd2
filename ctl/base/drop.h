/* drop.h - the row in which anyone reports what was dropped and why. */
#ifndef BASE_DROP_H
#define BASE_DROP_H

#include <stdint.h>

struct drop_row {
	const char *reason; /* snake_case, static storage */
	uint64_t packets;
	uint64_t bytes;
};

#endif
