/* error.h - one sentence for the owner when something cannot start.
 *
 * Functions that can fail for reasons worth telling take a 'struct error *'
 * and return -errno; the sentence says what is wrong and what to do. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[256];
};

/* Writes the sentence and returns 'code' (a -errno), to be returned on. */
int error_set(struct error *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
