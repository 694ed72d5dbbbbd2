/* units.c - see units.h. Called by show.c; web/core/format.js says the same. */
#include "units.h"

#include <stdio.h>
#include <string.h>

static char *scaled(uint64_t n, const char *unit, char buf[UNITS_LEN])
{
	static const char prefixes[][2] = { "", "k", "M", "G", "T", "P", "E" };
	double value = (double)n;
	unsigned step = 0;
	int digits;

	/* 999.5 would be written as 1000. */
	while (value >= 999.5 && step < 6) {
		value /= 1000;
		step++;
	}
	digits = !step || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(buf, UNITS_LEN, "%.*f %s%s", digits, value, prefixes[step],
		 unit);
	return buf;
}

char *units_bytes(uint64_t n, char buf[UNITS_LEN])
{
	return scaled(n, "B", buf);
}

char *units_rate(uint64_t bps, char buf[UNITS_LEN])
{
	return scaled(bps, "b/s", buf);
}

char *units_duration(uint64_t s, char buf[UNITS_LEN])
{
	unsigned long long days = s / 86400, hours = s / 3600 % 24,
			   minutes = s / 60 % 60;

	if (days && hours)
		snprintf(buf, UNITS_LEN, "%llu d %llu h", days, hours);
	else if (days)
		snprintf(buf, UNITS_LEN, "%llu d", days);
	else if (hours && minutes)
		snprintf(buf, UNITS_LEN, "%llu h %llu min", hours, minutes);
	else if (hours)
		snprintf(buf, UNITS_LEN, "%llu h", hours);
	else if (minutes)
		snprintf(buf, UNITS_LEN, "%llu min", minutes);
	else
		snprintf(buf, UNITS_LEN, "%llu s", (unsigned long long)s);
	return buf;
}

char *units_short(uint64_t us, char buf[UNITS_LEN])
{
	int digits = us < 10000 ? 2 : us < 100000 ? 1 : 0;

	snprintf(buf, UNITS_LEN, "%.*f ms", digits, (double)us / 1000);
	return buf;
}

char *units_count(uint64_t n, char buf[UNITS_LEN])
{
	char digits[UNITS_LEN];
	size_t i, len, at = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%llu",
			       (unsigned long long)n);
	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}
