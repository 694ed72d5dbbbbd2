/* commit.h - the answers that wait for the disk.
 *
 * An ACK that changes the journal leaves once its record is synced. What one
 * turn of the loop brings, and what comes while the disk is busy or has just
 * been written, shares one sync. Loop's thread; the journal is written by
 * libuv's workers. */
#ifndef DHCP_COMMIT_H
#define DHCP_COMMIT_H

#include <uv.h>

#include "dora.h"
#include "leases.h"

struct commit_events {
	void *arg;
	/* Its record is on disk: it may leave. */
	void (*send)(void *arg, const struct dora_reply *reply);
	/* It never may. */
	void (*lost)(void *arg, enum dhcp_drop why, size_t len);
};

struct commit;

/* 'leases' outlives it. */
int commit_new(struct commit **out, uv_loop_t *loop, struct leases *leases,
	       const struct commit_events *events);
/* The copy of 'reply' waits for the next group. */
void commit_add(struct commit *c, const struct dora_reply *reply);
/* Begins a group if something is to be written and none is under way, at once
 * or, if the last one began a moment ago, a moment later. */
void commit_begin(struct commit *c);
/* What waits was promised in another network: it is written, not sent. */
void commit_forget(struct commit *c);
/* Frees it when the loop ran and the group under way has ended, and calls
 * back. */
void commit_close(struct commit *c, void (*closed)(void *arg), void *arg);

#endif
