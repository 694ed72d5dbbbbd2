/* mss.h - keeps TCP from sending what does not fit (RFC 879, RFC 4459 3.2). */
#ifndef ENGINE_MSS_H
#define ENGINE_MSS_H

#include <stdint.h>

#include "pkt.h"

#define MSS_HEADERS	 40 /* IPv4 and TCP without options */
#define MSS_HEADERS_IPV6 60

/* Lowers the MSS option of the SYN in 'p' to 'mss', if it is higher. */
void mss_clamp(struct pkt *p, uint16_t mss);

#endif
