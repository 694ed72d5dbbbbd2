/* utf8.c - text from strangers. Called by devices/ and cli/. Pure. */
#include "utf8.h"

unsigned utf8_decode(const unsigned char *s, size_t left, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned n = *s < 0x80	     ? 1
		     : *s >> 5 == 6  ? 2
		     : *s >> 4 == 14 ? 3
		     : *s >> 3 == 30 ? 4
				     : 0;
	unsigned i;

	if (n < 2 || n > left) {
		*c = *s;
		return n > left ? 0 : n;
	}
	*c = *s & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

bool utf8_is_harmless(uint32_t c)
{
	if (c < ' ' || (c >= 0x7f && c < 0xa0))
		return false;
	/* Marks, line ends and overrides of bidirectional text. */
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e))
		return false;
	return (c < 0x2066 || c > 0x2069) && c != 0xfeff && c != 0x61c;
}
