/* worker.h - the engine thread: its state and its loop.
 *
 * engine.c (control thread) makes it, starts it and reads its counters; while
 * it runs, all else is the engine thread's own. */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <stdatomic.h>

#include "../base/snapshot.h"
#include "tap/capture.h"
#include "dump.h"
#include "pace.h"
#include "port/egress.h"
#include "express/express.h"
#include "tap/summary.h"
#include "tap/asked.h"
#include "tap/labels.h"
#include "tap/sample.h"
#include "urgency.h"

/* A published picture. */
struct conf_picture {
	struct snapshot_node node; /* first */
	struct engine_conf conf;
};

struct worker {
	/* immutable while running */
	struct nat *nat;
	struct ports ports;
	struct pollfd *poll_set; /* the command bell, then every line */

	/* where threads meet */
	struct snapshot conf;
	struct mailbox mailbox;
	struct stats *stats;
	struct ledger *ledger;	 /* the stats' */
	struct answers *answers; /* lent; NULL: DNS has no tap here */
	_Atomic bool stop;
	_Atomic uint32_t mappings, sessions; /* engine writes */
	_Atomic uint64_t evicted, hold_yielded, moved, syn_used;

	/* engine thread */
	struct neigh *neigh;
	struct fdb *fdb;
	struct egress egress;
	struct express *express;
	struct urgency urgency;
	struct pace pace;
	struct labels *labels;
	struct asked asked;
	struct samples hellos, told; /* of what hosts say, and are told */
	struct capture *capture;
	struct summary *summary;
	struct dump *dumps, **dumps_end;
	struct capture_read *reads, **reads_end;
	uint64_t conf_seen;	  /* generation */
	struct conf_wan wan_seen; /* the last that had an address */
	uint8_t released[PKT_HEADROOM + UMEM_FRAME_SIZE]; /* nat_released() */
};

/* 'tables': see engine_new(). 0 or -ENOMEM, -EMFILE. */
int worker_init(struct worker *w, const struct engine_limits *limits,
		const struct engine_tables *tables);
/* Stopped, ports closed. */
void worker_fini(struct worker *w);

/* The engine thread; returns NULL when 'stop' is set and the bell rings. */
void *worker_run(void *worker);

/* Obeys the commands that are left. Control thread, after the join. */
void worker_end(struct worker *w);

#endif
