/* dns_text.h - types and codes as people write them. Pure. */
#ifndef PROTO_DNS_TEXT_H
#define PROTO_DNS_TEXT_H

#include <stdint.h>

#define DNS_TEXT_LEN 16

/* "AAAA", or "TYPE65280" (RFC 3597, 5). */
const char *dns_type_text(uint16_t type, char buf[DNS_TEXT_LEN]);
/* "NXDOMAIN", or "RCODE11". */
const char *dns_rcode_text(unsigned rcode, char buf[DNS_TEXT_LEN]);

#endif
