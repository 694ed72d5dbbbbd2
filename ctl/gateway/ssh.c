/* ssh.c - finds SSH_CONNECTION in this process's line of descent.
 * Called by gateway.c, so that starting the gateway over the WAN does not lock
 * its owner out. Control thread. */
#include "ssh.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../state/file.h"

#define VARIABLE      "SSH_CONNECTION="
#define ENVIRON_MAX   (1 << 20)
#define ANCESTORS_MAX 32

/* "client cport server sport" */
static bool parse_connection(const char *value, struct endpoint *server)
{
	char addr[64];
	unsigned port;

	if (sscanf(value, "%*63s %*u %63s %u", addr, &port) != 2)
		return false;
	if (!port || port > 65535 || !addr_parse(addr, &server->addr))
		return false;
	server->port = htons((uint16_t)port);
	return true;
}

static bool session_of(int pid, struct endpoint *server)
{
	char path[64], *text;
	bool found = false;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	if (file_read(path, ENVIRON_MAX, &text, &len))
		return false;
	for (size_t at = 0; at < len && !found; at += strlen(text + at) + 1)
		if (!strncmp(text + at, VARIABLE, strlen(VARIABLE)))
			found = parse_connection(text + at + strlen(VARIABLE),
						 server);
	free(text);
	return found;
}

static int parent_of(int pid)
{
	char path[64], *text, *after;
	int parent = 0;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, ENVIRON_MAX, &text, &len))
		return 0;
	/* The command's name may hold anything, ')' too: search from the end.
	 */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1)
		parent = 0;
	free(text);
	return parent;
}

bool ssh_session(struct endpoint *server)
{
	int pid = getpid();

	for (int n = 0; pid > 1 && n < ANCESTORS_MAX; n++) {
		if (session_of(pid, server))
			return true;
		pid = parent_of(pid);
	}
	return false;
}
