/* pieces.c - a bit for each byte that came. */
#include "pieces.h"

#include <stdbool.h>

static bool has(const struct pieces *p, size_t i)
{
	return p->got[i / 64] >> (i % 64) & 1;
}

void pieces_add(struct pieces *p, uint64_t offset, const uint8_t *data,
		size_t len)
{
	for (size_t i = 0; i < len && offset < PIECES_MAX; i++, offset++) {
		size_t at = (size_t)offset;

		if (has(p, at))
			continue;
		p->bytes[at] = data[i];
		p->got[at / 64] |= 1ull << (at % 64);
	}
	while (p->prefix < PIECES_MAX && has(p, p->prefix))
		p->prefix++;
}
