/* mailbox.h - commands in, events out, between the control thread and the
 * engine, with two bells.
 *
 * A bell is an eventfd that is written once until it is answered, so that a
 * busy side costs no system call. Nobody blocks: a full ring of commands is
 * told to the caller, an event that finds no room is counted as lost. */
#ifndef ENGINE_MAILBOX_H
#define ENGINE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/ring.h"
#include "engine.h"

#define MAILBOX_COMMANDS 1024
#define MAILBOX_EVENTS	 4096

RING_DEFINE(command, struct engine_command)
RING_DEFINE(event, struct engine_event)

struct bell {
	int fd; /* readable while it rings */
	_Atomic bool ringing;
};

struct mailbox {
	/* control -> engine */
	struct command_ring commands;
	struct bell wake;

	/* engine -> control */
	struct event_ring events;
	struct bell ready;
	_Atomic uint64_t lost;
};

/* 0 or -errno. */
int mailbox_init(struct mailbox *m);
void mailbox_fini(struct mailbox *m);

/* ---- either thread: rings, or falls silent so that the next ring is heard */
void bell_ring(struct bell *b);
void bell_answer(struct bell *b);

/* ---- control thread */
bool mailbox_command(struct mailbox *m, const struct engine_command *c);
bool mailbox_next_event(struct mailbox *m, struct engine_event *out);

/* ---- engine thread; either one while the engine is stopped */
bool mailbox_next_command(struct mailbox *m, struct engine_command *out);
/* Counted as lost when there is no room. */
void mailbox_event(struct mailbox *m, const struct engine_event *e);
/* The same for what must not be lost: false, try again later. */
bool mailbox_offer(struct mailbox *m, const struct engine_event *e);

#endif
