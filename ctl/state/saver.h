/* saver.h - whole files, replaced without holding up the loop.
 *
 * For what may be lost without harm and is written every few minutes. Control
 * thread; the writing itself is a libuv worker's. */
#ifndef STATE_SAVER_H
#define STATE_SAVER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct saver {
	uv_work_t work;
	bool busy, failed;
	const char *path; /* outlives the saver */
	void *data;
	size_t len;
	int err;
};

/* Takes over 'data', malloc'ed; NULL: nothing new. What could not be written
 * waits for the next call, unless that brings something newer. Without a loop
 * it is written at once, or lost: to be done when the loop has ended, so that
 * no earlier one comes later. While an earlier one is being written, this one
 * is lost. */
void saver_keep(struct saver *s, uv_loop_t *loop, const char *path, void *data,
		size_t len);

#endif
