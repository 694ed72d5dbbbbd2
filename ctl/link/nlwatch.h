/* nlwatch.h - tells that something changed, by a multicast group of netlink:
 * nftables, which anybody flushes and reloads at any time, or what drivers can
 * do. Control thread only. */
#ifndef LINK_NLWATCH_H
#define LINK_NLWATCH_H

#include <uv.h>

struct nlwatch;

/* 'bus' is NETLINK_NETFILTER and so on. 'on_change' is called from the loop,
 * once for all that one read brought. -EOPNOTSUPP: this kernel has no such bus.
 */
int nlwatch_open(struct nlwatch **out, uv_loop_t *loop, int bus, int group,
		 void (*on_change)(void *arg), void *arg);
/* Asynchronous as libuv's closing is; freed after the loop ran. */
void nlwatch_close(struct nlwatch *w);

#endif
