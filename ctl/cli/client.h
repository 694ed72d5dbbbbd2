/* client.h - the subcommands that speak to a running gateway. */
#ifndef CLIENT_H
#define CLIENT_H

#include "args.h"

/* status, clients, flows, mappings, leases, drops, set, get. Returns the exit
 * status: 0, 1 (no such instance, refused; one sentence was printed). */
int client_main(const struct args *a);

/* Says a sentence on standard error; 1. */
int client_fail(const char *sentence);

#endif
