/* gateway.h - composition root: makes the modules, wires their callbacks.
 * The only one that knows them all. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>

#include "../base/addr.h"
#include "../base/nameserver.h"
#include "../link/roles.h"

/* What carries packets: by each port's driver, or as told. */
enum gateway_path { PATH_AUTO, PATH_XDP, PATH_NFQUEUE };

/* The options of `run`, as the command line said them. */
struct gateway_options {
	struct roles_wish ports;
	enum gateway_path path; /* --path */
	bool has_lan_net;
	struct prefix lan_net; /* --lan-net: the gateway's own address/length */
	bool has_ui;
	struct endpoint ui; /* --ui */
	unsigned dns_n;
	struct nameserver dns[8]; /* --dns */
	const char *state_dir;	  /* --state */
	const char *instance;	  /* --name */
};

/* Runs until SIGTERM or SIGINT. Exit status: 0, 1 (one sentence was logged). */
int gateway_run(const struct gateway_options *o, char **argv);
/* `stop` and `restart`: signals the running instance and waits for it. `clean`
 * undoes what a killed one left. */
int gateway_stop(const char *instance, bool clean);
int gateway_restart(const char *instance);

#endif
