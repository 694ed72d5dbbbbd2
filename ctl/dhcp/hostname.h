/* hostname.h - what a device calls itself, made into a name fit for DNS. */
#ifndef DHCP_HOSTNAME_H
#define DHCP_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTNAME_SIZE 64 /* one DNS label and NUL */

/* The first label of 'raw' in lower case, letters, digits and inner hyphens
 * alone (RFC 1123, 2.1); "" when nothing is left, or when the name is one that
 * other devices look up to be configured by. */
void hostname_clean(const uint8_t *raw, size_t len, char out[HOSTNAME_SIZE]);
/* 'base' with "-n", shortened so that it fits; n below 2: 'base' itself. */
void hostname_number(const char *base, unsigned n, char out[HOSTNAME_SIZE]);
/* 'name' is 'base', or one that hostname_number() made of it. */
bool hostname_is_of(const char *name, const char *base);

#endif
