/* varint.h - small numbers in few bytes: seven bits each, least first, the top
 * bit says that more follow (LEB128). Signed ones are folded so that small
 * stays small. */
#ifndef HISTORY_VARINT_H
#define HISTORY_VARINT_H

#include "../base/bytes.h"

#define VARINT_MAX 10 /* bytes of the longest */

/* Room for VARINT_MAX bytes is the caller's care. */
static inline uint8_t *varint_put(uint8_t *at, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*at++ = (uint8_t)(v | 0x80);
	*at++ = (uint8_t)v;
	return at;
}

static inline uint64_t varint_fold(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v < 0 ? -1 : 0);
}

static inline int64_t varint_unfold(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline uint64_t rd_varint(struct rd *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t b = *r->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	r->p = r->end;
	return 0;
}

#endif
