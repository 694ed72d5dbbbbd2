/* leftovers.h - what a killed or restarted run left on the machine: read, so
 * that the next goes on from there, or taken away. */
#ifndef GATEWAY_LEFTOVERS_H
#define GATEWAY_LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../link/journal.h"
#include "../link/link.h"
#include "../state/instance.h"

/* The LAN as an earlier run made it. */
struct leftovers {
	uint32_t lan; /* ifindex of its bridge or of its only port; 0: none */
	bool bridge;
	bool has_net;
	struct prefix net; /* the address that run gave it */
};

/* Reads it from the journal; only what is still so counts. 'bridge_name' is
 * what the bridge is called. */
struct leftovers leftovers_read(const struct journal *j, const struct link *l,
				const char *bridge_name);

/* The machine as before: forwarding ends first, then programs come off the
 * ports, then the rest is undone, and connections are forgotten. Returns how
 * many changes stayed. */
int leftovers_undo(struct journal *j, const struct instance *i);

/* This run has made all that it wants: undoes what is left beyond. */
void leftovers_sweep(struct journal *j);

#endif
