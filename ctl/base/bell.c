/* bell.c - see bell.h.
 *
 * Called by who meets another thread: engine/mailbox.c, base/answers.c. */
#include "bell.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int bell_open(struct bell *b)
{
	atomic_init(&b->ringing, false);
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return b->fd < 0 ? -errno : 0;
}

void bell_close(struct bell *b)
{
	close(b->fd);
}

/* The exchanges on 'ringing' are in one order for both threads: the answerer
 * either sees what was put before the ring, or makes the ringer write. */
void bell_ring(struct bell *b)
{
	const uint64_t one = 1;

	if (atomic_exchange(&b->ringing, true))
		return;
	/* It fails only when full, and then it is readable anyway. */
	if (write(b->fd, &one, sizeof(one)) < 0)
		return;
}

void bell_answer(struct bell *b)
{
	uint64_t rung;

	/* An empty one is silent already. */
	if (read(b->fd, &rung, sizeof(rung)) < 0)
		rung = 0;
	atomic_exchange(&b->ringing, false);
}
