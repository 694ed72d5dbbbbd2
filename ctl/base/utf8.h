/* utf8.h - text from strangers (RFC 3629). Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at 's', of which 'left' bytes are there, and how many bytes it
 * has; 0: not UTF-8. Overlong forms and surrogates are not. */
unsigned utf8_decode(const unsigned char *s, size_t left, uint32_t *c);
/* It neither drives a terminal nor turns the direction of text, and is seen. */
bool utf8_is_harmless(uint32_t c);

#endif
