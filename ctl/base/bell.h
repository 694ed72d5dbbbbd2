/* bell.h - wakes another thread's loop: an eventfd that is written once until
 * it is answered, so that a busy side costs no system call.
 *
 * One thread rings, another answers and then looks at what it was rung for. */
#ifndef BASE_BELL_H
#define BASE_BELL_H

#include <stdbool.h>

struct bell {
	int fd; /* readable while it rings */
	_Atomic bool ringing;
};

/* 0 or -errno. */
int bell_open(struct bell *b);
void bell_close(struct bell *b);

/* Rings, or falls silent so that the next ring is heard. */
void bell_ring(struct bell *b);
void bell_answer(struct bell *b);

#endif
