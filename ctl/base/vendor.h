/* vendor.h - who made a network card, by the IEEE's registries.
 *
 * The tables are generated at build time by scripts/vendors from Debian's
 * ieee-data; immutable. */
#ifndef BASE_VENDOR_H
#define BASE_VENDOR_H

#include "addr.h"

/* Static storage; NULL: unknown, or an address its owner made up (the locally
 * administered bit is set). */
const char *vendor_name(const struct mac *m);

#endif
