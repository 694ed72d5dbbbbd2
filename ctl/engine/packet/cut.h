/* cut.h - fragments a packet that is larger than its way out (RFC 791 2.3). */
#ifndef ENGINE_CUT_H
#define ENGINE_CUT_H

#include <stdint.h>

#include "pktbuf.h"

/* Cuts the IPv4 packet in 'p', whose headers are final, down to 'mtu'. The rest
 * goes into further buffers, decided like 'p' and in order, at the end of the
 * queue of those that may go; '*bytes' is their IP length together. Returns
 * how many; -ENOBUFS: no room for all of
 * them, -EMSGSIZE: nothing fits an mtu that small. 'p' is then as it was. */
int cut(struct pktbufs *b, struct pkt *p, uint16_t mtu, uint32_t *bytes);

#endif
