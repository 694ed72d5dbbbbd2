/* whose.h - which device has an address, of many addresses at once.
 *
 * A picture of the registry as it is now. Control thread. */
#ifndef API_WHOSE_H
#define API_WHOSE_H

#include "../devices/devices.h"

struct whose;

/* For free(); NULL: no memory, and nobody's addresses are known. */
struct whose *whose_new(const struct devices *d);
/* NULL: nobody's. Of two that had it, who had it last. */
const struct mac *whose(const struct whose *w, const struct addr *addr);

#endif
