/* told.h - which DNS answers devices were told lately.
 *
 * So that the engine is not told the same again with every answer, and so that
 * a server name in a hello can be judged: what the device asked DNS for is no
 * stand-in for another. Fixed size; what is new takes the place of something
 * older. Pure, but for the random key. Control thread. */
#ifndef REMOTES_TOLD_H
#define REMOTES_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define TOLD_AGAIN_MS 600000

struct told;

/* NULL: out of memory. */
struct told *told_new(void);
void told_free(struct told *t);

/* The device (by its MAC address, or by the address it asks from where that is
 * zero) was told that 'name' is at 'at'. False: that was the last it was told
 * of 'at', less than TOLD_AGAIN_MS ago. */
bool told_note(struct told *t, const struct mac *mac, const struct addr *device,
	       uint32_t name, const struct addr *at, uint64_t now_ms);
/* That was in vain: who should have heard of 'at' did not, and shall the next
 * time. */
void told_lost(struct told *t, const struct mac *mac, const struct addr *device,
	       const struct addr *at);
/* Has the device been told of 'name', as far as is known? */
bool told_knows(const struct told *t, const struct mac *mac,
		const struct addr *device, uint32_t name);

#endif
