/* ear.h - listens to what devices say of themselves by multicast DNS, and asks
 * those that have said nothing.
 *
 * Below the IP stack: who speaks is known by hardware address, and another
 * responder on this machine may have port 5353 for itself. Never answers.
 * Loop's thread. */
#ifndef DEVICES_EAR_H
#define DEVICES_EAR_H

#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"

/* The device 'mac' calls itself 'name', which is clean. */
typedef void ear_listener(void *arg, const struct mac *mac, const char *name);

struct ear;

/* -errno: no socket. Without IPv6 it hears IPv4 alone. */
int ear_open(struct ear **out, uv_loop_t *loop, const char *ifname,
	     uint32_t ifindex, ear_listener *listener, void *arg);
/* Freed after the loop ran; NULL is fine. */
void ear_close(struct ear *e);
/* Asks once what 'addr', an IPv4 address, is called. */
void ear_ask(struct ear *e, const struct addr *addr);

#endif
