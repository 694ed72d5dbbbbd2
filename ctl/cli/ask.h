/* ask.h - one HTTP request to a running gateway, over its unix socket.
 *
 * Blocks, within limits; for the subcommands, never in the gateway itself. */
#ifndef ASK_H
#define ASK_H

#include <stddef.h>

#include "../base/error.h"

struct ask_reply {
	int status;
	char *body; /* ours to free with ask_free(); NUL after the end */
	size_t len;
};

/* 'body' may be NULL. -ENOENT: no such instance runs; other errors: what the
 * sentence says. An error status of the gateway is a reply like any other. */
int ask(const char *instance, const char *method, const char *path,
	const char *body, struct ask_reply *out, struct error *err);
/* Gives a body of any length to 'sink' as it comes, if the status is 200; else
 * it is 'out's. A body that breaks off, or a sink that returns an error, which
 * is then returned with no sentence, ends it. */
int ask_stream(const char *instance, const char *path,
	       int (*sink)(void *arg, const char *data, size_t len), void *arg,
	       struct ask_reply *out, struct error *err);
void ask_free(struct ask_reply *r);

#endif
