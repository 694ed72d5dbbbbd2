/* saver.c - see saver.h. Called by the gateway. Control thread. */
#include "saver.h"

#include <stdlib.h>
#include <string.h>

#include "../base/container_of.h"
#include "../base/log.h"
#include "file.h"

#define FILE_MODE 0600

static void on_work(uv_work_t *work)
{
	struct saver *s = container_of(work, struct saver, work);

	s->err = file_replace(s->path, s->data, s->len, FILE_MODE);
}

/* A disk that is full is said once, until it is not. */
static void finish(struct saver *s, bool again)
{
	if (s->err && !s->failed)
		log_warn("%s: cannot be written: %s", s->path,
			 strerror(-s->err));
	s->failed = s->err;
	s->busy = false;
	if (s->err && again)
		return;
	free(s->data);
	s->data = NULL;
}

static void on_done(uv_work_t *work, int status)
{
	(void)status;
	finish(container_of(work, struct saver, work), true);
}

void saver_keep(struct saver *s, uv_loop_t *loop, const char *path, void *data,
		size_t len)
{
	if (s->busy) {
		free(data);
		return;
	}
	if (data) {
		free(s->data);
		s->data = data;
		s->len = len;
	}
	if (!s->data)
		return;
	s->path = path;
	s->busy = true;
	if (loop && !uv_queue_work(loop, &s->work, on_work, on_done))
		return;
	on_work(&s->work);
	finish(s, loop);
}
