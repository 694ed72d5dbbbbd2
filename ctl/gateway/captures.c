/* captures.c - the flight recorder's memory, from one process image to the
 * next: an anonymous file whose descriptor stays open over exec().
 * Called by gateway.c. Control thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/log.h"
#include "gateway_priv.h"

#define HANDED_ON "PORTCULLIS_CAPTURE_FD"

void captures_take(struct gateway *g)
{
	const char *text = getenv(HANDED_ON);
	struct capture_totals t;
	int fd, rc;

	if (!text)
		return;
	fd = (int)strtol(text, NULL, 10);
	unsetenv(HANDED_ON);
	/* Whatever the number is, standard streams are not it. */
	if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return;
	rc = engine_adopt_captures(g->engine, fd);
	if (rc) {
		log_info("captures: begin anew: %s",
			 rc == -EPROTO ? "what was kept is of another version"
				       : strerror(-rc));
		return;
	}
	engine_captures(g->engine, &t);
	log_info("captures: those of %u devices go on", t.devices);
}

void captures_hand_on(struct gateway *g)
{
	int fd = engine_hand_on_captures(g->engine);
	char text[16];

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%d", fd);
	if (setenv(HANDED_ON, text, 1) || fcntl(fd, F_SETFD, 0))
		close(fd);
}
