/* mailbox.c - the rings and their bells.
 * Called by engine.c (control thread) and worker.c, egress.c (engine thread).
 * Invariant: whoever finds a ring empty after having answered its bell will be
 * rung for the next record. */
#include "mailbox.h"

#include <stdatomic.h>

int mailbox_init(struct mailbox *m)
{
	int rc;

	m->lost = 0;
	m->reports_lost = 0;
	m->samples_lost = 0;
	m->untold = false;
	rc = command_ring_init(&m->commands, MAILBOX_COMMANDS);
	if (rc)
		return rc;
	rc = event_ring_init(&m->events, MAILBOX_EVENTS);
	if (rc)
		goto commands;
	rc = report_ring_init(&m->reports, MAILBOX_REPORTS);
	if (rc)
		goto events;
	rc = sample_ring_init(&m->samples, MAILBOX_SAMPLES);
	if (rc)
		goto reports;
	rc = bell_open(&m->wake);
	if (rc)
		goto samples;
	rc = bell_open(&m->ready);
	if (rc)
		goto wake;
	return 0;
wake:
	bell_close(&m->wake);
samples:
	sample_ring_fini(&m->samples);
reports:
	report_ring_fini(&m->reports);
events:
	event_ring_fini(&m->events);
commands:
	command_ring_fini(&m->commands);
	return rc;
}

void mailbox_fini(struct mailbox *m)
{
	bell_close(&m->ready);
	bell_close(&m->wake);
	sample_ring_fini(&m->samples);
	report_ring_fini(&m->reports);
	event_ring_fini(&m->events);
	command_ring_fini(&m->commands);
}

bool mailbox_command(struct mailbox *m, const struct engine_command *c)
{
	if (!command_ring_put(&m->commands, c))
		return false;
	bell_ring(&m->wake);
	return true;
}

bool mailbox_remark(struct mailbox *m, const struct engine_command *c)
{
	if (command_ring_used(&m->commands) >= MAILBOX_REMARKS ||
	    !command_ring_put(&m->commands, c))
		return false;
	if (command_ring_used(&m->commands) >= MAILBOX_QUIET)
		bell_ring(&m->wake);
	return true;
}

bool mailbox_next_event(struct mailbox *m, struct engine_event *out)
{
	if (event_ring_take(&m->events, out))
		return true;
	bell_answer(&m->ready);
	if (!event_ring_take(&m->events, out))
		return false;
	/* It came in between, and others may have: stay readable. */
	bell_ring(&m->ready);
	return true;
}

bool mailbox_next_report(struct mailbox *m, struct engine_report *out)
{
	if (report_ring_take(&m->reports, out))
		return true;
	bell_answer(&m->ready);
	if (!report_ring_take(&m->reports, out))
		return false;
	bell_ring(&m->ready);
	return true;
}

bool mailbox_next_sample(struct mailbox *m, struct engine_sample *out)
{
	if (sample_ring_take(&m->samples, out))
		return true;
	bell_answer(&m->ready);
	if (!sample_ring_take(&m->samples, out))
		return false;
	bell_ring(&m->ready);
	return true;
}

bool mailbox_next_command(struct mailbox *m, struct engine_command *out)
{
	return command_ring_take(&m->commands, out);
}

bool mailbox_offer(struct mailbox *m, const struct engine_event *e)
{
	if (!event_ring_put(&m->events, e))
		return false;
	bell_ring(&m->ready);
	return true;
}

void mailbox_event(struct mailbox *m, const struct engine_event *e)
{
	if (!mailbox_offer(m, e))
		atomic_fetch_add_explicit(&m->lost, 1, memory_order_relaxed);
}

void mailbox_report(struct mailbox *m, const struct engine_report *r)
{
	if (report_ring_put(&m->reports, r))
		m->untold = true;
	else
		atomic_fetch_add_explicit(&m->reports_lost, 1,
					  memory_order_relaxed);
}

void mailbox_sample_lost(struct mailbox *m)
{
	atomic_fetch_add_explicit(&m->samples_lost, 1, memory_order_relaxed);
}

struct engine_sample *mailbox_sample(struct mailbox *m)
{
	struct engine_sample *s = sample_ring_reserve(&m->samples);

	if (!s)
		mailbox_sample_lost(m);
	return s;
}

void mailbox_sample_done(struct mailbox *m)
{
	sample_ring_commit(&m->samples);
	m->untold = true;
}

void mailbox_tell(struct mailbox *m)
{
	if (m->untold)
		bell_ring(&m->ready);
	m->untold = false;
}
