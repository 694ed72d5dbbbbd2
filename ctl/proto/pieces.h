/* pieces.h - bytes that come in pieces, in any order and more than once.
 *
 * For the beginning of a stream of which only so much is of interest. What came
 * first stays; what lies beyond the end is left out. Pure. */
#ifndef PROTO_PIECES_H
#define PROTO_PIECES_H

#include <stddef.h>
#include <stdint.h>

#define PIECES_MAX 4096

/* All zero: nothing came yet. */
struct pieces {
	size_t prefix; /* bytes from the start on that are there */
	uint64_t got[PIECES_MAX / 64];
	uint8_t bytes[PIECES_MAX];
};

void pieces_add(struct pieces *p, uint64_t offset, const uint8_t *data,
		size_t len);

#endif
