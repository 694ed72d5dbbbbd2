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

/* Takes over 'data', malloc'ed. While it is busy with an earlier one nothing
 * is written: false, and 'data' stays the caller's. */
bool saver_save(struct saver *s, uv_loop_t *loop, const char *path, void *data,
		size_t len);
/* At once; once the loop has ended, so that no earlier one comes later. */
void saver_save_now(struct saver *s, const char *path, void *data, size_t len);

#endif
