/* mark.h - what can be done to a long packet of which the headers alone are
 * here: rules behind the queue write an address and a port, as a mark says.
 *
 * Pure. Engine thread only. */
#ifndef ENGINE_MARK_H
#define ENGINE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "../conf.h"
#include "../packet/pkt.h"

/* Before the NAT decides: will a mark do for 'p', which is parsed, whatever it
 * decides? False: it must be seen whole. */
bool mark_suffices(const struct engine_conf *conf, const struct pkt *p);

/* Afterwards: the mark that makes of the packet what its headers are now. */
uint32_t mark_of(const struct engine_conf *conf, const struct pkt *p);

#endif
