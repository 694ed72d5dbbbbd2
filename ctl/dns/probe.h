/* probe.h - asks retired upstreams now and then, until they are back.
 *
 * One at a time, for the servers of the root, which every resolver knows.
 * Sleeps while nobody is retired. Control thread's loop. */
#ifndef DNS_PROBE_H
#define DNS_PROBE_H

#include "resolve.h"

struct probe;

/* Outlived by 'resolver'. */
int probe_start(struct probe **out, struct resolver *resolver);
/* Somebody was retired. */
void probe_wake(struct probe *p);
/* Freed when the loop ran. */
void probe_stop(struct probe *p);

#endif
