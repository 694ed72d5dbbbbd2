/* args.h - the command line, read and checked (design section 8).
 *
 * Pure but for getopt's own state; nothing is printed here. */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>

#include "../base/error.h"
#include "../gateway/gateway.h"

enum args_command {
	ARGS_RUN,
	ARGS_TOP,
	ARGS_SHOW, /* status … drops: 'view' */
	ARGS_SET,
	ARGS_PASSWD,
	ARGS_GET,
	ARGS_CAPTURE,
	ARGS_RESTART,
	ARGS_STOP,
	ARGS_VERSION,
	ARGS_HELP,
};

struct args {
	enum args_command command;
	struct gateway_options run; /* ARGS_RUN */
	const char *instance;
	const char *view; /* "status", "clients", … */
	bool json, clean;
	const char *output; /* ARGS_CAPTURE: a file; NULL: standard output */
	const char *remote; /* … only with this one; NULL: with all */
	unsigned last_s;    /* … of the last so many seconds; 0: all */
	/* ARGS_SET: "KEY=VALUE"…; ARGS_GET: at most one key; ARGS_CAPTURE: a
	 * device */
	int words_n;
	char **words;
	char lans[256]; /* what run.ports.lan points into */
};

/* -EINVAL and one sentence: bad arguments. 'out' points into 'argv', which
 * getopt may have put into another order, and into itself: do not copy it. */
int args_parse(int argc, char **argv, struct args *out, struct error *err);

/* What `--help` prints. */
extern const char args_help[];

#endif
