/* probe.h - clients that wait until their address is known to be free.
 *
 * An address is asked for twice; who asked for it waits PROBE_MS, others do not
 * wait for him. Loop's thread; the asking itself is the caller's. */
#ifndef DHCP_PROBE_H
#define DHCP_PROBE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"

#define PROBE_AGAIN_MS 120 /* a broadcast may get lost */
#define PROBE_MS       240
#define PROBE_ALL_MS   480 /* a client's, over all addresses that were tried */
#define PROBE_MAX      4096

struct probe_done {
	__be32 ip;
	bool taken; /* by 'holder' */
	struct mac holder;
	uint64_t began_ms;  /* the client's first address was asked for */
	const uint8_t *msg; /* the client's message; valid in the call */
	size_t len;
};

struct probe_events {
	void *arg;
	void (*ask)(void *arg, __be32 ip);
	void (*done)(void *arg, const struct probe_done *done);
};

struct probes;

int probes_new(struct probes **out, uv_loop_t *loop,
	       const struct probe_events *events);
/* Freed after the loop ran; NULL is fine. */
void probes_free(struct probes *p);
/* The message of client 'mac' waits for 'ip'; its newest, if it repeats itself.
 * false: too many wait already. */
bool probes_add(struct probes *p, __be32 ip, const struct mac *mac,
		const void *msg, size_t len, uint64_t began_ms);
/* A host said by ARP to have 'ip', or asks for it as we do. */
void probes_heard(struct probes *p, __be32 ip, const struct mac *holder);

#endif
