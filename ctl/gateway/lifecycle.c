/* lifecycle.c - `stop` and `restart`: speaks to a running gateway by signal.
 * Called by main.c, in a process of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "leftovers.h"
#include "../state/instance.h"
#include "../link/journal.h"

#define STOP_MS 15000

static int fail(const char *sentence)
{
	fprintf(stderr, "portcullis: %s\n", sentence);
	return 1;
}

static int signal_instance(pid_t pid, int number)
{
	char text[96];

	if (!kill(pid, number))
		return 0;
	snprintf(text, sizeof(text), "cannot signal pid %d: %s", (int)pid,
		 strerror(errno));
	return fail(text);
}

/* Undoes what a killed gateway left behind. */
static int undo(struct instance *i)
{
	struct error err = { "" };
	struct journal *j;
	bool left;
	int failed;

	if (instance_lock(i, &err))
		return fail(err.text);
	if (journal_open(&j, i->journal, &left, &err)) {
		instance_unlock(i);
		return fail(err.text);
	}
	failed = leftovers_undo(j, i);
	journal_close(j);
	if (!failed)
		unlink(i->journal);
	instance_unlock(i);
	return failed ? fail("some changes could not be undone") : 0;
}

int gateway_stop(const char *instance, bool clean)
{
	struct instance i;
	char text[96];
	pid_t pid;

	instance_init(&i, instance);
	pid = instance_pid(&i);
	if (!pid && !clean) {
		snprintf(text, sizeof(text), "no gateway named '%s' is running",
			 instance);
		return fail(text);
	}
	if (pid && signal_instance(pid, SIGTERM))
		return 1;
	if (pid && !instance_wait_gone(&i, STOP_MS))
		return fail("it has not stopped yet");
	return clean ? undo(&i) : 0;
}

int gateway_restart(const char *instance)
{
	struct instance i;
	char text[96];
	pid_t pid;

	instance_init(&i, instance);
	pid = instance_pid(&i);
	if (!pid) {
		snprintf(text, sizeof(text), "no gateway named '%s' is running",
			 instance);
		return fail(text);
	}
	return signal_instance(pid, SIGUSR2);
}
