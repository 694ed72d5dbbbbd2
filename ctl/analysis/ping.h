/* ping.h - asks the provider's gateway once a second whether it is there.
 *
 * ICMP echo out of the WAN port and no other. Loop's thread. */
#ifndef ANALYSIS_PING_H
#define ANALYSIS_PING_H

#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"

#define PING_LOST UINT32_MAX

/* It took 'us' microseconds, or was PING_LOST. */
typedef void ping_listener(void *arg, const struct addr *to, uint32_t us);

struct ping;

/* -errno: no socket. */
int ping_open(struct ping **out, uv_loop_t *loop, ping_listener *listener,
	      void *arg);
/* Freed after the loop ran; NULL is fine. */
void ping_close(struct ping *p);
/* From the next second on 'to', an IPv4 address, out of 'ifname'; zero: nobody.
 */
void ping_aim(struct ping *p, const char *ifname, const struct addr *to);

#endif
