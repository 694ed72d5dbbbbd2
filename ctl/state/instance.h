/* instance.h - one gateway of a name at a time: its lock, its pid, its files.
 *
 * All under /run/portcullis: <name>.lock (held while running, holds the pid),
 * <name>.journal, <name>.sock, <name>.nat (the NAT's tables), <name>.names. */
#ifndef STATE_INSTANCE_H
#define STATE_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "../base/error.h"

#define INSTANCE_NAME_MAX 15 /* an nftables table and a device prefix */
#define INSTANCE_PATH_MAX 128

struct instance {
	const char *name;
	int lock_fd;
	char socket[INSTANCE_PATH_MAX];
	char journal[INSTANCE_PATH_MAX];
	char lock[INSTANCE_PATH_MAX];
	char tables[INSTANCE_PATH_MAX];
	char names[INSTANCE_PATH_MAX];
};

/* Names the files of 'name', which must outlive 'i'; takes nothing yet. */
void instance_init(struct instance *i, const char *name);
/* Makes the folder and takes the lock. -EBUSY: it runs already (the sentence
 * tells the pid). */
int instance_lock(struct instance *i, struct error *err);
/* Gives the lock back and removes socket and lock file. */
void instance_unlock(struct instance *i);
/* Instead, before exec(): the process that goes on under this pid has the lock,
 * and nobody can come between. instance_unlock(), should exec() fail. */
void instance_hand_on(struct instance *i);
/* The pid that holds the lock; 0: nobody. */
pid_t instance_pid(const struct instance *i);
/* Waits until nobody holds the lock. false: 'timeout_ms' passed. */
bool instance_wait_gone(const struct instance *i, unsigned timeout_ms);

#endif
