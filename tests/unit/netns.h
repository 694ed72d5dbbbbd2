/* netns.h - unit tests that change links do it in a namespace of their own.
 *
 * Each test enters a fresh one, so that none sees what another left. */
#ifndef TESTS_UNIT_NETNS_H
#define TESTS_UNIT_NETNS_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that undo must put back, as the usual tools print it. */
#define NETNS_PICTURE                                                          \
	"ip -d link; ip addr; ip route show table all;"                        \
	"ip -6 route show table all; nft list ruleset; tc qdisc;"              \
	"find /proc/sys/net -type f -perm -u+r ! -name stable_secret"          \
	" ! -name nf_conntrack_count -exec grep -H . {} + | sort;"             \
	"for i in $(ls /sys/class/net); do ethtool -k $i; done"

static inline void text_save(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* A cmocka setup: new network and mount namespaces, with their own /sys and an
 * empty /run. Addresses are not in waiting until nobody was found to have them,
 * which takes seconds and would be in one picture and not in the next. */
static inline int netns_enter(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL)) {
		perror("netns_enter (the test needs root)");
		return -1;
	}
	text_save("/proc/sys/net/ipv6/conf/all/accept_dad", "0");
	text_save("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	return 0;
}

/* Runs a shell command; the test fails when the command does. */
static inline void sh(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

/* What a shell command prints, to be freed. */
static inline char *sh_output(const char *command)
{
	FILE *f = popen(command, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	n = f ? getdelim(&text, &size, '\0', f) : -1;
	if (f)
		pclose(f);
	if (n >= 0)
		return text;
	free(text);
	return strdup("");
}

static inline bool sh_prints(const char *command, const char *expected)
{
	char *text = sh_output(command);
	bool found = strstr(text, expected) != NULL;

	if (!found)
		fprintf(stderr, "%s printed: %s\n", command, text);
	free(text);
	return found;
}

/* Is NETNS_PICTURE again what it was? Frees 'before'; prints the difference. */
static inline bool netns_same(char *before)
{
	char *after = sh_output(NETNS_PICTURE);
	bool same = !strcmp(before, after);

	if (!same) {
		text_save("/run/before", before);
		text_save("/run/after", after);
		sh("diff /run/before /run/after >&2 || true");
	}
	free(before);
	free(after);
	return same;
}

/* A process in a network namespace of its own, for the other end of a cable. */
static inline pid_t netns_peer(void)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	if (pipe(ready))
		abort();
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) || write(ready[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

static inline void netns_peer_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
