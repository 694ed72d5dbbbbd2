/* country.c - detector: a new country. Called by analysis.c. Pure. */
#include "country.h"

bool country_is_new(struct habit *h, const char *iso, uint64_t now_ms)
{
	unsigned bit;
	bool known;

	if (iso[0] < 'A' || iso[0] > 'Z' || iso[1] < 'A' || iso[1] > 'Z' ||
	    iso[2])
		return false;
	bit = (unsigned)(iso[0] - 'A') * 26 + (unsigned)(iso[1] - 'A');
	known = h->countries[bit / 8] >> bit % 8 & 1;
	h->countries[bit / 8] |= (uint8_t)(1u << bit % 8);
	return !known && now_ms >= h->since_ms + COUNTRY_LEARN_MS;
}
