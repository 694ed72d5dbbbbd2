/* mailbox.h - commands in, events and reports out, between the control thread
 * and the engine, with two bells.
 *
 * Reports are events of which there may be very many; what fills their ring
 * takes nothing from the others.
 *
 * A bell is an eventfd that is written once until it is answered, so that a
 * busy side costs no system call. Nobody blocks: a full ring of commands is
 * told to the caller, an event that finds no room is counted as lost. */
#ifndef ENGINE_MAILBOX_H
#define ENGINE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/bell.h"
#include "../base/ring.h"
#include "engine.h"

#define MAILBOX_COMMANDS 1024
#define MAILBOX_EVENTS	 4096
#define MAILBOX_REPORTS	 8192
#define MAILBOX_SAMPLES	 256
#define MAILBOX_QUIET	 64  /* commands that may wait without a bell */
#define MAILBOX_REMARKS	 512 /* remarks that may: the rest is for others */

RING_DEFINE(command, struct engine_command)
RING_DEFINE(event, struct engine_event)
RING_DEFINE(report, struct engine_report)
RING_DEFINE(sample, struct engine_sample)

struct mailbox {
	/* control -> engine */
	struct command_ring commands;
	struct bell wake;

	/* engine -> control */
	struct event_ring events;
	struct report_ring reports;
	struct bell ready;
	struct sample_ring samples;
	_Atomic uint64_t lost, reports_lost, samples_lost;
	bool untold; /* engine thread: reports that no bell was rung for */
};

/* 0 or -errno. */
int mailbox_init(struct mailbox *m);
void mailbox_fini(struct mailbox *m);

/* ---- control thread */
bool mailbox_command(struct mailbox *m, const struct engine_command *c);
/* The same for what is in time before the next packet: the engine, which looks
 * at its commands first, is woken for many of them alone. What LAN hosts are
 * told is theirs to choose: it takes no more than its part of the ring. */
bool mailbox_remark(struct mailbox *m, const struct engine_command *c);
bool mailbox_next_event(struct mailbox *m, struct engine_event *out);
/* After the events: false leaves the bell silent. */
bool mailbox_next_report(struct mailbox *m, struct engine_report *out);
bool mailbox_next_sample(struct mailbox *m, struct engine_sample *out);

/* ---- engine thread; either one while the engine is stopped */
bool mailbox_next_command(struct mailbox *m, struct engine_command *out);
/* Counted as lost when there is no room. */
void mailbox_event(struct mailbox *m, const struct engine_event *e);
/* The same for what must not be lost: false, try again later. */
bool mailbox_offer(struct mailbox *m, const struct engine_event *e);
/* Counted as lost when there is no room. The bell waits for mailbox_tell(): a
 * report for every packet must not be a system call for every packet. */
void mailbox_report(struct mailbox *m, const struct engine_report *r);
/* A place to write the next sample to, or NULL, and counted as lost. */
struct engine_sample *mailbox_sample(struct mailbox *m);
void mailbox_sample_done(struct mailbox *m);
void mailbox_sample_lost(struct mailbox *m);
void mailbox_tell(struct mailbox *m);

#endif
