/* netdev.h - what a device's driver can do with XDP frames.
 *
 * The kernel is asked (generic netlink, family "netdev"), since a device that
 * cannot transmit a redirected frame says nothing and loses it. Linux 6.1 has
 * no such family: then nothing is certain. Control thread only. */
#ifndef LINK_NETDEV_H
#define LINK_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "nlwatch.h"

/* Frames that XDP redirects to the device leave by it. false: no, or nobody
 * knows. It changes with what is at the other end of a veth. */
bool netdev_can_transmit(uint32_t ifindex);

/* Calls back whenever what any device can do is another; see nlwatch.h.
 * -ENOENT: this kernel does not tell. */
int netdev_watch(struct nlwatch **out, uv_loop_t *loop,
		 void (*on_change)(void *arg), void *arg);

#endif
