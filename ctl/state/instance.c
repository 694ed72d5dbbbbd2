/* instance.c - the lock file of a named gateway.
 * Used by gateway.c and lifecycle.c. Control thread or client process.
 * Invariant: whoever holds the flock owns journal, socket and pins. */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define RUN_DIR "/run/portcullis"
#define POLL_US 20000
/* The descriptor of the lock, from one process image to the next. */
#define HANDED_ON "PORTCULLIS_LOCK_FD"

void instance_init(struct instance *i, const char *name)
{
	i->name = name;
	i->lock_fd = -1;
	snprintf(i->socket, sizeof(i->socket), "%s/%s.sock", RUN_DIR, name);
	snprintf(i->journal, sizeof(i->journal), "%s/%s.journal", RUN_DIR,
		 name);
	snprintf(i->lock, sizeof(i->lock), "%s/%s.lock", RUN_DIR, name);
	snprintf(i->tables, sizeof(i->tables), "%s/%s.nat", RUN_DIR, name);
	snprintf(i->names, sizeof(i->names), "%s/%s.names", RUN_DIR, name);
}

/* Opens the file and takes the lock on the inode that bears the name now: a
 * stopping instance may have unlinked the one that was opened. */
static int open_locked(const char *path)
{
	struct stat mine, named;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			close(fd);
			return -EBUSY;
		}
		if (!fstat(fd, &mine) && !stat(path, &named) &&
		    mine.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
}

/* The lock as this process had it before exec(): what was locked stays so.
 * -ENOENT: there is none, or it is another instance's. */
static int take_handed_on(const char *path)
{
	const char *text = getenv(HANDED_ON);
	struct stat mine, named;
	int fd;

	if (!text)
		return -ENOENT;
	fd = (int)strtol(text, NULL, 10);
	unsetenv(HANDED_ON);
	if (fd <= STDERR_FILENO || fstat(fd, &mine) || stat(path, &named) ||
	    mine.st_dev != named.st_dev || mine.st_ino != named.st_ino ||
	    flock(fd, LOCK_EX | LOCK_NB))
		return -ENOENT;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

int instance_lock(struct instance *i, struct error *err)
{
	int rc = file_mkdirs(RUN_DIR, 0755);

	if (rc)
		return error_set(err, rc, "%s: %s", RUN_DIR, strerror(-rc));
	rc = take_handed_on(i->lock);
	if (rc < 0)
		rc = open_locked(i->lock);
	if (rc == -EBUSY)
		return error_set(err, rc,
				 "instance %s is running already (pid %d): "
				 "stop it, or give this one another --name",
				 i->name, (int)instance_pid(i));
	if (rc < 0)
		return error_set(err, rc, "%s: %s", i->lock, strerror(-rc));
	i->lock_fd = rc;
	if (ftruncate(i->lock_fd, 0) || lseek(i->lock_fd, 0, SEEK_SET) ||
	    dprintf(i->lock_fd, "%d\n", (int)getpid()) < 0)
		return error_set(err, -errno, "%s: %s", i->lock,
				 strerror(errno));
	return 0;
}

void instance_unlock(struct instance *i)
{
	if (i->lock_fd < 0)
		return;
	unlink(i->socket);
	unlink(i->lock);
	close(i->lock_fd);
	i->lock_fd = -1;
}

void instance_hand_on(struct instance *i)
{
	char text[16];

	if (i->lock_fd < 0)
		return;
	unlink(i->socket);
	snprintf(text, sizeof(text), "%d", i->lock_fd);
	if (!setenv(HANDED_ON, text, 1))
		fcntl(i->lock_fd, F_SETFD, 0);
}

/* Somebody else holds the lock: flock fails. A file left over does not. */
static bool held(const struct instance *i, int fd)
{
	if (i->lock_fd >= 0)
		return true;
	if (flock(fd, LOCK_SH | LOCK_NB))
		return true;
	flock(fd, LOCK_UN);
	return false;
}

pid_t instance_pid(const struct instance *i)
{
	char text[16] = "";
	pid_t pid = 0;
	int fd = open(i->lock, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (held(i, fd) && read(fd, text, sizeof(text) - 1) > 0)
		pid = (pid_t)strtol(text, NULL, 10);
	close(fd);
	return pid > 0 ? pid : 0;
}

bool instance_wait_gone(const struct instance *i, unsigned timeout_ms)
{
	unsigned waited_us = 0;

	while (instance_pid(i)) {
		if (waited_us / 1000 >= timeout_ms)
			return false;
		usleep(POLL_US);
		waited_us += POLL_US;
	}
	return true;
}
