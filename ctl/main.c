/* main.c - the command line leads to the gateway or to a word with it. */
#include <signal.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/client.h"
#include "gateway/gateway.h"

#define BAD_ARGUMENTS 2

int main(int argc, char **argv)
{
	static struct args args;
	struct error err;

	if (args_parse(argc, argv, &args, &err)) {
		fprintf(stderr, "portcullis: %s\n", err.text);
		return BAD_ARGUMENTS;
	}
	switch (args.command) {
	case ARGS_RUN:
		/* A peer that went is an error of its write, no signal. */
		signal(SIGPIPE, SIG_IGN);
		return gateway_run(&args.run, argv);
	case ARGS_RESTART:
		return gateway_restart(args.instance);
	case ARGS_STOP:
		return gateway_stop(args.instance, args.clean);
	case ARGS_VERSION:
		puts("portcullis " VERSION);
		return 0;
	case ARGS_HELP:
		fputs(args_help, stdout);
		return 0;
	case ARGS_TOP:
	case ARGS_SHOW:
	case ARGS_SET:
	case ARGS_PASSWD:
	case ARGS_GET:
	case ARGS_CAPTURE:
		break;
	}
	return client_main(&args);
}
