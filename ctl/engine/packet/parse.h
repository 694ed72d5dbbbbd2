/* parse.h - Ethernet frame to struct pkt, through a bounded cursor. */
#ifndef ENGINE_PARSE_H
#define ENGINE_PARSE_H

#include <stdbool.h>

#include "pkt.h"

/* Fills the parse group from p->data, p->len. A priority tag (VID 0) is
 * stripped. false: p->drop says why (malformed, martian, no_protocol). */
bool parse(struct pkt *p);

#endif
