/* stream.h - copies to memory that nobody reads for a while.
 *
 * Written as usual, each line of such memory is first fetched from wherever it
 * lies, and once a core's room for stores under way is full of these, what
 * comes after the copy waits. Past the caches it does not, nor does the copy
 * take the place of what is in use. */
#ifndef ENGINE_STREAM_H
#define ENGINE_STREAM_H

#include <stdint.h>
#include <string.h>

#define STREAM_LINE  64
#define STREAM_LEAST 512 /* shorter ones are soon behind us */

#ifdef __SSE2__
#include <emmintrin.h>

static inline void stream_line(uint8_t *to, const uint8_t *from)
{
	const __m128i *in = (const __m128i *)(const void *)from;
	__m128i *out = (__m128i *)(void *)to;
	__m128i a = _mm_loadu_si128(in), b = _mm_loadu_si128(in + 1);
	__m128i c = _mm_loadu_si128(in + 2), d = _mm_loadu_si128(in + 3);

	_mm_stream_si128(out, a);
	_mm_stream_si128(out + 1, b);
	_mm_stream_si128(out + 2, c);
	_mm_stream_si128(out + 3, d);
}

/* As memcpy(), in the order of this thread; for another one, a fence is due. */
static inline void stream_copy(uint8_t *to, const uint8_t *from, uint32_t len)
{
	uint32_t before = (uint32_t)(-(uintptr_t)to % STREAM_LINE);

	if (len < STREAM_LEAST) {
		memcpy(to, from, len);
		return;
	}
	memcpy(to, from, before);
	for (; before + STREAM_LINE <= len; before += STREAM_LINE)
		stream_line(to + before, from + before);
	memcpy(to + before, from + before, len - before);
}
#else
static inline void stream_copy(uint8_t *to, const uint8_t *from, uint32_t len)
{
	memcpy(to, from, len);
}
#endif

#endif
