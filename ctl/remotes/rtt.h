/* rtt.h - round-trip times of the last minutes: of the house, of each device,
 * of each remote.
 *
 * Fed with one step of a TCP handshake at a time: from us to the remote and
 * back (the WAN's side), from us to the device and back (the LAN's). What is
 * told is the median of the latest few, none of them older than RTT_AGE_MS, so
 * that one slow answer moves nothing. Fixed size: who is new takes the place
 * of who was not heard of for longest. Pure. Control thread. */
#ifndef REMOTES_RTT_H
#define REMOTES_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

#define RTT_AGE_MS 300000

enum rtt_side { RTT_LAN, RTT_WAN };

struct rtts;

/* NULL: out of memory. */
struct rtts *rtts_new(void);
void rtts_free(struct rtts *r);

/* 'mac' zero: a device that is not known. 'now_ms' of any one clock. */
void rtts_note(struct rtts *r, const struct mac *mac, const struct addr *remote,
	       enum rtt_side side, uint32_t us, uint64_t now_ms);

/* Medians in microseconds. 0: nothing was measured lately. */
uint32_t rtts_house(const struct rtts *r, enum rtt_side side, uint64_t now_ms);
uint32_t rtts_device(const struct rtts *r, const struct mac *mac,
		     enum rtt_side side, uint64_t now_ms);
/* The WAN's side. */
uint32_t rtts_remote(const struct rtts *r, const struct addr *remote,
		     uint64_t now_ms);

#endif
