/* units.h - numbers for people: three significant digits, one style. */
#ifndef UNITS_H
#define UNITS_H

#include <stdint.h>

#define UNITS_LEN 32

/* All return 'buf'. "1.23 MB"; "1.23 Mb/s"; "3 d 4 h", "5 min", "12 s". */
char *units_bytes(uint64_t n, char buf[UNITS_LEN]);
char *units_rate(uint64_t bps, char buf[UNITS_LEN]);
char *units_duration(uint64_t seconds, char buf[UNITS_LEN]);
/* "0.25 ms", "12.3 ms", "1200 ms" */
char *units_short(uint64_t us, char buf[UNITS_LEN]);
/* "65,536" */
char *units_count(uint64_t n, char buf[UNITS_LEN]);

#endif
